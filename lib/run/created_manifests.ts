import { createHash } from "node:crypto";
import { parseAbortCondition } from "../analyze/abort_condition.ts";
import { wallClockDate } from "../clock/clock.ts";
import { errorMessage, LoaderError } from "../base/error.ts";
import { statIfPresent } from "../base/file.ts";
import { byBareName, flagOf, type OptionTable, type OptionValues } from "../option/option.ts";
import type { ExperimentManifest, InputHashes, RunManifest } from "../store/schema/manifest.ts";
import type { CommonOptions } from "./common_options.ts";
import type { Experiment, PlannedRun } from "./experiment.ts";
import { splitConditions } from "./matrix/matrix_options.ts";
import { describeMatrix } from "./matrix/matrix_cell.ts";
import { describeMachine, describeVersions } from "./machine_facts.ts";
import type { PlannedLoad } from "./plan_block.ts";

/**
 * The manifest of an experiment that is about to be made.
 *
 * @param loads the runs that are planned
 * @throws LoaderError `input` when a file that an option names cannot be read
 * @throws the signal's reason when it aborts while schedules are hashed
 */
export async function createExperimentManifest<O extends OptionTable>(
  experiment: Experiment<O>,
  options: OptionValues<O> & CommonOptions,
  command: readonly string[],
  loads: readonly PlannedLoad[],
  signal: AbortSignal,
): Promise<ExperimentManifest> {
  const applicable = applicableOptions(experiment, options);
  const matrix = describeMatrix(experiment.options, options);
  const deciding = Object.entries(applicable).filter(([name]) =>
    experiment.options[name]?.decidesResult ?? false
  );
  return {
    kind: "experiment",
    formatVersion: 1,
    experiment: experiment.name,
    question: experiment.question,
    answer: experiment.answer,
    platform: [...new Set(loads.map(({ run }) => run.options?.platform ?? options.platform))]
      .join(" and "),
    status: "running",
    error: null,
    command,
    options: byBareName(experiment.options, Object.fromEntries(deciding)),
    createdAt: wallClockDate().toISOString(),
    endedAt: null,
    runs: [],
    notes: [],
    ...(matrix === null ? {} : { matrix }),
    inputs: await deriveInputHashes(experiment.options, applicable, loads, signal),
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

/** What the manifest of a run is made of. */
export interface RunOrigin<O extends OptionTable> {
  readonly experiment: Experiment<O>;
  /** What the user typed. */
  readonly command: readonly string[];
  /** Those in force for the run. */
  readonly options: OptionValues<O> & CommonOptions;
  readonly run: PlannedRun;
  readonly load: PlannedLoad;
  /** When it starts, where several loaders make it together. */
  readonly startAtUnixMs: number | null;
  readonly notes: readonly string[];
}

/**
 * The manifest of a run that is about to be made.
 *
 * @throws the signal's reason when it aborts while the schedule is hashed
 */
export async function createRunManifest<O extends OptionTable>(
  { experiment, command, options, run, load, startAtUnixMs, notes }: RunOrigin<O>,
  signal: AbortSignal,
): Promise<RunManifest> {
  const { part, uncounted } = load;
  const known = uncounted?.schedule.facts ?? null;
  const { shard } = options;
  return {
    kind: "run",
    formatVersion: 1,
    experiment: experiment.name,
    name: run.name,
    parameters: run.parameters,
    status: "running",
    error: null,
    command,
    options: byBareName(
      experiment.options,
      applicableOptions(experiment, options),
    ),
    seed: options.seed,
    scheduleHash: uncounted === undefined ? await run.schedule.hash(signal) : known?.hash ?? null,
    trace: run.trace === null ? null : {
      name: run.trace.name,
      hash: run.trace.hash,
      repairs: run.trace.repairs,
      ...(run.trace.assumptions === undefined ? {} : { assumptions: run.trace.assumptions }),
      ...(run.trace.certificate === undefined ? {} : { certificate: run.trace.certificate }),
    },
    ...(run.replay === undefined ? {} : { replay: run.replay }),
    plan: known?.plan ?? load.plan,
    phases: run.schedule.phases,
    platform: { name: options.platform, facts: {} },
    versions: describeVersions(),
    machine: describeMachine(),
    createdAt: wallClockDate().toISOString(),
    runStartUnixMs: null,
    firstDispatchAfterMs: null,
    endedAt: null,
    outcomes: null,
    warmupCheck: null,
    verdict: null,
    ...(options.abortWhen === null
      ? {}
      : { abortWhen: splitConditions(options.abortWhen).map(parseAbortCondition) }),
    notes,
    loaderPeakMemoryMib: null,
    ...(shard === null || part === undefined
      ? {}
      : { shard: { ...shard, startAtUnixMs, whole: part.whole } }),
  };
}

/**
 * What the runs of an experiment are made of, by hash: the files that its
 * options name, the traces and the schedules of the runs that are planned.
 *
 * @throws LoaderError `input` when a file cannot be read
 * @throws the signal's reason when it aborts meanwhile
 */
export async function deriveInputHashes(
  table: OptionTable,
  values: Readonly<Record<string, unknown>>,
  loads: readonly PlannedLoad[],
  signal: AbortSignal,
): Promise<InputHashes> {
  const files: Record<string, string> = {};
  for (const [name, { readsFile }] of Object.entries(table)) {
    const value = values[name];
    if (readsFile !== true || typeof value !== "string") continue;
    const hash = hashFile(name, value);
    if (hash !== null) files[name] = hash;
  }
  const traces: Record<string, string> = {};
  const schedules: Record<string, string> = {};
  for (const { run, uncounted } of loads) {
    if (run.trace !== null) traces[run.name] = run.trace.hash;
    // What nobody has gone through yet is told when its run has.
    if (uncounted !== undefined && uncounted.schedule.facts === null) continue;
    schedules[run.name] = await run.schedule.hash(signal);
  }
  return { files, traces, schedules };
}

/** `null` where there is no such file: what also may be an address is one then. */
function hashFile(option: string, path: string): string | null {
  if (statIfPresent(path)?.isFile !== true) return null;
  try {
    return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
  } catch (cause) {
    throw new LoaderError(
      "input",
      `${flagOf(option)}: the file cannot be read (${errorMessage(cause)}).`,
      { file: path, cause },
    );
  }
}
