import { wasInTime } from "../analyze/knee.ts";
import { readMeasuredSummary, readRunTables } from "../analyze/run_analysis.ts";
import { errorMessage, LoaderError } from "../base/error.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import type {
  CellStatus,
  ExperimentCell,
  RunManifest,
  RunStatus,
} from "../store/schema/manifest.ts";
import type { CommonOptions } from "./common_options.ts";
import type { Experiment, PlannedRun, RunFeedback } from "./experiment.ts";
import { type Lane, sharesDeployment, takeTurns } from "./matrix/lane.ts";
import type { PlannedLoad } from "./plan_block.ts";
import type { ExperimentListener, RunFolders, RunsCall } from "./run_call.ts";
import { RunMaker } from "./run_maker.ts";
import type { RunPlanner } from "./run_planner.ts";
import { AgreedStarts } from "./shard/agreed_start.ts";

/** A lane with what plans and judges its runs. */
export interface PlannedLane<Values> extends Pick<Lane<Values>, "cell" | "round"> {
  readonly planner: RunPlanner;
  readonly overloadTolerance: number;
  /** What a person should know of a load before it. */
  warningsOf(load: PlannedLoad): readonly string[];
}

/** A run that could not be made, and why. */
export interface FailedRun {
  readonly name: string;
  readonly error: unknown;
}

/** Runs that fail one after the other say something of all that would follow. */
const MOST_FAILURES_IN_A_ROW = 3;

/** The runs of one experiment: made one after the other, on deployments that they may share. */
export class ExperimentRuns<O extends OptionTable> {
  /** Of runs that were made or that were there already. */
  readonly manifests: RunManifest[] = [];
  readonly failed: FailedRun[] = [];
  readonly #listener: ExperimentListener;
  readonly #maker: RunMaker<O>;
  readonly #starts: AgreedStarts | null;
  #failuresInARow = 0;
  #lanes: readonly LaneState[] = [];
  /** What came of the turn that is under way. */
  #turn: LaneTurn = { runs: [], cells: [] };

  constructor(
    experiment: Experiment<O>,
    readonly options: OptionValues<O> & CommonOptions,
    readonly folder: RunFolders,
    readonly signal: AbortSignal,
    call: RunsCall,
  ) {
    this.#listener = call.listener ?? {};
    const { startAtUnixMs } = options;
    this.#starts = startAtUnixMs === null ? null : new AgreedStarts({ ...options, startAtUnixMs });
    this.#maker = new RunMaker(experiment, options, folder, signal, call, (manifest) => {
      const index = this.manifests.findIndex(({ name }) => name === manifest.name);
      if (index >= 0) this.manifests[index] = manifest;
    });
  }

  /**
   * Makes the runs of all lanes that are not there yet, the lanes by turns, each until one of
   * its runs shows that the platform is overloaded. A run that fails does not keep the others
   * from being made.
   *
   * @returns `overloaded` or `aborted` where each lane ended so
   * @throws LoaderError when runs cannot be made; what was deployed is gone then
   */
  async makeAll(
    planned: readonly PlannedLane<OptionValues<O> & CommonOptions>[],
  ): Promise<RunStatus> {
    const lanes = planned.map((lane) => new LaneState(lane));
    this.#lanes = lanes;
    try {
      for (const lane of takeTurns(lanes, this.options.seed)) {
        if (await this.#advance(lane) === "interrupted") break;
        if (this.#failuresInARow >= MOST_FAILURES_IN_A_ROW) this.#giveUp(lanes);
      }
    } catch (error) {
      await this.#maker.tearDownAfterError();
      throw error;
    }
    await this.#maker.tearDown();
    if (lanes.some(({ isOver }) => !isOver)) return "interrupted";
    throwFailures(this.failed, this.manifests.length);
    return deriveStatus(this.endings);
  }

  /** What came of each lane, turn by turn. */
  get turns(): readonly (readonly LaneTurn[])[] {
    return this.#lanes.map(({ turns }) => turns);
  }

  /** How each lane ended. */
  get endings(): readonly LaneEnding[] {
    return this.#lanes.map(({ endedBy }) => endedBy);
  }

  /** Makes the next run of a lane, and those behind it on the same deployment. */
  async #advance(lane: LaneState): Promise<RunStatus> {
    this.#turn = { runs: [], cells: [] };
    lane.turns.push(this.#turn);
    for (let load = await lane.take(); load !== undefined; load = await lane.take()) {
      const status = await this.#tryLoad(lane, load);
      if (status === "interrupted") return status;
      const feedback = lane.isAdaptive && hasFeedback(status)
        ? this.#feedbackOf(load.run)
        : undefined;
      await lane.goOn(feedback);
      this.#tellConclusion(lane);
      if (lane.isOver || !sharesDeployment(load.run, lane.pending!.run)) return status;
    }
    return "finished";
  }

  /** Makes a run, once more where it was overloaded and the plan says so. */
  async #tryLoad(lane: LaneState, load: PlannedLoad): Promise<RunStatus> {
    const start = this.#starts?.next(load.plan.durationMs) ?? null;
    // The other loaders would not know of another try.
    const isAlone = start === null && (this.options.shard?.count ?? 1) === 1;
    const { overloadTolerance } = lane;
    const goesOn = overloadTolerance === Infinity;
    const tolerance = isAlone ? overloadTolerance : 1;
    for (let attempt = 1;; attempt++) {
      const run = attempt === 1
        ? load.run
        : { ...load.run, name: `${load.run.name}_attempt-${attempt}` };
      const { manifest, error } = await this.#findRun(run) ?? await this.#maker.make({
        load,
        run,
        start,
        notes: lane.warningsOf({ ...load, run }),
      });
      this.manifests.push(manifest);
      this.#turn.runs.push(manifest.name);
      if (error !== undefined && !(isAlone && isRunsOwn(error))) throw error;
      const { status } = manifest;
      if (status === "interrupted") return status;
      this.#keepCell(describeCell(load.run, manifest));
      if (status === "failed" || status === "timed_out") {
        this.#noteFailure(run.name, error ?? new LoaderError("platform", manifest.error!));
        return status;
      }
      this.#failuresInARow = 0;
      if (status === "aborted") lane.endedBy = status;
      if ((status !== "aborted" && status !== "overloaded") || goesOn) return status;
      if (status === "aborted" || attempt >= tolerance) {
        lane.endedBy = status;
        // It has been made itself.
        lane.pending = undefined;
        this.#skipRest(lane, `${run.name} was ${status} before it.`);
        return status;
      }
      this.#listener.onNote?.(`${load.run.name} was overloaded; it is tried once more.`);
    }
  }

  async #findRun(run: PlannedRun) {
    const done = this.folder.completedRun(run.name);
    if (done === undefined) return undefined;
    this.folder.completedRun(run.name, {
      scheduleHash: await run.schedule.hash(this.signal),
      traceHash: run.trace?.hash ?? null,
    });
    this.#listener.onNote?.(`${run.name} is there already.`);
    return { manifest: done, error: undefined };
  }

  /** What a plan says once it has ended. */
  #tellConclusion({ isOver, cell: { label }, conclusion }: LaneState): void {
    if (!isOver || conclusion === null) return;
    this.#listener.onNote?.(label === "" ? conclusion : `${label}: ${conclusion}`);
  }

  #noteFailure(name: string, error: unknown): void {
    this.failed.push({ name, error });
    this.#failuresInARow++;
    this.#listener.onNote?.(`${name}: ${errorMessage(error)}`);
  }

  /** What is left of a lane is not made. */
  #skipRest(lane: LaneState, reason: string): void {
    for (const { name, parameters } of lane.takeRest()) {
      this.#keepCell({ run: name, parameters, status: "skipped", reason });
    }
  }

  #keepCell(cell: ExperimentCell): void {
    this.#turn.cells.push(cell.run);
    this.folder.keepCell(cell);
  }

  #giveUp(lanes: readonly LaneState[]): void {
    for (const lane of lanes) {
      this.#skipRest(lane, `${MOST_FAILURES_IN_A_ROW} runs in a row had failed before it.`);
    }
  }

  /** Of a run that is there, whole. */
  #feedbackOf({ name }: PlannedRun): RunFeedback {
    const manifest = this.manifests.findLast((manifest) => manifest.name === name)!;
    const { status, verdict } = manifest;
    const tables = readRunTables({ path: `${this.folder.path}/runs/${name}`, manifest });
    return {
      isOverloaded: status === "overloaded",
      isGeneratorLimited: verdict !== null && !wasInTime(verdict),
      summary: readMeasuredSummary(tables),
    };
  }
}

/** @throws LoaderError when runs have failed: the error of the only one, or what is known of all */
export function throwFailures(failed: readonly FailedRun[], made: number): void {
  const [first] = failed;
  if (first === undefined) return;
  if (made === 1) throw first.error;
  throw new LoaderError(
    first.error instanceof LoaderError ? first.error.code : "platform",
    `${failed.length} of ${made} runs failed, the first of them ` +
      `${first.name}: ${errorMessage(first.error)}`,
    { cause: first.error },
  );
}

/** How an experiment stands whose lanes have all come to their end. */
export function deriveStatus(endings: readonly LaneEnding[]): RunStatus {
  const [first = null] = endings;
  return first !== null && endings.every((ending) => ending === first) ? first : "finished";
}

/** What of its load ended a lane; `null`: nothing did. */
export type LaneEnding = "overloaded" | "aborted" | null;

/** What came of a turn, by name: runs that were made or were there, and what became of those planned. */
export interface LaneTurn {
  readonly runs: string[];
  readonly cells: string[];
}

/** Where a lane stands. */
class LaneState {
  readonly #lane: PlannedLane<unknown>;
  pending: PlannedLoad | undefined;
  isOver = false;
  endedBy: LaneEnding = null;
  readonly turns: LaneTurn[] = [];

  constructor(lane: PlannedLane<unknown>) {
    this.#lane = lane;
  }

  get cell() {
    return this.#lane.cell;
  }

  get round() {
    return this.#lane.round;
  }

  get isAdaptive() {
    return this.#lane.planner.isAdaptive;
  }

  get overloadTolerance() {
    return this.#lane.overloadTolerance;
  }

  get conclusion() {
    return this.#lane.planner.conclusion;
  }

  warningsOf(load: PlannedLoad): readonly string[] {
    return this.#lane.warningsOf(load);
  }

  /** The run whose turn it is. */
  async take(): Promise<PlannedLoad | undefined> {
    if (this.pending === undefined) await this.goOn();
    return this.pending;
  }

  /** The next one has its turn. */
  async goOn(feedback?: RunFeedback): Promise<void> {
    this.pending = this.isOver ? undefined : await this.#lane.planner.next(feedback);
    this.isOver = this.pending === undefined;
  }

  /** What is left, of which nothing is made. */
  takeRest(): PlannedRun[] {
    if (this.isOver) return [];
    const next = this.pending === undefined ? [] : [this.pending.run];
    this.isOver = true;
    this.pending = undefined;
    return [...next, ...this.#lane.planner.takeRest()];
  }
}

/** True where a run that has ended so is a result that the next one may follow from. */
function hasFeedback(status: RunStatus): boolean {
  return status === "finished" || status === "overloaded";
}

/** True of what ended a run, and says nothing of another. */
function isRunsOwn(error: unknown): boolean {
  return error instanceof LoaderError && (error.code === "platform" || error.code === "generator");
}

const CELL_STATUS: Readonly<Partial<Record<RunStatus, CellStatus>>> = {
  failed: "failed",
  timed_out: "timed out",
  aborted: "aborted",
};

function describeCell({ name, parameters }: PlannedRun, manifest: RunManifest): ExperimentCell {
  const { status, error } = manifest;
  return {
    run: name,
    parameters,
    status: CELL_STATUS[status] ?? "ok",
    reason: error ?? (status === "overloaded" ? "The platform was overloaded." : null),
  };
}
