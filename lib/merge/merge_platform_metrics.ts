import { StoredTable } from "../store/read/stored_table.ts";
import type { Cell } from "../model/table.ts";
import { PLATFORM_METRICS } from "../store/schema/tables.ts";
import { CsvSink } from "../store/write/csv_sink.ts";

const COLUMNS = PLATFORM_METRICS.columns.map(({ name }) => name);

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
 * @throws LoaderError `result` when a table is broken or the output cannot be made
 */
export async function mergePlatformMetrics(
  parts: readonly PlatformPart[],
  scrapeIntervalMs: number,
  output: string,
): Promise<void> {
  const loaders = parts.map(({ path }) => readScrapes(path, scrapeIntervalMs));
  const scrapes = new Set(loaders.flatMap((rows) => [...rows.keys()]));
  const functions = parts.map((part) => part.functions);
  const sink = new CsvSink(PLATFORM_METRICS, output);
  try {
    for (const scrape of [...scrapes].sort((a, b) => a - b)) {
      const rows = loaders.flatMap((loader) => loader.get(scrape) ?? []);
      const timeMs = Math.min(...rows.map((row) => row.get("time_ms")!));
      const isWhole = rows.length === loaders.length && !rows.some(isGap);
      const cells = COLUMNS.slice(1).map((name) =>
        isWhole ? mergeCells(name, rows.map((row) => row.get(name)!), functions) : null
      );
      sink.write([timeMs, ...cells]);
    }
  } finally {
    await sink.close();
  }
}

type Row = ReadonlyMap<string, number>;

/** Of a scrape that failed, all that is known is when it was and what it took. */
function isGap(row: Row): boolean {
  return [...row].every(([name, value]) =>
    name === "time_ms" || name === "scrape_ms" || Number.isNaN(value)
  );
}

/** Rows by the number of the scrape; each loader begins to scrape at the start of the run. */
function readScrapes(path: string, scrapeIntervalMs: number): Map<number, Row> {
  const table = new StoredTable(path, PLATFORM_METRICS);
  const columns = COLUMNS.map((name) => [name, table.numbers(name)] as const);
  const timeMs = table.numbers("time_ms");
  const scrapes = new Map<number, Row>();
  for (let row = 0; row < table.rowCount; row++) {
    const scrape = Math.round((timeMs[row] - timeMs[0]) / scrapeIntervalMs);
    scrapes.set(scrape, new Map(columns.map(([name, values]) => [name, values[row]])));
  }
  return scrapes;
}

function mergeCells(
  name: string,
  values: readonly number[],
  functions: readonly number[],
): Cell {
  if (name.endsWith("_concurrency")) return average(values, functions);
  if (name.endsWith("_instances") || name === "activator_requests") {
    const sum = values.reduce((total, value) => total + value, 0);
    return Number.isNaN(sum) ? null : sum;
  }
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? null : Math.max(...known);
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
