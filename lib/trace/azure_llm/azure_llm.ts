import { LoaderError } from "../../base/error.ts";
import type { Trace } from "../../model/trace.ts";
import { CsvTable } from "../csv_table.ts";
import { wrongCell } from "../csv/csv_cells.ts";
import { selectWhole } from "../day_range.ts";
import type { TraceFormat, TraceReading } from "../format.ts";
import { findByHeader, hasColumns, tellNotRead } from "../header_search.ts";
import { RecordedBuilder } from "../recorded.ts";
import { checkRowNumber, makeRecordedTrace } from "../recorded_trace.ts";
import type { DefectClass } from "../repair_log.ts";
import type { TraceFolder } from "../trace_folder.ts";
import { nameTrace } from "../trace_name.ts";
import { InstantReader } from "./instant.ts";
import { DEFAULT_TOKEN_MODEL, memoryMibOf, runtimeMsOf } from "../token_model.ts";

const COLUMNS = ["timestamp", "contexttokens", "generatedtokens"];
const IMAGES = "numimages";
const INSTANT = "a date and time such as 2023-11-16 18:17:03.9799600";
const MINUTE_MS = 60_000;

/** Services of one release were recorded at the same time; the releases are months apart. */
const LONGEST_GAP_DAYS = 31;

const NOTHING_GENERATED: DefectClass = {
  defect: "request without generated tokens",
  repair: "kept, with the time for its context alone",
  severity: "harmless",
};

/**
 * The Azure LLM inference traces of 2023 (Patel et al., "Splitwise", ISCA 2024) and 2024
 * (Stojkovic et al., "DynamoLLM", HPCA 2025) and the multimodal one of 2025 (Qiu et al.,
 * "ModServe", SoCC 2025): a row for each request, with its tokens. A file is a service,
 * which becomes one function. Runtime and memory follow from the tokens by a model that
 * the trace's assumptions state.
 */
export const AZURE_LLM: TraceFormat = {
  name: "Azure LLM inference",
  looksFor: ["a file with the columns TIMESTAMP, ContextTokens, GeneratedTokens"],
  async recognise(folder) {
    const found = await findByHeader(folder, (columns) => hasColumns(columns, COLUMNS));
    if (found.length === 0) return null;
    const files = found.map(({ name }) => folder.pathOf(name));
    const source = {
      key: files.join("\n"),
      size: null,
      read: (reading: TraceReading) => {
        tellNotRead(folder, found, reading.repairs);
        return readServices(folder, files, reading);
      },
    };
    return {
      evidence: found.map(({ name }) => name).join(", "),
      select: selectWhole(source, folder.path),
    };
  },
};

async function readServices(
  folder: TraceFolder,
  files: readonly string[],
  reading: TraceReading,
): Promise<Omit<Trace, "repairs" | "hash">> {
  const firsts: InstantReader[] = [];
  for (const file of files) firsts.push(await readFirst(file));
  const epochs = firsts.map(({ epochMs }) => epochMs);
  const day = Math.min(...firsts.map((first) => first.day));
  const apart = Math.max(...firsts.map((first) => first.day)) - day;
  if (apart > LONGEST_GAP_DAYS) {
    throw new LoaderError(
      "input",
      `The files begin ${apart} days apart, so they are of several releases; give one of them, or ` +
        "those of one release in a folder of their own.",
      { file: folder.path },
    );
  }
  const startMs = Math.floor(Math.min(...epochs) / MINUTE_MS) * MINUTE_MS;
  const offsetMs = startMs - day * 86_400_000;
  const builder = new RecordedBuilder();
  const facts: ReadFacts = { hasImages: false, hasNoZone: false };
  let rows = 0;
  for (const file of files) {
    rows = await readService(file, { day, offsetMs }, builder, reading, facts, rows);
  }
  return makeRecordedTrace(builder, reading, {
    name: nameTrace(folder.path),
    file: folder.path,
    lacks: {},
    startMs,
    assumptions: describeModel(reading, facts),
  });
}

/** What was seen in the files. */
interface ReadFacts {
  hasImages: boolean;
  hasNoZone: boolean;
}

function describeModel({ assume }: TraceReading, facts: ReadFacts): string[] {
  const { prefillMsPerToken, decodeMsPerToken, memoryMibPerToken } = assume.tokens;
  const isDefault = prefillMsPerToken === DEFAULT_TOKEN_MODEL.prefillMsPerToken &&
    decodeMsPerToken === DEFAULT_TOKEN_MODEL.decodeMsPerToken;
  return [
    `Runtimes are not in the data set: ${prefillMsPerToken} ms for each token of the context and ` +
    `${decodeMsPerToken} ms for each generated one are assumed` +
    (isDefault
      ? ", as of Llama 2 70B on eight H100 without batching (Patel et al., Splitwise, ISCA 2024; "
      : " (") +
    "--assume-prefill, --assume-decode).",
    assume.memory.kind === "fixed"
      ? `Memory is not in the data set: ${assume.memory.memoryMib} MiB are assumed for each request ` +
        "(--assume-memory)."
      : `Memory is not in the data set: ${memoryMibPerToken} MiB a token are assumed, the keys and ` +
        "values of Llama 2 70B, without the model itself (--assume-memory).",
    ...facts.hasImages
      ? ["Images are not accounted for beyond the tokens that the data set counts."]
      : [],
    ...facts.hasNoZone ? ["Time stamps have no zone; UTC is assumed."] : [],
  ];
}

async function readFirst(file: string): Promise<InstantReader> {
  await using table = await CsvTable.open(file);
  const column = table.columnIndex("TIMESTAMP");
  for await (const row of table.rows()) {
    const value = row.cells[column].trim();
    const bytes = new TextEncoder().encode(value);
    const instant = new InstantReader();
    if (instant.read(bytes, 0, bytes.length)) return instant;
    throw wrongCell({ file, line: row.line, column: "TIMESTAMP", value }, INSTANT);
  }
  throw new LoaderError("input", "The trace is empty: there is no row after the header.", { file });
}

async function readService(
  file: string,
  { day, offsetMs }: { readonly day: number; readonly offsetMs: number },
  builder: RecordedBuilder,
  reading: TraceReading,
  facts: ReadFacts,
  rowsBefore: number,
): Promise<number> {
  await using table = await CsvTable.open(file, (bytes) => reading.hash.update(bytes));
  const [timestamp, context, generated] = COLUMNS.map((name) => table.columnIndex(name));
  if (table.findColumn(IMAGES) !== undefined) facts.hasImages = true;
  const { tokens, memory } = reading.assume;
  const name = nameTrace(file);
  const service = builder.functionOf({
    id: name.replace(/^AzureL[LM]MInferenceTrace_/i, ""),
    appId: "llm",
    ownerId: "azure",
    trigger: "http",
  });
  let rows = rowsBefore;
  const instant = new InstantReader();
  await table.forEachRow((cells) => {
    checkRowNumber(++rows, file);
    if (!instant.read(cells.bytes, cells.start(timestamp), cells.end(timestamp))) {
      throw cells.wrong(timestamp, INSTANT);
    }
    const arrivalMs = instant.msSinceDay(day) - offsetMs;
    if (arrivalMs < 0) {
      const text = cells.text(timestamp);
      throw new LoaderError(
        "input",
        `Expected no request in a minute before that of the first row, got ${text}; sort the file ` +
          "by time.",
        { file, line: cells.line, column: "TIMESTAMP", value: text },
      );
    }
    if (!instant.hasZone) facts.hasNoZone = true;
    const read = cells.count(context);
    const written = cells.count(generated);
    if (written === 0) {
      reading.repairs.add(NOTHING_GENERATED, { file, line: cells.line, value: "0" });
    }
    builder.add(
      service,
      arrivalMs,
      runtimeMsOf(tokens, read, written),
      memory.kind === "fixed" ? memory.memoryMib : memoryMibOf(tokens, read, written),
    );
  });
  return rows;
}
