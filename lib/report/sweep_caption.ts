import { LEAST_BEYOND } from "../stats/quantile.ts";
import { formatNumber } from "./number_format.ts";
import type { SweepGroup, SweepSeries } from "./sweep_group.ts";
import type { SweepMeasure } from "./sweep_measure.ts";
import type { SweptParameter } from "./swept_parameter.ts";

/** Says what the figure of a sweep shows, what it lacks, and how it is drawn. */
export function describeSweep(
  all: readonly SweepSeries[],
  xs: readonly number[],
  measure: SweepMeasure,
  parameter: SweptParameter,
): string {
  const changes = all.toReversed().flatMap((series) => describeChange(series, measure, parameter));
  const groups = all.flatMap((series) => series.groups).filter((group) => group !== null);
  return [
    changes.length === 0 ? "" : `${measure.title}: ${changes.join("; ")}.`,
    ...describeGaps(all, xs, parameter),
    groups.some((group) => group.high === Infinity)
      ? "At ∞ the percentile falls among invocations that were not ok."
      : "",
    describeRepetitions(groups),
  ].filter((sentence) => sentence !== "").join(" ");
}

function describeChange(
  { percentile, groups }: SweepSeries,
  { unit }: SweepMeasure,
  parameter: SweptParameter,
): string[] {
  const known = groups.filter((group) => group !== null);
  const [first, last] = [known.at(0), known.at(-1)];
  if (first === undefined || last === undefined) return [];
  const valueOf = ({ median }: SweepGroup) =>
    formatNumber(median) + (median === Infinity ? "" : unit);
  const start = `${valueOf(first)} at ${parameter.describe(first.x)}`;
  if (first === last) return [`${percentile} is ${start}`];
  const verb = last.median > first.median ? "grows" : "goes";
  return [`${percentile} ${verb} from ${start} to ${valueOf(last)} at ${formatNumber(last.x)}`];
}

function describeGaps(
  all: readonly SweepSeries[],
  xs: readonly number[],
  parameter: SweptParameter,
): string[] {
  const tail = all.length > 1 ? all[1].percentile : null;
  const sentences = all.flatMap(({ percentile, groups }) => {
    const lacking = xs.filter((_, i) => groups[i] === null);
    if (lacking.length === 0 || lacking.length === xs.length) return [];
    return [`Too few invocations for ${percentile} at ${listOf(lacking, parameter)}.`];
  });
  if (all[0].groups.every((group) => group === null)) {
    sentences.push(
      `Too few invocations for any percentile, which needs ${LEAST_BEYOND} of them beyond it.`,
    );
  } else if (tail !== "p99") {
    sentences.push(
      `No run has the ${LEAST_BEYOND} invocations beyond p99 that it needs` +
        `${tail === null ? "" : `; ${tail} stands in its place`}.`,
    );
  }
  return sentences;
}

/** `12, 24 and 48 functions`. */
function listOf(xs: readonly number[], parameter: SweptParameter): string {
  const last = parameter.describe(xs[xs.length - 1]);
  if (xs.length === 1) return last;
  return `${xs.slice(0, -1).map((x) => formatNumber(x)).join(", ")} and ${last}`;
}

function describeRepetitions(groups: readonly SweepGroup[]): string {
  if (groups.every((group) => group.runs.length <= 1)) return "";
  const spread = groups.some((group) => group.isBand)
    ? "pale areas are the 95 % bootstrap confidence interval of the median"
    : "bars are their range";
  return `Dots are runs, lines join their medians, ${spread}.`;
}
