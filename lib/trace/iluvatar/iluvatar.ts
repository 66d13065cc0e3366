import { join } from "node:path";
import { LoaderError } from "../../base/error.ts";
import { functionKey, type Percentiles, type Trace } from "../../model/trace.ts";
import { constantPercentiles, describeAssumedMemory, describeAssumedRuntime } from "../assumed.ts";
import { MEMORY_QUANTILES, RUNTIME_QUANTILES } from "../published_figures.ts";
import { type CsvCells, CsvTable } from "../csv_table.ts";
import { selectWhole } from "../day_range.ts";
import type { TraceFormat, TraceReading } from "../format.ts";
import { findByHeader, hasColumns } from "../header_search.ts";
import { RecordedBuilder } from "../recorded.ts";
import { checkRowNumber, makeRecordedTrace } from "../recorded_trace.ts";
import type { DefectClass } from "../repair_log.ts";
import { TraceFolder } from "../trace_folder.ts";
import { nameTrace } from "../trace_name.ts";

const COLUMNS = ["func_name", "invoke_time_ms"];
const METADATA_COLUMNS = ["func_name", "warm_dur_ms", "mem_mb"];

const WITHOUT_METADATA: DefectClass = {
  defect: "function without metadata",
  repair: "runtime and memory assumed as for data sets that have none",
  severity: "approximate",
};
const TWICE: DefectClass = {
  defect: "metadata given twice",
  repair: "first row kept",
  severity: "harmless",
};

/** What the metadata tell of a function. */
interface Metadata {
  readonly runtimeMs: Percentiles;
  readonly memoryMib: Percentiles;
  readonly line: number;
}

/**
 * Traces of Ilúvatar's load generator (Fuerst et al., "Ilúvatar: A Fast Control Plane for
 * Serverless Computing", HPDC 2023; its LOAD.md): `func_name, invoke_time_ms`, from 0, and
 * beside it a file of metadata, `func_name, cold_dur_ms, warm_dur_ms, mem_mb`. Each
 * invocation runs for `warm_dur_ms`; what a cold start adds is the platform's to show.
 */
export const ILUVATAR: TraceFormat = {
  name: "Ilúvatar",
  looksFor: ["a file with the columns func_name, invoke_time_ms"],
  async recognise(folder) {
    const found = await findByHeader(folder, (columns) => hasColumns(columns, COLUMNS));
    if (found.length === 0) return null;
    const evidence = found.map(({ name }) => name).join(", ");
    if (found.length > 1) {
      return { evidence, unsupported: "These are several traces; give one of the files." };
    }
    const file = folder.pathOf(found[0].name);
    return {
      evidence,
      async select(choice) {
        const metadata = await findMetadata(folder, found[0].name);
        const source = {
          key: file,
          size: null,
          read: (reading: TraceReading) => readInvocations(file, metadata, reading),
        };
        return await selectWhole(source, file)(choice);
      },
    };
  },
};

/** The metadata that belong to a file: the only ones beside it, else those named after it. */
async function findMetadata(folder: TraceFolder, invocations: string): Promise<string | null> {
  const beside = await TraceFolder.list(folder.pathOf("."));
  const names = (await findByHeader(beside, (columns) => hasColumns(columns, METADATA_COLUMNS)))
    .map(({ name }) => name);
  const own = names.filter((name) => nameTrace(name).includes(nameTrace(invocations)));
  const fitting = names.length === 1 ? names : own;
  if (fitting.length > 1 || fitting.length < Math.min(names.length, 1)) {
    throw new LoaderError(
      "input",
      `Which metadata belong to ${invocations} is not clear: found ${
        names.join(", ")
      }; leave one, ` +
        `or call them ${nameTrace(invocations)}-metadata.csv.`,
      { file: beside.path },
    );
  }
  return fitting.length === 0 ? null : join(folder.pathOf("."), fitting[0]);
}

async function readInvocations(
  file: string,
  metadataFile: string | null,
  reading: TraceReading,
): Promise<Omit<Trace, "repairs" | "hash">> {
  const builder = new RecordedBuilder();
  const numbers = new Map<string, number>();
  await using table = await CsvTable.open(file, (bytes) => reading.hash.update(bytes));
  const [func, time] = COLUMNS.map((name) => table.columnIndex(name));
  let rows = 0;
  await table.forEachRow((cells) => {
    checkRowNumber(++rows, file);
    const id = cells.id(func);
    const arrivalMs = numberFrom0(cells, time);
    let number = numbers.get(id);
    if (number === undefined) {
      number = builder.functionOf({ id, appId: id, ownerId: "iluvatar", trigger: null });
      numbers.set(id, number);
    }
    builder.add(number, arrivalMs, null, null);
  });
  const metadata = metadataFile === null ? null : await readMetadata(metadataFile, reading);
  const trace = makeRecordedTrace(builder, reading, { name: nameTrace(file), file, lacks: {} });
  if (metadata === null) {
    return {
      ...trace,
      assumptions: [
        describeAssumedRuntime(reading.assume),
        describeAssumedMemory(reading.assume),
      ],
    };
  }
  return {
    ...trace,
    functions: trace.functions.map((profile) => {
      const known = metadata.get(profile.id);
      if (known === undefined) {
        reading.repairs.add(WITHOUT_METADATA, { file, value: functionKey(profile) });
        return profile;
      }
      return { ...profile, runtimeMs: known.runtimeMs, memoryMib: known.memoryMib };
    }),
    assumptions: [
      "Every invocation of a function is taken to run for its warm_dur_ms (MB read as MiB).",
    ],
  };
}

async function readMetadata(
  file: string,
  reading: TraceReading,
): Promise<ReadonlyMap<string, Metadata>> {
  await using table = await CsvTable.open(file, (bytes) => reading.hash.update(bytes));
  const [func, runtime, memory] = METADATA_COLUMNS.map((name) => table.columnIndex(name));
  const rows = new Map<string, Metadata>();
  await table.forEachRow((cells) => {
    const id = cells.id(func);
    const known = rows.get(id);
    if (known !== undefined) {
      reading.repairs.addDuplicate(TWICE, { file, line: cells.line, value: id }, known.line);
      return;
    }
    rows.set(id, {
      runtimeMs: constantPercentiles(RUNTIME_QUANTILES, numberFrom0(cells, runtime)),
      memoryMib: constantPercentiles(MEMORY_QUANTILES, numberFrom0(cells, memory)),
      line: cells.line,
    });
  });
  return rows;
}

function numberFrom0(cells: CsvCells, column: number): number {
  const value = cells.number(column);
  if (value < 0) throw cells.wrong(column, "a number from 0");
  return value;
}
