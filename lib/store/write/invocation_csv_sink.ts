// @ts-types="@types/d3-dsv"
import { csvFormatValue } from "d3-dsv";
import { hideSecrets } from "../../base/secrets.ts";
import {
  createInvocationRow,
  type InvocationRow,
  type InvocationSink,
  type Outcome,
  OUTCOMES,
} from "../../model/record.ts";
import type { Phase } from "../../model/schedule.ts";
import type { Table } from "../../model/table.ts";
import { deriveInvocationCells, fieldOfColumn } from "../schema/invocation_row.ts";
import { INVOCATIONS } from "../schema/tables.ts";
import { AppendFile } from "./append_file.ts";
import { formatHeader, formatRow } from "./csv_sink.ts";
import { LONGEST_NUMBER, writeDecimal, writeNumber } from "./number_text.ts";

const COMMA = 0x2c;
const LINE_END = 0x0a;

/** Numbers in a row, in their order: 1 where the column is of type `number`, 0 where `integer`. */
const DECIMAL = Uint8Array.of(0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1);
const NUMBERS = DECIMAL.length;
/** Most bytes of a row without the function and the instance: numbers, words, commas. */
const LONGEST_REST = NUMBERS * LONGEST_NUMBER + "measurement,false,connect_failed".length + 20;
/** Bytes of a trace id, and its comma. */
const TRACE_ID_BYTES = 33;

/** Names of instances, and messages, that are kept as bytes. */
const MOST_INSTANCES = 32_768;
const MOST_MESSAGES = 1024;
/** A text that is longer (it comes from outside) is not kept. */
const LONGEST_KEPT = 1024;

/** From about here on, `set` is faster than a loop. */
const LONG_CELL = 48;

const NO_BYTES = new Uint8Array();
const TRUE = encodeCell("true");
const FALSE = encodeCell("false");
const PHASES: Readonly<Record<Phase, Uint8Array>> = {
  warmup: encodeCell("warmup"),
  measurement: encodeCell("measurement"),
};
const OUTCOME_WORDS = Object.fromEntries(
  OUTCOMES.map((outcome) => [outcome, encodeCell(outcome)]),
) as Readonly<Record<Outcome, Uint8Array>>;

/**
 * Writes the table `invocations` to a CSV file: the same text as `CsvSink` would
 * make of the same cells, but as bytes straight into the buffer, so that a row
 * costs a fraction of a microsecond and no memory.
 */
export class InvocationCsvSink implements InvocationSink {
  readonly #file: AppendFile;
  #rows = 0;
  /** By phase and function: both cells, with the comma between them. */
  readonly #functions: Readonly<Record<Phase, readonly Uint8Array[]>>;
  readonly #instances = new CellCache(MOST_INSTANCES);
  readonly #messages = new CellCache(MOST_MESSAGES);
  /** Those of the row; doubles in an array go into functions without being boxed. */
  readonly #numbers = new Float64Array(NUMBERS);
  /** What stood behind the instance in the last row that was plain, and what makes it so. */
  #tail: Uint8Array = NO_BYTES;
  #tailColdStart: boolean | null = null;
  #tailOutcome: Outcome = "cancelled";
  #tailStatusCode = NaN;

  /**
   * @param functionIds text of `function_id` for each function of the schedule
   * @param table what is declared of the table
   * @throws LoaderError `result` when the file is there already or cannot be made
   * @throws TypeError when this sink writes other columns than are declared
   */
  constructor(path: string, functionIds: readonly string[], table: Table = INVOCATIONS) {
    const functions = [...functionIds, PROBE_FUNCTION].map(encodeCell);
    this.#functions = {
      warmup: functions.map((bytes) => joinCells(bytes, PHASES.warmup)),
      measurement: functions.map((bytes) => joinCells(bytes, PHASES.measurement)),
    };
    this.#file = new AppendFile(path, formatHeader(table));
    this.#check(table);
  }

  get blockingWrites(): number {
    return this.#file.blockingWrites;
  }

  /** Rows that were written. */
  get rows(): number {
    return this.#rows;
  }

  write(row: InvocationRow): void {
    this.#rows++;
    const functionAndPhase = this.#functions[row.phase][row.functionIndex];
    const instance = row.instance === null ? NO_BYTES : this.#instances.encode(row.instance);
    const message = row.statusMessage === null
      ? NO_BYTES
      : this.#messages.encode(row.statusMessage);
    const file = this.#file;
    file.reserve(
      LONGEST_REST + functionAndPhase.length + instance.length + message.length + TRACE_ID_BYTES,
    );
    const bytes = file.buffer;
    const numbers = this.#numbers;
    numbers[0] = row.index;
    numbers[1] = row.scheduledMs;
    numbers[2] = row.dispatchedMs;
    numbers[3] = row.completedMs;
    numbers[4] = row.requestedRuntimeMs;
    numbers[5] = row.servedRuntimeMs;
    numbers[6] = row.requestedMemoryMib;
    numbers[7] = row.servedMemoryMib;
    // The cells in the order of INVOCATIONS.
    let at = writeNumberCells(bytes, file.length, numbers, 0, 1);
    at = writeBytesCell(bytes, at, functionAndPhase);
    at = writeNumberCells(bytes, at, numbers, 1, 8);
    at = writeBytesCell(bytes, at, instance);
    file.length = this.#writeTail(bytes, at, row, message);
  }

  /** The cells behind the instance, which are mostly those of the row before. */
  #writeTail(bytes: Uint8Array, at: number, row: InvocationRow, message: Uint8Array): number {
    const { coldStart, outcome, statusCode, setUpMs, peerWaitMs, traceId } = row;
    const isPlain = message.length === 0 && traceId === null && Number.isNaN(setUpMs) &&
      Number.isNaN(peerWaitMs);
    if (
      isPlain && statusCode === this.#tailStatusCode && outcome === this.#tailOutcome &&
      coldStart === this.#tailColdStart
    ) return writeBytes(bytes, at, this.#tail);
    const numbers = this.#numbers;
    numbers[8] = statusCode;
    numbers[9] = setUpMs;
    numbers[10] = peerWaitMs;
    let end = writeBytesCell(bytes, at, encodeBoolean(coldStart));
    end = writeBytesCell(bytes, end, OUTCOME_WORDS[outcome]);
    end = writeNumberCells(bytes, end, numbers, 8, 11);
    end = writeBytesCell(bytes, end, message);
    end = writeTraceId(bytes, end, traceId);
    bytes[end - 1] = LINE_END;
    if (isPlain) {
      this.#tail = bytes.slice(at, end);
      this.#tailColdStart = coldStart;
      this.#tailOutcome = outcome;
      this.#tailStatusCode = statusCode;
    }
    return end;
  }

  /** Writes rows that are different in every column, looks at them and throws them away. */
  #check(table: Table): void {
    for (const fraction of [0.5, 0]) this.#checkRow(table, fraction);
    this.#rows = 0;
  }

  #checkRow(table: Table, fraction: number): void {
    const file = this.#file;
    const row = createProbe(table, this.#functions.measurement.length - 1, fraction);
    this.write(row);
    const written = new TextDecoder().decode(file.buffer.subarray(0, file.length));
    file.length = 0;
    const functionIds: string[] = [];
    functionIds[row.functionIndex] = PROBE_FUNCTION;
    const declared = formatRow(table.columns, deriveInvocationCells(row, functionIds, table));
    if (written === declared) return;
    void file.close();
    throw new TypeError(
      `the writer of ${table.name} writes other columns than are declared: ` +
        `${JSON.stringify(written)}, not ${JSON.stringify(declared)}`,
    );
  }

  /** See {@linkcode AppendFile.flush}. */
  flush(): void {
    this.#file.flush();
  }

  /** See {@linkcode AppendFile.close}. */
  close(): Promise<void> {
    return this.#file.close();
  }
}

const PROBE_FUNCTION = "a function";

/** A row with another value in every column, of what may stand there. */
function createProbe(table: Table, functionIndex: number, fraction: number): InvocationRow {
  const values = table.columns.map(({ name, type }, i) => {
    const field = fieldOfColumn(name);
    if (field === "phase" || field === "outcome") return [];
    return [field, type === "text" ? `text ${i}` : type === "boolean" ? true : i + fraction];
  });
  const known = Object.fromEntries(values.filter(({ length }) => length > 0));
  // Of the same shape as all rows, for which the writer is compiled.
  return Object.assign(createInvocationRow(), known, { functionIndex });
}

/** Texts that come again and again, as bytes; when there are many all are forgotten. */
class CellCache {
  readonly #most: number;
  readonly #cells = new Map<string, Uint8Array>();

  constructor(most: number) {
    this.#most = most;
  }

  encode(text: string): Uint8Array {
    const known = this.#cells.get(text);
    if (known !== undefined) return known;
    const bytes = encodeCell(text);
    if (bytes.length > LONGEST_KEPT) return bytes;
    if (this.#cells.size === this.#most) this.#cells.clear();
    this.#cells.set(text, bytes);
    return bytes;
  }
}

function encodeCell(text: string): Uint8Array {
  return new TextEncoder().encode(csvFormatValue(hideSecrets(text)));
}

function encodeBoolean(value: boolean | null): Uint8Array {
  return value === null ? NO_BYTES : value ? TRUE : FALSE;
}

/** Numbers, a comma behind each; NaN, which is unknown, is an empty cell. */
function writeNumberCells(
  bytes: Uint8Array,
  at: number,
  numbers: Float64Array,
  from: number,
  to: number,
): number {
  for (let i = from; i < to; i++) {
    const number = numbers[i];
    if (!Number.isNaN(number)) {
      at = DECIMAL[i] === 1 ? writeDecimal(bytes, at, number) : writeNumber(bytes, at, number);
    }
    bytes[at++] = COMMA;
  }
  return at;
}

/** Hexadecimal digits, of which there are no more than a trace id has, and a comma. */
function writeTraceId(bytes: Uint8Array, at: number, traceId: string | null): number {
  const length = traceId === null ? 0 : traceId.length;
  for (let i = 0; i < length; i++) bytes[at + i] = traceId!.charCodeAt(i);
  bytes[at + length] = COMMA;
  return at + length + 1;
}

/** Bytes and a comma. */
function writeBytesCell(bytes: Uint8Array, at: number, cell: Uint8Array): number {
  const end = writeBytes(bytes, at, cell);
  bytes[end] = COMMA;
  return end + 1;
}

function writeBytes(bytes: Uint8Array, at: number, what: Uint8Array): number {
  const { length } = what;
  if (length > LONG_CELL) bytes.set(what, at);
  else for (let i = 0; i < length; i++) bytes[at + i] = what[i];
  return at + length;
}

/** Two cells with a comma between them. */
function joinCells(first: Uint8Array, second: Uint8Array): Uint8Array {
  return Uint8Array.of(...first, COMMA, ...second);
}
