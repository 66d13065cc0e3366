import { wallClockDate } from "../clock/clock.ts";
import { errorMessage, LoaderError } from "../base/error.ts";
import { sinceProgramStartMs } from "../base/process.ts";
import { deriveDivergence, readSummarizedRun } from "../analyze/divergence.ts";
import { parseTwinFacts, type TwinFacts } from "../analyze/twin/facts.ts";
import { deriveTwinParameters, type TwinParameters } from "../analyze/twin/parameters.ts";
import { readTwinSource, type TwinSource } from "../analyze/twin/source.ts";
import { RUN_LEAD_MS } from "../invoke/dispatcher.ts";
import { type RunManifest, TWIN_FOLDER } from "../store/schema/manifest.ts";
import type { FunctionSpec, Platform } from "../model/platform.ts";
import { functionKey } from "../model/trace.ts";
import { SIMULATOR } from "../platform/simulator/simulator.ts";
import { writeDivergence } from "../store/write/manifest_file.ts";
import { RunWriter } from "../store/write/run_writer.ts";
import type { CommonOptions } from "../run/common_options.ts";
import type { PlannedRun } from "../run/experiment.ts";
import { DeploymentSession, passTime } from "../run/deployment_session.ts";
import { deriveFunctionSpecs } from "../run/function_specs.ts";
import type { MadeRun } from "../run/run_call.ts";
import { InstanceLog, runOnce } from "../run/run_once.ts";
import { derivePhases, deriveTurnMs, deriveTwinSettings } from "./twin_settings.ts";

/**
 * Makes the twins of the runs on one deployment: the same schedules on a simulated
 * platform with the parameters measured from all of these runs, one after the other
 * as they were, since the autoscaler remembers from one to the next. Each is left in
 * the folder `twin` of its run, with `divergence.json`. It is made when the platform
 * is gone, so that a run with a twin is like one without.
 *
 * What goes wrong becomes a note of the runs, whose tables stay as they are.
 *
 * @param measuredFrom other runs to measure the parameters from: then the twins predict
 *   these, of which they know the schedule, the settings, the instances that were ready and
 *   the phases of the autoscaler; `null`: from these runs themselves
 */
export async function makeTwins(
  runs: readonly MadeRun[],
  signal: AbortSignal,
  measuredFrom: readonly TwinSource[] | null = null,
): Promise<void> {
  const made = runs.filter(({ folder: { manifest } }) =>
    (manifest.status === "finished" || manifest.status === "overloaded") &&
    manifest.runStartUnixMs !== null
  );
  if (made.length === 0 || signal.aborted) return;
  const withoutTwin = new Set(made);
  try {
    const sources = [];
    for (const { folder } of made) sources.push(readTwinSource(folder.path, folder.manifest));
    await using twins = await Twins.deploy(made, sources, measuredFrom ?? sources, signal);
    for (const twinned of made) {
      await twins.make(twinned);
      withoutTwin.delete(twinned);
    }
  } catch (error) {
    for (const { folder } of withoutTwin) {
      const { manifest } = folder;
      folder.update({ notes: [...manifest.notes, `It has no twin: ${errorMessage(error)}`] });
    }
  }
}

/** A simulated deployment on which the twins of some runs are made. */
class Twins implements AsyncDisposable {
  readonly #session: DeploymentSession<InstanceLog>;
  readonly #signal: AbortSignal;
  readonly #note: string;
  /** When the first run began, in ms since 1970, and when its twin does, on the twin's clock. */
  readonly #firstUnixMs: number;
  readonly #firstMs: number;

  private constructor(
    session: DeploymentSession<InstanceLog>,
    signal: AbortSignal,
    note: string,
    firstUnixMs: number,
    firstMs: number,
  ) {
    this.#session = session;
    this.#signal = signal;
    this.#note = note;
    this.#firstUnixMs = firstUnixMs;
    this.#firstMs = firstMs;
  }

  static async deploy(
    made: readonly MadeRun[],
    sources: readonly TwinSource[],
    measuredFrom: readonly TwinSource[],
    signal: AbortSignal,
  ): Promise<Twins> {
    const [{ run, options, folder: { manifest } }] = made;
    const facts = parseTwinFacts(manifest);
    const parameters = deriveTwinParameters(measuredFrom, {
      // Of several nodes it is not known who shared the cores with whom.
      cores: facts.nodesAreShared && facts.nodes !== 1 ? null : facts.nodeCores,
      isNode: facts.nodesAreShared,
      containerConcurrency: facts.containerConcurrency ?? 1,
    });
    const platform = await SIMULATOR.create({
      ...deriveTwinSettings(facts, parameters),
      phases: derivePhases(facts, sources[0].clockwork),
      seed: options.seed,
      scrapeIntervalMs: options.scrapeIntervalMs,
    });
    await using unfinished = new AsyncDisposableStack();
    const session = unfinished.use(new DeploymentSession(platform, new InstanceLog()));
    await session.deploy(deriveTwinSpecs(run, options, facts, sources[0]), signal);
    unfinished.move();
    return new Twins(
      session,
      signal,
      describeParameters(parameters, measuredFrom.length),
      manifest.runStartUnixMs!,
      firstRunStartMs(platform, sources[0], facts),
    );
  }

  /** One that does not come about leaves nothing. */
  async make({ run, options, folder: { path, manifest } }: MadeRun): Promise<void> {
    const hash = await run.schedule.hash(this.#signal);
    if (hash !== manifest.scheduleHash) {
      throw new LoaderError(
        "result",
        `The schedule of ${run.name} has the hash ${hash} now, and had ${manifest.scheduleHash}.`,
      );
    }
    const { platform } = this.#session;
    const afterMs = manifest.runStartUnixMs! - this.#firstUnixMs;
    await passTime(platform.clock, this.#firstMs + afterMs - RUN_LEAD_MS, this.#signal);
    const twinPath = `${path}/${TWIN_FOLDER}`;
    await using unfinished = new AsyncDisposableStack();
    unfinished.defer(() => removeFolder(twinPath));
    const folder = unfinished.use(
      new RunWriter(
        twinPath,
        createTwinManifest(manifest, platform, [
          `The schedule is that of the run: its hash is the same, ${hash}.`,
          this.#note,
        ]),
        run.schedule.functions.map(functionKey),
      ),
    );
    const status = await runOnce(run, {
      session: this.#session,
      options: { ...options, platform: SIMULATOR.name },
      folder,
      beganMs: sinceProgramStartMs(),
      signal: this.#signal,
    });
    if (status === "interrupted") throw this.#signal.reason;
    const ofRun = readSummarizedRun({ path, manifest });
    const ofTwin = readSummarizedRun({ path: twinPath, manifest: folder.manifest });
    writeDivergence(path, deriveDivergence(ofRun, ofTwin));
    // Its tables are closed by now.
    unfinished.move();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

/** As the run's functions, with the instances that were ready when it began. */
function deriveTwinSpecs(
  run: PlannedRun,
  options: CommonOptions,
  { capacity, instanceOverheadCpuMilli, nodesAreShared, cpuLimitCores }: TwinFacts,
  { instances }: TwinSource,
): FunctionSpec[] {
  const ready = new Map<string, number>();
  for (const { functionId, readyMs, stoppingMs } of instances) {
    if (readyMs <= 0 && !(stoppingMs <= 0)) {
      ready.set(functionId, (ready.get(functionId) ?? 0) + 1);
    }
  }
  // Kubernetes takes no request above the limit, to which it is cut.
  const mostCpuMilli = nodesAreShared && cpuLimitCores !== null ? 1000 * cpuLimitCores : Infinity;
  return deriveFunctionSpecs(run, options.seed, capacity, options)
    .map((spec) => ({
      ...spec,
      initialScale: ready.get(spec.functionId) ?? 0,
      cpuRequestMilli: Math.min(spec.cpuRequestMilli, mostCpuMilli) + instanceOverheadCpuMilli,
    }));
}

/**
 * When the autoscaler's clock showed what it did, so that its windows, reports and ticks lie
 * about the run as they did; or as soon as can be, where that is not known.
 */
function firstRunStartMs(
  { clock }: Platform,
  { clockwork }: TwinSource,
  facts: TwinFacts,
): number {
  const earliestMs = clock.nowMs() + RUN_LEAD_MS;
  if (clockwork === null) return earliestMs;
  const { atRunStartMs } = clockwork;
  // Where this deployment was not as fast as that one was.
  const turnMs = deriveTurnMs(facts);
  const turns = Math.ceil(Math.max(0, earliestMs - atRunStartMs) / turnMs);
  return atRunStartMs + turns * turnMs;
}

function createTwinManifest(
  manifest: RunManifest,
  platform: Platform,
  notes: readonly string[],
): RunManifest {
  return {
    ...manifest,
    status: "running",
    error: null,
    platform: { name: platform.name, facts: platform.describe() },
    createdAt: wallClockDate().toISOString(),
    runStartUnixMs: null,
    firstDispatchAfterMs: null,
    endedAt: null,
    outcomes: null,
    warmupCheck: null,
    verdict: null,
    notes,
    loaderPeakMemoryMib: null,
  };
}

function describeParameters(
  { calls, starts, nodeCores }: TwinParameters,
  runs: number,
): string {
  const source = `Its platform is simulated, with parameters measured from ${calls} calls and ` +
    `${starts} starts of instances in ${
      runs === 1 ? "the run" : `the ${runs} runs of its deployment`
    }.`;
  if (nodeCores !== null) return source;
  return `${source} Who shared the nodes' cores with whom is not known, so that nothing slows ` +
    "anything down in it: what did in the run is part of the measured times.";
}

function removeFolder(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // It was never made.
  }
}
