import type { FunctionProfile } from "../../model/trace.ts";
import type { TraceWindow } from "../window.ts";
import { classifyPeriodicity, PERIODICITY_CLASSES } from "./periodicity.ts";

/** The figures of a function by which samples are taken and judged, with their units. */
export const SAMPLE_FIGURES = [
  { name: "invocations", unit: "" },
  { name: "runtime", unit: "ms" },
  { name: "memory", unit: "MiB" },
] as const;

/** Parts of the window in which the load's shape is looked at: the hours of a day. */
export const SHAPE_BINS = 24;

/** What samples are taken by, a row for each function. */
export interface FunctionTable {
  readonly functions: number;
  /** A column for each of {@linkcode SAMPLE_FIGURES}: invocations in the window, means of the others. */
  readonly figures: readonly Float64Array[];
  /** Index into {@linkcode PERIODICITY_CLASSES}. */
  readonly periodicity: Uint8Array;
  /** Number of equal parts of the window. */
  readonly bins: number;
  /** Invocations in each part, function after function. */
  readonly invocationsPerBin: Float64Array;
}

/** The figures of functions in a window of their trace, which lies inside it. */
export function tabulateFunctions(
  functions: readonly FunctionProfile[],
  { startMs, lengthMs }: TraceWindow,
  slotMs: number,
): FunctionTable {
  const fromSlot = Math.floor(startMs / slotMs);
  const toSlot = Math.ceil((startMs + lengthMs) / slotMs);
  const bins = Math.min(SHAPE_BINS, toSlot - fromSlot);
  const binOfSlot = Uint8Array.from(
    { length: toSlot - fromSlot },
    (_, slot) => Math.floor(slot * bins / (toSlot - fromSlot)),
  );
  const invocationsPerBin = new Float64Array(functions.length * bins);
  const invocations = new Float64Array(functions.length);
  const periodicity = new Uint8Array(functions.length);
  for (const [i, { invocationsPerSlot }] of functions.entries()) {
    const cursor = invocationsPerSlot.cursor();
    for (; cursor.slot < toSlot; cursor.next()) {
      if (cursor.slot < fromSlot) continue;
      invocationsPerBin[i * bins + binOfSlot[cursor.slot - fromSlot]] += cursor.count;
      invocations[i] += cursor.count;
    }
    const name = classifyPeriodicity(invocationsPerSlot, fromSlot, toSlot);
    periodicity[i] = PERIODICITY_CLASSES.indexOf(name);
  }
  return {
    functions: functions.length,
    figures: [
      invocations,
      Float64Array.from(functions, ({ runtimeMs }) => runtimeMs.mean),
      Float64Array.from(functions, ({ memoryMib }) => memoryMib.mean),
    ],
    periodicity,
    bins,
    invocationsPerBin,
  };
}

/** Some rows of a table. */
export function selectRows(table: FunctionTable, rows: ArrayLike<number>): FunctionTable {
  const { bins } = table;
  const indices = Array.from(rows);
  const invocationsPerBin = new Float64Array(indices.length * bins);
  for (const [i, index] of indices.entries()) {
    const row = table.invocationsPerBin.subarray(index * bins, (index + 1) * bins);
    invocationsPerBin.set(row, i * bins);
  }
  return {
    functions: indices.length,
    figures: table.figures.map((column) => Float64Array.from(indices, (index) => column[index])),
    periodicity: Uint8Array.from(indices, (index) => table.periodicity[index]),
    bins,
    invocationsPerBin,
  };
}
