import { StoredTable } from "../store/read/stored_table.ts";
import type { Cell } from "../model/table.ts";
import { PROCESSES } from "../store/schema/tables.ts";
import { CsvSink } from "../store/write/csv_sink.ts";

/** The table `processes` of one loader. */
export interface ProcessPart {
  /** From 1. */
  readonly index: number;
  readonly path: string;
}

/**
 * Joins the processes of several loaders in order of time; each group gets the
 * number of its loader, and so of its machine, behind its name.
 *
 * @param output a new file
 * @throws LoaderError `result` when a table is broken or the output cannot be made
 */
export async function mergeProcesses(
  parts: readonly ProcessPart[],
  output: string,
): Promise<void> {
  const rows: { readonly timeMs: number; readonly cells: Cell[] }[] = [];
  for (const { index, path } of parts) {
    const table = new StoredTable(path, PROCESSES);
    const group = table.texts("group");
    const numbers = PROCESSES.columns.map(({ name, type }) =>
      type === "text" ? null : table.numbers(name)
    );
    for (let row = 0; row < table.rowCount; row++) {
      const label = `${group.values[group.codes[row]]} ${index}`;
      const cells = numbers.map((values) => values === null ? label : knownOrNull(values[row]));
      rows.push({ timeMs: numbers[0]![row], cells });
    }
  }
  rows.sort((a, b) => a.timeMs - b.timeMs);
  const sink = new CsvSink(PROCESSES, output);
  try {
    for (const { cells } of rows) sink.write(cells);
  } finally {
    await sink.close();
  }
}

function knownOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
