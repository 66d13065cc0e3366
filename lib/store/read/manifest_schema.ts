import { z } from "zod";
import { LoaderError } from "../../base/error.ts";
import { jsonNumber } from "../../base/json.ts";
import { findNameMistake } from "../../base/file.ts";
import type { ExperimentManifest, MachineFigures, RunManifest } from "../../model/manifest.ts";
import { type Outcome, OUTCOMES } from "../../model/record.ts";

const unknownOrNumber = jsonNumber.nullable();
const texts = z.array(z.string());
const record = z.record(z.string(), z.unknown());
const status = z.enum(["running", "finished", "overloaded", "interrupted", "failed"]);

const NO_WAITS = { invocations: 0, longestMs: null, seconds: [] };

const waits = z.object({
  invocations: z.number(),
  longestMs: unknownOrNumber,
  seconds: z.array(z.number()),
}).default(NO_WAITS);

const machineFigures = {
  stolenPercent: unknownOrNumber,
  throttledMs: unknownOrNumber,
  threadWaitMs: unknownOrNumber,
  cpuPressurePercent: unknownOrNumber,
  memoryPressurePercent: unknownOrNumber,
  memoryLimitHits: unknownOrNumber,
  majorFaults: unknownOrNumber,
};

const machineEvidence = z.object({
  limits: z.object({ cpuCores: unknownOrNumber, memoryMib: unknownOrNumber }),
  means: z.object(machineFigures),
  causes: z.array(z.object({
    figure: z.enum(Object.keys(machineFigures) as [keyof MachineFigures]),
    mean: jsonNumber,
    seconds: z.array(z.number()),
  })),
});

// What runs of earlier versions did not tell has a default.
const verdict = z.object({
  verdict: z.enum(["VALID", "PLATFORM-LIMITED", "GENERATOR-LIMITED"]),
  reasons: texts,
  limits: z.object({
    dispatchLagP99Ms: jsonNumber,
    loopDelayP99Ms: jsonNumber,
    cpuPercent: jsonNumber,
    busySecondsShare: jsonNumber,
    notOkShare: jsonNumber,
    peerWaitShare: jsonNumber.default(1),
  }),
  evidence: z.object({
    dispatched: z.number(),
    dropped: z.number(),
    lateDispatches: z.number(),
    dispatchLagP50Ms: unknownOrNumber,
    dispatchLagP99Ms: unknownOrNumber,
    dispatchLagMaxMs: unknownOrNumber,
    loopDelayP99Ms: unknownOrNumber,
    loopDelayMaxMs: unknownOrNumber,
    loopProbes: z.number(),
    lateLoopProbes: z.number(),
    busySeconds: z.array(z.number()),
    seconds: z.number(),
    waitingPercent: unknownOrNumber.default(null),
    measured: z.number(),
    measuredNotOk: z.number(),
    unsentForPeer: z.number().default(0),
    unsentForBound: z.number().default(0),
    peerWaits: waits,
    boundWaits: waits,
    setUpP50Ms: unknownOrNumber.default(null),
    setUpP99Ms: unknownOrNumber.default(null),
    machine: machineEvidence.nullable().default(null),
  }),
});

const plan = z.object({
  functions: z.number(),
  invocations: z.number(),
  durationMs: jsonNumber,
  meanRatePerS: jsonNumber,
  peakRatePerS: jsonNumber,
  expectedConcurrency: jsonNumber,
  meanRequestedRuntimeMs: jsonNumber,
  cut: z.object({
    runtimes: z.number(),
    memories: z.number(),
    uncutConcurrency: jsonNumber,
  }).optional(),
});

/** A run that was made before there was an outcome has none of it. */
const outcomes = z.partialRecord(z.enum(OUTCOMES), z.number()).transform((counts) =>
  Object.fromEntries(
    OUTCOMES.map((outcome) => [outcome, counts[outcome] ?? 0]),
  ) as Record<Outcome, number>
);

const machine = z.record(z.string(), z.union([z.string(), jsonNumber]));

/** A folder is made by it where runs are merged. */
const plainName = z.string().superRefine((name, context) => {
  const mistake = findNameMistake(name);
  if (mistake !== null) context.addIssue({ code: "custom", message: mistake });
});

/** Where a run lies in its experiment's folder. */
const runPath = z.string().superRefine((path, context) => {
  const [, name] = /^runs\/([^]*)$/.exec(path) ?? [];
  const mistake = name === undefined
    ? `${JSON.stringify(path)} is not in runs/`
    : findNameMistake(name);
  if (mistake !== null) context.addIssue({ code: "custom", message: mistake });
});

/** Number of a loader; a folder is named by it, too. */
const loaderNumber = z.number().int().min(1);

const runManifest: z.ZodType<RunManifest> = z.object({
  kind: z.literal("run"),
  formatVersion: z.literal(1),
  experiment: z.string(),
  name: plainName,
  parameters: z.record(z.string(), z.union([jsonNumber, z.string()])),
  status,
  error: z.string().nullable(),
  command: texts,
  options: record,
  seed: z.number(),
  scheduleHash: z.string(),
  trace: z.object({
    name: z.string(),
    hash: z.string(),
    repairs: z.array(z.object({
      defect: z.string(),
      repair: z.string(),
      count: z.number(),
      examples: texts,
    })),
  }).nullable(),
  plan,
  phases: z.array(z.object({ fromMs: z.number(), phase: z.enum(["warmup", "measurement"]) })),
  platform: z.object({ name: z.string(), facts: record }),
  versions: z.record(z.string(), z.string()),
  machine,
  createdAt: z.string(),
  runStartUnixMs: unknownOrNumber,
  firstDispatchAfterMs: unknownOrNumber,
  endedAt: z.string().nullable(),
  outcomes: outcomes.nullable(),
  warmupCheck: z.object({
    stationary: z.boolean().nullable(),
    observations: z.number(),
    statistic: unknownOrNumber,
    pValue: unknownOrNumber,
    criticalValue5Percent: unknownOrNumber,
  }).nullable(),
  verdict: verdict.nullable(),
  notes: texts,
  loaderPeakMemoryMib: unknownOrNumber,
  shard: z.object({
    index: loaderNumber,
    count: loaderNumber,
    startAtUnixMs: unknownOrNumber,
    whole: plan,
  }).optional(),
  loaders: z.array(z.object({
    index: loaderNumber,
    command: texts,
    status,
    plan,
    verdict: verdict.nullable(),
    machine,
    loaderPeakMemoryMib: unknownOrNumber,
  })).optional(),
});

const hashes = z.record(z.string(), z.string());

const experimentManifest: z.ZodType<ExperimentManifest> = z.object({
  kind: z.literal("experiment"),
  formatVersion: z.literal(1),
  experiment: z.string(),
  question: z.string(),
  platform: z.string(),
  status,
  error: z.string().nullable(),
  command: texts,
  options: record,
  inputs: z.object({ files: hashes, traces: hashes, schedules: hashes }).optional(),
  createdAt: z.string(),
  endedAt: z.string().nullable(),
  runs: z.array(runPath),
  notes: texts,
});

/**
 * Parses the text of a run's `manifest.json`.
 *
 * @param file path to name in errors
 * @throws LoaderError `result` when it is not JSON or not such a manifest
 */
export function parseRunManifest(text: string, file: string): RunManifest {
  return parseManifest(runManifest, text, file, "a run's manifest");
}

/**
 * Parses the text of an `experiment.json`.
 *
 * @param file path to name in errors
 * @throws LoaderError `result` when it is not JSON or not such a manifest
 */
export function parseExperimentManifest(text: string, file: string): ExperimentManifest {
  return parseManifest(experimentManifest, text, file, "an experiment's manifest");
}

function parseManifest<T>(schema: z.ZodType<T>, text: string, file: string, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LoaderError("result", `Expected ${what}, but the file is not valid JSON.`, {
      file,
      cause: error,
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = issue.path.length === 0 ? "the whole" : issue.path.join(".");
  throw new LoaderError("result", `Expected ${what}, but ${key} is wrong (${issue.message}).`, {
    file,
    cause: parsed.error,
  });
}
