import { SlotCounts } from "../../lib/model/slot_counts.ts";
import type { FunctionProfile, Percentiles } from "../../lib/model/trace.ts";
import { CsvTable, parseIdCell, parseNumberCell } from "../../lib/trace/csv_table.ts";
import type { TraceFormat, TraceReading } from "../../lib/trace/format.ts";

const FILE = "events.csv";

/** A data set that the library does not know: single invocations during two minutes. */
export const EVENTS: TraceFormat = {
  name: "events",
  looksFor: [FILE],
  recognise(folder) {
    const file = folder.findFile(FILE);
    if (file === null) return Promise.resolve(null);
    const source = {
      key: file,
      size: null,
      read: async (reading: TraceReading) => ({
        name: "events",
        slotMs: 60_000,
        slots: 2,
        functions: await readFunctions(file, reading),
      }),
    };
    return Promise.resolve({ evidence: FILE, select: () => Promise.resolve(source) });
  },
};

async function readFunctions(file: string, { hash }: TraceReading): Promise<FunctionProfile[]> {
  await using table = await CsvTable.open(file, (bytes) => hash.update(bytes));
  const [id, arrival, runtime] = ["function", "arrival_s", "runtime_ms"].map((name) =>
    table.columnIndex(name)
  );
  const functions = new Map<string, { counts: Uint32Array; runtimesMs: number[] }>();
  for await (const row of table.rows()) {
    const name = parseIdCell(table, row, id);
    const events = functions.get(name) ?? { counts: new Uint32Array(2), runtimesMs: [] };
    functions.set(name, events);
    events.counts[Math.floor(parseNumberCell(table, row, arrival) / 60)]++;
    events.runtimesMs.push(parseNumberCell(table, row, runtime));
  }
  return Array.from(functions, ([id, { counts, runtimesMs }]) => ({
    id,
    appId: "events",
    ownerId: "events",
    trigger: null,
    invocationsPerSlot: SlotCounts.from(counts),
    runtimeMs: rangeOf(runtimesMs),
    memoryMib: rangeOf([128]),
  }));
}

function rangeOf(values: readonly number[]): Percentiles {
  return {
    quantiles: [0, 1],
    values: [Math.min(...values), Math.max(...values)],
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
  };
}
