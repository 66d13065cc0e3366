import { createHash } from "node:crypto";
import { basename, resolve } from "node:path";
import { LoaderError } from "../base/error.ts";
import type { FunctionProfile, Percentiles, Trace } from "../model/trace.ts";
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
   * Number of functions. Taken from `<size>_inv.csv` where the folder has it,
   * else a random sample of the (largest) trace. All functions by default.
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

const WITHOUT_DURATIONS: DefectClass = {
  defect: "function without durations",
  repair: "function left out",
};
const WITHOUT_MEMORY: DefectClass = {
  defect: "function without memory",
  repair: "function left out",
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
  const files = await findTraceFiles(folder, options);
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
  const trace: Trace = {
    name: nameTrace(folder, files),
    minutes: invocations.minutes,
    functions,
    repairs: reading.repairs.list(),
    hash: reading.hash.digest("hex"),
  };
  const { size } = options;
  if (size === undefined || size === files.size) return trace;
  return sampleTrace(trace, size, { seed: options.seed ?? 42, window: options.window });
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
  return `${row.ownerId}/${row.appId}`;
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
