import { LoaderError } from "../../base/error.ts";
import { SlotCountsBuilder } from "../../model/slot_counts.ts";
import { functionKey, type FunctionProfile, type Trace } from "../../model/trace.ts";
import { assumeFigures, constantPercentiles, describeAssumedMemory } from "../assumed.ts";
import { RUNTIME_QUANTILES } from "../published_figures.ts";
import { type CsvCells, CsvTable, listColumns } from "../csv_table.ts";
import { selectWhole } from "../day_range.ts";
import type { TraceFormat, TraceReading } from "../format.ts";
import { findByHeader, hasColumns } from "../header_search.ts";
import type { DefectClass } from "../repair_log.ts";
import { nameTrace } from "../trace_name.ts";

const COLUMNS = ["avg", "mapped_wreq"];

/** A column of counts: the minutes of the original trace that one of the experiment stands for. */
const MINUTES = /^(\d+)(?:-(\d+))?$/;

const ZERO_AVERAGE: DefectClass = {
  defect: "average runtime of 0",
  repair: "kept; a replay asks for at least 1 ms",
  severity: "approximate",
};
const NEGATIVE_AVERAGE: DefectClass = {
  defect: "negative average runtime",
  repair: "taken as 0",
  severity: "approximate",
};

/**
 * Specifications of experiments as FaaSRail makes them of Azure's trace (Katsakioris et al.,
 * "FaaSRail: Employing Real Workloads to Generate Representative Load for Serverless
 * Research", HPDC 2024): `avg` (ms), `mapped_wreq` (the benchmark that stands for the
 * function, as JSON), then a column for each minute of the experiment. A column that is
 * called `1-288` is one minute too: it stands for 288 of the trace, scaled down.
 */
export const FAASRAIL: TraceFormat = {
  name: "FaaSRail",
  looksFor: ["a file with the columns avg, mapped_wreq"],
  async recognise(folder) {
    const found = await findByHeader(folder, (columns) => hasColumns(columns, COLUMNS));
    if (found.length === 0) return null;
    const evidence = found.map(({ name }) => name).join(", ");
    if (found.length > 1) {
      return { evidence, unsupported: "These are several experiments; give one of the files." };
    }
    const file = folder.pathOf(found[0].name);
    const source = {
      key: file,
      size: null,
      read: (reading: TraceReading) => readSpecification(file, reading),
    };
    return { evidence, select: selectWhole(source, file) };
  },
};

async function readSpecification(
  file: string,
  reading: TraceReading,
): Promise<Omit<Trace, "repairs" | "hash">> {
  await using table = await CsvTable.open(file, (bytes) => reading.hash.update(bytes));
  const [average, request] = COLUMNS.map((name) => table.columnIndex(name));
  const minutes = findMinutes(table, [average, request]);
  const figures = assumeFigures(reading.assume);
  const builder = new SlotCountsBuilder();
  const functions: FunctionProfile[] = [];
  await table.forEachRow((cells) => {
    const runtimeMs = parseAverage(table, cells, average, reading);
    for (let slot = 0; slot < minutes.length; slot++) {
      builder.add(slot, cells.count(minutes[slot]));
    }
    // Benchmarks stand for several functions each; the row is what tells these apart.
    const identity = {
      id: `row${functions.length + 1}`,
      appId: parseBenchmark(table, cells, request),
      ownerId: "faasrail",
      trigger: null,
    };
    functions.push({
      ...identity,
      invocationsPerSlot: builder.finish(minutes.length),
      runtimeMs: constantPercentiles(RUNTIME_QUANTILES, runtimeMs),
      memoryMib: figures.memoryMib(functionKey(identity)),
    });
  });
  if (functions.length === 0) {
    throw new LoaderError("input", "The trace is empty: there is no function after the header.", {
      file,
    });
  }
  const widths = new Set(minutes.map((column) => widthOf(table.columns[column])));
  const [width] = widths;
  return {
    name: nameTrace(file),
    slotMs: 60_000,
    slots: minutes.length,
    functions,
    notes: width > 1 && widths.size === 1
      ? [`Each of the ${minutes.length} minutes stands for ${width} minutes of the original trace.`]
      : [],
    assumptions: [
      "Every invocation of a function is taken to run for avg, the mean of its function in the " +
      "original trace, not for the benchmark's mean in mapped_wreq.",
      describeAssumedMemory(reading.assume),
    ],
  };
}

/** Columns of counts, in the order of the file; every other column is refused. */
function findMinutes(table: CsvTable, others: readonly number[]): number[] {
  const columns = [...table.columns.keys()].filter((index) =>
    !others.includes(index) && !/^(|unnamed: ?\d+)$/i.test(table.columns[index])
  );
  if (columns.length === 0) {
    throw new LoaderError(
      "input",
      `Expected a column for each minute, such as 1 or 1-288, found ${listColumns(table.columns)}.`,
      { file: table.file, line: 1 },
    );
  }
  let last = -1;
  for (const index of columns) {
    const name = table.columns[index];
    const match = MINUTES.exec(name);
    const first = Number(match?.[1]);
    if (match === null || first <= last) {
      throw new LoaderError(
        "input",
        match === null
          ? "Expected the number of a minute, or two such as 1-288, as the name of the column; " +
            "rename or remove it."
          : `The columns of minutes are not in order: ${name} comes after ${last}.`,
        { file: table.file, line: 1, column: name },
      );
    }
    last = Number(match[2] ?? match[1]);
  }
  return columns;
}

function widthOf(column: string): number {
  const match = MINUTES.exec(column);
  return match?.[2] === undefined ? 1 : Number(match[2]) - Number(match[1]) + 1;
}

function parseAverage(
  table: CsvTable,
  cells: CsvCells,
  column: number,
  { repairs }: TraceReading,
): number {
  const value = cells.number(column);
  if (value > 0) return value;
  repairs.add(value === 0 ? ZERO_AVERAGE : NEGATIVE_AVERAGE, {
    file: table.file,
    line: cells.line,
    column: "avg",
    value: cells.text(column),
  });
  return 0;
}

function parseBenchmark(table: CsvTable, cells: CsvCells, column: number): string {
  const text = cells.text(column);
  try {
    const request: unknown = JSON.parse(text);
    if (typeof request === "object" && request !== null && "bench" in request) {
      if (typeof request.bench === "string" && request.bench !== "") return request.bench;
    }
  } catch {
    // Told below, as what is JSON and no request.
  }
  throw new LoaderError(
    "input",
    `Expected a request in JSON with a field "bench", got ${JSON.stringify(text.slice(0, 80))}.`,
    { file: table.file, line: cells.line, column: "mapped_wreq", value: text },
  );
}
