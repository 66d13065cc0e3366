import { z } from "zod";
import { jsonNumber } from "../../base/json.ts";
import { findNameMistake } from "../../base/file.ts";
import { type AnswerDeclaration, BURST_ROLES } from "../../model/answer.ts";
import type { MachineLimits } from "../../model/machine.ts";
import { type Outcome, OUTCOMES } from "../../model/record.ts";
import { SAMPLE_CERTIFICATE } from "../../model/sample_certificate.ts";
import type { PhaseSpan } from "../../model/schedule.ts";
import type { TraceRepair } from "../../model/trace.ts";

/*
 * The manifests, each field once: the types that writers fill in and the checks that readers
 * make follow from here. What runs of earlier versions did not tell has a default.
 */

/** What is read of a manifest, for everyone to look at. */
type Immutable<T> = unknown extends T ? T
  : T extends string | number | boolean | null | undefined ? T
  : T extends readonly (infer E)[] ? readonly Immutable<E>[]
  : { readonly [Key in keyof T]: Immutable<T[Key]> };

type Described<S extends z.ZodType> = Immutable<z.output<S>>;

const unknownOrNumber = jsonNumber.nullable();
const texts = z.array(z.string());
const anything = z.record(z.string(), z.unknown());

/** A folder is made by it where runs are merged. */
const plainName = z.string().superRefine((name, context) => {
  const mistake = findNameMistake(name);
  if (mistake !== null) context.addIssue({ code: "custom", message: mistake });
});

/** Where a run lies in its experiment's folder. */
const runPath = z.string().superRefine((path, context) => {
  const [, name] = /^runs\/([^]*)$/.exec(path) ?? [];
  const mistake = name === undefined
    ? `${JSON.stringify(path)} is not in runs/`
    : findNameMistake(name);
  if (mistake !== null) context.addIssue({ code: "custom", message: mistake });
});

const verdictWord = z.enum(["VALID", "PLATFORM-LIMITED", "GENERATOR-LIMITED"]);

/** Whether a run says something about the platform, and if not, why not. */
export type VerdictWord = z.output<typeof verdictWord>;

const verdictLimits = z.object({
  /** Largest p99 of dispatch lag. */
  dispatchLagP99Ms: jsonNumber,
  /** Largest p99 of event-loop delay. */
  loopDelayP99Ms: jsonNumber,
  /** CPU of the loader above which a second counts as busy, % of a core. */
  cpuPercent: jsonNumber,
  /** Largest share of busy seconds. */
  busySecondsShare: jsonNumber,
  /** Largest share of measured invocations that are not ok. */
  notOkShare: jsonNumber,
  /** Largest share of measured invocations that wait for the platform for longer than the lag may be. */
  peerWaitShare: jsonNumber.default(1),
});

/** The limits that a verdict is judged by; options of every experiment. */
export type VerdictLimits = Described<typeof verdictLimits>;

const waitEvidence = z.object({
  invocations: z.number(),
  /** `null` where none waited. */
  longestMs: unknownOrNumber,
  /** Seconds since run start in which they were due. */
  seconds: z.array(z.number()),
});

/** Invocations that waited for longer than the dispatch lag may be. */
export type WaitEvidence = Described<typeof waitEvidence>;

const NO_WAITS = { invocations: 0, longestMs: null, seconds: [] };

const machineFigures = z.object({
  /** CPU that the hypervisor gave to others, % of all cores. */
  stolenPercent: unknownOrNumber,
  /** Time for which the loader's container was held back at its CPU limit, ms a second. */
  throttledMs: unknownOrNumber,
  /** Periods of its CPU limit (100 ms mostly) in which it wanted to run, a second. */
  cpuPeriods: unknownOrNumber.default(null),
  /** Of these, periods in which it was held back. */
  throttledPeriods: unknownOrNumber.default(null),
  /** Time for which the loader's main thread was ready and had no core, ms a second. */
  threadWaitMs: unknownOrNumber,
  /** Share of time for which some program waited for a core (PSI), %. */
  cpuPressurePercent: unknownOrNumber,
  /** Share of time for which some program waited for memory (PSI), %. */
  memoryPressurePercent: unknownOrNumber,
  /** How often the loader's container met its limit of memory, a second. */
  memoryLimitHits: unknownOrNumber,
  /** Pages that the loader read from a disk, a second. */
  majorFaults: unknownOrNumber,
});

/**
 * What the machine did to the loader, of one second or of some: means over the
 * seconds. `null`: unknown.
 */
export type MachineFigures = Described<typeof machineFigures>;

const machineCause = z.object({
  figure: machineFigures.keyof(),
  /** Mean of the figure over the seconds. */
  mean: jsonNumber,
  /** Seconds since run start. */
  seconds: z.array(z.number()),
});

/** What the machine did in seconds in which the generator was late or busy. */
export type MachineCause = Described<typeof machineCause>;

const machineEvidence = z.object({
  limits: z.object({
    cpuCores: unknownOrNumber,
    memoryMib: unknownOrNumber,
  }) satisfies z.ZodType<MachineLimits>,
  means: machineFigures,
  causes: z.array(machineCause),
});

/** What the machine did to the loader in the measurement. */
export type MachineEvidence = Described<typeof machineEvidence>;

const verdict = z.object({
  verdict: verdictWord,
  /**
   * One sentence for each limit that was crossed, or that too few observations
   * crossed to judge by it; then what the machine did where the generator was limited.
   */
  reasons: texts,
  limits: verdictLimits,
  evidence: z.object({
    dispatched: z.number(),
    dropped: z.number(),
    /** Dispatches later than the limit; more than 1 % of them is a p99 above it. */
    lateDispatches: z.number(),
    /** `null` with fewer than 10 observations beyond it. */
    dispatchLagP50Ms: unknownOrNumber,
    dispatchLagP99Ms: unknownOrNumber,
    dispatchLagMaxMs: unknownOrNumber,
    loopDelayP99Ms: unknownOrNumber,
    loopDelayMaxMs: unknownOrNumber,
    /** Probes of the event loop, and those above the limit. */
    loopProbes: z.number(),
    lateLoopProbes: z.number(),
    /** Seconds since run start in which the loader was busy. */
    busySeconds: z.array(z.number()),
    seconds: z.number(),
    /** CPU that waiting for due times used, % of a core; `null` if unknown. */
    waitingPercent: unknownOrNumber.default(null),
    measured: z.number(),
    measuredNotOk: z.number(),
    /** Never sent: they waited for the platform, or for the loader's own bound of connections. */
    unsentForPeer: z.number().default(0),
    unsentForBound: z.number().default(0),
    /** Waits for the platform: it refused connections, had closed them or allowed no more calls. */
    peerWaits: waitEvidence.default(NO_WAITS),
    /** Waits for the loader's own bound of connections, part of the dispatch lag. */
    boundWaits: waitEvidence.default(NO_WAITS),
    /** Making the connections that calls waited for; `null` with fewer than 10 observations beyond it. */
    setUpP50Ms: unknownOrNumber.default(null),
    setUpP99Ms: unknownOrNumber.default(null),
    /** `null`: unknown, or of several loaders, each of which has its own. */
    machine: machineEvidence.nullable().default(null),
  }),
});

/** The verdict on a run with its evidence. */
export type Verdict = Described<typeof verdict>;

const warmupCheck = z.object({
  /** `null`: undetermined, fewer than 4 points or a constant series. */
  stationary: z.boolean().nullable(),
  observations: z.number(),
  statistic: unknownOrNumber,
  pValue: unknownOrNumber,
  criticalValue5Percent: unknownOrNumber,
});

/** The test of the last minute of warm-up for being stationary. */
export type WarmupCheck = Described<typeof warmupCheck>;

const cutRequests = z.object({
  /** Invocations with a runtime that was cut. */
  runtimes: z.number(),
  /** Invocations with a memory that was cut. */
  memories: z.number(),
  /** The expected concurrency that the trace's own runtimes would have. */
  uncutConcurrency: jsonNumber,
});

/** Invocations that ask for the most that is ever asked for, because the trace has more. */
export type CutRequests = Described<typeof cutRequests>;

const plan = z.object({
  functions: z.number(),
  invocations: z.number(),
  durationMs: jsonNumber,
  meanRatePerS: jsonNumber,
  /** Largest number of invocations due in one second of the schedule. */
  peakRatePerS: jsonNumber,
  /** Little's law: requested runtime summed ÷ duration. */
  expectedConcurrency: jsonNumber,
  meanRequestedRuntimeMs: jsonNumber,
  /** What asks for less than the trace has; absent: nothing does, as far as was told. */
  cut: cutRequests.optional(),
  /**
   * True: expected by the counts of the trace, as nobody has gone through the schedule yet;
   * absent: counted.
   */
  isForecast: z.boolean().optional(),
});

/** What a schedule will do, known before any load: totals, mean and peak rate, concurrency. */
export type Plan = Described<typeof plan>;

const status = z.enum([
  "running",
  "finished",
  "overloaded",
  "aborted",
  "timed_out",
  "interrupted",
  "failed",
]);

/**
 * How a run or an experiment stands. `running` in a folder without a process: it broke off.
 * `aborted`: a condition of --abort-when held; `timed_out`: it took longer than --run-timeout.
 */
export type RunStatus = z.output<typeof status>;

/** True for what came to an end that stands: it is a result, and is not made again. */
export function hasResult(status: RunStatus): boolean {
  return status === "finished" || status === "overloaded" || status === "aborted";
}

const machine = z.record(z.string(), z.union([z.string(), jsonNumber]));

/** Number of a loader, from 1; a folder is named by it, too. */
const loaderNumber = z.number().int().min(1);

const shardFacts = z.object({
  index: loaderNumber,
  count: loaderNumber,
  /** Run start that all loaders agreed on, in ms since 1970; `null`: none, on virtual time. */
  startAtUnixMs: unknownOrNumber,
  /** What all loaders do together. */
  whole: plan,
});

/** Which part of a run one of several loaders made. */
export type ShardFacts = Described<typeof shardFacts>;

const loaderPart = z.object({
  index: loaderNumber,
  command: texts,
  status,
  /** What it was to do. */
  plan,
  /** On this loader; `null` where it measured nothing. */
  verdict: verdict.nullable(),
  machine,
  loaderPeakMemoryMib: unknownOrNumber,
});

/** What one loader did in a run that several made. */
export type LoaderPart = Described<typeof loaderPart>;

/** A run that was made before there was an outcome has none of it. */
const outcomes = z.partialRecord(z.enum(OUTCOMES), z.number()).transform((counts) =>
  Object.fromEntries(
    OUTCOMES.map((outcome) => [outcome, counts[outcome] ?? 0]),
  ) as Record<Outcome, number>
);

const traceRepair = z.object({
  defect: z.string(),
  repair: z.string(),
  severity: z.enum(["harmless", "approximate", "loss"]).optional(),
  count: z.number(),
  examples: texts,
}) satisfies z.ZodType<TraceRepair>;

const traceReplay = z.object({
  /** What is replayed, warm-up included, in milliseconds from the trace's start. */
  windowStartMs: jsonNumber,
  /** Where in it the measurement begins. */
  measuredFromMs: jsonNumber,
  windowEndMs: jsonNumber,
  /** Width of the slots that its counts are of. */
  slotMs: jsonNumber,
  /** By how much arrivals lie closer together than in the trace. */
  timeScale: jsonNumber,
  /** Factor on every count. */
  rateScale: jsonNumber,
  /** Whether invocations that the trace has one by one keep their instants. */
  arrivals: z.enum(["recorded", "folded"]),
});

/** How a trace is replayed: what options say and what was derived from them. */
export type TraceReplayFacts = Described<typeof traceReplay>;

const phaseSpan = z.object({
  fromMs: z.number(),
  phase: z.enum(["warmup", "measurement"]),
}) satisfies z.ZodType<PhaseSpan>;

const abortCondition = z.object({
  text: z.string(),
  metric: z.string(),
  quantile: jsonNumber.nullable(),
  sign: z.enum([">", "<"]),
  /** In ms, in parts, or a number, by the metric. */
  bound: jsonNumber,
  forMs: jsonNumber,
});

/** Checks what the text of a run's `manifest.json` holds. */
export const runManifest = z.object({
  kind: z.literal("run"),
  formatVersion: z.literal(1),
  experiment: z.string(),
  /** Name of the run, unique in its experiment, such as `functions-20_repetition-0`. */
  name: plainName,
  /** What distinguishes the run from the others, such as `{ functions: 20, repetition: 0 }`. */
  parameters: z.record(z.string(), z.union([jsonNumber, z.string()])),
  status,
  /** The error that ended it, if one did. */
  error: z.string().nullable(),
  command: texts,
  options: anything,
  seed: z.number(),
  /** `null`: not known yet; a long schedule is hashed as it is replayed, and told at its end. */
  scheduleHash: z.string().nullable(),
  trace: z.object({
    name: z.string(),
    hash: z.string(),
    repairs: z.array(traceRepair),
    /** Absent in manifests of before they were told. */
    assumptions: texts.optional(),
    /** Of a sample: how near it is to the trace that it was taken from. */
    certificate: SAMPLE_CERTIFICATE.optional(),
  }).nullable(),
  /** Absent where no trace is replayed, and in manifests of before it was told. */
  replay: traceReplay.optional(),
  plan,
  phases: z.array(phaseSpan),
  platform: z.object({ name: z.string(), facts: anything }),
  versions: z.record(z.string(), z.string()),
  machine,
  /** ISO 8601. */
  createdAt: z.string(),
  /** Run start (time 0 of every table) in ms since 1970, `null` before it. */
  runStartUnixMs: unknownOrNumber,
  /**
   * From the start of the program, for a later run from the end of the one
   * before, to the first dispatch; `null` before it.
   */
  firstDispatchAfterMs: unknownOrNumber,
  endedAt: z.string().nullable(),
  outcomes: outcomes.nullable(),
  warmupCheck: warmupCheck.nullable(),
  verdict: verdict.nullable(),
  /** Conditions on which it was to end before its time; absent: none. */
  abortWhen: z.array(abortCondition).optional(),
  /** Things a reader of the figures should know. */
  notes: texts,
  /**
   * Rows of each table; those without any have no file. Absent before a run's end, and in
   * manifests of before they were told, where every table has a file.
   */
  tableRows: z.record(z.string(), z.number()).optional(),
  /** Largest resident memory of the loader process, MiB. */
  loaderPeakMemoryMib: unknownOrNumber,
  /** Where this loader was one of several; `plan` is then its part. */
  shard: shardFacts.optional(),
  /** Where this was merged from the parts of several loaders. */
  loaders: z.array(loaderPart).optional(),
});

/** `manifest.json` of one run: all that is needed to understand or repeat it. */
export type RunManifest = Described<typeof runManifest>;

const hashes = z.record(z.string(), z.string());

const inputHashes = z.object({
  /** The files that options name, by option. */
  files: hashes,
  /** The traces, by run. */
  traces: hashes,
  /** The schedules, by run; those that were planned ahead. */
  schedules: hashes,
});

/** What the runs of an experiment are made of, as SHA-256 of contents, hexadecimal. */
export type InputHashes = Described<typeof inputHashes>;

const answer: z.ZodType<AnswerDeclaration> = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("sweep"),
    parameter: z.string(),
    against: z.string(),
    axis: z.string(),
    unit: z.string(),
    unitOfOne: z.string().optional(),
    figures: z.array(z.enum(["slowdown", "response_time"])),
    knee: z.object({ slowdownOption: z.string() }).optional(),
  }),
  z.object({
    kind: z.literal("burst"),
    functions: z.record(z.enum(BURST_ROLES), z.string()),
    beginParameter: z.string(),
    lengthParameter: z.string(),
  }),
  z.object({
    kind: z.literal("keep_alive"),
    policyParameter: z.string(),
    memoryParameter: z.string(),
    reference: z.string(),
    bound: z.string(),
  }),
  z.object({ kind: z.literal("invocations") }),
  z.object({
    kind: z.literal("derived"),
    figures: z.array(z.object({
      name: plainName,
      title: z.string(),
      caption: z.string(),
      words: z.string().optional(),
      x: z.string(),
      y: z.string(),
      isShare: z.boolean().optional(),
    })),
  }),
  z.object({
    kind: z.literal("capacity"),
    valueParameter: z.string(),
    stageParameter: z.string(),
    soughtOption: z.string(),
    boundOption: z.string(),
  }),
  z.object({ kind: z.literal("works"), parameter: z.string(), reference: z.string() }),
  z.object({
    kind: z.literal("distribution"),
    measure: z.enum(["slowdown", "added_time"]),
    split: z.discriminatedUnion("by", [
      z.object({ by: z.literal("cold") }),
      z.object({ by: z.literal("parameter"), parameter: z.string(), against: z.string() }),
    ]),
  }),
]);

const cellStatus = z.enum(["ok", "failed", "timed out", "aborted", "skipped", "interrupted"]);

/** What became of a planned run. */
export type CellStatus = z.output<typeof cellStatus>;

const cell = z.object({
  /** Of the run; there is a folder of the name unless it was skipped. */
  run: plainName,
  parameters: z.record(z.string(), z.union([jsonNumber, z.string()])),
  status: cellStatus,
  /** Why it is not simply ok, a sentence; `null`: it is. */
  reason: z.string().nullable(),
});

/** A planned run, and what became of it. */
export type ExperimentCell = Described<typeof cell>;

/** Checks what the text of an `experiment.json` holds. */
export const experimentManifest = z.object({
  kind: z.literal("experiment"),
  formatVersion: z.literal(1),
  /** Name of the experiment, such as `trace-sweep`. */
  experiment: z.string(),
  question: z.string(),
  /** As the experiment declares it; `null`: it has none; absent: an earlier version did not tell. */
  answer: answer.nullable().optional(),
  platform: z.string(),
  status,
  error: z.string().nullable(),
  command: texts,
  options: anything,
  createdAt: z.string(),
  endedAt: z.string().nullable(),
  /** Folders of the runs, relative to the experiment's, in order. */
  runs: z.array(runPath),
  notes: texts,
  /** What is varied, by the parameters that tell the combinations apart; absent: nothing. */
  matrix: z.object({
    parameters: texts,
    /** Where two sides are compared: in what they differ, and what the first has of it. */
    sides: z.object({
      parameters: texts,
      first: z.array(z.union([jsonNumber, z.string()])),
    }).optional(),
  }).optional(),
  /** The planned runs that have come to something, as they did; absent: an earlier version. */
  cells: z.array(cell).optional(),
  /** What a resumed experiment must find again; absent: an earlier version did not keep it. */
  inputs: inputHashes.optional(),
});

/** `experiment.json`: the question and the runs that answer it. */
export type ExperimentManifest = Described<typeof experimentManifest>;

/** The folder of a run's twin, in the run's: a manifest and tables as the run's own. */
export const TWIN_FOLDER = "twin";

/** Earlier versions wrote another word. */
const figure = z.union([jsonNumber, z.literal("infinite").transform(() => Infinity)]).nullable();

const divergenceMetric = z.object({
  /** Name of the metric, such as `response_time_p50`. */
  metric: z.string(),
  /** `null` where it is without one. */
  unit: z.string().nullable(),
  /** `null`: unknown, or too few observations; `Infinity`: among those not ok. */
  run: figure,
  twin: figure,
  /** (twin − run) ÷ run; 0 where both are equal, `null` where it has no value. */
  relativeDifference: jsonNumber.nullable(),
});

/** A figure of a run and of its twin. */
export type DivergenceMetric = Described<typeof divergenceMetric>;

/** Checks what the text of a twin's `divergence.json` holds. */
export const divergence = z.object({
  kind: z.literal("divergence"),
  formatVersion: z.literal(1),
  metrics: z.array(divergenceMetric),
});

/** `divergence.json`: how far a twin is from its run. */
export type Divergence = Described<typeof divergence>;
