/**
 * From a completed invocation to the operating system: CPU time (all threads, the
 * writing included) and JavaScript memory for each row, with 200 functions and 20
 * instances. Two ways side by side: cells that become text (`formatRow`, as the
 * other tables are written) and a row that becomes bytes (`InvocationCsvSink`).
 *
 *     deno task bench:record
 */
import { setImmediate } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { ownCpuMs } from "../lib/base/process.ts";
import { createInvocationRow, type InvocationRow } from "../lib/model/record.ts";
import { INVOCATIONS } from "../lib/store/schema/tables.ts";
import { formatRow } from "../lib/store/write/csv_sink.ts";
import { InvocationCsvSink } from "../lib/store/write/invocation_csv_sink.ts";

const ROWS = 1_000_000;
const REPETITIONS = 5;
/** Rows between two turns of the event loop: 20 ms at 50,000 a second. */
const ROWS_A_TURN = 1000;
/** Rows between two flushes: 250 ms at 50,000 a second. */
const ROWS_A_FLUSH = 12_500;
const ALLOCATED = "total_allocated_bytes";

/** As long as in the Azure trace: three hashes of 64 digits. */
const LONG_IDS = Array.from(
  { length: 200 },
  (_, i) =>
    Array.from({ length: 3 }, (_, k) => `${k}${i}`.padStart(64, "0123456789abcdef")).join("/"),
);
const SHORT_IDS = Array.from({ length: 200 }, (_, i) => `owner/app/function-${i}`);
const INSTANCES = Array.from({ length: 20 }, (_, i) => `trace-func-${i}-1f0c2a3b-${i}`);

interface Writer {
  write(row: InvocationRow): void;
  flush(): void;
  close(): Promise<void>;
}

interface Figure {
  readonly nsPerRow: number;
  readonly bytesPerRow: number;
}

/** Cells, then text, then bytes, written at once. */
class TextWriter implements Writer {
  readonly #file: Deno.FsFile;
  readonly #functionIds: readonly string[];
  readonly #encoder = new TextEncoder();
  #text = "";

  constructor(path: string, functionIds: readonly string[]) {
    this.#file = Deno.openSync(path, { write: true, createNew: true });
    this.#functionIds = functionIds;
  }

  write(row: InvocationRow): void {
    this.#text += formatRow(INVOCATIONS.columns, [
      row.index,
      this.#functionIds[row.functionIndex],
      row.phase,
      row.scheduledMs,
      row.dispatchedMs,
      row.completedMs,
      row.requestedRuntimeMs,
      row.servedRuntimeMs,
      row.requestedMemoryMib,
      row.servedMemoryMib,
      row.instance,
      row.coldStart,
      row.outcome,
      row.statusCode,
    ]);
  }

  flush(): void {
    const bytes = this.#encoder.encode(this.#text);
    this.#text = "";
    for (let written = 0; written < bytes.length;) {
      written += this.#file.writeSync(bytes.subarray(written));
    }
  }

  close(): Promise<void> {
    this.flush();
    this.#file.close();
    return Promise.resolve();
  }
}

function fillIn(row: InvocationRow, index: number): void {
  row.index = index;
  row.functionIndex = index % 200;
  row.phase = "measurement";
  row.scheduledMs = index * 0.02;
  row.dispatchedMs = index * 0.02 + 0.0831;
  row.completedMs = index * 0.02 + 12.7342;
  row.requestedRuntimeMs = index % 97;
  row.servedRuntimeMs = (index % 97) + 0.417;
  row.requestedMemoryMib = 128;
  row.servedMemoryMib = 64.25;
  row.instance = INSTANCES[index % 20];
  row.coldStart = false;
  row.outcome = "ok";
  row.statusCode = 0;
}

async function measure(writer: Writer): Promise<Figure> {
  const row = createInvocationRow();
  const cpuBeforeMs = ownCpuMs();
  const bytesBefore = allocatedBytes();
  for (let index = 0; index < ROWS; index++) {
    fillIn(row, index);
    writer.write(row);
    if (index % ROWS_A_FLUSH === 0) writer.flush();
    if (index % ROWS_A_TURN === 0) await setImmediate();
  }
  await writer.close();
  return {
    nsPerRow: (ownCpuMs() - cpuBeforeMs) * 1e6 / ROWS,
    bytesPerRow: (allocatedBytes() - bytesBefore) / ROWS,
  };
}

/** On the heap of V8 since the start, collected or not. */
function allocatedBytes(): number {
  // Newer than the types.
  return Number(Object.entries(getHeapStatistics()).find(([name]) => name === ALLOCATED)?.[1]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** What the loop costs without a writer. */
const IDLE: Writer = { write: () => {}, flush: () => {}, close: () => Promise.resolve() };

const folder = await Deno.makeTempDir({ prefix: "loader-bench-" });
try {
  let files = 0;
  const newPath = () => `${folder}/${files++}.csv`;
  const ways: readonly (readonly [string, () => Writer])[] = [
    ["the loop alone", () => IDLE],
    ["text, short ids", () => new TextWriter(newPath(), SHORT_IDS)],
    ["bytes, short ids", () => new InvocationCsvSink(newPath(), SHORT_IDS)],
    ["text, ids of 194 characters", () => new TextWriter(newPath(), LONG_IDS)],
    ["bytes, ids of 194 characters", () => new InvocationCsvSink(newPath(), LONG_IDS)],
  ];
  const figures = new Map<string, Figure[]>(ways.map(([name]) => [name, []]));
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    for (const [name, create] of ways) {
      figures.get(name)!.push(await measure(create()));
      for await (const { name } of Deno.readDir(folder)) await Deno.remove(`${folder}/${name}`);
    }
  }
  for (const [name, repeated] of figures) {
    const ns = median(repeated.map(({ nsPerRow }) => nsPerRow)).toFixed(0).padStart(6);
    const bytes = median(repeated.map(({ bytesPerRow }) => bytesPerRow)).toFixed(0).padStart(6);
    console.log(`${name.padEnd(30)} ${ns} ns CPU a row ${bytes} bytes a row`);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
