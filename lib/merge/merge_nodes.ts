import { StoredTable } from "../store/read/stored_table.ts";
import type { Cell } from "../model/table.ts";
import { NODES } from "../store/schema/tables.ts";
import { CsvSink } from "../store/write/csv_sink.ts";

/**
 * Joins what several loaders told of the nodes of their one cluster: the rows of
 * the first loader, which are all that there is to tell, with every node marked
 * that some loader runs on.
 *
 * @param paths the tables `nodes` of the loaders
 * @param output a new file
 * @throws LoaderError `result` when a table is broken or the output cannot be made
 */
export async function mergeNodes(paths: readonly string[], output: string): Promise<void> {
  const withLoader = new Set<string>();
  for (const path of paths) {
    const table = new StoredTable(path, NODES);
    const { codes, values } = table.texts("node");
    const hasLoader = table.numbers("has_loader");
    hasLoader.forEach((has, row) => has === 1 && withLoader.add(values[codes[row]]));
  }
  const table = new StoredTable(paths[0], NODES);
  const node = table.texts("node");
  const cellsOf = NODES.columns.map(({ name, type }): (row: number) => Cell => {
    if (type === "text") {
      const text = table.texts(name);
      return (row) => text.values[text.codes[row]] ?? null;
    }
    const numbers = table.numbers(name);
    return (row) => {
      if (name === "has_loader" && withLoader.has(node.values[node.codes[row]])) return true;
      if (Number.isNaN(numbers[row])) return null;
      return type === "boolean" ? numbers[row] === 1 : numbers[row];
    };
  });
  const sink = new CsvSink(NODES, output);
  try {
    for (let row = 0; row < table.rowCount; row++) sink.write(cellsOf.map((cell) => cell(row)));
  } finally {
    await sink.close();
  }
}
