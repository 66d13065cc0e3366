import { generateSchedule } from "../schedule/trace_schedule.ts";
import type { Trace } from "../model/trace.ts";
import { type ReadTraceOptions, readTraceSamples } from "../trace/read_trace.ts";
import { countInvoked, selectInvoked } from "../trace/sample.ts";
import type { TraceWindow } from "../trace/window.ts";
import { deriveFunctionDemands, PROFILING_MS } from "../trace/profile.ts";
import {
  type CommonOptions,
  type ReadingOptions,
  SAMPLE_TRACE,
  type TraceOptions,
} from "./common_options.ts";
import type { PlannedRun } from "./experiment.ts";

const MINUTE_MS = 60_000;

/** The minutes of the trace that a run replays, warm-up included: whose functions are sampled. */
export function windowOfOptions(options: TraceOptions): TraceWindow {
  return {
    // Profiling looks at the minutes before the warm-up.
    startMs: options.startMinute * MINUTE_MS + (options.warmupMs > 0 ? PROFILING_MS : 0),
    lengthMs: options.warmupMs + options.durationMs,
  };
}

/** How a trace is read, as the options that everything has which reads one. */
export function readingOfOptions(options: ReadingOptions): ReadTraceOptions {
  const { day, duplicates } = options;
  return { days: day === null ? undefined : { first: day, last: day }, duplicates };
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
    window: windowOfOptions(options),
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
  return selectInvoked(trace, windowOfOptions(options)).functions.length;
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
  const { startMs, lengthMs } = windowOfOptions(options);
  const schedule = generateSchedule(trace, {
    seed: options.seed,
    repetition,
    iatDistribution: options.iat,
    shift: options.shift ?? undefined,
    startMs,
    durationMs: lengthMs,
    warmupMs: options.warmupMs,
    rateScale: options.rateScale,
    timeScale: options.timeScale,
  });
  const initialScales = options.warmupMs > 0
    ? deriveFunctionDemands(trace, { startMs: options.startMinute * MINUTE_MS }, options)
      .map((demand) => demand.initialScale)
    : trace.functions.map(() => 0);
  const notes = [...trace.notes ?? [], ...noteIdle(trace, windowOfOptions(options))];
  return { name, parameters, trace, schedule, initialScales, notes };
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
