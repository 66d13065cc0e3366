import { rename, rm } from "node:fs/promises";
import { type ColdStart, deriveColdStartRows } from "../../analyze/cold_start_parts.ts";
import { COLD_START_PARTS } from "../../store/schema/tables.ts";
import { CsvSink } from "../../store/write/csv_sink.ts";

/**
 * Writes the table of the parts of cold starts into a run's folder, in place of
 * an earlier one.
 *
 * @throws LoaderError `result` when it cannot be written
 */
export async function writeColdStarts(runPath: string, starts: readonly ColdStart[]) {
  const path = `${runPath}/${COLD_START_PARTS.name}.csv`;
  await rm(`${path}.new`, { force: true });
  const sink = new CsvSink(COLD_START_PARTS, `${path}.new`);
  try {
    for (const row of deriveColdStartRows(starts)) sink.write(row);
  } finally {
    await sink.close();
  }
  // Renamed into place, so that a reader never meets half a table.
  await rename(`${path}.new`, path);
}
