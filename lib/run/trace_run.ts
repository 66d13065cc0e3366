import { generateSchedule } from "../schedule/trace_schedule.ts";
import type { Trace } from "../model/trace.ts";
import { DEFAULT_ASSUMPTIONS } from "../trace/assumed.ts";
import { parseDayRange } from "../trace/day_range.ts";
import { type ReadTraceOptions, readTraceSamples } from "../trace/read_trace.ts";
import { countInvoked, selectInvoked } from "../trace/sample/selection.ts";
import type { SampleMethod } from "../trace/sample/sample.ts";
import type { TraceWindow } from "../trace/window.ts";
import { isClosedWindow, type PlacedTrace } from "../trace/window_text.ts";
import { deriveFunctionDemands } from "../trace/profile.ts";
import {
  type CommonOptions,
  type ReadingOptions,
  SAMPLE_TRACE,
  type TraceOptions,
} from "./common_options.ts";
import type { PlannedRun } from "./experiment.ts";
import { deriveReplay, deriveReplayWindow, type WindowOptions } from "./trace_replay.ts";

/**
 * The part of a trace that a run replays, warm-up included: whose functions are sampled.
 *
 * @throws LoaderError `usage` when the window does not suit the trace or the other options
 */
export function windowOfOptions(trace: PlacedTrace, options: WindowOptions): TraceWindow {
  return deriveReplayWindow(trace, options).replayed;
}

/** The options with another default for how much of an open window is measured. */
export function withOpenDuration<T extends Pick<TraceOptions, "window" | "durationMs">>(
  options: T,
  openMs: number,
): T {
  const { durationMs, window } = options;
  return durationMs !== null || isClosedWindow(window)
    ? options
    : { ...options, durationMs: openMs };
}

/** How functions are chosen. */
export function samplingOfOptions(
  { sampling, trace }: Pick<TraceOptions, "sampling" | "trace">,
): SampleMethod {
  if (sampling !== "auto") return sampling;
  // The demonstration is made for its random samples: the smallest is just busy enough for a p99.
  return trace === null ? "random" : "stratified";
}

/** How a trace is read, as the options that everything has which reads one. */
export function readingOfOptions(options: ReadingOptions): ReadTraceOptions {
  const { day, duplicates } = options;
  return {
    days: day === null ? undefined : parseDayRange(day),
    duplicates,
    assume: {
      runtime: options.assumeRuntime,
      memory: options.assumeMemory,
      tokens: {
        ...DEFAULT_ASSUMPTIONS.tokens,
        prefillMsPerToken: options.assumePrefillMs,
        decodeMsPerToken: options.assumeDecodeMs,
      },
    },
  };
}

/**
 * Reads the trace that the options name; `size` takes that many functions of
 * it, out of those that are invoked in the window.
 *
 * @throws LoaderError when the trace is wrong or too small
 */
export async function readTraceOfOptions(
  options: CommonOptions & TraceOptions,
  size?: number,
): Promise<Trace> {
  const [trace] = await readTracesOfOptions(options, [size ?? null]);
  return trace;
}

/**
 * Reads samples of the trace as {@linkcode readTraceOfOptions} reads one, each
 * file once; `null` stands for all functions.
 *
 * @throws LoaderError when the trace is wrong or too small
 */
export async function readTracesOfOptions(
  options: CommonOptions & TraceOptions,
  sizes: readonly (number | null)[],
): Promise<Trace[]> {
  return await readTraceSamples(options.trace ?? SAMPLE_TRACE, sizes, {
    ...readingOfOptions(options),
    seed: options.seed,
    method: samplingOfOptions(options),
    window: (trace) => windowOfOptions(trace, options),
    defects: options.defects,
  });
}

/**
 * The size of the largest sample of the trace: how many of its functions are
 * invoked in the window.
 *
 * @throws LoaderError when the trace is wrong, or none is
 */
export async function countFunctionsOfOptions(
  options: CommonOptions & TraceOptions,
): Promise<number> {
  const trace = await readTraceOfOptions(options);
  return selectInvoked(trace, windowOfOptions(trace, options)).functions.length;
}

/** What distinguishes one run over a trace from another. */
export interface TraceRunName {
  readonly name: string;
  readonly parameters: Readonly<Record<string, number | string>>;
  /** Sub-stream of the seed. */
  readonly repetition: number;
}

/**
 * A run that replays the window of the options on a deployment of its own. With
 * warm-up, initial scales follow Little's law over the profiling minutes;
 * without, all functions start at zero.
 */
export function planTraceRun(
  trace: Trace,
  options: CommonOptions & TraceOptions,
  { name, parameters, repetition }: TraceRunName,
): PlannedRun {
  const replay = deriveReplay(trace, options, repetition);
  const { replayed, profiling, timeScale, rateScale } = replay;
  const schedule = generateSchedule(trace, {
    seed: options.seed,
    repetition,
    iatDistribution: options.iat,
    shift: options.shift ?? undefined,
    arrivals: options.arrivals,
    startMs: replayed.startMs,
    durationMs: replayed.lengthMs,
    warmupMs: options.warmupMs,
    rateScale,
    timeScale,
  });
  const initialScales = profiling === null
    ? trace.functions.map(() => 0)
    : deriveFunctionDemands(trace, profiling, { rateScale, timeScale })
      .map((demand) => demand.initialScale);
  const notes = [
    ...trace.notes ?? [],
    ...trace.assumptions ?? [],
    ...noteIdle(trace, replayed),
    ...replay.notes,
  ];
  return { name, parameters, trace, schedule, replay: replay.facts, initialScales, notes };
}

/** Functions without an invocation are deployed, and count in the number of functions. */
function noteIdle(trace: Trace, window: TraceWindow): string[] {
  const idle = trace.functions.length - countInvoked(trace, window);
  if (idle === 0) return [];
  return [
    `${idle} of the ${trace.functions.length} functions of the trace ${trace.name} are not ` +
    "invoked in the window; they are deployed and counted all the same.",
  ];
}
