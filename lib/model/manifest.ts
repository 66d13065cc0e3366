import type { MachineLimits } from "./machine.ts";
import type { Outcome } from "./record.ts";
import type { PhaseSpan } from "./schedule.ts";
import type { TraceRepair } from "./trace.ts";

/** Whether a run says something about the platform, and if not, why not. */
export type VerdictWord = "VALID" | "PLATFORM-LIMITED" | "GENERATOR-LIMITED";

/** The limits that a verdict is judged by; options of every experiment. */
export interface VerdictLimits {
  /** Largest p99 of dispatch lag. */
  readonly dispatchLagP99Ms: number;
  /** Largest p99 of event-loop delay. */
  readonly loopDelayP99Ms: number;
  /** CPU of the loader above which a second counts as busy, % of a core. */
  readonly cpuPercent: number;
  /** Largest share of busy seconds. */
  readonly busySecondsShare: number;
  /** Largest share of measured invocations that are not ok. */
  readonly notOkShare: number;
  /** Largest share of measured invocations that wait for the platform for longer than the lag may be. */
  readonly peerWaitShare: number;
}

/** Invocations that waited for longer than the dispatch lag may be. */
export interface WaitEvidence {
  readonly invocations: number;
  /** `null` where none waited. */
  readonly longestMs: number | null;
  /** Seconds since run start in which they were due. */
  readonly seconds: readonly number[];
}

/**
 * What the machine did to the loader, of one second or of some: means over the
 * seconds. `null`: unknown.
 */
export interface MachineFigures {
  /** CPU that the hypervisor gave to others, % of all cores. */
  readonly stolenPercent: number | null;
  /** Time for which the loader's container was held back at its CPU limit, ms a second. */
  readonly throttledMs: number | null;
  /** Time for which the loader's main thread was ready and had no core, ms a second. */
  readonly threadWaitMs: number | null;
  /** Share of time for which some program waited for a core (PSI), %. */
  readonly cpuPressurePercent: number | null;
  /** Share of time for which some program waited for memory (PSI), %. */
  readonly memoryPressurePercent: number | null;
  /** How often the loader's container met its limit of memory, a second. */
  readonly memoryLimitHits: number | null;
  /** Pages that the loader read from a disk, a second. */
  readonly majorFaults: number | null;
}

/** What the machine did in seconds in which the generator was late or busy. */
export interface MachineCause {
  readonly figure: keyof MachineFigures;
  /** Mean of the figure over the seconds. */
  readonly mean: number;
  /** Seconds since run start. */
  readonly seconds: readonly number[];
}

/** What the machine did to the loader in the measurement. */
export interface MachineEvidence {
  readonly limits: MachineLimits;
  readonly means: MachineFigures;
  readonly causes: readonly MachineCause[];
}

/** The verdict on a run with its evidence. */
export interface Verdict {
  readonly verdict: VerdictWord;
  /**
   * One sentence for each limit that was crossed, or that too few observations
   * crossed to judge by it; then what the machine did where the generator was limited.
   */
  readonly reasons: readonly string[];
  readonly limits: VerdictLimits;
  readonly evidence: {
    readonly dispatched: number;
    readonly dropped: number;
    /** Dispatches later than the limit; more than 1 % of them is a p99 above it. */
    readonly lateDispatches: number;
    /** `null` with fewer than 10 observations beyond it. */
    readonly dispatchLagP50Ms: number | null;
    readonly dispatchLagP99Ms: number | null;
    readonly dispatchLagMaxMs: number | null;
    readonly loopDelayP99Ms: number | null;
    readonly loopDelayMaxMs: number | null;
    /** Probes of the event loop, and those above the limit. */
    readonly loopProbes: number;
    readonly lateLoopProbes: number;
    /** Seconds since run start in which the loader was busy. */
    readonly busySeconds: readonly number[];
    readonly seconds: number;
    /** CPU that waiting for due times used, % of a core; `null` if unknown. */
    readonly waitingPercent: number | null;
    readonly measured: number;
    readonly measuredNotOk: number;
    /** Never sent: they waited for the platform, or for the loader's own bound of connections. */
    readonly unsentForPeer: number;
    readonly unsentForBound: number;
    /** Waits for the platform: it refused connections, had closed them or allowed no more calls. */
    readonly peerWaits: WaitEvidence;
    /** Waits for the loader's own bound of connections, part of the dispatch lag. */
    readonly boundWaits: WaitEvidence;
    /** Making the connections that calls waited for; `null` with fewer than 10 observations beyond it. */
    readonly setUpP50Ms: number | null;
    readonly setUpP99Ms: number | null;
    /** `null`: unknown, or of several loaders, each of which has its own. */
    readonly machine: MachineEvidence | null;
  };
}

/** Whether the last minute of warm-up was stationary. */
export interface WarmupCheck {
  /** `null`: undetermined, fewer than 4 points or a constant series. */
  readonly stationary: boolean | null;
  readonly observations: number;
  readonly statistic: number | null;
  readonly pValue: number | null;
  readonly criticalValue5Percent: number | null;
}

/** What will happen, known before any load. */
export interface Plan {
  readonly functions: number;
  readonly invocations: number;
  readonly durationMs: number;
  readonly meanRatePerS: number;
  /** Largest number of invocations due in one second of the schedule. */
  readonly peakRatePerS: number;
  /** Little's law: requested runtime summed ÷ duration. */
  readonly expectedConcurrency: number;
  readonly meanRequestedRuntimeMs: number;
  /** What asks for less than the trace has; absent: nothing does, as far as was told. */
  readonly cut?: CutRequests;
}

/** Invocations that ask for the most that is ever asked for, because the trace has more. */
export interface CutRequests {
  /** Invocations with a runtime that was cut. */
  readonly runtimes: number;
  /** Invocations with a memory that was cut. */
  readonly memories: number;
  /** The expected concurrency that the trace's own runtimes would have. */
  readonly uncutConcurrency: number;
}

/** Which part of a run one of several loaders made. */
export interface ShardFacts {
  /** From 1. */
  readonly index: number;
  readonly count: number;
  /** Run start that all loaders agreed on, in ms since 1970; `null`: none, on virtual time. */
  readonly startAtUnixMs: number | null;
  /** What all loaders do together. */
  readonly whole: Plan;
}

/** What one loader did in a run that several made. */
export interface LoaderPart {
  /** From 1. */
  readonly index: number;
  readonly command: readonly string[];
  readonly status: RunStatus;
  /** What it was to do. */
  readonly plan: Plan;
  /** On this loader; `null` where it measured nothing. */
  readonly verdict: Verdict | null;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly loaderPeakMemoryMib: number | null;
}

/** How a run or an experiment stands. `running` in a folder without a process: it broke off. */
export type RunStatus = "running" | "finished" | "overloaded" | "interrupted" | "failed";

/** `manifest.json` of one run: all that is needed to understand or repeat it. */
export interface RunManifest {
  readonly kind: "run";
  readonly formatVersion: 1;
  readonly experiment: string;
  /** Name of the run, unique in its experiment, such as `functions-20_repetition-0`. */
  readonly name: string;
  /** What distinguishes the run from the others, such as `{ functions: 20, repetition: 0 }`. */
  readonly parameters: Readonly<Record<string, number | string>>;
  readonly status: RunStatus;
  /** The error that ended it, if one did. */
  readonly error: string | null;
  readonly command: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly scheduleHash: string;
  readonly trace: {
    readonly name: string;
    readonly hash: string;
    readonly repairs: readonly TraceRepair[];
  } | null;
  readonly plan: Plan;
  readonly phases: readonly PhaseSpan[];
  readonly platform: {
    readonly name: string;
    readonly facts: Readonly<Record<string, unknown>>;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: Readonly<Record<string, string | number>>;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Run start (time 0 of every table) in ms since 1970, `null` before it. */
  readonly runStartUnixMs: number | null;
  /**
   * From the start of the program, for a later run from the end of the one
   * before, to the first dispatch; `null` before it.
   */
  readonly firstDispatchAfterMs: number | null;
  readonly endedAt: string | null;
  readonly outcomes: Readonly<Record<Outcome, number>> | null;
  readonly warmupCheck: WarmupCheck | null;
  readonly verdict: Verdict | null;
  /** Things a reader of the figures should know. */
  readonly notes: readonly string[];
  /** Largest resident memory of the loader process, MiB. */
  readonly loaderPeakMemoryMib: number | null;
  /** Where this loader was one of several; `plan` is then its part. */
  readonly shard?: ShardFacts;
  /** Where this was merged from the parts of several loaders. */
  readonly loaders?: readonly LoaderPart[];
}

/** What the runs of an experiment are made of, as SHA-256 of contents, hexadecimal. */
export interface InputHashes {
  /** The files that options name, by option. */
  readonly files: Readonly<Record<string, string>>;
  /** The traces, by run. */
  readonly traces: Readonly<Record<string, string>>;
  /** The schedules, by run; those that were planned ahead. */
  readonly schedules: Readonly<Record<string, string>>;
}

/** `experiment.json`: the question and the runs that answer it. */
export interface ExperimentManifest {
  readonly kind: "experiment";
  readonly formatVersion: 1;
  /** Name of the experiment, such as `trace-sweep`. */
  readonly experiment: string;
  readonly question: string;
  readonly platform: string;
  readonly status: RunStatus;
  readonly error: string | null;
  readonly command: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  readonly endedAt: string | null;
  /** What a resumed experiment must find again; absent: an earlier version did not keep it. */
  readonly inputs?: InputHashes;
  /** Folders of the runs, relative to the experiment's, in order. */
  readonly runs: readonly string[];
  readonly notes: readonly string[];
}
