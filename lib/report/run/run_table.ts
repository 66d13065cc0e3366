import {
  MOST_EXACT,
  type Percentile,
  type RankedQuantiles,
} from "../../analyze/ranked_quantiles.ts";
import {
  countNotOk,
  type Minute,
  MOST_EXACT_OF_MINUTE,
  NOT_OK_OUTCOMES,
} from "../../analyze/summary.ts";
import { SKETCH_ERROR } from "../../stats/quantile_sketch.ts";
import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import { formatCount, formatNumber, UNKNOWN } from "../page/number_format.ts";
import { splitName } from "../page/name_format.ts";
import { renderTable, type ReportColumn } from "../page/table_section.ts";
import { chooseListedPercentiles } from "../plot/tail_percentile.ts";
import { anchorOf } from "./verdict_section.ts";
import type { StoredRun } from "../../store/read/experiment_folder.ts";
import type { WarmupCheck } from "../../store/schema/manifest.ts";

/** Renders the summary of all runs as a table, and how to read it. */
export function renderRunTable(runs: readonly RunAnalysis[]): Html {
  const percentiles = chooseListedPercentiles(runs.map((row) => row.summary.slowdown));
  const columns: ReportColumn<RunAnalysis>[] = [
    ...identifyingColumns(runs),
    { heading: "invocations", cell: ({ summary }) => formatCount(summary.invocations) },
    { heading: "ok", cell: ({ summary }) => formatCount(summary.outcomes.ok) },
    { heading: "not ok", cell: ({ summary }) => renderNotOk(summary.outcomes) },
    ...createCancelledColumns(runs, ({ summary }) => summary.outcomes.cancelled),
    ...quantileColumns("slowdown", undefined, percentiles, ({ summary }) => summary.slowdown),
    ...START_COLUMNS,
    ...quantileColumns("response time", "ms", percentiles, ({ summary }) => summary.responseTimeMs),
    ...quantileColumns(
      "slowdown from dispatch",
      undefined,
      percentiles,
      ({ summary }) => summary.slowdownFromDispatch,
    ),
    { heading: "cold invocations", cell: ({ summary }) => formatCount(summary.coldInvocations) },
    { heading: "instance starts", cell: ({ instanceStarts }) => formatCount(instanceStarts) },
    ...LAG_COLUMNS,
  ];
  return html`
    ${renderTable(columns, runs)}
    <p class="small">Measurement phase only. Quantiles rank every invocation that the generator did not
    drop and the user did not cancel; what is not ok counts as infinitely slow (∞), and the figure of the
    ok ones alone stands below it in grey. A dash means unknown, or fewer than 10 observations beyond the quantile. Slowdown is response time
    (completed − scheduled) ÷ requested runtime; from dispatch it is (completed − dispatched) ÷ requested
    runtime. Its median in the first third of the time, in which a run that begins without instances starts
    them, stands apart from that of the rest. An instance start is counted once per instance; a cold invocation is one first served by an
    instance that became ready after its dispatch.</p>
  `;
}

/** What starting instances does to a run that begins without any. */
const START_COLUMNS: readonly ReportColumn<RunAnalysis>[] = [
  {
    group: "slowdown p50",
    heading: "first third",
    cell: ({ summary }) => renderQuantile(summary.slowdownFirstThird, "p50"),
  },
  {
    group: "slowdown p50",
    heading: "rest",
    cell: ({ summary }) => renderQuantile(summary.slowdownRest, "p50"),
  },
];

const LAG = { group: "dispatch lag", unit: "ms" } as const;

/** As the verdict has it: there is one figure of it. */
const LAG_COLUMNS: readonly ReportColumn<RunAnalysis>[] = ([
  ["p50", "dispatchLagP50Ms"],
  ["p99", "dispatchLagP99Ms"],
  ["max", "dispatchLagMaxMs"],
] as const).map(([heading, name]) => ({
  ...LAG,
  heading,
  cell: ({ run }) => formatNumber(run.manifest.verdict?.evidence[name] ?? null),
}));

/**
 * Columns of the parameters that differ between the runs; the name comes first
 * where they do not tell every run from the others, such as a second attempt.
 */
function identifyingColumns(runs: readonly RunAnalysis[]): ReportColumn<RunAnalysis>[] {
  type Row = RunAnalysis;
  const names = [...new Set(runs.flatMap(({ run }) => Object.keys(run.manifest.parameters)))];
  const valueOf = ({ run }: Row, name: string) => String(run.manifest.parameters[name] ?? UNKNOWN);
  const differing = names.filter((name) => new Set(runs.map((row) => valueOf(row, name))).size > 1);
  const identities = runs.map((row) => JSON.stringify(differing.map((name) => valueOf(row, name))));
  const columns: ReportColumn<Row>[] = differing.map((name) => {
    const { words, unit } = splitName(name);
    return { heading: words, unit: unit || undefined, cell: (row) => valueOf(row, name) };
  });
  if (differing.length === 0 || new Set(identities).size < runs.length) {
    columns.unshift({ heading: "run", isText: true, cell: ({ run }) => run.manifest.name });
  }
  const [first, ...others] = columns;
  return [
    {
      ...first,
      cell: (row) => html`<a href="#${anchorOf(row.run.manifest.name)}">${first.cell(row)}</a>`,
    },
    ...others,
  ];
}

/** A column of what the user stopped, where it is anything. */
function createCancelledColumns<Row>(
  rows: readonly Row[],
  cancelledOf: (row: Row) => number,
): readonly ReportColumn<Row>[] {
  if (rows.every((row) => cancelledOf(row) === 0)) return [];
  return [{ heading: "cancelled", cell: (row) => formatCount(cancelledOf(row)) }];
}

function renderNotOk(outcomes: RunAnalysis["summary"]["outcomes"]): Html {
  const kinds = NOT_OK_OUTCOMES.filter((outcome) => outcomes[outcome] > 0);
  return html`${formatCount(countNotOk(outcomes))}${
    kinds.map((kind) => html`<br><small>${formatCount(outcomes[kind])} ${kind}</small>`)
  }`;
}

function quantileColumns(
  group: string,
  unit: string | undefined,
  percentiles: readonly Percentile[],
  quantilesOf: (row: RunAnalysis) => RankedQuantiles,
): ReportColumn<RunAnalysis>[] {
  return percentiles.map((percentile) => ({
    heading: percentile,
    group,
    unit,
    cell: (row) => renderQuantile(quantilesOf(row), percentile),
  }));
}

/** Renders a quantile, with that of the ok ones below it where some are not ok. */
function renderQuantile(quantiles: RankedQuantiles, percentile: Percentile): Html {
  const all = formatNumber(quantiles.all[percentile]);
  if (quantiles.infinite === 0) return html`${all}`;
  return html`${all}<br><small>ok ${formatNumber(quantiles.okOnly[percentile])}</small>`;
}

/** Renders the table of the minutes of a run. */
export function renderMinuteTable(minutes: readonly Minute[]): Html {
  return renderTable<Minute>([
    { heading: "minute", cell: ({ minute }) => minute },
    { heading: "phase", isText: true, cell: ({ phase }) => phase === "warmup" ? "warm-up" : phase },
    { heading: "functions", cell: ({ functions }) => formatCount(functions) },
    { heading: "invocations", cell: ({ invocations }) => formatCount(invocations) },
    { heading: "ok", cell: ({ outcomes }) => formatCount(outcomes.ok) },
    { heading: "not ok", cell: ({ outcomes }) => formatCount(countNotOk(outcomes)) },
    ...createCancelledColumns<Minute>(minutes, ({ outcomes }) => outcomes.cancelled),
    { heading: "p50", group: "slowdown", cell: ({ slowdown }) => renderQuantile(slowdown, "p50") },
    { heading: "p95", group: "slowdown", cell: ({ slowdown }) => renderQuantile(slowdown, "p95") },
    {
      heading: "p50",
      group: "response time",
      unit: "ms",
      cell: ({ responseTimeMs }) => renderQuantile(responseTimeMs, "p50"),
    },
    {
      heading: "p95",
      group: "response time",
      unit: "ms",
      cell: ({ responseTimeMs }) => renderQuantile(responseTimeMs, "p95"),
    },
    { heading: "cold invocations", cell: ({ coldInvocations }) => formatCount(coldInvocations) },
    {
      heading: "dispatch lag max",
      unit: "ms",
      cell: ({ dispatchLagMaxMs }) => formatNumber(dispatchLagMaxMs),
    },
  ], minutes);
}

/**
 * Renders how far percentiles may be from those of the invocations one by one; nothing where
 * all of them are exact.
 */
export function renderErrorBound(runs: readonly RunAnalysis[]): Html {
  const isBounded = runs.some(({ summary, minutes }) =>
    summary.responseTimeMs.observations > MOST_EXACT ||
    minutes.some(({ responseTimeMs }) => responseTimeMs.observations > MOST_EXACT_OF_MINUTE)
  );
  if (!isBounded) return NOTHING;
  return html`
    <p class="small">Percentiles of more than ${formatCount(
      MOST_EXACT,
    )} invocations, and of more than
    ${formatCount(MOST_EXACT_OF_MINUTE)} of a minute, are within ${formatNumber(
      100 * SKETCH_ERROR,
    )} % of the observed value of that rank; all numbers of things are exact.</p>
  `;
}

interface WarmupRow extends WarmupCheck {
  readonly name: string;
}

/** Renders whether the warm-up of each run ended in a steady state; nothing where none was checked. */
export function renderWarmupTable(runs: readonly StoredRun[]): Html {
  const rows = runs.flatMap(({ manifest: { name, warmupCheck } }): WarmupRow[] =>
    warmupCheck === null ? [] : [{ name, ...warmupCheck }]
  );
  if (rows.length === 0) return NOTHING;
  return html`
    <h3>Warm-up</h3>
    <div id="warmup">${renderTable<WarmupRow>([
      { heading: "run", isText: true, cell: ({ name }) => name },
      { heading: "stationary", isText: true, cell: ({ stationary }) => wordOf(stationary) },
      { heading: "statistic", cell: ({ statistic }) => formatNumber(statistic) },
      {
        heading: "5 % critical value",
        cell: ({ criticalValue5Percent }) => formatNumber(criticalValue5Percent),
      },
      { heading: "p-value", cell: ({ pValue }) => formatPValue(pValue) },
      { heading: "invocations", cell: ({ observations }) => formatCount(observations) },
    ], rows)}</div>
    <p class="small">Augmented Dickey-Fuller test of response time − served runtime over the last minute
    of the warm-up, in time order; of more than 6,000 invocations, over the means of each 10 ms. Stationary: p-value at most 0.05 and statistic at most the critical
    value. Undetermined: fewer than 4 invocations, or all alike.</p>
  `;
}

function wordOf(stationary: boolean | null): string {
  if (stationary === null) return "undetermined";
  return stationary ? "yes" : "no";
}

function formatPValue(pValue: number | null): string {
  return pValue !== null && pValue < 0.001 ? "< 0.001" : formatNumber(pValue);
}
