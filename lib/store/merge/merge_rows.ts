import { LoaderError } from "../../base/error.ts";
import { RowReader } from "./row_reader.ts";
import { RowWriter } from "../write/row_writer.ts";

/** A table that is being read, and the time of its row; infinite at its end. */
interface Source {
  readonly reader: RowReader;
  timeMs: number;
  rows: number;
}

/**
 * Joins tables of one shape, each in order of time, into one in order of time;
 * rows are copied byte for byte. Of rows of one instant, those of the table that
 * is named first come first. Memory is bounded, however long the tables are.
 *
 * @param paths tables to join
 * @param output a new file
 * @param timeColumns the time of a row is the first of these that is known, or
 * that of the row before it where that is later
 * @returns the rows of each table
 * @throws LoaderError `result` when a table is broken or differs in its columns,
 * or the output cannot be made
 *
 * @example
 * ```ts
 * import { mergeRows } from "./merge_rows.ts";
 * const folder = Deno.makeTempDirSync();
 * Deno.writeTextFileSync(`${folder}/a.csv`, "time_ms\n1\n3\n");
 * Deno.writeTextFileSync(`${folder}/b.csv`, "time_ms\n2\n");
 * mergeRows([`${folder}/a.csv`, `${folder}/b.csv`], `${folder}/both.csv`, ["time_ms"]);
 * const text = Deno.readTextFileSync(`${folder}/both.csv`);
 * if (text !== "time_ms\n1\n2\n3\n") throw new Error(text);
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function mergeRows(
  paths: readonly string[],
  output: string,
  timeColumns: readonly string[],
): number[] {
  using readers = new DisposableStack();
  const sources = paths.map((path): Source => ({
    reader: readers.use(new RowReader(path)),
    timeMs: -Infinity,
    rows: 0,
  }));
  const [{ reader: first }] = sources;
  for (const { reader } of sources) {
    if (reader.header === first.header) continue;
    throw new LoaderError(
      "result",
      `The table has other columns than ${first.path}; merge what one version has made.`,
      { file: reader.path, line: 1 },
    );
  }
  const columns = timeColumns.map((name) => first.columnOf(name));
  const advance = (source: Source): void => {
    if (!source.reader.next()) {
      source.timeMs = Infinity;
      return;
    }
    source.rows++;
    // A table is in the order in which it was written; what is earlier for once waits for its turn.
    source.timeMs = Math.max(source.timeMs, timeOf(source.reader, columns));
  };
  using writer = new RowWriter(output);
  writer.write(new TextEncoder().encode(first.header));
  sources.forEach(advance);
  for (let next = earliest(sources); next.timeMs < Infinity; next = earliest(sources)) {
    writer.write(next.reader.bytes);
    advance(next);
  }
  writer.flush();
  return sources.map(({ rows }) => rows);
}

function timeOf(reader: RowReader, columns: readonly number[]): number {
  for (const column of columns) {
    const timeMs = reader.numberAt(column);
    if (!Number.isNaN(timeMs)) return timeMs;
  }
  return -Infinity;
}

function earliest(sources: readonly Source[]): Source {
  let first = sources[0];
  for (const source of sources) if (source.timeMs < first.timeMs) first = source;
  return first;
}
