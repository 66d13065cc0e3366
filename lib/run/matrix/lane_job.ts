import type { ErrorCode } from "../../base/error.ts";
import type { ExperimentCell, RunManifest, RunStatus } from "../../store/schema/manifest.ts";
import type { LaneEnding, LaneTurn } from "../experiment_runs.ts";

/** A lane that a thread is to make, told by where it is in the plan, which can be made again. */
export interface LaneJob {
  /** Of the module that exports the experiment. */
  readonly module: string;
  readonly experiment: string;
  readonly command: readonly string[];
  /** All options of the experiment. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly cell: number;
  /** Among those of the cell. */
  readonly lane: number;
  /** The experiment's folder. */
  readonly folder: string;
}

/** What a thread is told: a lane to make, or that the user wishes to stop. */
export type JobMessage = { readonly kind: "make"; readonly job: LaneJob } | {
  readonly kind: "stop";
};

/** An error, as it can be sent. */
export interface SentError {
  /** `null` where it is none of ours. */
  readonly code: ErrorCode | null;
  readonly sentence: string;
}

/** What came of a lane. */
export interface LaneOutcome {
  readonly status: RunStatus;
  readonly manifests: readonly RunManifest[];
  readonly failed: readonly { readonly name: string; readonly error: SentError }[];
  readonly turns: readonly LaneTurn[];
  readonly ending: LaneEnding;
}

/** What a thread tells. */
export type JobAnswer =
  | { readonly kind: "run"; readonly name: string }
  | { readonly kind: "schedule"; readonly run: string; readonly hash: string }
  | { readonly kind: "cell"; readonly cell: ExperimentCell }
  | { readonly kind: "ended"; readonly manifest: RunManifest }
  | { readonly kind: "note"; readonly sentence: string }
  | { readonly kind: "done"; readonly outcome: LaneOutcome }
  | { readonly kind: "failed"; readonly error: SentError };
