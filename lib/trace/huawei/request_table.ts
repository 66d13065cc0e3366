import { LoaderError } from "../../base/error.ts";
import type { Trace } from "../../model/trace.ts";
import { type CsvCells, CsvTable } from "../csv_table.ts";
import type { TraceReading } from "../format.ts";
import { RecordedBuilder } from "../recorded.ts";
import { checkRowNumber, makeRecordedTrace } from "../recorded_trace.ts";
import type { DefectClass } from "../repair_log.ts";
import { poolOfInstance } from "./pool.ts";
import type { RuntimeRow } from "./runtime_table.ts";

const DAY_MS = 86_400_000;

const WITHOUT_RUNTIME: DefectClass = {
  defect: "request without totalCost_worker",
  repair: "runtime drawn from those of its function",
  severity: "approximate",
};
const WITHOUT_MEMORY: DefectClass = {
  defect: "request without memory_usage",
  repair: "memory drawn from that of its function",
  severity: "approximate",
};
const WITHOUT_TIME: DefectClass = {
  defect: "request without time_worker",
  repair: "request left out",
  severity: "loss",
};
const STARTED_BEFORE: DefectClass = {
  defect: "request that started before the first day of the files",
  repair: "request left out",
  severity: "loss",
};
const UNKNOWN_POOL: DefectClass = {
  defect: "request whose podID does not name a pool",
  repair: "the podID taken for the pool",
  severity: "harmless",
};

/** Regions of which the release has a part, by the name of their folder. */
const PARTIAL: Readonly<Record<string, string>> = {
  R1:
    "The release has the requests of the 100 busiest instances of each function of region 1 only.",
  R3: "The release has a sample of the requests of region 3 only.",
};

/** Columns by which a table of requests is recognised, in lower case. */
export const REQUEST_COLUMNS = ["time_worker", "podid", "totalcost_worker"];

/**
 * Reads the requests of a day: a row for each, seconds since the start of the data set, in
 * any number of files and in any order. A function is `funcName---userID---pool`.
 *
 * Arrival is `time_worker` − `totalCost_worker`. The release does not tell whether
 * `time_worker` is a start or an end; but the frontend, which a request passes before
 * the worker, has a later time in the release's own rows, so both are ends.
 *
 * @throws LoaderError `input` when something in the files is wrong
 */
export async function readRequestTables(
  name: string,
  files: readonly string[],
  runtimes: ReadonlyMap<string, RuntimeRow>,
  reading: TraceReading,
): Promise<Omit<Trace, "repairs" | "hash">> {
  const firstDay = await readFirstDay(files);
  const builder = new RecordedBuilder();
  const numbers = new Map<string, number>();
  let rows = 0;
  for (const file of files) {
    await using table = await CsvTable.open(file, (bytes) => reading.hash.update(bytes));
    const [time, pod, func, user, cost] = [
      "time_worker",
      "podID",
      "funcName",
      "userID",
      "totalCost_worker",
    ].map((name) => table.columnIndex(name));
    const memory = table.findColumn("memory_usage");
    await table.forEachRow((cells) => {
      checkRowNumber(++rows, file);
      const repair = (defect: DefectClass, column: number) =>
        reading.repairs.add(defect, {
          file,
          line: cells.line,
          column: table.columns[column],
          value: cells.text(column) || "nothing",
        });
      const endS = parseKnown(cells, time);
      if (endS === null) {
        repair(WITHOUT_TIME, time);
        return;
      }
      const costS = parseKnown(cells, cost);
      if (costS === null) repair(WITHOUT_RUNTIME, cost);
      const memoryMib = memory === undefined ? null : parseKnown(cells, memory);
      if (memory !== undefined && memoryMib === null) repair(WITHOUT_MEMORY, memory);
      const arrivalMs = (endS - (costS ?? 0)) * 1000 - firstDay * DAY_MS;
      if (arrivalMs < -1) {
        repair(STARTED_BEFORE, time);
        return;
      }
      const podId = cells.id(pod);
      const pool = poolOfInstance(podId);
      if (pool === null) repair(UNKNOWN_POOL, pod);
      const poolName = pool?.name ?? podId;
      const ownerId = cells.id(user);
      const id = `${cells.id(func)}---${ownerId}---${poolName}`;
      let number = numbers.get(id);
      if (number === undefined) {
        const trigger = runtimes.get(id)?.trigger ?? null;
        number = builder.functionOf({ id, appId: poolName, ownerId, trigger });
        numbers.set(id, number);
      }
      builder.add(
        number,
        Math.max(arrivalMs, 0),
        costS === null ? null : costS * 1000,
        memoryMib,
      );
    });
  }
  return makeRecordedTrace(builder, reading, {
    name: `${name}/day ${firstDay}`,
    file: files[0],
    lacks: {},
    notes: name in PARTIAL ? [PARTIAL[name]] : [],
    assumptions: [
      "The release does not tell whether time_worker is when a request came or when it was done; the " +
      "frontend's time, which would come first, is later in its rows, so the end is assumed, and " +
      "arrival is time_worker − totalCost_worker.",
      "Memory of a request is that of its whole instance, a mean over the request (MB read as MiB).",
    ],
  });
}

/** The day of the first row: rows of one set of files are of one day. */
async function readFirstDay(files: readonly string[]): Promise<number> {
  for (const file of files) {
    await using table = await CsvTable.open(file);
    const time = table.columnIndex("time_worker");
    for await (const { cells } of table.rows()) {
      const seconds = Number.parseFloat(cells[time]);
      if (seconds >= 0) return Math.floor(seconds * 1000 / DAY_MS);
    }
  }
  throw new LoaderError("input", "The trace is empty: there is no row after the header.", {
    file: files[0],
  });
}

/** A number from 0; `null`: nothing is known. */
function parseKnown(cells: CsvCells, column: number): number | null {
  if (cells.isEmpty(column) || /^nan$/i.test(cells.text(column).trim())) return null;
  const value = cells.number(column);
  if (value < 0) throw cells.wrong(column, "a number from 0");
  return value;
}
