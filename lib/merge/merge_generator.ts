import { StoredTable } from "../store/read/stored_table.ts";
import type { Cell } from "../model/table.ts";
import { GENERATOR } from "../store/schema/tables.ts";
import { CsvSink } from "../store/write/csv_sink.ts";

const SECOND_MS = 1000;

/** How many, in a second. */
const COUNTS: ReadonlySet<string> = new Set([
  "scheduled",
  "dispatched",
  "completed",
  "dropped",
  "unsent",
  "peer_waits",
]);

/** How much there is, at the end of a second. */
const LEVELS: ReadonlySet<string> = new Set(["in_flight", "requested_memory_mib"]);

const COLUMNS = GENERATOR.columns.map(({ name }) => name);
const NUMBERS = GENERATOR.columns.filter(({ type }) => type !== "text").map(({ name }) => name);

/**
 * Joins what several generators did, second by second: what they count is summed,
 * what is in flight too, and lag, delay and CPU are those of the loader that was
 * worst off, so that none hides behind the others.
 *
 * @param paths the tables `generator` of the loaders
 * @param output a new file
 * @throws LoaderError `result` when a table is broken or the output cannot be made
 */
export async function mergeGenerators(paths: readonly string[], output: string): Promise<void> {
  const loaders = paths.map(readSeconds);
  const seconds = new Set(loaders.flatMap((rows) => [...rows.keys()]));
  const sink = new CsvSink(GENERATOR, output);
  try {
    const levels = loaders.map(() => new Map<string, number>());
    for (const second of [...seconds].sort((a, b) => a - b)) {
      const rows = loaders.map((loader) => loader.get(second));
      const phase = rows.find((row) => row !== undefined && row.phase !== null)?.phase ?? null;
      sink.write(
        COLUMNS.map((name) =>
          name === "phase" ? phase : mergeCells(name, rows.map((row) => row?.numbers), levels)
        ),
      );
    }
  } finally {
    await sink.close();
  }
}

type Numbers = ReadonlyMap<string, number>;

interface Row {
  /** `null` if unknown. */
  readonly phase: string | null;
  /** NaN where unknown. */
  readonly numbers: Numbers;
}

/** Rows by the second in which they began: each ends where the next begins, or somewhat later. */
function readSeconds(path: string): Map<number, Row> {
  const table = new StoredTable(path, GENERATOR);
  const columns = NUMBERS.map((name) => [name, table.numbers(name)] as const);
  const phase = table.texts("phase");
  const timeMs = table.numbers("time_ms");
  const seconds = new Map<number, Row>();
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
function mergeCells(
  name: string,
  rows: readonly (Numbers | undefined)[],
  levels: readonly Map<string, number>[],
): Cell {
  if (LEVELS.has(name)) {
    rows.forEach((row, i) => row === undefined || levels[i].set(name, row.get(name)!));
    return sum(levels.map((level) => level.get(name) ?? 0));
  }
  const known = rows.flatMap((row) => row === undefined ? [] : [row.get(name)!])
    .filter((value) => !Number.isNaN(value));
  if (known.length === 0) return null;
  return COUNTS.has(name) ? sum(known) : Math.max(...known);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
