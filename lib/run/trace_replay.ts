import { LoaderError } from "../base/error.ts";
import type { TraceReplayFacts } from "../store/schema/manifest.ts";
import type { Trace } from "../model/trace.ts";
import { formatDuration } from "../option/option.ts";
import { traitsOf } from "../platform/registry.ts";
import { shareOffsetsOf } from "../schedule/function_streams.ts";
import { countSilenced, deriveTargetScale, parseTargetRate } from "../schedule/target_rate.ts";
import { countInvoked } from "../trace/sample/selection.ts";
import { PROFILING_MS } from "../trace/profile.ts";
import { type TraceWindow, validateWindow } from "../trace/window.ts";
import { findWindow, type PlacedTrace } from "../trace/window_text.ts";
import { type CommonOptions, OPEN_DURATION_MS, type TraceOptions } from "./common_options.ts";

/** The options that decide which part of a trace is replayed, and how fast. */
export type WindowOptions =
  & Pick<CommonOptions, "platform">
  & Pick<TraceOptions, "window" | "durationMs" | "warmupMs" | "timeScale">;

/** Which part of a trace is replayed. */
export interface ReplayWindow {
  /** What only initial scales are derived from; `null`: nothing is. */
  readonly profiling: TraceWindow | null;
  /** What is replayed, warm-up included. */
  readonly replayed: TraceWindow;
  /** Where in the trace the measurement begins. */
  readonly measuredFromMs: number;
  readonly timeScale: number;
}

/**
 * The part of a trace that the options ask for: profiling and warm-up, where there is one, come
 * first, and the measurement lasts to the end of the window.
 *
 * @throws LoaderError `usage` when the window does not suit the trace or the other options
 */
export function deriveReplayWindow(trace: PlacedTrace, options: WindowOptions): ReplayWindow {
  const { window, durationMs, warmupMs } = options;
  const { fromMs, toMs } = findWindow(window, trace);
  // Profiling looks at whole slots.
  const profilingMs = warmupMs > 0 ? Math.ceil(PROFILING_MS / trace.slotMs) * trace.slotMs : 0;
  const startMs = fromMs + profilingMs;
  const measuredFromMs = startMs + warmupMs;
  const profiling = profilingMs > 0 ? { startMs: fromMs, lengthMs: profilingMs } : null;
  if (toMs === null) {
    const measuredMs = durationMs ?? openDurationMs(options);
    const replayed = { startMs, lengthMs: warmupMs + measuredMs };
    validateWindow(trace, replayed);
    return { profiling, replayed, measuredFromMs, timeScale: options.timeScale };
  }
  const measuredMs = toMs - measuredFromMs;
  if (measuredMs <= 0) {
    throw new LoaderError(
      "usage",
      `--window ${window}: after ${formatDuration(profilingMs)} of profiling and the --warmup of ` +
        `${formatDuration(warmupMs)} nothing of it is left to measure; make it longer.`,
      { value: window },
    );
  }
  if (durationMs !== null && options.timeScale !== 1) {
    throw new LoaderError(
      "usage",
      `--time-scale ${options.timeScale} and --duration ${formatDuration(durationMs)} both say ` +
        `how fast the window ${window} is replayed; leave one of them out.`,
      { value: options.timeScale },
    );
  }
  return {
    profiling,
    replayed: { startMs, lengthMs: warmupMs + measuredMs },
    measuredFromMs,
    timeScale: durationMs === null ? options.timeScale : measuredMs / durationMs,
  };
}

/** How much of an open window is measured where the user does not say. */
export function openDurationMs({ platform }: Pick<CommonOptions, "platform">): number {
  return traitsOf(platform).isCluster ? OPEN_DURATION_MS.cluster : OPEN_DURATION_MS.local;
}

/** How a trace is replayed. */
export interface TraceReplay extends ReplayWindow {
  readonly rateScale: number;
  /** For the manifest. */
  readonly facts: TraceReplayFacts;
  /** What a reader of the figures should know of it, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * How the options replay a trace, or a sample of one: what they say and what follows from it.
 *
 * @param repetition sub-stream of the seed
 * @throws LoaderError `usage` when they contradict one another or do not suit the trace
 */
export function deriveReplay(
  trace: Trace,
  options: CommonOptions & TraceOptions,
  repetition: number,
): TraceReplay {
  const part = deriveReplayWindow(trace, options);
  const { replayed: { startMs, lengthMs }, measuredFromMs, timeScale } = part;
  const untilMs = startMs + lengthMs;
  const isScaled = options.targetRate !== null || options.rateScale !== 1;
  const shareOffsets = isScaled
    ? shareOffsetsOf(trace.functions, options.seed, repetition)
    : new Float64Array(0);
  const { rateScale, sentence } = deriveRateScale(trace, options, shareOffsets, part);
  const distortion = describeDistortion(trace, shareOffsets, part, rateScale);
  return {
    ...part,
    rateScale,
    facts: {
      windowStartMs: startMs,
      measuredFromMs,
      windowEndMs: untilMs,
      slotMs: trace.slotMs,
      timeScale,
      rateScale,
      arrivals: options.arrivals,
    },
    notes: [
      ...sentence === null ? [] : [sentence],
      ...distortion === null ? [] : [distortion],
      ...describeRecorded(trace, options),
    ],
  };
}

/** The factor on the rates, with a sentence where it follows from a target. */
function deriveRateScale(
  trace: Trace,
  { targetRate, rateScale }: TraceOptions,
  shareOffsets: Float64Array,
  { replayed, measuredFromMs, timeScale }: ReplayWindow,
): { readonly rateScale: number; readonly sentence: string | null } {
  if (targetRate === null) return { rateScale, sentence: null };
  if (rateScale !== 1) {
    throw new LoaderError(
      "usage",
      `--rate-scale ${rateScale} and --target-rate ${targetRate} both say how often functions are ` +
        "invoked; leave one of them out.",
      { value: rateScale },
    );
  }
  const untilMs = replayed.startMs + replayed.lengthMs;
  const scale = deriveTargetScale(trace, parseTargetRate(targetRate), {
    shareOffsets,
    fromMs: measuredFromMs,
    untilMs,
    timeScale,
  });
  const of = parseTargetRate(targetRate).of === "mean"
    ? `the measured ${formatLength((untilMs - measuredFromMs) / timeScale)}`
    : `its fullest slot (${formatLength(trace.slotMs / timeScale)} of the replay)`;
  const { invocations, wanted } = scale;
  const count = invocations === null
    ? `about ${formatCount(wanted)} invocations in ${of}; it begins or ends inside a slot, so ` +
      "chance decides by how many it differs"
    : `${formatCount(invocations)} invocations in ${of}` +
      (Math.abs(invocations - wanted) < 1 ? "" : `, where ${formatCount(wanted)} were asked for`);
  return {
    rateScale: scale.rateScale,
    sentence:
      `--target-rate ${targetRate}: the counts of the ${trace.functions.length} functions ` +
      `of the trace ${trace.name} are multiplied by ${formatFactor(scale.rateScale)}, which ` +
      `makes ${count}. Each function has its share to within one invocation.`,
  };
}

/** What becomes of a trace that is not replayed as it is; `null`: it is. */
function describeDistortion(
  trace: Trace,
  shareOffsets: Float64Array,
  { replayed, measuredFromMs, timeScale }: ReplayWindow,
  rateScale: number,
): string | null {
  if (timeScale === 1 && rateScale === 1) return null;
  const parts: string[] = [];
  const { startMs, lengthMs } = replayed;
  if (timeScale !== 1) {
    const measuredMs = startMs + lengthMs - measuredFromMs;
    const [factor, arrivals, idle] = timeScale > 1
      ? [timeScale, "closer together", "shorter"]
      : [1 / timeScale, "further apart", "longer"];
    const times = formatFactor(factor);
    parts.push(
      `${formatLength(measuredMs)} of the trace ${trace.name} in ` +
        `${formatLength(measuredMs / timeScale)}: arrivals come ${times} x ${arrivals} and ` +
        `runtimes stay, so keep-alive and cold starts see ${times} x ${idle} idle times`,
    );
  }
  if (rateScale !== 1) parts.push(`rates x ${formatFactor(rateScale)}`);
  const [fromSlot, untilSlot] = [
    Math.floor(startMs / trace.slotMs),
    Math.ceil((startMs + lengthMs) / trace.slotMs),
  ];
  const silenced = countSilenced(trace, shareOffsets, fromSlot, untilSlot, rateScale);
  if (silenced > 0) {
    parts.push(
      `${silenced} of the ${countInvoked(trace, replayed)} functions that are invoked fall below ` +
        "one invocation and are not called",
    );
  }
  return `${parts.join("; ")}.`;
}

/** Says which options recorded instants leave without effect. */
function describeRecorded(
  { functions, name }: Trace,
  { arrivals, iat, shift }: CommonOptions & TraceOptions,
): string[] {
  const recorded = functions.filter((profile) => profile.recorded !== undefined).length;
  const idle = [...iat === "exponential" ? [] : [`--iat ${iat}`], ...shift ? ["--shift"] : []];
  if (arrivals === "folded" || recorded === 0 || idle.length === 0) return [];
  return [
    `${
      idle.join(" and ")
    }: without effect on the ${recorded} of ${functions.length} functions of ` +
    `the trace ${name} whose invocations are replayed at their recorded instants; --arrivals ` +
    "folded draws them anew.",
  ];
}

/** A compressed window need not last for a whole number of anything. */
function formatLength(durationMs: number): string {
  return formatDuration(
    durationMs < 10 ? Number(durationMs.toPrecision(3)) : Math.round(durationMs),
  );
}

/** Three digits say how far a replay is from its trace; the manifest has all. */
function formatFactor(factor: number): string {
  return String(Number(factor.toPrecision(3)));
}

function formatCount(count: number): string {
  return Number(count.toFixed(count < 100 ? 1 : 0)).toLocaleString("en");
}
