import { dirname, join } from "node:path";
import { CsvTable, parseIdCell } from "../csv_table.ts";
import type { TraceReading } from "../format.ts";
import { listFileNames } from "./day_files.ts";

/** What the release tells of a function of region 2. */
export interface RuntimeRow {
  /** Language, such as `Python3`. */
  readonly runtime: string;
  /** Trigger and kind of call, such as `workflow-S`. */
  readonly trigger: string | null;
}

const FILE = "df_funcID_runtime_triggerType.csv";
/** Where the release has it, from a folder of a region or one of its metrics. */
const PLACES = [".", "runtime_triggerType"];

/** The file of runtimes and triggers in a folder or near it; `null`: it is not there. */
export async function findRuntimeTable(folder: string): Promise<string | null> {
  let above = folder;
  for (let depth = 0; depth < 4; depth++) {
    for (const place of PLACES) {
      const path = join(above, place);
      if ((await listFileNames(path)).includes(FILE)) return join(path, FILE);
    }
    above = dirname(above);
  }
  return null;
}

/** Runtimes and triggers by `funcID`. @throws LoaderError `input` when the file is wrong */
export async function readRuntimeTable(
  file: string,
  reading?: TraceReading,
): Promise<ReadonlyMap<string, RuntimeRow>> {
  await using table = await CsvTable.open(file, (bytes) => reading?.hash.update(bytes));
  const id = table.columnIndex("funcID");
  const runtime = table.columnIndex("runtime");
  const trigger = table.findColumn("triggerType-invocationType");
  const rows = new Map<string, RuntimeRow>();
  for await (const row of table.rows()) {
    rows.set(parseIdCell(table, row, id), {
      runtime: row.cells[runtime].trim() || "unknown",
      trigger: trigger === undefined ? null : row.cells[trigger].trim() || null,
    });
  }
  return rows;
}
