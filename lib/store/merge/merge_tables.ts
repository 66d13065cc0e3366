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
  /** Rows of each of its tables that has any; absent: every table has a file. */
  readonly tableRows?: Readonly<Record<string, number>>;
}

/**
 * Joins the tables of a run that several loaders made, in order of time, into a
 * new folder; a table of which none of them has a row is left out.
 *
 * @param parts by loader, the first first
 * @param scrapeIntervalMs time between two scrapes of the platform
 * @returns rows of each table that has any
 * @throws LoaderError `input` when a table is missing, `result` when one is broken or not
 * whole, or the output cannot be made
 */
export async function mergeTables(
  parts: readonly TablePart[],
  scrapeIntervalMs: number,
  output: string,
): Promise<Record<string, number>> {
  const tableRows: Record<string, number> = {};
  for (const table of TABLES) {
    const there = parts.filter((part) => hasTable(part, table));
    // A version that did not know the table yet, or there was nothing to tell.
    if (there.length === 0 && table !== INVOCATIONS) continue;
    const unknown = parts.find((part) => !there.includes(part) && mayMiss(part, table));
    if (unknown !== undefined) {
      throw new LoaderError("input", "The table is missing. Nothing was merged.", {
        file: pathOf(unknown, table),
      });
    }
    const to = join(output, `${table.name}.csv`);
    const rows = await mergeTable(table, parts, there, scrapeIntervalMs, to);
    if (rows > 0) tableRows[table.name] = rows;
  }
  return tableRows;
}

function pathOf({ path }: TablePart, { name }: Table): string {
  return join(path, `${name}.csv`);
}

function hasTable(part: TablePart, table: Table): boolean {
  return statIfPresent(pathOf(part, table))?.isFile === true;
}

/** False where the loader's manifest says that it had no row. */
function mayMiss({ tableRows }: TablePart, { name }: Table): boolean {
  return tableRows === undefined || (tableRows[name] ?? 0) > 0;
}

/** The order in which they ended; what was never sent ended about when it was due. */
function mergeInvocations(
  parts: readonly TablePart[],
  there: readonly TablePart[],
  to: string,
): number {
  const paths = there.map((part) => pathOf(part, INVOCATIONS));
  const counts = paths.length === 0 ? [] : mergeRows(paths, to, ["completed_ms", "scheduled_ms"]);
  for (const part of parts) {
    const count = counts[there.indexOf(part)] ?? 0;
    if (count === part.invocations) continue;
    throw new LoaderError(
      "input",
      `The table has ${count} rows, but ${part.invocations} invocations were planned; it is not ` +
        "whole. Nothing was merged.",
      { file: pathOf(part, INVOCATIONS) },
    );
  }
  return sum(counts);
}

/** @param there those of the parts that have the table; returns the rows of all together */
async function mergeTable(
  table: Table,
  parts: readonly TablePart[],
  there: readonly TablePart[],
  scrapeIntervalMs: number,
  to: string,
): Promise<number> {
  const paths = parts.map((part) => pathOf(part, table));
  if (table === INVOCATIONS) return mergeInvocations(parts, there, to);
  if (table === CONNECTIONS || parts.length === 1) {
    const time = table === CONNECTIONS ? "ended_ms" : "time_ms";
    return sum(mergeRows(there.map((part) => pathOf(part, table)), to, [time]));
  }
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
  return sum(mergeRows(there.map((part) => pathOf(part, table)), to, ["time_ms"]));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
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
 * @returns its rows
 * @throws LoaderError `result` when a table is broken or the output cannot be made
 */
export async function mergeProcesses(
  parts: readonly ProcessPart[],
  output: string,
): Promise<number> {
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
  return sink.rows;
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
 * @returns its rows
 * @throws LoaderError `result` when a table is broken or the output cannot be made
 */
export async function mergeNodes(paths: readonly string[], output: string): Promise<number> {
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
  return sink.rows;
}
