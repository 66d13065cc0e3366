import type { FunctionProfile } from "./trace.ts";

/** Which part of a run an invocation belongs to. */
export type Phase = "warmup" | "measurement";

/** From `fromMs` until the next span, invocations belong to `phase`. */
export interface PhaseSpan {
  readonly fromMs: number;
  readonly phase: Phase;
}

/** Distribution of the inter-arrival times within a minute. */
export type IatDistribution = "exponential" | "uniform" | "equidistant";

/** Requested runtime is clamped to 1 ms – 60 s. */
export const RUNTIME_LIMITS_MS = { minimum: 1, maximum: 60_000 } as const;
/** Requested memory is clamped to 1 – 10,240 MiB. */
export const MEMORY_LIMITS_MIB = { minimum: 1, maximum: 10_240 } as const;

/** A part of a schedule, as columns of equal length, ordered in time. */
export interface ScheduleChunk {
  /** Milliseconds from the start of the window. */
  readonly scheduledMs: Float64Array;
  /** Index into the functions of the schedule. */
  readonly functionIndex: Uint32Array;
  /** Requested runtime in whole milliseconds. */
  readonly runtimeMs: Uint32Array;
  /** Requested memory in whole MiB. */
  readonly memoryMib: Uint32Array;
  /**
   * Position of each in the whole schedule, where this is a part of one; absent:
   * they follow one another from 0.
   */
  readonly index?: Float64Array;
}

/** Options of {@linkcode Schedule.chunks}. */
export interface ChunkOptions {
  readonly reuse?: boolean;
}

/** A chunk, or `null`: the next one is not made yet. */
export type ScheduleStep = ScheduleChunk | null;

/**
 * Every invocation of a run, made a chunk at a time and as often as asked for,
 * always the same. Ordered by (scheduled time, function key).
 */
export interface Schedule {
  readonly functions: readonly FunctionProfile[];
  readonly durationMs: number;
  /** Ascending, the first from 0. */
  readonly phases: readonly PhaseSpan[];
  /**
   * The chunks in order; each call starts from the beginning. With `reuse`, a
   * chunk is valid only until the next one is asked for, and the buffers serve
   * again: memory stays at one chunk instead of what the collector leaves behind.
   */
  chunks(options?: ChunkOptions): IterableIterator<ScheduleChunk>;
  /**
   * The same chunks, made in steps of less than a tenth of a millisecond, for who has to be on
   * time for something else meanwhile; absent: a chunk takes no longer.
   */
  steps?(options?: ChunkOptions): IterableIterator<ScheduleStep>;
  /**
   * SHA-256 over function keys and ordered columns, hexadecimal. It is found once, by a
   * pass over all of it, in which the event loop has its turns.
   *
   * @throws the signal's reason when it aborts meanwhile
   */
  hash(signal?: AbortSignal): Promise<string>;
  /** What can be told of it without making it; absent or `null`: nothing. */
  forecast?(): ScheduleForecast | null;
}

/** What the counts and distributions of a schedule's trace let expect of it. */
export interface ScheduleForecast {
  /** Exact, unless the window cuts a slot. */
  readonly invocations: number;
  /** Of the fullest second, as a Poisson process would have it. */
  readonly peakRatePerS: number;
  /** All requested runtimes. */
  readonly runtimeSumMs: number;
  /** The same, were nothing cut. */
  readonly uncutRuntimeSumMs: number;
  /** Invocations whose memory is cut. */
  readonly cutMemories: number;
  /** Invocations that ask for so long a runtime or a longer one. */
  countOfAtLeast(runtimeMs: number): number;
}

/** The phase of an instant of a schedule. */
export function phaseAt(phases: readonly PhaseSpan[], scheduledMs: number): Phase {
  let phase: Phase = "measurement";
  for (const span of phases) {
    if (span.fromMs > scheduledMs) break;
    phase = span.phase;
  }
  return phase;
}
