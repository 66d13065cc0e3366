import { LoaderError } from "../../base/error.ts";
import { isUtc } from "../parquet/column_type.ts";
import type { ColumnRequest, ParquetFile } from "../parquet/parquet_file.ts";
import { LARGEST_FIGURE, LONGEST_TRACE_MS, type RecordedBuilder } from "../recorded.ts";
import { checkRowNumber } from "../recorded_trace.ts";
import type { RepairLog } from "../repair_log.ts";
import { MAX_SLOTS } from "./metadata.ts";
import { ignoreOtherColumns } from "./other_columns.ts";
import { wrongName, wrongNumber } from "./row_error.ts";
import type { TraceFrame } from "./trace_frame.ts";

const ARRIVAL_MS: ColumnRequest = { name: "arrival_ms", use: "milliseconds" };
const ARRIVAL: ColumnRequest = { name: "arrival", use: "instant" };
const RUNTIME_MS: ColumnRequest = { name: "runtime_ms", use: "milliseconds" };
const MEMORY_MIB: ColumnRequest = { name: "memory_mib", use: "number" };

/**
 * Reads `invocations.parquet`: a row for an invocation, in any order.
 *
 * @param numberOf the number that `invocations` has for a function, by the place of its name
 * @throws LoaderError `input` when something in it is wrong
 */
export async function readInvocations(
  file: ParquetFile,
  invocations: RecordedBuilder,
  frame: TraceFrame,
  repairs: RepairLog,
  numberOf: (place: number) => number,
): Promise<void> {
  const has = ({ name }: ColumnRequest) => file.element(name) !== undefined;
  // What is missing is told as the column that most have.
  const arrival = has(ARRIVAL) && !has(ARRIVAL_MS) ? ARRIVAL : ARRIVAL_MS;
  if (has(ARRIVAL) && has(ARRIVAL_MS)) {
    throw new LoaderError("input", "The file has arrival_ms as well; leave one of them out.", {
      file: file.path,
      column: ARRIVAL.name,
    });
  }
  const optional = [RUNTIME_MS, MEMORY_MIB].filter(has);
  const requests: ColumnRequest[] = [{ name: "function", use: "name" }, arrival, ...optional];
  ignoreOtherColumns(file, requests.map(({ name }) => name), repairs);
  const originMs = arrival === ARRIVAL ? frame.startMs ?? 0 : 0;
  const [runtime, memory] = [RUNTIME_MS, MEMORY_MIB].map((request) => requests.indexOf(request));
  const mostMs = Math.min(MAX_SLOTS * frame.slotMs, LONGEST_TRACE_MS);
  for await (const { firstRow, rows, columns } of file.read(requests)) {
    const [functions, arrivals] = columns;
    const runtimes = runtime < 0 ? null : columns[runtime];
    const memories = memory < 0 ? null : columns[memory];
    for (let i = 0; i < rows; i++) {
      const row = firstRow + i;
      checkRowNumber(row + 1, file.path);
      const place = functions[i];
      if (place <= 0) throw wrongName(file, row, place);
      const arrivalMs = arrivals[i] - originMs;
      if (!(arrivalMs >= 0 && arrivalMs < mostMs)) {
        throw wrongNumber(
          file,
          row,
          arrival.name,
          arrivals[i],
          arrival === ARRIVAL
            ? "a time stamp not before the start of the trace"
            : `milliseconds from the start of the trace, from 0 to ${mostMs}`,
        );
      }
      invocations.add(
        numberOf(place),
        arrivalMs,
        runtimes === null ? null : figure(RUNTIME_MS, runtimes, i, row),
        memories === null ? null : figure(MEMORY_MIB, memories, i, row),
      );
    }
  }

  function figure(
    { name }: ColumnRequest,
    values: ArrayLike<number>,
    index: number,
    row: number,
  ): number | null {
    const value = values[index];
    if (value >= 0 && value <= LARGEST_FIGURE) return value;
    if (Number.isNaN(value)) return null;
    throw wrongNumber(file, row, name, value, `a number from 0 to ${LARGEST_FIGURE}`);
  }
}

/**
 * Finds out when a trace starts whose arrivals are time stamps: where no file says, it is the
 * slot of the first of them.
 *
 * @throws LoaderError `input` when a file is damaged
 */
export async function findStart(files: readonly ParquetFile[], frame: TraceFrame): Promise<void> {
  let first = Infinity;
  for (const file of files) {
    const element = file.element(ARRIVAL.name);
    if (element === undefined) continue;
    if (!isUtc(element)) {
      frame.assumptions.add(
        "The time stamps of the invocations have no zone: they are taken for UTC.",
      );
    }
    if (frame.startMs !== null) continue;
    for await (const { columns: [arrivals] } of file.read([ARRIVAL])) {
      for (let i = 0; i < arrivals.length; i++) if (arrivals[i] < first) first = arrivals[i];
    }
  }
  if (first === Infinity) return;
  frame.setStartMs(Math.floor(first / frame.slotMs) * frame.slotMs, {
    file: files[0].path,
    column: ARRIVAL.name,
  });
}
