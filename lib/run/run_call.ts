import type { DispatchProgress } from "../invoke/dispatcher.ts";
import type { ExperimentCell, RunManifest } from "../store/schema/manifest.ts";
import type { RunWriter } from "../store/write/run_writer.ts";
import type { CommonOptions } from "./common_options.ts";
import type { PlannedRun } from "./experiment.ts";
import type { PlannedLoad } from "./plan_block.ts";
import type { RunObserver } from "./run_observer.ts";

/** What an experiment tells as it goes on; a script shows it, a program may do as it likes. */
export interface ExperimentListener {
  /** What will happen, before any load; `isWhole`: no run follows that is not among the loads. */
  onPlan?(block: string, loads: readonly PlannedLoad[], isWhole: boolean): void;
  /** The folder, as soon as it is there. */
  onFolder?(path: string): void;
  onRunStart?(load: PlannedLoad): void;
  onProgress?(load: PlannedLoad, progress: DispatchProgress): void;
  /** Who sees the rows of a run; asked once for each, before it is deployed. */
  observe?(load: PlannedLoad): RunObserver | undefined;
  /** How far the deployment of a run is, a phrase. */
  onDeployment?(run: string, progress: string): void;
  onRunEnd?(manifest: RunManifest): void;
  /** Something a person should know that stops nothing. */
  onNote?(sentence: string): void;
}

/** How the runs of an experiment are made, beside the options. */
export interface ExperimentCall {
  /** For the manifests: what the user typed. */
  readonly command?: readonly string[];
  readonly signal?: AbortSignal;
  /** The module that exports the experiment, for threads; by default that of its name. */
  readonly module?: string;
  readonly listener?: ExperimentListener;
}

/** A run that was made, with what it was made of. */
export interface MadeRun {
  readonly run: PlannedRun;
  /** Those in force for it. */
  readonly options: CommonOptions;
  readonly folder: Pick<RunWriter, "path" | "manifest" | "update">;
}

/** The same, with what is built on runs. */
export interface RunsCall extends ExperimentCall {
  /**
   * Called with the runs on a deployment, in order, once that is gone: what happens
   * here disturbs none. What it leaves in their manifests is part of the outcome.
   */
  readonly afterDeployment?: (runs: readonly MadeRun[], signal: AbortSignal) => Promise<void>;
  /** Invocations that are counted one by one before the first run; `MOST_COUNTED` by default. */
  readonly mostCounted?: number;
}

/** Where runs are left. */
export interface RunFolders {
  readonly path: string;
  /**
   * The manifest of a run that came to a result earlier, if there is one.
   *
   * @throws LoaderError `usage` when it is not of this content
   */
  completedRun(
    name: string,
    content?: { readonly scheduleHash: string; readonly traceHash: string | null },
  ): RunManifest | undefined;
  startRun(manifest: RunManifest, functionIds: readonly string[]): RunWriter;
  /** Keeps the hash of a schedule that is known only now. */
  keepSchedule(run: string, hash: string): void;
  /** Keeps what became of a planned run. */
  keepCell(cell: ExperimentCell): void;
}
