import type { SlotCounts } from "../../model/slot_counts.ts";
import type { FunctionProfile, Percentiles } from "../../model/trace.ts";
import { valueAtQuantile } from "../percentiles.ts";
import { DURATION_LAYOUT, MEMORY_LAYOUT, type PercentileLayout } from "./percentile_table.ts";

/** The three files of a trace, line by line; each line ends in a newline. */
export interface Azure2019Text {
  readonly invocations: Iterable<string>;
  readonly durations: Iterable<string>;
  readonly memory: Iterable<string>;
}

/** Which minutes are written, and what number the first of them has. */
export interface WrittenMinutes {
  /** First minute, from 0. */
  readonly from: number;
  /** The minute behind the last one. */
  readonly to: number;
  /** Name of the first column. */
  readonly firstNumber: number;
}

/**
 * Formats functions as the three CSV files of the Azure Functions 2019
 * dataset. Memory carries a column `HashFunction`: a row is the function's
 * own. `Count` and `SampleCount` are the invocations of the function in these
 * minutes. Where a function's percentiles are others than the dataset's, they are
 * interpolated.
 *
 * @param functions with counts by the minute
 * @param minutes all of them, numbered from 1, by default
 */
export function formatAzure2019(
  functions: readonly FunctionProfile[],
  minutes: WrittenMinutes = {
    from: 0,
    to: functions.at(0)?.invocationsPerSlot.length ?? 0,
    firstNumber: 1,
  },
): Azure2019Text {
  const countOf = ({ invocationsPerSlot }: FunctionProfile) =>
    invocationsPerSlot.sum(minutes.from, minutes.to);
  return {
    invocations: formatInvocations(functions, minutes),
    durations: formatPercentiles(
      functions,
      [DURATION_LAYOUT.mean, "Count", "Minimum", "Maximum"],
      DURATION_LAYOUT,
      (profile) => {
        const { mean, values } = profile.runtimeMs;
        return [mean, countOf(profile), values[0], values[values.length - 1]];
      },
      ({ runtimeMs }) => runtimeMs,
    ),
    memory: formatPercentiles(
      functions,
      ["SampleCount", MEMORY_LAYOUT.mean],
      MEMORY_LAYOUT,
      (profile) => [countOf(profile), profile.memoryMib.mean],
      ({ memoryMib }) => memoryMib,
    ),
  };
}

const KEY_COLUMNS = ["HashOwner", "HashApp", "HashFunction"];

function* formatInvocations(
  functions: readonly FunctionProfile[],
  { from, to, firstNumber }: WrittenMinutes,
): Generator<string> {
  yield formatLine([
    ...KEY_COLUMNS,
    "Trigger",
    ...Array.from({ length: to - from }, (_, i) => firstNumber + i),
  ]);
  for (const profile of functions) {
    const names = [...formatKey(profile), formatText(profile.trigger ?? "")];
    yield `${names.join()}${formatCounts(profile.invocationsPerSlot, from, to)}\n`;
  }
}

/** The counts of some slots, each behind a comma; most of them are 0. */
function formatCounts(counts: SlotCounts, from: number, to: number): string {
  let text = "";
  let next = from;
  for (const cursor = counts.cursor(); cursor.slot < to; cursor.next()) {
    if (cursor.slot < from) continue;
    text += `${",0".repeat(cursor.slot - next)},${cursor.count}`;
    next = cursor.slot + 1;
  }
  return text + ",0".repeat(to - next);
}

function* formatPercentiles(
  functions: readonly FunctionProfile[],
  figureColumns: readonly string[],
  layout: PercentileLayout,
  figures: (profile: FunctionProfile) => readonly number[],
  percentiles: (profile: FunctionProfile) => Percentiles,
): Generator<string> {
  yield formatLine([...KEY_COLUMNS, ...figureColumns, ...layout.columns]);
  for (const profile of functions) {
    const distribution = percentiles(profile);
    yield formatLine([
      ...formatKey(profile),
      ...figures(profile),
      ...layout.quantiles.map((quantile) => valueAtQuantile(distribution, quantile)),
    ]);
  }
}

/** What stands where an owner or an app has no name: the dataset has none without. */
export const WITHOUT_NAME = "-";

function formatKey(profile: FunctionProfile): string[] {
  return [profile.ownerId, profile.appId, profile.id]
    .map((name) => formatText(name === "" ? WITHOUT_NAME : name));
}

/** Blanks at the ends, which readers take away, and control characters, which would end a line. */
// deno-lint-ignore no-control-regex -- these are looked for
const LOST = /^\s+|\s+$|[\u0000-\u001f]/g;

/** True if a name is written as it is. */
export function isKept(name: string): boolean {
  return name.replace(LOST, "") === name;
}

/** A cell; in quotes where it would be several. */
function formatText(name: string): string {
  const kept = name.replace(LOST, encodeURIComponent);
  return /[",]/.test(kept) ? `"${kept.replaceAll('"', '""')}"` : kept;
}

function formatLine(cells: readonly (string | number)[]): string {
  return cells.join(",") + "\n";
}
