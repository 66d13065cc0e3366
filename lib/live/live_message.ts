import type { Outcome } from "../model/record.ts";
import type { RunStatus } from "../store/schema/manifest.ts";

/** A quantile: `null` with too few observations, `"infinite"` among those that were not ok. */
export type LiveQuantile = number | "infinite" | null;

/** The quantiles of response times that are watched. */
export const LIVE_QUANTILES = [0.5, 0.9, 0.99] as const;

/** What a second of a run was, or several that are told as one. */
export interface LiveSample {
  /** Its end, since run start. */
  readonly timeMs: number;
  /** How long it is. */
  readonly lengthMs: number;
  readonly due: number;
  readonly dispatched: number;
  readonly completed: number;
  /** At its end. */
  readonly inFlight: number;
  readonly lagMaxMs: number | null;
  readonly loopDelayMaxMs: number | null;
  /** Of a core, waiting excluded. */
  readonly cpuPercent: number | null;
  /** `warmup`, `measurement`, or `drain`. */
  readonly phase: string;
  /** Instances that are ready at its end; `null` where the platform does not tell. */
  readonly ready: number | null;
  /** Of the response time, of what ended in the last seconds, by {@linkcode LIVE_QUANTILES}. */
  readonly recentMs: readonly LiveQuantile[];
  /** Of it and its like that ended: not ok, the user's own wish to stop aside. */
  readonly notOk: number;
}

/** Counts of times below bounds, as Prometheus has them. */
export interface LiveBuckets {
  /** Not cumulative; the last is of what is above every bound. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** What a run has come to so far. */
export interface LiveTotals {
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Of the response time, of the measurement, by {@linkcode LIVE_QUANTILES}. */
  readonly responseMs: readonly LiveQuantile[];
  readonly lag: LiveBuckets;
  readonly response: LiveBuckets;
}

/** A run that begins. */
export interface LiveRun {
  readonly name: string;
  readonly functions: number;
  readonly invocations: number;
  /** Of the window in which invocations are dispatched. */
  readonly durationMs: number;
}

/** A run that has ended. */
export interface EndedLiveRun {
  readonly name: string;
  readonly status: RunStatus;
  readonly verdict: string | null;
}

/** How an experiment ended. */
export interface LiveEnd {
  readonly status: RunStatus;
  /** Path of the report; `null`: none could be made. */
  readonly report: string | null;
}

/** What the thread of the page is told. */
export type LiveMessage =
  | { readonly kind: "open"; readonly port: number; readonly experiment: LiveExperiment }
  | { readonly kind: "run"; readonly run: LiveRun }
  | { readonly kind: "deploying"; readonly progress: string }
  | { readonly kind: "second"; readonly sample: LiveSample; readonly totals: LiveTotals }
  | { readonly kind: "runEnd"; readonly run: EndedLiveRun }
  | { readonly kind: "stopping" }
  | { readonly kind: "end"; readonly end: LiveEnd };

/** What is watched. */
export interface LiveExperiment {
  readonly name: string;
  readonly question: string;
  readonly platform: string;
  /** Its time is simulated. */
  readonly isVirtual: boolean;
}

/** What it answers. */
export type LiveAnswer =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "failed"; readonly isInUse: boolean; readonly reason: string }
  | { readonly kind: "closed" };
