import { createHash } from "node:crypto";
import { basename, resolve } from "node:path";
import { LoaderError } from "../base/error.ts";
import { type FunctionProfile, joinKey, type Percentiles, type Trace } from "../model/trace.ts";
import { type InvocationRow, type InvocationTable, readInvocations } from "./invocation_table.ts";
import {
  DURATION_LAYOUT,
  MEMORY_LAYOUT,
  type PercentileTable,
  readPercentiles,
} from "./percentile_table.ts";
import { type DefectClass, type DefectPolicy, RepairLog } from "./repair_log.ts";
import { sampleTrace } from "./sample.ts";
import { findTraceFiles, type TraceFiles } from "./trace_files.ts";
import type { DuplicatePolicy, TraceReading } from "./trace_reading.ts";
import type { TraceWindow } from "./window.ts";

/** Options of {@linkcode readTrace}. */
export interface ReadTraceOptions {
  /**
   * Number of functions. Taken from `<size>_inv.csv` or the folder `<size>` where they are
   * there, else a random sample of the (largest) trace. All functions by default.
   */
  readonly size?: number;
  /** Seed of the random sample; 42 by default. */
  readonly seed?: number;
  /** A random sample takes functions that are invoked in it; the whole trace by default. */
  readonly window?: TraceWindow;
  /** Which day of the dataset's own files; the first in the folder by default. */
  readonly day?: number;
  /** A function twice in a file is an error by default. */
  readonly duplicates?: DuplicatePolicy;
  /** Defects are repaired and counted by default. */
  readonly defects?: DefectPolicy;
}

/**
 * Memory of an application of which nothing is known: half of the
 * applications allocate at most 170 MB (Shahrad et al., "Serverless in the
 * Wild", USENIX ATC 2020, section 3.5).
 */
export const TYPICAL_APPLICATION_MEMORY_MIB = 170;

const LEFT_OUT = "function left out";
const WITHOUT_DURATIONS: DefectClass = {
  defect: "function without durations",
  repair: LEFT_OUT,
};
const WITHOUT_MEMORY: DefectClass = {
  defect: "function without memory",
  repair: LEFT_OUT,
};
const APPLICATION_WITHOUT_MEMORY: DefectClass = {
  defect: "application without memory",
  repair: "its functions left out",
};
const MEMORY_FILE_MISSING: DefectClass = {
  defect: "missing memory file",
  repair: `${TYPICAL_APPLICATION_MEMORY_MIB} MiB taken for every application`,
};
const DURATIONS_UNUSED: DefectClass = {
  defect: "row of durations without invocations",
  repair: "row ignored",
};
const MEMORY_UNUSED: DefectClass = {
  defect: "row of memory without invocations",
  repair: "row ignored",
};

/**
 * Reads a trace in the format of the Azure Functions 2019 dataset ("Serverless
 * in the Wild", Shahrad et al., USENIX ATC 2020): invocations per minute,
 * percentiles of durations (ms) and of memory (MiB). Files are found as
 * {@linkcode findTraceFiles} says and streamed. Memory of an application is
 * shared equally by its functions in the file of invocations; where the file
 * of memory has a column `HashFunction`, a row is the function's own.
 *
 * Functions keep the order of the file of invocations. Defects of the data are
 * repaired, counted and told in `repairs`.
 *
 * @throws LoaderError `input` when a file is missing or wrong, when a function
 *   is there twice, when no function is left; `usage` when `size` is too large
 *
 * @example
 * ```ts
 * import { readTrace } from "./azure2019.ts";
 * const trace = await readTrace("data/azure_2019_synthetic", { size: 10 });
 * if (trace.functions.length !== 10) throw new Error("ten were asked for");
 * ```
 */
export async function readTrace(folder: string, options: ReadTraceOptions = {}): Promise<Trace> {
  const [trace] = await readTraceSamples(folder, [options.size ?? null], options);
  return trace;
}

/**
 * Reads samples of several sizes as {@linkcode readTrace} reads one, each file
 * once; `null` stands for all functions. A sample whose file has another number
 * of functions than its name says is what the file has; its notes tell.
 *
 * @throws LoaderError as {@linkcode readTrace}
 */
export async function readTraceSamples(
  folder: string,
  sizes: readonly (number | null)[],
  options: Omit<ReadTraceOptions, "size"> = {},
): Promise<Trace[]> {
  const read = new Map<string, Trace>();
  const samples: Trace[] = [];
  for (const size of sizes) {
    const files = await findTraceFiles(folder, { size: size ?? undefined, day: options.day });
    const whole = read.get(files.invocations) ?? await readFiles(folder, files, options);
    read.set(files.invocations, whole);
    samples.push(
      size === null || size === files.size
        ? withSizeNote(whole, files.size)
        : sampleTrace(whole, size, { seed: options.seed ?? 42, window: options.window }),
    );
  }
  return samples;
}

async function readFiles(
  folder: string,
  files: TraceFiles,
  options: Omit<ReadTraceOptions, "size">,
): Promise<Trace> {
  const reading: TraceReading = {
    hash: createHash("sha256"),
    repairs: new RepairLog(options.defects ?? "repair"),
    duplicates: options.duplicates ?? "refuse",
  };
  const invocations = await readInvocations(files.invocations, reading);
  const durations = await readPercentiles(
    files.durations,
    DURATION_LAYOUT,
    "functions",
    reading,
  );
  const memory = files.memory === null
    ? null
    : await readPercentiles(files.memory, MEMORY_LAYOUT, "functions or applications", reading);
  if (memory === null) reading.repairs.add(MEMORY_FILE_MISSING, { file: folder, value: "none" });
  const functions = joinTables(invocations, durations, memory, reading.repairs);
  if (functions.length === 0) {
    throw new LoaderError(
      "input",
      `No functions are left: none of the ${invocations.rows.size} has both durations and memory.`,
      { file: invocations.file },
    );
  }
  return {
    name: nameTrace(folder, files),
    minutes: invocations.minutes,
    firstMinute: invocations.firstMinute,
    functions,
    repairs: reading.repairs.list(),
    hash: reading.hash.digest("hex"),
    notes: files.notes,
  };
}

/** Tells where the files hold another number of functions than they say. */
function withSizeNote(trace: Trace, size: number | null): Trace {
  const { functions, repairs, notes = [] } = trace;
  if (size === null || functions.length === size) return trace;
  const lost = repairs.filter(({ repair }) => repair === LEFT_OUT)
    .map(({ defect, count }) => `${defect}: ${count}`);
  const reason = lost.length === 0 ? "" : ` (${lost.join(", ")})`;
  return {
    ...trace,
    notes: [
      ...notes,
      `The trace ${trace.name} is to have ${size} functions and has ${functions.length}${reason}; ` +
      "runs of it are of as many as it has.",
    ],
  };
}

function nameTrace(folder: string, files: TraceFiles): string {
  const name = basename(resolve(folder));
  return files.label === "" ? name : `${name}/${files.label}`;
}

function joinTables(
  invocations: InvocationTable,
  durations: PercentileTable,
  memory: PercentileTable | null,
  repairs: RepairLog,
): FunctionProfile[] {
  const functionsPerApplication = countFunctionsPerApplication(invocations);
  const applicationsWithoutMemory = new Set<string>();
  const functions: FunctionProfile[] = [];
  for (const [key, row] of invocations.rows) {
    const place = { file: invocations.file, line: row.line };
    const runtime = durations.rows.get(key);
    if (runtime === undefined) repairs.add(WITHOUT_DURATIONS, { ...place, value: key });
    const application = applicationKey(row);
    const memoryMib = findMemory(
      memory,
      key,
      application,
      functionsPerApplication.get(application) ?? 1,
    );
    if (memoryMib === undefined) {
      if (!memory?.perFunction && !applicationsWithoutMemory.has(application)) {
        applicationsWithoutMemory.add(application);
        repairs.add(APPLICATION_WITHOUT_MEMORY, { ...place, value: application });
      }
      repairs.add(WITHOUT_MEMORY, { ...place, value: key });
    }
    if (runtime === undefined || memoryMib === undefined) continue;
    const { id, appId, ownerId, trigger, invocationsPerMinute } = row;
    functions.push({
      id,
      appId,
      ownerId,
      trigger,
      invocationsPerMinute,
      runtimeMs: runtime.percentiles,
      memoryMib,
    });
  }
  countUnusedRows(durations, invocations.rows, DURATIONS_UNUSED, repairs);
  if (memory !== null) {
    const used = memory.perFunction ? invocations.rows : functionsPerApplication;
    countUnusedRows(memory, used, MEMORY_UNUSED, repairs);
  }
  return functions;
}

function applicationKey(row: InvocationRow): string {
  return joinKey([row.ownerId, row.appId]);
}

function countFunctionsPerApplication(invocations: InvocationTable): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of invocations.rows.values()) {
    const application = applicationKey(row);
    counts.set(application, (counts.get(application) ?? 0) + 1);
  }
  return counts;
}

function findMemory(
  memory: PercentileTable | null,
  functionKey: string,
  application: string,
  functionsOfApplication: number,
): Percentiles | undefined {
  if (memory === null) {
    const share = TYPICAL_APPLICATION_MEMORY_MIB / functionsOfApplication;
    const { quantiles } = MEMORY_LAYOUT;
    return { quantiles, values: quantiles.map(() => share), mean: share };
  }
  if (memory.perFunction) return memory.rows.get(functionKey)?.percentiles;
  const whole = memory.rows.get(application)?.percentiles;
  return whole && {
    quantiles: whole.quantiles,
    values: whole.values.map((value) => value / functionsOfApplication),
    mean: whole.mean / functionsOfApplication,
  };
}

function countUnusedRows(
  table: PercentileTable,
  used: ReadonlyMap<string, unknown>,
  unused: DefectClass,
  repairs: RepairLog,
): void {
  for (const [key, row] of table.rows) {
    if (!used.has(key)) repairs.add(unused, { file: table.file, line: row.line, value: key });
  }
}
