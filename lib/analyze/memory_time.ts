import type { InstanceLife } from "./instance_life.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";

/** The columns that tell who served for how long. */
export type ServiceTable = Pick<
  StoredInvocations,
  | "count"
  | "functionIds"
  | "functionCode"
  | "instances"
  | "instanceCode"
  | "completedMs"
  | "servedRuntimeMs"
  | "requestedMemoryMib"
>;

/** From (inclusive) and until (exclusive) in ms since run start. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * How long a function's instances were there, added up over all of them, and
 * what they held: memory-time is the one times the other.
 */
export interface InstanceTime {
  readonly functionId: string;
  /** Memory of an instance; NaN where the function was not invoked, so that nobody knows. */
  readonly memoryMib: number;
  /** From its creation until it was ready. */
  readonly startingMs: number;
  /** Ready, and serving nothing. */
  readonly idleMs: number;
  readonly servingMs: number;
}

/** Memory times time, over all functions. */
export interface MemoryTime {
  readonly startingMibS: number;
  readonly idleMibS: number;
  readonly servingMibS: number;
}

/**
 * Derives from the records how long the instances of each function were
 * starting, idle and serving within a span of the run, whatever kept them.
 *
 * - An instance is there from its creation until it stops; what lies outside of
 *   the span is not counted.
 * - It serves for as long as the function says that it ran, up to when the reply
 *   was seen (so the network's delay moves a service by as much, and not its
 *   length). Services at the same time count once.
 * - It is idle for the rest. Work whose reply was not waited for says nothing of
 *   itself, and is idleness too.
 * - Its memory is what the invocations of its function asked for, on average over
 *   the whole run: the same for every policy, as the schedule is.
 *
 * @returns the functions in order of their ids
 */
export function deriveInstanceTimes(
  lives: readonly InstanceLife[],
  services: ServiceTable,
  span: TimeSpan,
): InstanceTime[] {
  const servedMs = deriveServedMs(services, span);
  const memoryMib = deriveMeanMemoryMib(services);
  const sums = new Map<string, { startingMs: number; idleMs: number; servingMs: number }>();
  for (const life of lives) {
    let sum = sums.get(life.functionId);
    if (sum === undefined) {
      sum = { startingMs: 0, idleMs: 0, servingMs: 0 };
      sums.set(life.functionId, sum);
    }
    const stoppedMs = orEver(life.stoppedMs);
    const readyMs = Math.min(orEver(life.readyMs), stoppedMs);
    const servingMs = servedMs.get(life.instance) ?? 0;
    sum.startingMs += overlapMs(span, life.createdMs, readyMs);
    sum.servingMs += servingMs;
    // The network's delay may carry the end of a service beyond the end of the instance.
    sum.idleMs += Math.max(0, overlapMs(span, readyMs, stoppedMs) - servingMs);
  }
  return [...sums]
    .map(([functionId, sum]) => ({
      functionId,
      memoryMib: memoryMib.get(functionId) ?? NaN,
      ...sum,
    }))
    .sort((a, b) => a.functionId < b.functionId ? -1 : 1);
}

/**
 * Adds memory-time up over functions; `null` where an instance was there whose
 * memory is not known.
 *
 * @example
 * ```ts
 * import { sumMemoryTime } from "./memory_time.ts";
 * const one = { functionId: "f", memoryMib: 100, startingMs: 500, idleMs: 9000, servingMs: 500 };
 * const { startingMibS, idleMibS, servingMibS } = sumMemoryTime([one])!;
 * if (startingMibS !== 50 || idleMibS !== 900 || servingMibS !== 50) throw new Error();
 * ```
 */
export function sumMemoryTime(times: readonly InstanceTime[]): MemoryTime | null {
  let startingMibS = 0;
  let idleMibS = 0;
  let servingMibS = 0;
  for (const { memoryMib, startingMs, idleMs, servingMs } of times) {
    if (startingMs + idleMs + servingMs === 0) continue;
    if (Number.isNaN(memoryMib)) return null;
    startingMibS += startingMs * memoryMib / 1000;
    idleMibS += idleMs * memoryMib / 1000;
    servingMibS += servingMs * memoryMib / 1000;
  }
  return { startingMibS, idleMibS, servingMibS };
}

/** Memory-time in which nothing was served. */
export function wastedMibS({ startingMibS, idleMibS }: MemoryTime): number {
  return startingMibS + idleMibS;
}

/** Time within the span that each instance served, by its name. */
function deriveServedMs(services: ServiceTable, span: TimeSpan): Map<string, number> {
  const { instances, instanceCode, completedMs, servedRuntimeMs } = services;
  const rows: number[] = [];
  for (let row = 0; row < services.count; row++) {
    if (instanceCode[row] >= 0 && servedRuntimeMs[row] > 0) rows.push(row);
  }
  rows.sort((a, b) => completedMs[a] - servedRuntimeMs[a] - (completedMs[b] - servedRuntimeMs[b]));
  const servedMs = new Map<string, number>();
  const countedUntilMs = new Float64Array(instances.length).fill(-Infinity);
  for (const row of rows) {
    const code = instanceCode[row];
    const fromMs = Math.max(completedMs[row] - servedRuntimeMs[row], countedUntilMs[code]);
    countedUntilMs[code] = Math.max(countedUntilMs[code], completedMs[row]);
    const instance = instances[code];
    const addedMs = overlapMs(span, fromMs, completedMs[row]);
    servedMs.set(instance, (servedMs.get(instance) ?? 0) + addedMs);
  }
  return servedMs;
}

function deriveMeanMemoryMib(services: ServiceTable): Map<string, number> {
  const { functionIds, functionCode, requestedMemoryMib } = services;
  const sums = new Float64Array(functionIds.length);
  const counts = new Float64Array(functionIds.length);
  for (let row = 0; row < services.count; row++) {
    sums[functionCode[row]] += requestedMemoryMib[row];
    counts[functionCode[row]]++;
  }
  return new Map(functionIds.map((functionId, i) => [functionId, sums[i] / counts[i]]));
}

function overlapMs(span: TimeSpan, fromMs: number, untilMs: number): number {
  return Math.max(0, Math.min(untilMs, span.untilMs) - Math.max(fromMs, span.fromMs));
}

/** A time that is not known has not come. */
function orEver(timeMs: number): number {
  return Number.isNaN(timeMs) ? Infinity : timeMs;
}
