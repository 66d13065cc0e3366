import type { ImportedTrace, ImportSummary } from "./import_trace.ts";
import type { TallyEntry } from "./import_tally.ts";

/** The most invoked functions are shown, for whoever looks whether paths became routes. */
const MOST_FUNCTIONS = 5;

/** What an import came to, as lines for people. */
export function describeImport({ summary, functions, slotMs }: ImportedTrace): string[] {
  const { rows, taken, leftOut, bad, startMs, endMs, invocations } = summary;
  const most = functions.toSorted((a, b) => b.invocations - a.invocations).slice(0, MOST_FUNCTIONS);
  return [
    ...summary.notes,
    `Rows: ${group(rows)} read, ${group(taken)} taken (${percent(taken, rows)}).`,
    ...leftOut.map(({ reason, count }) => `Left out: ${group(count)} (${reason}).`),
    ...bad.map((entry) => describeBad(entry)),
    `Functions: ${group(functions.length)}; the most invoked:`,
    ...most.map(({ name, invocations: own }) =>
      `  ${percent(own, invocations).padStart(7)}  ${name}`
    ),
    `Span: ${isoOf(startMs)} to ${isoOf(endMs)}.`,
    `Rate: ${formatRate(summary.meanRatePerS)} on average, ${
      formatRate(summary.peakRatePerS)
    } in ` +
    `the busiest ${slotMs === 60_000 ? "minute" : `${slotMs / 1000} s`}.`,
    summary.runtimeShare === 0
      ? "Runtimes: none are told; a run takes them from elsewhere and says from where. --runtime " +
        "sets one."
      : `Runtimes: told of ${percent(summary.runtimeShare, 1)} of the requests.`,
  ];
}

/** The sentence that a trace carries about where it comes from. */
export function noteOfImport({ sources, rows, taken, leftOut, bad }: ImportSummary): string {
  const sum = (entries: readonly TallyEntry[]) =>
    entries.reduce((all, { count }) => all + count, 0);
  const files = sources.length === 1 ? "1 source" : `${sources.length} sources`;
  return `Imported from ${files}: ${rows} rows read, ${taken} taken, ${sum(leftOut)} left out, ` +
    `${sum(bad)} not readable.`;
}

function describeBad({ reason, count, examples }: TallyEntry): string {
  return `Not readable: ${group(count)} (${reason}), such as ${examples[0]}.`;
}

function group(count: number): string {
  return count.toLocaleString("en");
}

function percent(part: number, whole: number): string {
  if (part === whole) return "100 %";
  const share = 100 * part / whole;
  return `${share.toFixed(share > 99 || share < 1 ? 2 : 1)} %`;
}

function formatRate(perS: number): string {
  return `${Number(perS.toPrecision(3))}/s`;
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
