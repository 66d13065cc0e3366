import { basename, resolve } from "node:path";
import { LoaderError } from "../../base/error.ts";
import { type FunctionProfile, joinKey, type Percentiles, type Trace } from "../../model/trace.ts";
import type { TraceFormat, TraceReading } from "../format.ts";
import { type DefectClass, LEFT_OUT, type RepairLog } from "../repair_log.ts";
import { type InvocationRow, type InvocationTable, readInvocations } from "./invocation_table.ts";
import {
  DURATION_LAYOUT,
  MEMORY_LAYOUT,
  type PercentileTable,
  readPercentiles,
} from "./percentile_table.ts";
import {
  findInvocations,
  findTraceFiles,
  INVOCATION_FILES,
  type TraceFiles,
} from "./trace_files.ts";

/**
 * Memory of an application of which nothing is known: half of the
 * applications allocate at most 170 MB (Shahrad et al., "Serverless in the
 * Wild", USENIX ATC 2020, section 3.5).
 */
export const TYPICAL_APPLICATION_MEMORY_MIB = 170;

const WITHOUT_DURATIONS: DefectClass = {
  defect: "function without durations",
  repair: LEFT_OUT,
  severity: "loss",
};
const WITHOUT_MEMORY: DefectClass = {
  defect: "function without memory",
  repair: LEFT_OUT,
  severity: "loss",
};
const APPLICATION_WITHOUT_MEMORY: DefectClass = {
  defect: "application without memory",
  repair: "its functions left out",
  severity: "loss",
};
const MEMORY_FILE_MISSING: DefectClass = {
  defect: "missing memory file",
  repair: `${TYPICAL_APPLICATION_MEMORY_MIB} MiB taken for every application`,
  severity: "approximate",
};
const DURATIONS_UNUSED: DefectClass = {
  defect: "row of durations without invocations",
  repair: "row ignored",
  severity: "harmless",
};
const MEMORY_UNUSED: DefectClass = {
  defect: "row of memory without invocations",
  repair: "row ignored",
  severity: "harmless",
};

/**
 * The Azure Functions 2019 dataset ("Serverless in the Wild", Shahrad et al.,
 * USENIX ATC 2020), and samples of it by other tools: invocations per minute,
 * percentiles of durations (ms) and of memory (MiB). Files are found as
 * {@linkcode findTraceFiles} says and streamed. Memory of an application is
 * shared equally by its functions in the file of invocations; where the file
 * of memory has a column `HashFunction`, a row is the function's own.
 *
 * Functions keep the order of the file of invocations.
 */
export const AZURE_2019: TraceFormat = {
  name: "Azure Functions 2019",
  looksFor: INVOCATION_FILES,
  async recognise(folder) {
    const evidence = await findInvocations(folder);
    if (evidence === null) return null;
    return {
      evidence,
      async select(choice) {
        const files = await findTraceFiles(folder, choice);
        return {
          key: files.invocations,
          size: files.size,
          read: (reading) => readFiles(folder.path, files, reading),
        };
      },
    };
  },
};

async function readFiles(
  folder: string,
  files: TraceFiles,
  reading: TraceReading,
): Promise<Omit<Trace, "repairs" | "hash">> {
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
    slotMs: 60_000,
    slots: invocations.minutes,
    firstMinute: invocations.firstMinute,
    functions,
    notes: files.notes,
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
    const { id, appId, ownerId, trigger, invocationsPerSlot } = row;
    functions.push({
      id,
      appId,
      ownerId,
      trigger,
      invocationsPerSlot,
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
