import { rangeCoverage } from "../../stats/median_interval.ts";
import { LEAST_BEYOND } from "../../stats/quantile.ts";
import { formatNoun, formatNumber, formatShare } from "../page/number_format.ts";
import type { LeftOut, SweepGroup, SweepSeries, SweepSummary } from "./sweep_group.ts";
import type { SweepMeasure } from "./sweep_measure.ts";
import type { SweptParameter } from "./swept_parameter.ts";

/** Says what the figure of a sweep shows, what it lacks, and how it is drawn. */
export function describeSweep(
  all: readonly SweepSeries[],
  leftOut: readonly LeftOut[],
  measure: SweepMeasure,
  parameter: SweptParameter,
): string {
  const changes = all.toReversed().flatMap((series) => describeChange(series, measure, parameter));
  const groups = all.flatMap((series) => series.groups);
  return [
    changes.length === 0 ? "" : `${measure.title}: ${changes.join("; ")}.`,
    describeLeftOut(leftOut, parameter),
    ...describeGaps(all, parameter),
    groups.some(({ dots }) => dots.some(({ value }) => value === Infinity))
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
  const known = groups.filter(({ summary }) => summary !== null);
  const [first, last] = [known.at(0), known.at(-1)];
  if (first === undefined || last === undefined) return [];
  const medianOf = ({ summary }: SweepGroup) => summary!.median;
  const valueOf = (group: SweepGroup) =>
    formatNumber(medianOf(group)) + (medianOf(group) === Infinity ? "" : unit);
  const start = `${valueOf(first)} at ${parameter.describe(first.x)}`;
  if (first === last) return [`${percentile} is ${start}`];
  if (valueOf(first) === valueOf(last)) {
    return [`${percentile} is ${start} and ${valueOf(last)} at ${formatNumber(last.x)}`];
  }
  const verb = medianOf(last) > medianOf(first) ? "grows" : "goes";
  return [`${percentile} ${verb} from ${start} to ${valueOf(last)} at ${formatNumber(last.x)}`];
}

function describeLeftOut(leftOut: readonly LeftOut[], parameter: SweptParameter): string {
  if (leftOut.length === 0) return "";
  const those = leftOut.map(({ x, runs, of, reason }) =>
    `${formatNumber(runs)} of ${formatNoun(of, "run")} at ${parameter.describe(x)}: ${reason}`
  );
  return `Left out: ${those.join("; ")}.`;
}

function describeGaps(all: readonly SweepSeries[], parameter: SweptParameter): string[] {
  const tail = all.length > 1 ? all[1].percentile : null;
  const sentences = all.flatMap(({ percentile, groups }) => {
    const judged = groups.filter(({ counted }) => counted > 0);
    const lacking = judged.filter(({ count }) => count === 0);
    const partial = judged.filter(({ count, counted }) => count > 0 && count < counted);
    return [
      ...lacking.length === 0 || lacking.length === judged.length
        ? []
        : [`Too few invocations for ${percentile} at ${listOf(lacking, parameter)}.`],
      ...partial.map(({ x, count, counted }) =>
        `${percentile} at ${parameter.describe(x)} is of ${count} of ${counted} runs; the others ` +
        "have too few invocations for it."
      ),
    ];
  });
  if (all[0].groups.every(({ dots }) => dots.length === 0)) {
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
function listOf(groups: readonly SweepGroup[], parameter: SweptParameter): string {
  const last = parameter.describe(groups[groups.length - 1].x);
  if (groups.length === 1) return last;
  return `${groups.slice(0, -1).map(({ x }) => formatNumber(x)).join(", ")} and ${last}`;
}

function describeRepetitions(groups: readonly SweepGroup[]): string {
  const repeated = groups.filter(({ count }) => count > 1);
  if (repeated.length === 0) return "";
  const summaries = repeated.map(({ count, summary }) => ({ count, summary: summary! }));
  const clauses = [
    describeIntervals(summaries),
    describeRanges(summaries.filter(({ summary }) => summary.coverage === null)),
  ].filter((clause) => clause !== "");
  return `Dots are runs, lines join their medians, ${clauses.join(", and ")}.`;
}

interface Summarized {
  readonly count: number;
  readonly summary: SweepSummary;
}

function describeIntervals(summaries: readonly Summarized[]): string {
  const coverages = summaries.flatMap(({ summary: { coverage } }) => coverage ?? []);
  if (coverages.length === 0) return "";
  const [least, most] = [Math.min(...coverages), Math.max(...coverages)];
  return "pale areas are confidence intervals, which cover the true median with a " +
    `probability of ${formatShare(least)}` +
    (least === most ? "" : ` to ${formatShare(most)}, by the number of runs`);
}

function describeRanges(summaries: readonly Summarized[]): string {
  if (summaries.length === 0) return "";
  const most = Math.max(...summaries.map(({ count }) => count));
  const bound = summaries.every(({ count }) => count === most) ? "" : "at most ";
  return "bars are their range, which covers the true median with a probability of " +
    `${bound}${formatShare(rangeCoverage(most))} (n = ${most})`;
}
