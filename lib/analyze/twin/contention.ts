import { quantile } from "../../stats/quantile.ts";

/** A span of time in which something would compute on one core, if it had one. */
export interface ComputingSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What a span got of the cores, in ms. */
export interface CpuShare {
  /** CPU time. */
  readonly workMs: number;
  /** Time in which nothing else computed. */
  readonly aloneMs: number;
  /** Time in which there was work for every core. */
  readonly crowdedMs: number;
  /** How many others computed when it began. */
  readonly othersAtStart: number;
}

/**
 * The CPU time that each span got, where all that compute at a time share the
 * cores equally and none gets more than one: so what took long among many is told
 * apart from what has much to do.
 *
 * @param cores those of the machine that are left to the spans
 * @param crowd how many at a time have work for every core
 *
 * @example
 * ```ts
 * import { deriveCpuShares } from "./contention.ts";
 * const spans = [{ fromMs: 0, untilMs: 20 }, { fromMs: 10, untilMs: 20 }];
 * const [first, second] = deriveCpuShares(spans, 1, 2);
 * if (first.workMs !== 15 || second.workMs !== 5) throw new Error("10 ms alone, 10 ms by halves");
 * if (first.aloneMs !== 10 || second.crowdedMs !== 10 || second.othersAtStart !== 1) throw new Error("the first one was alone");
 * ```
 */
export function deriveCpuShares(
  spans: readonly ComputingSpan[],
  cores: number,
  crowd: number,
): CpuShare[] {
  // Accumulated over time, and read at both ends of each span.
  const work = new Float64Array(2 * spans.length);
  const alone = new Float64Array(2 * spans.length);
  const crowded = new Float64Array(2 * spans.length);
  const before = new Uint32Array(2 * spans.length);
  let nowMs = 0;
  let workMs = 0;
  let aloneMs = 0;
  let crowdedMs = 0;
  let computing = 0;
  for (const { timeMs, end } of listEnds(spans)) {
    const stepMs = timeMs - nowMs;
    nowMs = timeMs;
    if (computing > 0) workMs += stepMs * Math.min(1, cores / computing);
    if (computing === 1) aloneMs += stepMs;
    if (computing >= crowd) crowdedMs += stepMs;
    work[end] = workMs;
    alone[end] = aloneMs;
    crowded[end] = crowdedMs;
    before[end] = computing;
    computing += end % 2 === 0 ? 1 : -1;
  }
  const within = (sums: Float64Array, i: number) => sums[2 * i + 1] - sums[2 * i];
  return spans.map((_, i) => ({
    workMs: within(work, i),
    aloneMs: within(alone, i),
    crowdedMs: within(crowded, i),
    othersAtStart: before[2 * i],
  }));
}

/** Beginnings and ends in order of time; `end`: twice the span's position, one more at its end. */
function listEnds(spans: readonly ComputingSpan[]): { timeMs: number; end: number }[] {
  const ends = spans.flatMap(({ fromMs, untilMs }, i) => [
    { timeMs: fromMs, end: 2 * i },
    { timeMs: Math.max(fromMs, untilMs), end: 2 * i + 1 },
  ]);
  return ends.sort((a, b) => a.timeMs - b.timeMs || b.end % 2 - a.end % 2);
}

/**
 * Tasks that there are too many on each core for one more to compute at once, beside
 * so many others; as the simulator counts them.
 *
 * @example
 * ```ts
 * import { excessPerCore } from "./contention.ts";
 * if (excessPerCore(1, 2) !== 0) throw new Error("a core is free");
 * if (excessPerCore(5, 2) !== 2) throw new Error("four too many on two cores");
 * ```
 */
export function excessPerCore(others: number, cores: number): number {
  return Math.max(0, others - Math.max(0, cores - 1)) / cores;
}

/** The median of some values; `null` without any. */
export function medianOf(values: readonly number[]): number | null {
  return quantile(Float64Array.from(values).sort(), 0.5);
}
