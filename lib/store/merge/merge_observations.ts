import type { Cell, Column } from "../../model/table.ts";
import { StoredTable } from "../read/stored_table.ts";
import { GENERATOR, PLATFORM_METRICS } from "../schema/tables.ts";
import { CsvSink } from "../write/csv_sink.ts";

const SECOND_MS = 1000;

/** A row by column; NaN where unknown. */
type Numbers = ReadonlyMap<string, number>;

const NUMBERS = GENERATOR.columns.filter(({ type }) => type !== "text").map(({ name }) => name);

/**
 * Joins what several generators did, second by second: what they count is summed,
 * what is in flight too, and lag, delay and CPU are those of the loader that was
 * worst off, so that none hides behind the others.
 *
 * @param paths the tables `generator` of the loaders
 * @param output a new file
 * @returns its rows
 * @throws LoaderError `result` when a table is broken or the output cannot be made
 */
export async function mergeGenerators(paths: readonly string[], output: string): Promise<number> {
  const loaders = paths.map(readSeconds);
  const seconds = new Set(loaders.flatMap((rows) => [...rows.keys()]));
  const sink = new CsvSink(GENERATOR, output);
  try {
    const levels = loaders.map(() => new Map<string, number>());
    for (const second of [...seconds].sort((a, b) => a - b)) {
      const rows = loaders.map((loader) => loader.get(second));
      const phase = rows.find((row) => row !== undefined && row.phase !== null)?.phase ?? null;
      sink.write(
        GENERATOR.columns.map((column) =>
          column.name === "phase"
            ? phase
            : mergeSecond(column, rows.map((row) => row?.numbers), levels)
        ),
      );
    }
  } finally {
    await sink.close();
  }
  return sink.rows;
}

interface Second {
  /** `null` if unknown. */
  readonly phase: string | null;
  /** NaN where unknown. */
  readonly numbers: Numbers;
}

/** Rows by the second in which they began: each ends where the next begins, or somewhat later. */
function readSeconds(path: string): Map<number, Second> {
  const table = new StoredTable(path, GENERATOR);
  const columns = NUMBERS.map((name) => [name, table.numbers(name)] as const);
  const phase = table.texts("phase");
  const timeMs = table.numbers("time_ms");
  const seconds = new Map<number, Second>();
  for (let row = 0; row < table.rowCount; row++) {
    const second = Math.floor((row === 0 ? 0 : timeMs[row - 1]) / SECOND_MS);
    seconds.set(second, {
      phase: phase.values[phase.codes[row]] ?? null,
      numbers: new Map(columns.map(([name, values]) => [name, values[row]])),
    });
  }
  return seconds;
}

/** @param levels what each loader had last */
function mergeSecond(
  { name, merge }: Column,
  rows: readonly (Numbers | undefined)[],
  levels: readonly Map<string, number>[],
): Cell {
  if (merge === "level") {
    rows.forEach((row, i) => row === undefined || levels[i].set(name, row.get(name)!));
    return sum(levels.map((level) => level.get(name) ?? 0));
  }
  const known = rows.flatMap((row) => row === undefined ? [] : [row.get(name)!])
    .filter((value) => !Number.isNaN(value));
  return known.length > 0 && merge === "sum" ? sum(known) : largest(known);
}

/** What the platform told a loader, of its functions. */
export interface PlatformPart {
  /** Its table `platform_metrics`. */
  readonly path: string;
  /** How many functions its averages are over. */
  readonly functions: number;
}

/**
 * Joins what the platform told several loaders, each of its own functions, scrape
 * by scrape: instances and requests are summed, concurrency is averaged over all
 * functions. The scheduler's quantiles are the largest that were told, as is what
 * a scrape took. A scrape that one of them lacks is a gap: what the others told
 * is not the whole.
 *
 * @param scrapeIntervalMs time between two scrapes
 * @param output a new file
 * @returns its rows
 * @throws LoaderError `result` when a table is broken or the output cannot be made
 */
export async function mergePlatformMetrics(
  parts: readonly PlatformPart[],
  scrapeIntervalMs: number,
  output: string,
): Promise<number> {
  const loaders = parts.map(({ path }) => readScrapes(path, scrapeIntervalMs));
  const scrapes = new Set(loaders.flatMap((rows) => [...rows.keys()]));
  const functions = parts.map((part) => part.functions);
  const sink = new CsvSink(PLATFORM_METRICS, output);
  try {
    for (const scrape of [...scrapes].sort((a, b) => a - b)) {
      const rows = loaders.flatMap((loader) => loader.get(scrape) ?? []);
      const timeMs = Math.min(...rows.map((row) => row.get("time_ms")!));
      const isWhole = rows.length === loaders.length && !rows.some(isGap);
      const cells = PLATFORM_METRICS.columns.slice(1).map((column) =>
        isWhole ? mergeScrape(column, rows.map((row) => row.get(column.name)!), functions) : null
      );
      sink.write([timeMs, ...cells]);
    }
  } finally {
    await sink.close();
  }
  return sink.rows;
}

/** Of a scrape that failed, all that is known is when it was and what it took. */
function isGap(row: Numbers): boolean {
  return [...row].every(([name, value]) =>
    name === "time_ms" || name === "scrape_ms" || Number.isNaN(value)
  );
}

/** Rows by the number of the scrape; each loader begins to scrape at the start of the run. */
function readScrapes(path: string, scrapeIntervalMs: number): Map<number, Numbers> {
  const table = new StoredTable(path, PLATFORM_METRICS);
  const columns = PLATFORM_METRICS.columns.map(({ name }) => [name, table.numbers(name)] as const);
  const timeMs = table.numbers("time_ms");
  const scrapes = new Map<number, Numbers>();
  for (let row = 0; row < table.rowCount; row++) {
    const scrape = Math.round((timeMs[row] - timeMs[0]) / scrapeIntervalMs);
    scrapes.set(scrape, new Map(columns.map(([name, values]) => [name, values[row]])));
  }
  return scrapes;
}

function mergeScrape(
  { merge }: Column,
  values: readonly number[],
  functions: readonly number[],
): Cell {
  if (merge === "mean") return average(values, functions);
  if (merge === "sum") {
    const total = sum(values);
    return Number.isNaN(total) ? null : total;
  }
  return largest(values.filter((value) => !Number.isNaN(value)));
}

/** Over the functions of the loaders that tell; `null` where none does. */
function average(values: readonly number[], functions: readonly number[]): Cell {
  let sum = 0;
  let count = 0;
  values.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    sum += value * functions[i];
    count += functions[i];
  });
  return count === 0 ? null : sum / count;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** `null` without any. */
function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}
