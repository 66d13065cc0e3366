/**
 * Reads the three files of a day of a trace with one of several programs, and
 * tells what came out and what it took, as JSON; for `bench/trace_bench.ts`, which
 * gives each a process of its own:
 *
 *     deno run -P bench/trace_readers/run_reader.ts ours results/day
 *
 * The libraries only add up every number of every file and keep none of them. They
 * are named at run time, so that nothing but this needs them.
 */
import { createReadStream } from "node:fs";
import { ownCpuMs, ownPeakMemoryMib, sinceProgramStartMs } from "../../lib/base/process.ts";
import { readTrace } from "../../lib/trace/read_trace.ts";

/** What a program read. */
export interface Reading {
  /** Sum of all counts. */
  readonly invocations: number;
  /** Rows of the file of invocations. */
  readonly functions: number;
}

/** What a process took until the files were read, from its start. */
export interface Cost {
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly peakMib: number;
}

function ownCost(): Cost {
  return { elapsedMs: sinceProgramStartMs(), cpuMs: ownCpuMs(), peakMib: ownPeakMib() };
}

/**
 * Of this program alone: what getrusage(2) tells on Linux is at least what the process had that
 * started it, for it was a copy of that one before it became this program.
 */
function ownPeakMib(): number {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)![1]) / 1024;
  } catch {
    return ownPeakMemoryMib();
  }
}

/** The files of day 1 as the dataset names them. */
export const DAY_FILES = [
  "invocations_per_function_md.anon.d01.csv",
  "function_durations_percentiles.anon.d01.csv",
  "app_memory_percentiles.anon.d01.csv",
] as const;

/** Adds up what rows of strings or numbers hold. */
class Sum {
  invocations = 0;
  functions = 0;
  /** Sum of everything else, so that it is not left out. */
  #others = 0;

  add(file: number, row: readonly (string | number)[]): void {
    const first = [4, 3, 2][file];
    let sum = 0;
    for (let i = first; i < row.length; i++) sum += Number(row[i]);
    if (file === 0) {
      this.invocations += sum;
      this.functions++;
    } else {
      this.#others += sum;
    }
  }

  get reading(): Reading {
    if (Number.isNaN(this.#others)) throw new Error("what is no number was read");
    return { invocations: this.invocations, functions: this.functions };
  }
}

async function readOurs(folder: string, last: number, size?: number): Promise<Reading> {
  const { functions } = await readTrace(folder, { days: { first: 1, last }, size });
  let invocations = 0;
  for (const { invocationsPerSlot } of functions) invocations += invocationsPerSlot.total;
  return { invocations, functions: functions.length };
}

// deno-lint-ignore no-explicit-any -- of what is named at run time no types are known
async function load(specifier: string): Promise<any> {
  return await import(specifier);
}

async function readWithCsvParse(folder: string): Promise<Reading> {
  const { parse } = await load("npm:csv-parse@7.0.3");
  const sum = new Sum();
  for (const [file, name] of DAY_FILES.entries()) {
    const rows = createReadStream(`${folder}/${name}`).pipe(parse({ from_line: 2 }));
    for await (const row of rows) sum.add(file, row);
  }
  return sum.reading;
}

async function readWithPapaparse(folder: string): Promise<Reading> {
  const { default: Papa } = await load("npm:papaparse@5.7.1");
  const sum = new Sum();
  for (const [file, name] of DAY_FILES.entries()) {
    // A whole file as one string is several times faster than its stream.
    const text = await Deno.readTextFile(`${folder}/${name}`);
    let isHeader = true;
    Papa.parse(text.trimEnd(), {
      step({ data }: { readonly data: readonly string[] }) {
        if (!isHeader) sum.add(file, data);
        isHeader = false;
      },
    });
  }
  return sum.reading;
}

async function readWithUdsv(folder: string): Promise<Reading> {
  const { inferSchema, initParser } = await load("npm:udsv@0.7.3");
  const sum = new Sum();
  for (const [file, name] of DAY_FILES.entries()) {
    const { readable } = await Deno.open(`${folder}/${name}`);
    // deno-lint-ignore no-explicit-any -- see above
    let parser: any = null;
    for await (const text of readable.pipeThrough(new TextDecoderStream())) {
      parser ??= initParser(inferSchema(text));
      parser.chunk(text, parser.stringArrs, (row: readonly string[]) => sum.add(file, row));
    }
    parser.end();
  }
  return sum.reading;
}

/** Into tables in memory, on two threads, with everything else as it comes. */
async function readWithDuckdb(folder: string): Promise<Reading & { readonly cost: Cost }> {
  const { DuckDBInstance } = await load("npm:@duckdb/node-api@1.5.6-r.1");
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  for (const [file, name] of DAY_FILES.entries()) {
    await connection.run(
      `CREATE TABLE t${file} AS SELECT * FROM read_csv('${folder}/${name}', header = true)`,
    );
  }
  const cost = ownCost();
  const rows = async (query: string) =>
    (await connection.runAndReadAll(query)).getRows().map(([value]: readonly unknown[]) => value);
  let invocations = 0;
  // An expression has at most a thousand parts.
  for (let first = 1; first <= 1440; first += 240) {
    const minutes = Array.from({ length: 240 }, (_, i) => `sum("${first + i}")`);
    invocations += Number((await rows(`SELECT ${minutes.join(" + ")} FROM t0`))[0]);
  }
  return { invocations, functions: Number((await rows("SELECT count(*) FROM t0"))[0]), cost };
}

const READERS: Readonly<
  Record<string, (folder: string) => Promise<Reading & { readonly cost?: Cost }>>
> = {
  "csv-parse": readWithCsvParse,
  "papaparse": readWithPapaparse,
  "uDSV": readWithUdsv,
  "DuckDB": readWithDuckdb,
};

const [name, folder, lastDay, size] = Deno.args;
const reading = name === "ours"
  ? await readOurs(folder, Number(lastDay), size === undefined ? undefined : Number(size))
  : await READERS[name](folder);
console.log(JSON.stringify({ cost: ownCost(), ...reading }));
