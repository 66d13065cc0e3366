import { selectMeasured } from "../analyze/invocation_selection.ts";
import { deriveSummary } from "../analyze/summary.ts";
import { errorMessage } from "../base/error.ts";
import { uniqueHex } from "../base/rng.ts";
import { sinceProgramStartMs } from "../base/process.ts";
import { functionKey } from "../model/trace.ts";
import type { DispatchProgress } from "../invoke/dispatcher.ts";
import type { RunManifest, RunStatus } from "../store/schema/manifest.ts";
import type { Schedule } from "../model/schedule.ts";
import { readInvocations } from "../store/read/stored_invocations.ts";
import type { ExperimentWriter } from "../store/write/experiment_writer.ts";
import type { RunWriter } from "../store/write/run_writer.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import { type AgreedStart, AgreedStarts, describeStart, StartClock } from "./shard/agreed_start.ts";
import type { CommonOptions } from "./common_options.ts";
import { createPlatformFromOptions } from "./create_platform.ts";
import { createRunManifest } from "./created_manifests.ts";
import { DeploymentSession, SharedDeployment } from "./deployment_session.ts";
import type { Experiment, PlannedRun, RunFeedback } from "./experiment.ts";
import { deriveFunctionSpecs } from "./function_specs.ts";
import type { LoadJudge } from "./load_judge.ts";
import type { PlannedLoad } from "./plan_block.ts";
import { InstanceLog, recordFailure, runOnce } from "./run_once.ts";
import type { RunObserver } from "./run_observer.ts";
import type { RunPlanner } from "./run_planner.ts";
import { isInShard } from "./shard/shard.ts";
import { openSpans } from "./traced_runs.ts";
import { enterWarmup } from "./warmup.ts";

/** What an experiment tells as it goes on; a script shows it, a program may do as it likes. */
export interface ExperimentListener {
  /** What will happen, before any load. */
  onPlan?(block: string, loads: readonly PlannedLoad[]): void;
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

/** What is told of a run that did not come to the end of a long schedule. */
const NOTE_UNCOUNTED =
  "The run ended before it had gone through its schedule, so the hash of that is not known, and " +
  "the plan is what the counts of the trace say.";

/** What is deployed for a run. */
interface MeasuredDeployment {
  readonly session: DeploymentSession<InstanceLog>;
  /** Where starts are agreed on. */
  readonly startClock: StartClock | null;
}

/** The runs of one experiment: made one after the other, on deployments that they may share. */
export class ExperimentRuns<O extends OptionTable> {
  /** Of runs that were made or that were there already. */
  readonly manifests: RunManifest[] = [];
  readonly #listener: ExperimentListener;
  readonly #deployment = new SharedDeployment<MeasuredDeployment>(() => this.#tellDeploymentEnd());
  /** Runs on what is deployed. */
  #madeRuns: MadeRun[] = [];

  constructor(
    readonly experiment: Experiment<O>,
    readonly options: OptionValues<O> & CommonOptions,
    readonly folder: ExperimentWriter,
    readonly judge: LoadJudge,
    readonly signal: AbortSignal,
    readonly call: RunsCall,
  ) {
    this.#listener = call.listener ?? {};
  }

  /**
   * Makes the runs that are not there yet, until one shows that the platform is overloaded.
   *
   * @throws LoaderError when a run cannot be made; what was deployed is gone then
   */
  async makeAll(planner: RunPlanner, overloadTolerance: number): Promise<RunStatus> {
    let status: RunStatus;
    try {
      status = await this.#runEach(planner, overloadTolerance);
    } catch (error) {
      await this.#tearDownAfterError();
      throw error;
    }
    await this.#deployment.tearDown();
    return status;
  }

  async #runEach(planner: RunPlanner, overloadTolerance: number): Promise<RunStatus> {
    const { startAtUnixMs, shard } = this.options;
    const starts = startAtUnixMs === null
      ? null
      : new AgreedStarts({ ...this.options, startAtUnixMs });
    // The other loaders would not know of another try.
    const isAlone = starts === null && (shard?.count ?? 1) === 1;
    const goesOn = overloadTolerance === Infinity;
    const tolerance = isAlone ? overloadTolerance : 1;
    for (let load = await planner.next(); load !== undefined;) {
      const start = starts?.next(load.plan.durationMs) ?? null;
      for (let attempt = 1;; attempt++) {
        const status = await this.#run(load, start, attempt);
        if (status === "interrupted") return status;
        if (status !== "overloaded" || goesOn) break;
        if (attempt >= tolerance) return status;
        this.#listener.onNote?.(`${load.run.name} was overloaded; it is tried once more.`);
      }
      const feedback = planner.isAdaptive ? this.#feedbackOf(load.run) : undefined;
      load = await planner.next(feedback);
    }
    if (planner.conclusion !== null) this.#listener.onNote?.(planner.conclusion);
    return "finished";
  }

  async #run(
    load: PlannedLoad,
    start: AgreedStart | null,
    attempt: number,
  ): Promise<RunStatus> {
    const run = attempt === 1
      ? load.run
      : { ...load.run, name: `${load.run.name}_attempt-${attempt}` };
    const done = this.folder.completedRun(run.name);
    if (done !== undefined) {
      this.folder.completedRun(run.name, {
        scheduleHash: await run.schedule.hash(this.signal),
        traceHash: run.trace?.hash ?? null,
      });
      this.#listener.onNote?.(`${run.name} is there already.`);
      this.manifests.push(done);
      return done.status;
    }
    const beganMs = this.manifests.length === 0 ? 0 : sinceProgramStartMs();
    this.#listener.onRunStart?.(load);
    const observer = this.#listener.observe?.(load);
    const schedule = load.part?.schedule ?? run.schedule;
    await using folder = this.folder.startRun(
      await createRunManifest({
        experiment: this.experiment,
        command: this.call.command ?? [],
        options: this.#optionsOf(run),
        run,
        load,
        startAtUnixMs: start?.unixMs ?? null,
        notes: this.judge.warnings([{ ...load, run }]),
      }, this.signal),
      schedule.functions.map(functionKey),
    );
    using spans = await openSpans(this.experiment.name, { ...run, schedule }, this.#optionsOf(run));
    let status: RunStatus;
    try {
      if (start !== null) this.#listener.onNote?.(describeStart(run.name, start));
      const { session, startClock } = await this.#deploy(run, schedule, folder, start);
      const { platform } = session;
      this.#madeRuns.push({ run, options: this.#optionsOf(run), folder });
      folder.update({ platform: { name: platform.name, facts: platform.describe() } });
      status = await runOnce({ ...run, schedule }, {
        session,
        waitForStart: start === null || startClock === null
          ? undefined
          : (signal) => startClock.waitForRun(start, signal),
        options: this.#optionsOf(run),
        folder,
        beganMs,
        signal: this.signal,
        onProgress: (progress) => this.#listener.onProgress?.(load, progress),
        observer,
        spans,
      });
    } catch (error) {
      this.#tellCounted(load, folder);
      recordFailure(folder, error);
      this.#tellEnd(folder);
      await this.#tearDownAfterError();
      throw error;
    }
    this.#tellCounted(load, folder);
    this.#tellEnd(folder);
    if (run.deployment === undefined) await this.#deployment.tearDown();
    return status;
  }

  /** Writes down what only the run itself has gone through: its plan and its hash. */
  #tellCounted({ uncounted }: PlannedLoad, folder: RunWriter): void {
    if (uncounted === undefined) return;
    const { facts } = uncounted.schedule;
    if (facts === null) {
      folder.update({ notes: [...folder.manifest.notes, NOTE_UNCOUNTED] });
      return;
    }
    folder.update({ plan: facts.plan, scheduleHash: facts.hash });
    const { inputs } = this.folder.manifest;
    if (inputs === undefined) return;
    const schedules = { ...inputs.schedules, [folder.manifest.name]: facts.hash };
    this.folder.update({ inputs: { ...inputs, schedules } });
  }

  /** Of a run that is there, whole. */
  #feedbackOf({ name }: PlannedRun): RunFeedback {
    const { status, verdict } = this.manifests.findLast((manifest) => manifest.name === name)!;
    const measured = selectMeasured(readInvocations(`${this.folder.path}/runs/${name}`));
    return {
      isOverloaded: status === "overloaded",
      isGeneratorLimited: verdict?.verdict === "GENERATOR-LIMITED",
      summary: deriveSummary(measured),
    };
  }

  #tellEnd({ manifest }: RunWriter): void {
    this.manifests.push(manifest);
    this.#listener.onRunEnd?.(manifest);
  }

  /** The platform with the run's functions on it: the previous run's, if they share it. */
  async #deploy(
    run: PlannedRun,
    part: Schedule,
    folder: RunWriter,
    start: AgreedStart | null,
  ): Promise<MeasuredDeployment> {
    const options = this.#optionsOf(run);
    const { signal } = this;
    const listener = this.#listener;
    return await this.#deployment.take(run.deployment, {
      create: async () => {
        // Who shares a deployment has a schedule of its own, which is not known yet.
        const schedule = run.deployment === undefined ? part : null;
        const platform = await createPlatformFromOptions(options, schedule, {
          onDeployment: (progress) => listener.onDeployment?.(run.name, progress),
          onNote: (sentence) => listener.onNote?.(sentence),
        });
        // A run that breaks off while it deploys says on what, and under which name.
        folder.update({ platform: { name: platform.name, facts: platform.describe() } });
        return {
          session: new DeploymentSession(platform, new InstanceLog()),
          startClock: start === null ? null : new StartClock(platform.clock, start),
        };
      },
      deploy: async ({ session, startClock }) => {
        const { platform } = session;
        const { seed, shard } = this.options;
        // Two runs with one seed, at one time and place, must not have each other's names.
        const salt = platform.isShared ? uniqueHex(16) : "";
        // Indices and initial scales are those in the whole, whoever deploys them.
        const specs = deriveFunctionSpecs(run, seed, platform.capacity, options, salt)
          .filter(({ functionId }) => isInShard(shard, functionId));
        if (start !== null) await startClock?.waitForDeployment(start, signal);
        await enterWarmup(run, { platform, folder, options, signal });
        await session.deploy(specs, signal);
      },
    });
  }

  #optionsOf(run: PlannedRun): OptionValues<O> & CommonOptions {
    return { ...this.options, ...run.options };
  }

  /** What ended the experiment is the error that is told; what comes of it is a note. */
  async #tearDownAfterError(): Promise<void> {
    try {
      await this.#deployment.tearDown();
    } catch (error) {
      this.#listener.onNote?.(errorMessage(error));
    }
  }

  async #tellDeploymentEnd(): Promise<void> {
    const runs = this.#madeRuns;
    this.#madeRuns = [];
    if (runs.length === 0 || this.call.afterDeployment === undefined) return;
    await this.call.afterDeployment(runs, this.signal);
    for (const { folder: { manifest } } of runs) {
      const index = this.manifests.findIndex(({ name }) => name === manifest.name);
      if (index >= 0) this.manifests[index] = manifest;
    }
  }
}
