import { LoaderError } from "../../base/error.ts";
import { MAX_COUNT, SlotCounts } from "../../model/slot_counts.ts";
import { functionKey } from "../../model/trace.ts";
import { type CsvRow, CsvTable, parseCountCell, parseIdCell } from "../csv_table.ts";
import type { TraceReading } from "../format.ts";
import type { DefectClass } from "../repair_log.ts";
import { findMinuteColumns } from "./minute_columns.ts";

/** What the file of invocations tells of a function. */
export interface InvocationRow {
  readonly ownerId: string;
  readonly appId: string;
  readonly id: string;
  readonly trigger: string | null;
  readonly invocationsPerSlot: SlotCounts;
  /** Line of the file where it stands first. */
  readonly line: number;
}

/** The file of invocations. */
export interface InvocationTable {
  readonly file: string;
  readonly minutes: number;
  /** The number that the header gives the first of them. */
  readonly firstMinute: number;
  /** By function key, in the order of the file. */
  readonly rows: ReadonlyMap<string, InvocationRow>;
}

const DUPLICATED_INVOCATIONS: DefectClass = {
  defect: "function with invocations twice",
  repair: "counts added",
  severity: "approximate",
};

/**
 * Reads a file of invocations.
 *
 * @throws LoaderError `input` when it is empty or something in it is wrong
 */
export async function readInvocations(
  file: string,
  reading: TraceReading,
): Promise<InvocationTable> {
  await using table = await CsvTable.open(file, (bytes) => reading.hash.update(bytes));
  const [owner, app, id] = ["HashOwner", "HashApp", "HashFunction"].map((name) =>
    table.columnIndex(name)
  );
  const trigger = table.findColumn("Trigger");
  const { indices: minuteColumns, first: firstMinute } = findMinuteColumns(table);
  const rows = new Map<string, InvocationRow>();
  const counts = new Uint32Array(minuteColumns.length);
  for await (const row of table.rows()) {
    const ids = {
      ownerId: parseIdCell(table, row, owner),
      appId: parseIdCell(table, row, app),
      id: parseIdCell(table, row, id),
    };
    const key = functionKey(ids);
    const first = rows.get(key);
    if (first !== undefined) {
      const place = { file, line: row.line, value: key };
      reading.repairs.addDuplicate(DUPLICATED_INVOCATIONS, place, first.line);
      const counts = first.invocationsPerSlot.toArray();
      addCounts(counts, table, row, minuteColumns);
      rows.set(key, { ...first, invocationsPerSlot: SlotCounts.from(counts) });
      continue;
    }
    addCounts(counts.fill(0), table, row, minuteColumns);
    rows.set(key, {
      ...ids,
      trigger: trigger === undefined ? null : row.cells[trigger].trim() || null,
      invocationsPerSlot: SlotCounts.from(counts),
      line: row.line,
    });
  }
  if (rows.size === 0) {
    throw new LoaderError("input", "The trace is empty: there is no function after the header.", {
      file,
    });
  }
  return { file, minutes: minuteColumns.length, firstMinute, rows };
}

function addCounts(
  counts: Uint32Array,
  table: CsvTable,
  row: CsvRow,
  columns: readonly number[],
): void {
  for (let minute = 0; minute < columns.length; minute++) {
    const count = counts[minute] + parseCountCell(table, row, columns[minute]);
    if (count > MAX_COUNT) {
      throw new LoaderError(
        "input",
        `The counts of a function that is there twice come to ${count} in one minute; a minute ` +
          `holds at most ${MAX_COUNT}.`,
        { file: table.file, line: row.line, column: table.columns[columns[minute]], value: count },
      );
    }
    counts[minute] = count;
  }
}
