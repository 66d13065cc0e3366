import { join } from "node:path";
import { LoaderError } from "../base/error.ts";
import type { Table } from "../model/table.ts";
import {
  CONNECTIONS,
  GENERATOR,
  INVOCATIONS,
  NODES,
  PLATFORM_METRICS,
  PROCESSES,
  TABLES,
} from "../store/schema/tables.ts";
import { mergeRows } from "../store/merge/merge_rows.ts";
import { mergeGenerators } from "./merge_generator.ts";
import { mergeNodes } from "./merge_nodes.ts";
import { mergePlatformMetrics } from "./merge_platform_metrics.ts";
import { mergeProcesses } from "./merge_processes.ts";
import type { ShardRun } from "./shard_set.ts";

/**
 * Joins the tables of a run that several loaders made, in order of time, into a
 * new folder.
 *
 * @param parts by loader, the first first
 * @throws LoaderError `result` when a table is broken or not whole, or the output
 * cannot be made
 */
export async function mergeTables(parts: readonly ShardRun[], output: string): Promise<void> {
  for (const table of TABLES) {
    const file = `${table.name}.csv`;
    const paths = parts.map(({ path }) => join(path, file));
    const missing = paths.filter((path) => !exists(path));
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
    else await mergeTable(table, parts, paths, to);
  }
}

/** The order in which they ended; what was never sent ended about when it was due. */
function mergeInvocations(parts: readonly ShardRun[], paths: readonly string[], to: string): void {
  const rows = mergeRows(paths, to, ["completed_ms", "scheduled_ms"]);
  rows.forEach((count, i) => {
    const { invocations } = parts[i].manifest.plan;
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
  parts: readonly ShardRun[],
  paths: readonly string[],
  to: string,
): Promise<void> {
  if (table === GENERATOR) return await mergeGenerators(paths, to);
  if (table === NODES) return await mergeNodes(paths, to);
  if (table === PROCESSES) {
    const processes = parts.map(({ manifest: { shard } }, i) => ({
      index: shard.index,
      path: paths[i],
    }));
    return await mergeProcesses(processes, to);
  }
  if (table === PLATFORM_METRICS) {
    const { options } = parts[0].manifest;
    const platforms = parts.map(({ manifest: { plan } }, i) => ({
      path: paths[i],
      functions: plan.functions,
    }));
    return await mergePlatformMetrics(platforms, Number(options.scrapeInterval), to);
  }
  // What is told of a function, its own loader tells.
  mergeRows(paths, to, ["time_ms"]);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
