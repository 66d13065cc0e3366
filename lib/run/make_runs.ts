import { wallClockDate } from "../clock/clock.ts";
import { errorMessage, LoaderError } from "../base/error.ts";
import { uniqueHex } from "../base/rng.ts";
import { sinceProgramStartMs } from "../base/process.ts";
import { neverAborted, untilAborted } from "../base/signal.ts";
import { functionKey } from "../model/trace.ts";
import { readScheduleFile, writeScheduleFile } from "../schedule/schedule_file.ts";
import type { DispatchProgress } from "../invoke/dispatcher.ts";
import type { ExperimentManifest, RunManifest, RunStatus } from "../store/schema/manifest.ts";
import type { Schedule } from "../model/schedule.ts";
import { ExperimentWriter } from "../store/write/experiment_writer.ts";
import type { RunWriter } from "../store/write/run_writer.ts";
import { type AgreedStart, AgreedStarts, describeStart, StartClock } from "./shard/agreed_start.ts";
import type { CommonOptions } from "./common_options.ts";
import { createPlatformFromOptions } from "./create_platform.ts";
import { DeploymentSession, SharedDeployment } from "./deployment_session.ts";
import { type Experiment, type PlannedRun, requireParameters } from "./experiment.ts";
import { deriveFunctionSpecs } from "./function_specs.ts";
import { deriveInputHashes } from "./input_hashes.ts";
import { LoadJudge } from "./load_judge.ts";
import { describeMachine, describeVersions } from "./machine_facts.ts";
import { byBareName, type OptionTable, type OptionValues } from "../option/option.ts";
import { type PlannedLoad, renderPlan } from "./plan_block.ts";
import { InstanceLog, recordFailure, runOnce } from "./run_once.ts";
import { enterWarmup } from "./warmup.ts";
import { MOST_PLANNED, replayOf, RunPlanner, scheduleFileOf } from "./run_planner.ts";
import { isInShard } from "./shard/shard.ts";
import { type ScheduleOptions, scheduleOptionsOf, scheduleOriginOf } from "./schedule_origin.ts";
import { checkShardOptions } from "./shard/shard_options.ts";

/** What an experiment tells as it goes on; a script shows it, a program may do as it likes. */
export interface ExperimentListener {
  /** What will happen, before any load. */
  onPlan?(block: string, loads: readonly PlannedLoad[]): void;
  /** The folder, as soon as it is there. */
  onFolder?(path: string): void;
  onRunStart?(load: PlannedLoad): void;
  onProgress?(load: PlannedLoad, progress: DispatchProgress): void;
  /** How far the deployment of a run is, a phrase. */
  onDeployment?(run: string, progress: string): void;
  onRunEnd?(manifest: RunManifest): void;
  /** Something a person should know that stops nothing. */
  onNote?(sentence: string): void;
}

/** How {@linkcode makeRuns} is called, beside the options. */
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

/** What {@linkcode makeRuns} tells beside, for what is built on runs. */
export interface RunsCall extends ExperimentCall {
  /**
   * Called with the runs on a deployment, in order, once that is gone: what happens
   * here disturbs none. What it leaves in their manifests is part of the outcome.
   */
  readonly afterDeployment?: (runs: readonly MadeRun[], signal: AbortSignal) => Promise<void>;
}

/** What an experiment came to. */
export interface ExperimentOutcome {
  /** `null` after a dry run. */
  readonly folder: string | null;
  readonly status: RunStatus;
  /** Manifests of the runs that were made or that a resumed experiment already had. */
  readonly runs: readonly RunManifest[];
}

/**
 * Makes the runs of an experiment, one after the other, and leaves everything in
 * its folder; the report is another matter. An experiment that finds its folder
 * unfinished makes the runs that are missing.
 *
 * @throws LoaderError when a run cannot be made; what was measured is kept
 */
export async function makeRuns<O extends OptionTable>(
  experiment: Experiment<O>,
  options: OptionValues<O> & CommonOptions,
  call: RunsCall = {},
): Promise<ExperimentOutcome> {
  const signal = call.signal ?? neverAborted();
  const listener = call.listener ?? {};
  checkShardOptions(options);
  // Made and let go: its options are checked before anything else happens.
  await (await createPlatformFromOptions(options))[Symbol.asyncDispose]();
  const { runs, overloadTolerance } = await untilAborted(signal, experiment.plan(options));
  const planner = new RunPlanner(
    requireParameters(experiment.answer, runs),
    replayOf(experiment, options),
    options.shard,
    signal,
  );
  const ahead = await planner.ahead(MOST_PLANNED);
  if (ahead.length === 0) {
    throw new LoaderError("usage", "The options leave no run to make; --dry-run shows the plan.");
  }
  const judge = new LoadJudge(options);
  const warnings = judge.warnings(ahead);
  listener.onPlan?.(
    renderPlan(ahead, warnings, {
      endless: !planner.exhausted,
      isVirtual: options.platform === "simulator",
    }),
    ahead,
  );
  judge.refuseBeyondLimits(ahead);
  if (options.saveSchedules !== null) {
    const scheduleOptions = scheduleOptionsOf(experiment, options);
    await saveSchedules(options.saveSchedules, ahead, scheduleOptions, signal);
  }
  if (options.dryRun) return { folder: null, status: "finished", runs: [] };

  const folder = ExperimentWriter.open(
    options.output ?? `results/${experiment.name}_${timestamp()}`,
    {
      ...createExperimentManifest(experiment, options, call.command ?? []),
      inputs: await deriveInputHashes(
        experiment.options,
        applicableOptions(experiment, options),
        ahead,
        signal,
      ),
    },
  );
  listener.onFolder?.(folder.path);
  for (const note of folder.openingNotes) listener.onNote?.(note);
  const session = new Session(
    experiment,
    options,
    folder,
    judge,
    signal,
    listener,
    call,
  );
  if (warnings.length > 0) {
    folder.update({ notes: [...new Set([...folder.manifest.notes, ...warnings])] });
  }
  let status: RunStatus = "failed";
  try {
    status = await session.runAll(planner, overloadTolerance);
    folder.update({ status, endedAt: wallClockDate().toISOString() });
  } catch (error) {
    const interrupted = error instanceof LoaderError && error.code === "interrupted";
    folder.update({
      status: interrupted ? "interrupted" : "failed",
      error: errorMessage(error),
      endedAt: wallClockDate().toISOString(),
    });
    throw error;
  }
  return { folder: folder.path, status, runs: session.manifests };
}

async function saveSchedules(
  folder: string,
  loads: readonly PlannedLoad[],
  options: ScheduleOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    Deno.mkdirSync(folder, { recursive: true });
    for (const { run } of loads) {
      const file = scheduleFileOf(folder, run);
      // The same command goes on with what it has saved before.
      if (await isSaved(run.schedule, file, signal)) continue;
      await writeScheduleFile(run.schedule, file, signal, scheduleOriginOf(options, run));
    }
  } catch (cause) {
    if (cause instanceof LoaderError) throw cause;
    throw new LoaderError(
      "usage",
      `The schedules cannot be saved here (${errorMessage(cause)}); name another folder.`,
      { file: folder, cause },
    );
  }
}

/**
 * Whether the very schedule is in the file already.
 *
 * @throws LoaderError `usage` when another one is
 */
async function isSaved(schedule: Schedule, file: string, signal: AbortSignal): Promise<boolean> {
  try {
    Deno.statSync(file);
  } catch {
    return false;
  }
  const saved = await (await readScheduleFile(file, signal)).hash();
  const made = await schedule.hash(signal);
  if (saved === made) return true;
  throw new LoaderError(
    "usage",
    `The file exists already and holds another schedule (${saved}, not ${made}); name another ` +
      "folder with --save-schedules or remove it.",
    { file },
  );
}

/** What is deployed for a run. */
interface MeasuredDeployment {
  readonly session: DeploymentSession<InstanceLog>;
  /** Where starts are agreed on. */
  readonly startClock: StartClock | null;
}

class Session<O extends OptionTable> {
  readonly manifests: RunManifest[] = [];
  readonly #deployment = new SharedDeployment<MeasuredDeployment>(() => this.#tellDeploymentEnd());
  /** Runs on what is deployed. */
  #madeRuns: MadeRun[] = [];

  constructor(
    readonly experiment: Experiment<O>,
    readonly options: OptionValues<O> & CommonOptions,
    readonly folder: ExperimentWriter,
    readonly judge: LoadJudge,
    readonly signal: AbortSignal,
    readonly listener: ExperimentListener,
    readonly call: RunsCall,
  ) {}

  async runAll(planner: RunPlanner, overloadTolerance: number): Promise<RunStatus> {
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
    for (let load = await planner.next(); load !== undefined; load = await planner.next()) {
      const start = starts?.next(load.plan.durationMs) ?? null;
      for (let attempt = 1;; attempt++) {
        const status = await this.#run(load, start, attempt);
        if (status === "interrupted") return status;
        if (status !== "overloaded" || goesOn) break;
        if (attempt >= tolerance) return status;
        this.listener.onNote?.(`${load.run.name} was overloaded; it is tried once more.`);
      }
    }
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
    const done = this.folder.completedRun(run.name, {
      scheduleHash: await run.schedule.hash(this.signal),
      traceHash: run.trace?.hash ?? null,
    });
    if (done !== undefined) {
      this.listener.onNote?.(`${run.name} is there already.`);
      this.manifests.push(done);
      return done.status;
    }
    const beganMs = this.manifests.length === 0 ? 0 : sinceProgramStartMs();
    this.listener.onRunStart?.(load);
    const schedule = load.part?.schedule ?? run.schedule;
    await using folder = this.folder.startRun(
      await this.#createManifest(run, load, start),
      schedule.functions.map(functionKey),
    );
    let status: RunStatus;
    try {
      if (start !== null) this.listener.onNote?.(describeStart(run.name, start));
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
        onProgress: (progress) => this.listener.onProgress?.(load, progress),
      });
    } catch (error) {
      recordFailure(folder, error);
      this.#tellEnd(folder);
      await this.#tearDownAfterError();
      throw error;
    }
    this.#tellEnd(folder);
    if (run.deployment === undefined) await this.#deployment.tearDown();
    return status;
  }

  #tellEnd({ manifest }: RunWriter): void {
    this.manifests.push(manifest);
    this.listener.onRunEnd?.(manifest);
  }

  /** The platform with the run's functions on it: the previous run's, if they share it. */
  async #deploy(
    run: PlannedRun,
    part: Schedule,
    folder: RunWriter,
    start: AgreedStart | null,
  ): Promise<MeasuredDeployment> {
    const options = this.#optionsOf(run);
    const { signal, listener } = this;
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
      this.listener.onNote?.(errorMessage(error));
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

  async #createManifest(
    run: PlannedRun,
    { plan, part }: PlannedLoad,
    start: AgreedStart | null,
  ): Promise<RunManifest> {
    const { shard } = this.options;
    return {
      kind: "run",
      formatVersion: 1,
      experiment: this.experiment.name,
      name: run.name,
      parameters: run.parameters,
      status: "running",
      error: null,
      command: this.call.command ?? [],
      options: byBareName(
        this.experiment.options,
        applicableOptions(this.experiment, this.#optionsOf(run)),
      ),
      seed: this.options.seed,
      scheduleHash: await run.schedule.hash(this.signal),
      trace: run.trace === null ? null : {
        name: run.trace.name,
        hash: run.trace.hash,
        repairs: run.trace.repairs,
      },
      plan,
      phases: run.schedule.phases,
      platform: { name: this.options.platform, facts: {} },
      versions: describeVersions(),
      machine: describeMachine(),
      createdAt: wallClockDate().toISOString(),
      runStartUnixMs: null,
      firstDispatchAfterMs: null,
      endedAt: null,
      outcomes: null,
      warmupCheck: null,
      verdict: null,
      notes: this.judge.warnings([{ run, plan }]),
      loaderPeakMemoryMib: null,
      ...(shard === null || part === undefined
        ? {}
        : { shard: { ...shard, startAtUnixMs: start?.unixMs ?? null, whole: part.whole } }),
    };
  }
}

function createExperimentManifest<O extends OptionTable>(
  experiment: Experiment<O>,
  options: OptionValues<O> & CommonOptions,
  command: readonly string[],
): ExperimentManifest {
  const deciding = Object.entries(applicableOptions(experiment, options)).filter(([name]) =>
    experiment.options[name]?.decidesResult ?? false
  );
  return {
    kind: "experiment",
    formatVersion: 1,
    experiment: experiment.name,
    question: experiment.question,
    answer: experiment.answer,
    platform: options.platform,
    status: "running",
    error: null,
    command,
    options: byBareName(experiment.options, Object.fromEntries(deciding)),
    createdAt: wallClockDate().toISOString(),
    endedAt: null,
    runs: [],
    notes: [],
  };
}

/** The options that are in force on the platform. */
function applicableOptions<O extends OptionTable>(
  { options: table }: Experiment<O>,
  options: OptionValues<O> & CommonOptions,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) =>
      table[name]?.platforms?.includes(options.platform) ?? true
    ),
  );
}

/** Local time of day, fit for the name of a folder. */
function timestamp(): string {
  const now = wallClockDate();
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day}T${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`;
}
