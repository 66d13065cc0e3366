import { LoopPauses } from "../../clock/loop_pauses.ts";
import type { Schedule } from "../../model/schedule.ts";

/** All invocations of a run as its platform will see them, by function index. */
export interface KnownArrivals {
  /** Ms since run start, ascending. */
  readonly arrivalsMs: readonly Float64Array[];
  /** Service time of each. */
  readonly serviceMs: readonly Float64Array[];
  /**
   * By how much an instance must be ready ahead of an arrival that it is to serve
   * first, or the invocation is cold: since its dispatch.
   */
  readonly readyAheadMs: number;
}

/** What comes between a schedule and its service, on average. */
export interface ArrivalDelays {
  /** From the loader to the gateway. */
  readonly networkMs: number;
  /** Service time per requested runtime, where an instance is not disturbed. */
  readonly serviceFactor: number;
  /** Service time beside that. */
  readonly serviceOverheadMs: number;
}

/**
 * Derives what a policy that knows the future is told: 16 bytes an invocation.
 *
 * @throws the signal's reason when it aborts meanwhile
 *
 * @example
 * ```ts
 * import { deriveArrivals } from "./known_arrivals.ts";
 * const chunk = {
 *   scheduledMs: Float64Array.of(10, 20),
 *   functionIndex: Uint32Array.of(1, 1),
 *   runtimeMs: Uint32Array.of(5, 6),
 *   memoryMib: Uint32Array.of(64, 64),
 * };
 * const delays = { networkMs: 0.25, serviceFactor: 2, serviceOverheadMs: 1 };
 * const schedule = { functions: ["f0", "f1"], chunks: () => [chunk].values() };
 * const { arrivalsMs, serviceMs } = await deriveArrivals(schedule, delays);
 * if (arrivalsMs.map(String).join(";") !== ";10.25,20.25") throw new Error("not of function 1");
 * if (serviceMs[1].join() !== "11,13") throw new Error();
 * ```
 */
export async function deriveArrivals(
  schedule: Pick<Schedule, "chunks"> & { readonly functions: { readonly length: number } },
  { networkMs, serviceFactor, serviceOverheadMs }: ArrivalDelays,
  signal?: AbortSignal,
): Promise<KnownArrivals> {
  const pauses = new LoopPauses(signal);
  const counts = new Uint32Array(schedule.functions.length);
  for (const { functionIndex } of schedule.chunks({ reuse: true })) {
    for (let i = 0; i < functionIndex.length; i++) counts[functionIndex[i]]++;
    if (pauses.isDue) await pauses.take();
  }
  const arrivalsMs = Array.from(counts, (count) => new Float64Array(count));
  const serviceMs = Array.from(counts, (count) => new Float64Array(count));
  counts.fill(0);
  for (const { scheduledMs, functionIndex, runtimeMs } of schedule.chunks({ reuse: true })) {
    for (let i = 0; i < functionIndex.length; i++) {
      const index = functionIndex[i];
      const position = counts[index]++;
      arrivalsMs[index][position] = scheduledMs[i] + networkMs;
      serviceMs[index][position] = runtimeMs[i] * serviceFactor + serviceOverheadMs;
    }
    if (pauses.isDue) await pauses.take();
  }
  return { arrivalsMs, serviceMs, readyAheadMs: networkMs };
}
