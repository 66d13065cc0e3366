import { medianInterval } from "../../stats/median_interval.ts";
import { derivePairSpread, type PairSpread } from "../../stats/pair_spread.ts";
import { quantile } from "../../stats/quantile.ts";
import { type Html, html } from "../page/html.ts";
import { formatCount, formatNumber, UNKNOWN } from "../page/number_format.ts";
import { renderTable, type ReportColumn } from "../page/table_section.ts";

/** What the runs of one group came to, a number for each run. */
export interface SpreadGroup {
  readonly group: string;
  readonly runs: number;
  /** Quantiles of the runs that have enough invocations for them, by name: `p50`. */
  readonly quantiles: Readonly<Record<string, readonly number[]>>;
}

/** Of the same runs always the same interval. */
const SEED = 42;

/**
 * Says by how much the runs of each group differ from one another, in a sentence and a table;
 * `null` where no group has the 3 runs that it takes.
 */
export function renderSpread(groups: readonly SpreadGroup[], measure: string): Html | null {
  const names = Object.keys(groups[0]?.quantiles ?? {});
  const spreads = groups.map(({ quantiles }) =>
    new Map(names.map((name) => [name, spreadOf(quantiles[name])]))
  );
  const told = names.filter((name) => spreads.some((spread) => spread.get(name) !== null));
  if (told.length === 0) return null;
  const sentences = told.map((name) => {
    const parts = groups.flatMap(({ group }, i) => {
      const spread = spreads[i].get(name) ?? null;
      return spread === null ? [] : [`${formatSpread(spread)} among those of ${group}`];
    });
    return `The ${name} of ${measure} of two runs differs by a factor of ${parts.join(", ")}.`;
  });
  const columns: ReportColumn<number>[] = [
    { heading: "", isText: true, cell: (at) => groups[at].group },
    { heading: "runs", cell: (at) => formatCount(groups[at].runs) },
    ...told.flatMap((name): ReportColumn<number>[] => [
      { group: name, heading: "n", cell: (at) => formatCount(groups[at].quantiles[name].length) },
      { group: name, heading: "median", cell: (at) => formatMedian(groups[at].quantiles[name]) },
      {
        group: name,
        heading: "factor between two",
        cell: (at) => formatSpread(spreads[at].get(name) ?? null),
      },
    ]),
  ];
  return html`
    <p><strong>${sentences.join(" ")}</strong></p>
    ${renderTable(columns, groups.map((_, at) => at))}
    <p class="small">Whoever has only one run has one of these. n is the number of runs with enough
    invocations; the factor is the geometric mean over all pairs of them, its interval of 95 % that
    of a bootstrap over the runs. The interval of a median covers the true one with at least 95 %,
    and is missing with fewer than 6 runs.</p>
  `;
}

function spreadOf(values: readonly number[]): PairSpread | null {
  const isDrawn = values.every((value) => value > 0 && value < Infinity);
  return isDrawn ? derivePairSpread(values, SEED) : null;
}

function formatSpread(spread: PairSpread | null): string {
  if (spread === null) return UNKNOWN;
  const { factor, low, high } = spread;
  return `${formatFactor(factor)} (${formatFactor(low)} to ${formatFactor(high)})`;
}

/** Near 1, what it is beyond that is what counts. */
function formatFactor(factor: number): string {
  return factor < 10 ? factor.toFixed(3) : formatNumber(factor);
}

function formatMedian(values: readonly number[]): string {
  const sorted = Float64Array.from(values).sort();
  const interval = medianInterval(sorted);
  const median = formatNumber(quantile(sorted, 0.5));
  if (interval === null) return median;
  return `${median} (${formatNumber(interval.low)} to ${formatNumber(interval.high)})`;
}
