import { rename, rm } from "node:fs/promises";
import {
  ANCESTOR_INVOCATIONS,
  ANCESTOR_MINUTES,
  ANCESTOR_SCALES,
} from "../analyze/ancestor_columns.ts";
import {
  deriveAncestorInvocations,
  deriveAncestorMinutes,
  deriveAncestorScales,
  readAncestorSource,
} from "../analyze/ancestor_tables.ts";
import { readExperimentFolder } from "../analyze/experiment_folder.ts";
import type { Cell, Table } from "../model/table.ts";
import { CsvSink } from "../result/csv_sink.ts";

/**
 * Writes the ancestor's tables into the folder of each run of an experiment:
 * `compat_invocations.csv`, `compat_minutes.csv` and `compat_scales.csv`. They are
 * derived from the run's own tables, so that those of an earlier call are
 * replaced.
 *
 * @param folder the experiment's folder
 * @throws LoaderError `input` when the folder holds no experiment, `result` when
 * a table is broken or cannot be written
 */
export async function writeAncestorTables(folder: string): Promise<void> {
  const { runs } = await readExperimentFolder(folder);
  for (const { path, manifest } of runs) {
    const source = await readAncestorSource(path, manifest);
    await writeTable(path, ANCESTOR_INVOCATIONS, deriveAncestorInvocations(source));
    await writeTable(path, ANCESTOR_MINUTES, deriveAncestorMinutes(source));
    await writeTable(path, ANCESTOR_SCALES, deriveAncestorScales(source));
  }
}

/** Writes beside the old file and renames, so that a reader never meets half a table. */
async function writeTable(runPath: string, table: Table, rows: Iterable<Cell[]>): Promise<void> {
  const path = `${runPath}/${table.name}.csv`;
  await rm(`${path}.new`, { force: true });
  const sink = new CsvSink(table, `${path}.new`);
  try {
    for (const row of rows) sink.write(row);
  } finally {
    await sink.close();
  }
  await rename(`${path}.new`, path);
}
