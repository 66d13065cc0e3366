import { fileURLToPath } from "node:url";
import { VERDICT_LIMITS } from "../invoke/verdict.ts";
import { PLATFORM_NAMES, PLATFORM_OPTIONS, platformsWith } from "../platform/registry.ts";
import { CALIBRATION_FILE } from "./calibration.ts";
import type { OptionValues } from "../option/option.ts";
import {
  choiceOption,
  createOption,
  durationOption,
  formatDuration,
  integerOption,
  numberOption,
  switchOption,
  textOption,
} from "../option/option.ts";
import { parseTargetRate } from "../schedule/target_rate.ts";
import {
  DEFAULT_ASSUMPTIONS,
  formatAssumedMemory,
  formatAssumedRuntime,
  parseAssumedMemory,
  parseAssumedRuntime,
} from "../trace/assumed.ts";
import type { VerdictLimits } from "../store/schema/manifest.ts";
import { checkWindowText } from "../trace/window_text.ts";
import { parseDayRange } from "../trace/day_range.ts";
import { SAMPLE_METHODS } from "../trace/sample/sample.ts";
import { MATRIX_OPTIONS } from "./matrix/matrix_options.ts";
import { SHARD_OPTIONS } from "./shard/shard_options.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Folder of the trace that the project ships. */
export const SAMPLE_TRACE = fileURLToPath(
  new URL("../../data/azure_2019_synthetic", import.meta.url),
);

/** What concerns calls that are made, and real time. */
const REAL_CALLS = { platforms: platformsWith(({ traits }) => !traits.isVirtual) };

/** What platforms use whose parts can be measured, and simulated. */
const MEASURED = { platforms: platformsWith(({ traits }) => traits.hasTwins) };

/** The options that every experiment has: platform, seed, output, limits of the verdict. */
export const COMMON_OPTIONS = {
  platform: choiceOption(PLATFORM_NAMES, {
    meaning: "where the functions run",
    default: PLATFORM_NAMES[0],
    clusterValues: platformsWith(({ traits }) => traits.isCluster),
  }),
  seed: integerOption("number", {
    meaning: "root of all randomness: same seed, same schedule",
    default: 42,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
  }),
  iat: choiceOption(["exponential", "uniform", "equidistant"], {
    meaning: "distribution of the inter-arrival times within a slot",
    default: "exponential",
  }),
  output: textOption<string | null>("folder", {
    meaning:
      "folder for the results, new or left unfinished by the same command (default: a new one in results/)",
    default: null,
    decidesResult: false,
  }),
  config: textOption<string | null>("file", {
    readsFile: true,
    meaning: "YAML file with options by name; the command line wins",
    default: null,
    decidesResult: false,
  }),
  saveSchedules: textOption<string | null>("folder", {
    meaning: "write the schedule of each run to a file in this folder, before any load",
    default: null,
    decidesResult: false,
  }),
  schedules: textOption<string | null>("folder", {
    meaning: "replay the schedules that --save-schedules wrote instead of making them anew",
    default: null,
  }),
  dryRun: switchOption({
    meaning: "say what would happen, and stop before anything does",
    default: false,
    decidesResult: false,
  }),
  json: switchOption({
    meaning: "print the results as JSON on standard output, everything else on standard error",
    default: false,
    decidesResult: false,
  }),
  live: integerOption<number | null>("port", {
    meaning: "serve a page to watch the runs, and /metrics, on this port of 127.0.0.1; without " +
      "one on a free port",
    default: null,
    minimum: 0,
    maximum: 65_535,
    valueOfFlagAlone: "0",
    decidesResult: false,
  }),
  traceShare: numberOption("share", {
    ...REAL_CALLS,
    meaning: "of the invocations that are sent with a traceparent and have a span, which Deno " +
      "exports where OTEL_DENO=true; 0: none",
    default: 0,
    minimum: 0,
    maximum: 1,
  }),
  compat: switchOption({
    meaning: "write In-Vitro's tables too (compat_*.csv)",
    default: false,
    decidesResult: false,
  }),
  timeoutMs: durationOption({
    meaning: "an invocation is given up this long after its dispatch",
    default: { local: 2 * MINUTE_MS, cluster: 15 * MINUTE_MS },
    minimum: 1,
    maximum: DAY_MS,
  }),
  drainMs: durationOption({
    meaning: "longest wait for stragglers after the last dispatch",
    default: { local: 10_000, cluster: 15 * MINUTE_MS },
    minimum: 0,
    maximum: DAY_MS,
  }),
  maxInFlight: integerOption("number", {
    meaning: "invocations in flight beyond which they are dropped",
    default: 10_000,
    minimum: 1,
    maximum: 1_000_000,
  }),
  limitDispatchLagMs: durationOption({
    meaning: "verdict: largest p99 of the dispatch lag",
    default: VERDICT_LIMITS.dispatchLagP99Ms,
    minimum: 0,
    maximum: MINUTE_MS,
  }),
  limitLoopDelayMs: durationOption({
    meaning: "verdict: largest p99 of the event-loop delay",
    default: VERDICT_LIMITS.loopDelayP99Ms,
    minimum: 0,
    maximum: MINUTE_MS,
  }),
  limitCpuPercent: numberOption("percent", {
    unit: "Percent",
    meaning: "verdict: CPU of the loader above which a second is busy, % of a core",
    default: VERDICT_LIMITS.cpuPercent,
    minimum: 0,
    maximum: 100_000,
  }),
  limitBusySeconds: numberOption("share", {
    meaning: "verdict: largest share of busy seconds",
    default: VERDICT_LIMITS.busySecondsShare,
    minimum: 0,
    maximum: 1,
  }),
  limitNotOk: numberOption("share", {
    meaning: "verdict: largest share of measured invocations that are not ok",
    default: VERDICT_LIMITS.notOkShare,
    minimum: 0,
    maximum: 1,
  }),
  limitPeerWait: numberOption("share", {
    meaning: "verdict: largest share of measured invocations that wait for the platform to be " +
      "sent, longer than the lag may be",
    default: VERDICT_LIMITS.peerWaitShare,
    minimum: 0,
    maximum: 1,
  }),
  calibration: textOption("file", {
    ...REAL_CALLS,
    meaning: "what deno task calibrate found; used if it is there",
    default: CALIBRATION_FILE,
    decidesResult: false,
  }),
  beyondLimits: choiceOption(["refuse", "flag"], {
    ...REAL_CALLS,
    meaning: "what to do about a load beyond what the calibrated machine reached",
    default: "refuse",
    decidesResult: false,
  }),
  twin: switchOption({
    ...MEASURED,
    meaning:
      "simulate each run once more, on a platform with parameters measured from it, and show both",
    default: false,
    decidesResult: false,
  }),
  ...MATRIX_OPTIONS,
  ...SHARD_OPTIONS,
  ...PLATFORM_OPTIONS,
};

/** Values of {@linkcode COMMON_OPTIONS}. */
export type CommonOptions = OptionValues<typeof COMMON_OPTIONS>;

/** The limits of the verdict as the options have them. */
export function verdictLimits(options: CommonOptions): VerdictLimits {
  return {
    dispatchLagP99Ms: options.limitDispatchLagMs,
    loopDelayP99Ms: options.limitLoopDelayMs,
    cpuPercent: options.limitCpuPercent,
    busySecondsShare: options.limitBusySeconds,
    notOkShare: options.limitNotOk,
    peerWaitShare: options.limitPeerWait,
  };
}

/** The options of experiments whose functions all ask for the same runtime and memory. */
export const PATTERN_OPTIONS = {
  runtimeMs: durationOption({
    meaning: "requested runtime of every invocation",
    default: { local: 20, cluster: 1000 },
    minimum: 1,
    maximum: 60_000,
  }),
  memoryMib: integerOption("MiB", {
    unit: "Mib",
    meaning: "requested memory of every invocation",
    default: { local: 64, cluster: 170 },
    minimum: 1,
    maximum: 10_240,
  }),
};

/** The options of everything that reads a trace: experiments, and the trace's doctor. */
export const READING_OPTIONS = {
  day: createOption<string | null>(
    "day|first..last",
    {
      meaning: "days of the dataset, joined, where the folder has files for each " +
        "(default: the first there is)",
      default: null,
    },
    { kind: "text" },
    (text) => {
      parseDayRange(text);
      return text;
    },
  ),
  duplicates: choiceOption(["refuse", "merge"], {
    meaning: "what to do about a function that is in the trace twice",
    default: "refuse",
  }),
  assumeRuntime: createOption(
    "time|azure2019",
    {
      meaning: "runtime of invocations where the data set has none: always the same, or drawn",
      default: DEFAULT_ASSUMPTIONS.runtime,
    },
    { kind: "text" },
    parseAssumedRuntime,
    formatAssumedRuntime,
  ),
  assumeMemory: createOption(
    "size|azure2019",
    {
      meaning: "memory of invocations where the data set has none: always the same, or drawn",
      default: DEFAULT_ASSUMPTIONS.memory,
    },
    { kind: "text" },
    parseAssumedMemory,
    formatAssumedMemory,
  ),
  assumePrefillMs: durationOption({
    meaning: "runtime for each token of the context, in traces of language models",
    default: DEFAULT_ASSUMPTIONS.tokens.prefillMsPerToken,
    minimum: 0,
    maximum: MINUTE_MS,
  }),
  assumeDecodeMs: durationOption({
    meaning: "runtime for each token that is generated, in traces of language models",
    default: DEFAULT_ASSUMPTIONS.tokens.decodeMsPerToken,
    minimum: 0,
    maximum: MINUTE_MS,
  }),
};

/** Values of {@linkcode READING_OPTIONS}. */
export type ReadingOptions = OptionValues<typeof READING_OPTIONS>;

/** How much of an open window is measured where nothing is said. */
export const OPEN_DURATION_MS = { local: 25_000, cluster: 3 * MINUTE_MS } as const;

/** The options of experiments that replay a trace: which one, which window, how fast. */
export const TRACE_OPTIONS = {
  trace: textOption<string | null>("path", {
    meaning: "folder or file with a trace of any format in docs/traces.md (default: that in data/)",
    default: null,
  }),
  ...READING_OPTIONS,
  defects: choiceOption(["repair", "refuse"], {
    meaning: "what to do about defects of the trace",
    default: "repair",
  }),
  window: createOption<string>(
    "from..to",
    {
      meaning: "part of the trace: minutes 480..540, 480.. (as long as --duration), spans " +
        "2h..4h30min, times of its days 08:00..12:30 or day2T08:00.., and where it tells when it " +
        "began 2024-05-11..2024-05-12 or 2024-05-11T06:00Z..",
      default: "0..",
    },
    { kind: "text" },
    checkWindowText,
  ),
  durationMs: durationOption<number | null>({
    meaning: "how much of an open --window is measured, and how long a closed one lasts: it is " +
      `compressed or stretched to it (default: ${
        formatDuration(OPEN_DURATION_MS.local)
      } locally, ` +
      `${formatDuration(OPEN_DURATION_MS.cluster)} on a cluster; a closed window's own length)`,
    default: null,
    minimum: 1,
    maximum: 1000 * DAY_MS,
  }),
  warmupMs: durationOption({
    meaning:
      "how much of the window is replayed before the measurement, after 5 minutes of profiling; 0: off, and all functions start at zero",
    default: 0,
    minimum: 0,
    maximum: DAY_MS,
  }),
  sampling: choiceOption(["auto", ...SAMPLE_METHODS], {
    meaning: "how functions are chosen where fewer are asked for than the trace has: near to it, " +
      "by chance, or as an earlier work did; auto: stratified, but random of the sample in data/",
    default: "auto",
  }),
  shift: switchOption<boolean | null>({
    meaning: "rotate each function's arrivals by a phase of its own (default: unless exponential)",
    default: null,
  }),
  arrivals: choiceOption(["recorded", "folded"], {
    meaning: "of a trace that has invocations one by one: replay them at their instants, or draw " +
      "arrivals from their number in each slot",
    default: "recorded",
  }),
  targetRate: createOption<string | null>(
    "rate",
    {
      meaning: "rate that the measurement is brought to, functions' shares and the shape kept: " +
        "200/s, 12000/min or 3/h on average, peak:200/s in its fullest slot (default: the trace's)",
      default: null,
    },
    { kind: "text" },
    (text) => {
      parseTargetRate(text);
      return text;
    },
  ),
  rateScale: numberOption("factor", {
    meaning: "factor on the number of invocations; the sum over minutes is kept to within one",
    default: 1,
    minimum: 1e-6,
    maximum: 1e6,
  }),
  timeScale: numberOption("factor", {
    meaning: "compresses the arrivals in time, never the runtimes",
    default: 1,
    minimum: 1e-6,
    maximum: 1e6,
  }),
};

/** Values of {@linkcode TRACE_OPTIONS}. */
export type TraceOptions = OptionValues<typeof TRACE_OPTIONS>;
