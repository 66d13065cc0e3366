import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { Rng } from "../../../lib/base/rng.ts";
import { csv, DURATIONS_HEADER, FUNCTION_MEMORY_HEADER } from "../../support/trace_files.ts";
import { isGzip } from "./mutations.ts";
import { type PlainTable, readPlainCsv, readPlainNumber } from "./plain_csv.ts";

const TESTS = fileURLToPath(new URL("..", import.meta.url));

/** The files of a trace, by their paths in its folder. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** A format, with small files of it and a reader of them that is as simple as can be. */
export interface FuzzedFormat {
  readonly name: string;
  /** Share of the rounds, of a format that takes longer than others; 1 by default. */
  readonly share?: number;
  /** Small files of it. */
  files(rng: Rng): Files;
  /** True if its files are lines of cells, plain or packed. */
  readonly isText: boolean;
  /** Invocations in all, read without any knowledge of the format's oddities; `null`: cannot tell. */
  countPlainly(files: Files): Promise<number | null> | number | null;
  /** Sums over the invocations, of a trace without a repair; `null`: cannot tell. */
  sumPlainly?(files: Files): PlainSums | null;
}

/** Sums over the invocations, in ms. */
export interface PlainSums {
  readonly arrivalMs?: number;
  readonly runtimeMs?: number;
}

const READ = new Map<string, Files>();

/** Files below a folder of the tests. */
function filesBelow(folder: string): Files {
  const known = READ.get(folder);
  if (known !== undefined) return known;
  const files = new Map<string, Uint8Array>();
  READ.set(folder, files);
  const add = (path: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(join(TESTS, folder, path))) {
      const below = join(path, name);
      if (isDirectory) add(below);
      else files.set(below, Deno.readFileSync(join(TESTS, folder, below)));
    }
  };
  add("");
  return files;
}

/** A file that cannot be unpacked has no count. */
export const UNREADABLE = -1;

/** The text of a file, unpacked; `null` where it is none in UTF-8. */
function textOf(bytes: Uint8Array): string | null | typeof UNREADABLE {
  let plain: Uint8Array = bytes;
  if (isGzip(bytes)) {
    try {
      plain = gunzipSync(bytes);
    } catch {
      return UNREADABLE;
    }
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain);
  } catch {
    return null;
  }
}

function tablesOf(
  files: Files,
  isCounted: (path: string) => boolean,
): PlainTable[] | null | typeof UNREADABLE {
  const tables: PlainTable[] = [];
  for (const [path, bytes] of files) {
    if (!isCounted(path)) continue;
    const text = textOf(bytes);
    if (text === UNREADABLE) return UNREADABLE;
    const table = text === null ? null : readPlainCsv(text);
    if (table === null) return null;
    tables.push(table);
  }
  return tables.length === 0 ? null : tables;
}

/** Each row is an invocation, where the columns are there. */
function countRows(
  files: Files,
  isCounted: (path: string) => boolean,
  columns: readonly string[],
): number | null {
  const tables = tablesOf(files, isCounted);
  if (tables === null || tables === UNREADABLE) return tables;
  let count = 0;
  for (const { header, rows } of tables) {
    if (columns.some((column) => header.indexOf(column) < 0)) return null;
    count += rows.length;
  }
  return count;
}

/** The sum of the cells of some columns; `NaN` and nothing count as 0. */
function sumColumns(
  files: Files,
  isCounted: (path: string) => boolean,
  isSummed: (column: string, index: number) => boolean,
): number | null {
  const tables = tablesOf(files, isCounted);
  if (tables === null || tables === UNREADABLE) return tables;
  let sum = 0;
  for (const { header, rows } of tables) {
    const columns = [...header.keys()].filter((index) => isSummed(header[index], index));
    if (columns.length === 0) return null;
    for (const row of rows) {
      for (const column of columns) {
        if (row[column] === "" || row[column].toLowerCase() === "nan") continue;
        const value = readPlainNumber(row[column]);
        if (value === null) return null;
        sum += value;
      }
    }
  }
  return sum;
}

/** The sum of a figure that is made of two columns, over all rows. */
function sumRows(
  files: Files,
  isCounted: (path: string) => boolean,
  columns: readonly [string, string],
  figure: (a: number, b: number) => number,
): number | undefined {
  let sum = 0;
  const tables = tablesOf(files, isCounted);
  if (tables === null || tables === UNREADABLE) return undefined;
  for (const { header, rows } of tables) {
    const [a, b] = columns.map((column) => header.indexOf(column));
    for (const row of rows) {
      const value = figure(readPlainNumber(row[a]) ?? NaN, readPlainNumber(row[b]) ?? NaN);
      sum += value;
    }
  }
  return Number.isNaN(sum) ? undefined : sum;
}

const MINUTES = 6;

function azure2019(rng: Rng): Files {
  const first = rng.nextBelow(3) * 270;
  const spell = [(n: number) => `${n}`, (n: number) => `minute_${n}`, (n: number) => `${n}_minute`][
    rng.nextBelow(3)
  ];
  const minutes = Array.from({ length: MINUTES }, (_, i) => spell(first + i));
  const names = Array.from({ length: 4 }, (_, i) => `o${i % 2},a${i % 3},f${i}`);
  const rest = (header: string) => header.split(",").slice(3).map((_, i) => i + 1).join();
  const text = {
    invocations: csv(
      `HashOwner,HashApp,HashFunction,Trigger,${minutes}`,
      ...names.map((name) => `${name},http,${minutes.map(() => rng.nextBelow(50))}`),
    ),
    durations: csv(DURATIONS_HEADER, ...names.map((name) => `${name},${rest(DURATIONS_HEADER)}`)),
    memory: csv(
      FUNCTION_MEMORY_HEADER,
      ...names.map((name) => `${name},${rest(FUNCTION_MEMORY_HEADER)}`),
    ),
  };
  return new Map(
    Object.entries(text).map(([name, lines]) => [`${name}.csv`, new TextEncoder().encode(lines)]),
  );
}

/** The formats of text. */
const TEXT_FORMATS: readonly FuzzedFormat[] = [
  {
    name: "Azure Functions 2019",
    files: azure2019,
    isText: true,
    countPlainly: (files) =>
      sumColumns(files, (path) => path.startsWith("invocations"), (column) => /\d/.test(column)),
  },
  {
    name: "Azure Functions 2021",
    files: () => filesBelow("examples/azure2021"),
    isText: true,
    countPlainly: (files) =>
      countRows(files, () => true, ["app", "func", "end_timestamp", "duration"]),
    sumPlainly: (files) => ({
      // What starts less than a millisecond before the trace starts with it.
      arrivalMs: sumRows(
        files,
        () => true,
        ["end_timestamp", "duration"],
        (end, duration) => Math.max(0, (end - duration) * 1000),
      ),
      runtimeMs: sumRows(files, () => true, ["duration", "duration"], (s) => s * 1000),
    }),
  },
  {
    name: "Azure LLM inference 2023",
    files: () => filesBelow("examples/azure_llm/2023"),
    isText: true,
    countPlainly: (files) =>
      countRows(files, () => true, ["timestamp", "contexttokens", "generatedtokens"]),
  },
  {
    name: "Azure LMM inference 2025",
    files: () => filesBelow("examples/azure_llm/2025"),
    isText: true,
    countPlainly: (files) =>
      countRows(files, () => true, ["timestamp", "contexttokens", "generatedtokens", "numimages"]),
  },
  {
    name: "Huawei 2023",
    share: 0.5,
    files: () => filesBelow("examples/huawei2023/public_dataset"),
    isText: true,
    countPlainly: (files) => sumColumns(files, () => true, (column) => /^\d+$/.test(column)),
  },
  {
    name: "Huawei 2025, counts",
    share: 0.25,
    files: () => filesBelow("examples/huawei2025/quantiles"),
    isText: true,
    countPlainly: (files) =>
      sumColumns(files, (path) => path.includes("requests"), (column) => column.includes("---")),
  },
  {
    name: "Huawei 2025, requests",
    files: () => filesBelow("examples/huawei2025/per_request"),
    isText: true,
    countPlainly: (files) =>
      countRows(files, () => true, ["time_worker", "podid", "userid", "totalcost_worker"]),
    sumPlainly: (files) => ({
      runtimeMs: sumRows(
        files,
        () => true,
        ["totalcost_worker", "totalcost_worker"],
        (s) => s * 1000,
      ),
    }),
  },
  {
    name: "Ilúvatar",
    files: () => filesBelow("examples/iluvatar"),
    isText: true,
    countPlainly: (files) =>
      countRows(files, (path) => path === "in.csv", ["func_name", "invoke_time_ms"]),
    sumPlainly: (files) => ({
      arrivalMs: sumRows(
        files,
        (path) => path === "in.csv",
        ["invoke_time_ms", "invoke_time_ms"],
        (ms) => ms,
      ),
    }),
  },
  {
    name: "FaaSRail",
    files: () => filesBelow("examples/faasrail"),
    isText: true,
    countPlainly: (files) => sumColumns(files, () => true, (column) => /^\d+(-\d+)?$/.test(column)),
  },
];

/** Folders of the normal form as several libraries write it. */
const PARQUET_FOLDERS = [
  "pandas",
  "pandas_odd",
  "polars",
  "polars_odd",
  "duckdb",
  "arrow_v2",
  "arrow_plain",
  "arrow_delta",
  "arrow_lengths",
  "pandas_invocations",
  "polars_stamps",
  "duckdb_stamps",
];

/** The rows as hyparquet decodes them, values and all. */
async function countParquet(files: Files): Promise<number | null> {
  for (const [path, bytes] of files) {
    if (path.startsWith("functions")) continue;
    const isCounts = path.startsWith("counts");
    const file = bytes.slice().buffer;
    try {
      const rows = await parquetReadObjects({ file, compressors, geoparquet: false });
      if (!isCounts) return rows.length;
      const sum = rows.reduce((sum, { invocations }) => sum + Number(invocations), 0);
      return Number.isSafeInteger(sum) ? sum : null;
    } catch {
      return null;
    }
  }
  return null;
}

/** The normal form. */
const PARQUET_FORMATS: readonly FuzzedFormat[] = PARQUET_FOLDERS.map((folder) => ({
  name: `normal form of ${folder}`,
  files: () => filesBelow(`normal/data/${folder}`),
  isText: false,
  countPlainly: countParquet,
}));

/** Every format that is read. */
export const FUZZED_FORMATS: readonly FuzzedFormat[] = [...TEXT_FORMATS, ...PARQUET_FORMATS];
