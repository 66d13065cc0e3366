import { errorMessage } from "../base/error.ts";
import { sinceProgramStartMs } from "../base/process.ts";
import { uniqueHex } from "../base/rng.ts";
import { anySignal } from "../base/signal.ts";
import type { Schedule } from "../model/schedule.ts";
import { functionKey } from "../model/trace.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import type { RunManifest } from "../store/schema/manifest.ts";
import type { RunWriter } from "../store/write/run_writer.ts";
import { type AgreedStart, describeStart, StartClock } from "./shard/agreed_start.ts";
import type { CommonOptions } from "./common_options.ts";
import { createPlatformFromOptions } from "./create_platform.ts";
import { createRunManifest } from "./created_manifests.ts";
import { DeploymentSession, SharedDeployment } from "./deployment_session.ts";
import { EarlyEnd } from "./early_end.ts";
import type { Experiment, PlannedRun } from "./experiment.ts";
import type { ExperimentListener, MadeRun, RunFolders, RunsCall } from "./run_call.ts";
import { deriveFunctionSpecs } from "./function_specs.ts";
import type { PlannedLoad } from "./plan_block.ts";
import { InstanceLog, recordFailure, runOnce } from "./run_once.ts";
import { isInShard } from "./shard/shard.ts";
import { openSpans } from "./traced_runs.ts";
import { enterWarmup } from "./warmup.ts";

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

/** A run that is to be made. */
export interface RunToMake {
  readonly load: PlannedLoad;
  /** That of the load, or under the name of another attempt. */
  readonly run: PlannedRun;
  /** Where several loaders start together. */
  readonly start: AgreedStart | null;
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

/** What came of a run; `error`: what ended it, where something did that is none of its load. */
export interface RunEnd {
  readonly manifest: RunManifest;
  readonly error: unknown;
}

/** Makes runs, one after the other, on deployments that they may share. */
export class RunMaker<O extends OptionTable> {
  readonly #listener: ExperimentListener;
  readonly #deployment = new SharedDeployment<MeasuredDeployment>(() => this.#tellDeploymentEnd());
  /** Runs on what is deployed. */
  #madeRuns: MadeRun[] = [];
  #isFirst = true;

  /** @param onLater told a manifest that what is built on runs has changed, once a deployment is gone */
  constructor(
    readonly experiment: Experiment<O>,
    readonly options: OptionValues<O> & CommonOptions,
    readonly folder: RunFolders,
    readonly signal: AbortSignal,
    readonly call: RunsCall,
    readonly onLater: (manifest: RunManifest) => void,
  ) {
    this.#listener = call.listener ?? {};
  }

  /**
   * Makes a run in a folder of its own. What ends it by itself, such as a function that does
   * not come up, is in what is returned; what was deployed is gone then.
   *
   * @throws LoaderError when its folder cannot be made
   */
  async make({ load, run, start, notes }: RunToMake): Promise<RunEnd> {
    const options = this.#optionsOf(run);
    const beganMs = this.#isFirst ? 0 : sinceProgramStartMs();
    this.#isFirst = false;
    this.#listener.onRunStart?.(load);
    const observer = this.#listener.observe?.(load);
    const schedule = load.part?.schedule ?? run.schedule;
    await using folder = this.folder.startRun(
      await createRunManifest({
        experiment: this.experiment,
        command: this.call.command ?? [],
        options,
        run,
        load,
        startAtUnixMs: start?.unixMs ?? null,
        notes,
      }, this.signal),
      schedule.functions.map(functionKey),
    );
    using spans = await openSpans(this.experiment.name, { ...run, schedule }, options);
    using early = new EarlyEnd(options.runTimeoutMs);
    const signal = anySignal(this.signal, early.signal);
    let error: unknown;
    try {
      if (start !== null) this.#listener.onNote?.(describeStart(run.name, start));
      const { session, startClock } = await this.#deploy(run, options, {
        part: schedule,
        folder,
        start,
        signal,
      });
      const { platform } = session;
      this.#madeRuns.push({ run, options, folder });
      folder.update({ platform: { name: platform.name, facts: platform.describe() } });
      await runOnce({ ...run, schedule }, {
        session,
        waitForStart: start === null || startClock === null
          ? undefined
          : (signal) => startClock.waitForRun(start, signal),
        options,
        folder,
        beganMs,
        signal: this.signal,
        early,
        onProgress: (progress) => this.#listener.onProgress?.(load, progress),
        observer,
        spans,
      });
    } catch (caught) {
      error = caught;
    }
    this.#tellCounted(load, folder);
    if (error !== undefined) recordFailure(folder, error, early.cause);
    this.#listener.onRunEnd?.(folder.manifest);
    if (error !== undefined) await this.tearDownAfterError();
    else if (run.deployment === undefined) await this.tearDown();
    return { manifest: folder.manifest, error };
  }

  /** Ends what is deployed. */
  async tearDown(): Promise<void> {
    await this.#deployment.tearDown();
  }

  /** What ended the experiment is the error that is told; what comes of it is a note. */
  async tearDownAfterError(): Promise<void> {
    try {
      await this.tearDown();
    } catch (error) {
      this.#listener.onNote?.(errorMessage(error));
    }
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
    this.folder.keepSchedule(folder.manifest.name, facts.hash);
  }

  /** The platform with the run's functions on it: the previous run's, if they share it. */
  async #deploy(
    run: PlannedRun,
    options: OptionValues<O> & CommonOptions,
    { part, folder, start, signal }: {
      /** What of the run this loader makes. */
      readonly part: Schedule;
      readonly folder: RunWriter;
      readonly start: AgreedStart | null;
      readonly signal: AbortSignal;
    },
  ): Promise<MeasuredDeployment> {
    const listener = this.#listener;
    return await this.#deployment.take(run.deployment, {
      create: async () => {
        // Who shares a deployment has a schedule of its own, which is not known yet.
        const known = run.deployment === undefined ? part : null;
        const platform = await createPlatformFromOptions(options, known, {
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
        const { seed, shard } = options;
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

  async #tellDeploymentEnd(): Promise<void> {
    const runs = this.#madeRuns;
    this.#madeRuns = [];
    if (runs.length === 0 || this.call.afterDeployment === undefined) return;
    await this.call.afterDeployment(runs, this.signal);
    for (const { folder: { manifest } } of runs) this.onLater(manifest);
  }
}
