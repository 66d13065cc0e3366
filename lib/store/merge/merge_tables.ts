import { join } from "node:path";
import { statIfPresent } from "../../base/file.ts";
import { LoaderError } from "../../base/error.ts";
import type { Cell, Table } from "../../model/table.ts";
import { StoredTable, textAt } from "../read/stored_table.ts";
import {
  CONNECTIONS,
  GENERATOR,
  INVOCATIONS,
  NODES,
  PLATFORM_METRICS,
  PROCESSES,
  TABLES,
} from "../schema/tables.ts";
import { CsvSink } from "../write/csv_sink.ts";
import { mergeGenerators, mergePlatformMetrics } from "./merge_observations.ts";
import { mergeRows } from "./merge_rows.ts";

/** What one loader left of a run that several made. */
export interface TablePart {
  /** Folder of its tables. */
  readonly path: string;
  /** Number of the loader, from 1. */
  readonly index: number;
  /** What it was to do. */
  readonly functions: number;
  readonly invocations: number;
}

/**
 * Joins the tables of a run that several loaders made, in order of time, into a
 * new folder.
 *
 * @param parts by loader, the first first
 * @param scrapeIntervalMs time between two scrapes of the platform
 * @throws LoaderError `result` when a table is broken or not whole, or the output
 * cannot be made
 */
export async function mergeTables(
  parts: readonly TablePart[],
  scrapeIntervalMs: number,
  output: string,
): Promise<void> {
  for (const table of TABLES) {
    const file = `${table.name}.csv`;
    const paths = parts.map(({ path }) => join(path, file));
    const missing = paths.filter((path) => statIfPresent(path)?.isFile !== true);
    // A version that did not know the table yet.
    if (missing.length === paths.length && table !== INVOCATIONS) continue;
    if (missing.length > 0) {
      throw new LoaderError("input", "The table is missing. Nothing was merged.", {
        file: missing[0],
      });
    }
    const to = join(output, file);
    if (table === INVOCATIONS) mergeInvocations(parts, paths, to);
    else if (table === CONNECTIONS) mergeRows(paths, to, ["ended_ms"]);
    else if (parts.length === 1) mergeRows(paths, to, ["time_ms"]);
    else await mergeTable(table, parts, paths, scrapeIntervalMs, to);
  }
}

/** The order in which they ended; what was never sent ended about when it was due. */
function mergeInvocations(parts: readonly TablePart[], paths: readonly string[], to: string): void {
  const rows = mergeRows(paths, to, ["completed_ms", "scheduled_ms"]);
  rows.forEach((count, i) => {
    const { invocations } = parts[i];
    if (count === invocations) return;
    throw new LoaderError(
      "input",
      `The table has ${count} rows, but ${invocations} invocations were planned; it is not ` +
        "whole. Nothing was merged.",
      { file: paths[i] },
    );
  });
}

async function mergeTable(
  table: Table,
  parts: readonly TablePart[],
  paths: readonly string[],
  scrapeIntervalMs: number,
  to: string,
): Promise<void> {
  if (table === GENERATOR) return await mergeGenerators(paths, to);
  if (table === NODES) return await mergeNodes(paths, to);
  if (table === PROCESSES) {
    return await mergeProcesses(parts.map(({ index }, i) => ({ index, path: paths[i] })), to);
  }
  if (table === PLATFORM_METRICS) {
    const platforms = parts.map(({ functions }, i) => ({ functions, path: paths[i] }));
    return await mergePlatformMetrics(platforms, scrapeIntervalMs, to);
  }
  // What is told of a function, its own loader tells.
  mergeRows(paths, to, ["time_ms"]);
}

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
      const label = `${textAt(group, row)} ${index}`;
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
      return (row) => textAt(text, row);
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
