import { LoaderError } from "../base/error.ts";
import { RUNTIME_LIMITS_MS } from "../model/schedule.ts";
import type { FunctionProfile, Trace } from "../model/trace.ts";
import { countInvocations, type TraceWindow, validateWindow } from "./window.ts";

/** How much of the trace profiling looks at: 5 minutes. */
export const PROFILING_MS = 300_000;

/**
 * CPU requests by memory, as Google Cloud Functions (first generation) tied
 * CPU to memory: [largest memory in MiB, CPU in milli-cores].
 */
const CPU_MILLI_BY_MEMORY_MIB = [
  [128, 83],
  [256, 167],
  [512, 333],
  [1024, 583],
  [2048, 1000],
  [Infinity, 2000],
] as const;

/** Share of a cluster's CPU that system services are taken to use. */
export const SYSTEM_OVERHEAD_SHARE = 0.6;

/** What to deploy of a function and how many of it. */
export interface FunctionDemand {
  /** Mean number of invocations in flight, by Little's law. */
  readonly expectedConcurrency: number;
  /** Instances to start with: the ceiling of the expected concurrency. */
  readonly initialScale: number;
  /** Per instance. */
  readonly cpuRequestMilli: number;
  /** Per instance. */
  readonly memoryRequestMib: number;
}

/** How a trace is replayed: what changes the rate of arrivals. */
export interface ReplayScales {
  /** Factor on every count; 1 by default. */
  readonly rateScale?: number;
  /** Compresses arrivals, never runtimes; 1 by default. */
  readonly timeScale?: number;
}

/** A part of a trace, of {@linkcode PROFILING_MS} unless it says otherwise. */
export type ProfilingWindow = Pick<TraceWindow, "startMs"> & Partial<TraceWindow>;

/**
 * Expected concurrency of a function by Little's law: arrival rate × mean
 * runtime, over some minutes of the trace, at the rate of the replay and with a
 * runtime within the bounds of what is asked for ({@linkcode RUNTIME_LIMITS_MS}).
 *
 * @throws LoaderError `usage` when the trace ends before the window does
 *
 * @example
 * ```ts
 * import { SlotCounts } from "../model/slot_counts.ts";
 * import { expectedConcurrency } from "./profile.ts";
 * const runtimeMs = { quantiles: [0, 1], values: [1500, 2500], mean: 2000 };
 * const invocationsPerSlot = SlotCounts.from([30, 0, 0, 60, 60]);
 * const trace = { name: "example", slotMs: 60_000, slots: 5 };
 * const concurrency = expectedConcurrency(trace, { invocationsPerSlot, runtimeMs }, { startMs: 0 });
 * if (concurrency !== 1) throw new Error("30/min × 2 s");
 * ```
 */
export function expectedConcurrency(
  trace: Pick<Trace, "name" | "slotMs" | "slots">,
  profile: Pick<FunctionProfile, "invocationsPerSlot" | "runtimeMs">,
  { startMs, lengthMs = PROFILING_MS }: ProfilingWindow,
  { rateScale = 1, timeScale = 1 }: ReplayScales = {},
): number {
  const window = { startMs, lengthMs };
  validateWindow(trace, window);
  const invocations = countInvocations(profile, window, trace.slotMs);
  const { minimum, maximum } = RUNTIME_LIMITS_MS;
  const runtimeMs = Math.min(Math.max(profile.runtimeMs.mean, minimum), maximum);
  return invocations * runtimeMs / lengthMs * rateScale * timeScale;
}

/**
 * CPU request of an instance in milli-cores, from its memory (clamped to
 * 128 – 10,240 MiB).
 */
export function cpuRequestMilli(memoryMib: number): number {
  const clampedMib = Math.min(Math.max(memoryMib, 128), 10_240);
  for (const [largestMib, cpuMilli] of CPU_MILLI_BY_MEMORY_MIB) {
    if (clampedMib <= largestMib) return cpuMilli;
  }
  throw new LoaderError("usage", `Memory must be a number of MiB, got ${memoryMib}.`);
}

/** Memory request of an instance: the function's largest memory, in whole MiB, rounded up. */
export function memoryRequestMib(profile: Pick<FunctionProfile, "memoryMib">): number {
  return Math.max(1, Math.ceil(profile.memoryMib.values.at(-1) ?? 0));
}

/** Significant digits that count: what rounding adds beyond them asks for no instance. */
const DIGITS = 12;

/**
 * Demand of each function over a part of the trace, at the rate of the replay.
 *
 * @throws LoaderError `usage` when the trace ends before the window does
 */
export function deriveFunctionDemands(
  trace: Pick<Trace, "name" | "slotMs" | "slots" | "functions">,
  window: ProfilingWindow,
  scales: ReplayScales = {},
): FunctionDemand[] {
  return trace.functions.map((profile) => {
    const concurrency = expectedConcurrency(trace, profile, window, scales);
    const memoryMib = memoryRequestMib(profile);
    return {
      expectedConcurrency: concurrency,
      initialScale: Math.ceil(Number(concurrency.toPrecision(DIGITS))),
      cpuRequestMilli: cpuRequestMilli(memoryMib),
      memoryRequestMib: memoryMib,
    };
  });
}
