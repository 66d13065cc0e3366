import { LoaderError } from "../../base/error.ts";
import type { Trace } from "../../model/trace.ts";
import { ByteIndex } from "../byte_index.ts";
import { CsvTable } from "../csv_table.ts";
import { selectWhole } from "../day_range.ts";
import type { TraceFormat, TraceReading } from "../format.ts";
import { findByHeader, hasColumns } from "../header_search.ts";
import { RecordedBuilder } from "../recorded.ts";
import { checkRowNumber, makeRecordedTrace } from "../recorded_trace.ts";
import type { DefectClass } from "../repair_log.ts";
import { nameTrace } from "../trace_name.ts";

/** The data set does not tell whose applications they are. */
const OWNER = "azure2021";

const COLUMNS = ["app", "func", "end_timestamp", "duration"];

/**
 * "For two weeks starting on 2021-01-31" (the release's AzureFunctionsInvocationTrace2021.md); the
 * hour is not told.
 */
const START_MS = Date.UTC(2021, 0, 31);

/** What subtracting two rounded numbers may take a start at 0 below it. */
const ROUNDING_MS = 1;

const STARTED_BEFORE: DefectClass = {
  defect: "invocation that started before the trace",
  repair: "invocation left out",
  severity: "loss",
};
const NEGATIVE_DURATION: DefectClass = {
  defect: "negative duration",
  repair: "taken as 0",
  severity: "approximate",
};
const ZERO_DURATION: DefectClass = {
  defect: "duration of 0",
  repair: "kept; a replay asks for at least 1 ms",
  severity: "approximate",
};

/**
 * The Azure Functions 2021 trace (Zhang et al., "Faster and Cheaper Serverless Computing
 * on Harvested Resources", SOSP 2021): a row for each invocation, `app, func,
 * end_timestamp, duration`, both in seconds from the start of the trace (the overview of
 * all of Azure's data sets says milliseconds). It started `duration` before its end.
 * The name of a function is unique within its application only. No memory.
 */
export const AZURE_2021: TraceFormat = {
  name: "Azure Functions 2021",
  looksFor: [`a file with the columns ${COLUMNS.join(", ")}`],
  async recognise(folder) {
    const found = await findByHeader(folder, (columns) => hasColumns(columns, COLUMNS));
    if (found.length === 0) return null;
    const evidence = found.map(({ name }) => name).join(", ");
    if (found.length > 1) {
      return { evidence, unsupported: "These are several traces; give one of the files." };
    }
    const file = folder.pathOf(found[0].name);
    const source = {
      key: file,
      size: null,
      read: (reading: TraceReading) => readInvocations(file, reading),
    };
    return { evidence, select: selectWhole(source, file) };
  },
};

async function readInvocations(
  file: string,
  reading: TraceReading,
): Promise<Omit<Trace, "repairs" | "hash">> {
  await using table = await CsvTable.open(file, (bytes) => reading.hash.update(bytes));
  const [app, func, end, duration] = COLUMNS.map((name) => table.columnIndex(name));
  const builder = new RecordedBuilder();
  const apps = new ByteIndex();
  const names = new ByteIndex();
  /** Numbers of functions, by those of their application and name. */
  const numbers: Map<number, number>[] = [];
  let rows = 0;
  await table.forEachRow((cells) => {
    checkRowNumber(++rows, file);
    const endMs = cells.number(end) * 1000;
    let runtimeMs = cells.number(duration) * 1000;
    const repair = (defect: DefectClass, column: number) =>
      reading.repairs.add(defect, {
        file,
        line: cells.line,
        column: table.columns[column],
        value: cells.text(column),
      });
    if (runtimeMs < 0) {
      repair(NEGATIVE_DURATION, duration);
      runtimeMs = 0;
    } else if (runtimeMs === 0) {
      repair(ZERO_DURATION, duration);
    }
    const startMs = endMs - runtimeMs;
    if (startMs < -ROUNDING_MS) {
      repair(STARTED_BEFORE, end);
      return;
    }
    const appNumber = apps.numberOf(cells.bytes, cells.start(app), cells.end(app));
    const nameNumber = names.numberOf(cells.bytes, cells.start(func), cells.end(func));
    const ofApp = numbers[appNumber] ??= new Map();
    let number = ofApp.get(nameNumber);
    if (number === undefined) {
      const identity = { id: cells.id(func), appId: cells.id(app), ownerId: OWNER, trigger: null };
      number = builder.functionOf(identity);
      ofApp.set(nameNumber, number);
    }
    builder.add(number, Math.max(startMs, 0), runtimeMs, null);
  });
  if (rows === 0) {
    throw new LoaderError("input", "The trace is empty: there is no row after the header.", {
      file,
    });
  }
  return makeRecordedTrace(builder, reading, {
    name: nameTrace(file),
    file,
    lacks: { memory: true },
    startMs: START_MS,
    assumptions: [
      "Times of the data set count from its start, taken as 2021-01-31 00:00 UTC: the release tells " +
      "the day, and that times were modified.",
    ],
  });
}
