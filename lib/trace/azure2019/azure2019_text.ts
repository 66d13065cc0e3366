import type { FunctionProfile, Percentiles } from "../../model/trace.ts";
import { DURATION_LAYOUT, MEMORY_LAYOUT, type PercentileLayout } from "./percentile_table.ts";

/** The three files of a trace, line by line; each line ends in a newline. */
export interface Azure2019Text {
  readonly invocations: Iterable<string>;
  readonly durations: Iterable<string>;
  readonly memory: Iterable<string>;
}

/**
 * Formats functions as the three CSV files of the Azure Functions 2019
 * dataset. Memory carries a column `HashFunction`: a row is the function's
 * own. `Count` and `SampleCount` are the invocations of the function.
 */
export function formatAzure2019(functions: readonly FunctionProfile[]): Azure2019Text {
  return {
    invocations: formatInvocations(functions),
    durations: formatPercentiles(
      functions,
      [DURATION_LAYOUT.mean, "Count", "Minimum", "Maximum"],
      DURATION_LAYOUT,
      ({ runtimeMs, invocationsPerSlot }) => [
        runtimeMs.mean,
        invocationsPerSlot.total,
        runtimeMs.values[0],
        runtimeMs.values[runtimeMs.values.length - 1],
      ],
      ({ runtimeMs }) => runtimeMs,
    ),
    memory: formatPercentiles(
      functions,
      ["SampleCount", MEMORY_LAYOUT.mean],
      MEMORY_LAYOUT,
      ({ memoryMib, invocationsPerSlot }) => [invocationsPerSlot.total, memoryMib.mean],
      ({ memoryMib }) => memoryMib,
    ),
  };
}

const KEY_COLUMNS = ["HashOwner", "HashApp", "HashFunction"];

function* formatInvocations(functions: readonly FunctionProfile[]): Generator<string> {
  const minutes = functions.at(0)?.invocationsPerSlot.length ?? 0;
  yield formatLine([
    ...KEY_COLUMNS,
    "Trigger",
    ...Array.from({ length: minutes }, (_, i) => i + 1),
  ]);
  for (const profile of functions) {
    yield formatLine([
      ...formatKey(profile),
      profile.trigger ?? "",
      ...profile.invocationsPerSlot.toArray(),
    ]);
  }
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
    yield formatLine([
      ...formatKey(profile),
      ...figures(profile),
      ...percentiles(profile).values,
    ]);
  }
}

function formatKey(profile: FunctionProfile): string[] {
  return [profile.ownerId, profile.appId, profile.id];
}

function formatLine(cells: readonly (string | number)[]): string {
  return cells.join(",") + "\n";
}
