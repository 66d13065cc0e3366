import { type ColumnTable, textAt } from "../../store/read/stored_table.ts";

/** When an autoscaler was seen to act, on its own clock, by which its windows are divided. */
export interface Clockwork {
  /** What its clock showed at run start. */
  readonly atRunStartMs: number;
  /** Times at which it was told of the load. */
  readonly reportsMs: readonly number[];
  /** Times at which it decided when that was due, by function. */
  readonly ticksMs: ReadonlyMap<string, readonly number[]>;
}

/** Of each kind of a function's steps so many are enough to tell their phase. */
const ENOUGH_STEPS = 20;

/**
 * The clockwork that a table of an autoscaler's steps shows.
 *
 * @returns `null` where no decision was due
 */
export function deriveClockwork(table: ColumnTable): Clockwork | null {
  const timeMs = table.numbers("time_ms");
  const autoscalerMs = table.numbers("autoscaler_ms");
  const functionId = table.texts("function_id");
  const step = table.texts("step");
  const reportsMs: number[] = [];
  const ticksMs = new Map<string, number[]>();
  let atRunStartMs: number | null = null;
  for (let row = 0; row < table.rowCount; row++) {
    const kind = textAt(step, row);
    if (kind === "report" && reportsMs.length < ENOUGH_STEPS) reportsMs.push(autoscalerMs[row]);
    if (kind !== "tick") continue;
    atRunStartMs ??= autoscalerMs[row] - timeMs[row];
    const name = textAt(functionId, row) ?? "";
    const those = ticksMs.get(name) ?? [];
    if (those.length < ENOUGH_STEPS) those.push(autoscalerMs[row]);
    ticksMs.set(name, those);
  }
  return atRunStartMs === null ? null : { atRunStartMs, reportsMs, ticksMs };
}

/**
 * Where in their period times are that are whole periods apart but for how late each is:
 * above 0, by the one that is the least late, for timers never are early.
 *
 * @example
 * ```ts
 * import { derivePhase } from "./clockwork.ts";
 * if (derivePhase([1003, 1995, 3001], 1000) !== 995) throw new Error("8 ms late, on time and 6 ms late");
 * ```
 */
export function derivePhase(timesMs: readonly number[], periodMs: number): number {
  const [firstMs] = timesMs;
  let earliestMs = 0;
  for (const timeMs of timesMs) {
    const beyondMs = (timeMs - firstMs) % periodMs;
    const offMs = beyondMs > periodMs / 2
      ? beyondMs - periodMs
      : beyondMs < -periodMs / 2
      ? beyondMs + periodMs
      : beyondMs;
    earliestMs = Math.min(earliestMs, offMs);
  }
  const phaseMs = (firstMs + earliestMs) % periodMs;
  return phaseMs > 0 ? phaseMs : phaseMs + periodMs;
}
