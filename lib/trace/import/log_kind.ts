import { LoaderError } from "../../base/error.ts";
import { isAccessLine, isEnvoyLine } from "./access_log.ts";
import { parseSpans } from "./otlp_spans.ts";
import { BadRow } from "./logged_request.ts";
import { isObject } from "./row_fields.ts";
import { separatorOf } from "./table_log.ts";

/** What a source of requests may be. */
export const LOG_KINDS = ["access", "json", "csv", "w3c", "otlp", "prometheus"] as const;

/** One of {@linkcode LOG_KINDS}. */
export type LogKind = typeof LOG_KINDS[number];

/** What a file is, and whether its rows are lines or parts of one document. */
export interface RecognisedLog {
  readonly kind: LogKind;
  readonly isDocument: boolean;
}

/**
 * Tells what a log is by its first line that is not blank.
 *
 * @throws LoaderError `input` when it is of no known kind
 *
 * @example
 * ```ts
 * import { recogniseLog } from "./log_kind.ts";
 * const { kind } = recogniseLog('{"resourceSpans":[]}', "spans.jsonl");
 * if (kind !== "otlp") throw new Error(kind);
 * ```
 */
export function recogniseLog(line: string, file: string): RecognisedLog {
  const text = line.trim();
  if (/^#(Version|Fields|Software|Date)\b/i.test(text)) return { kind: "w3c", isDocument: false };
  if (text.startsWith("{") || (text.startsWith("[") && !isEnvoyLine(text))) {
    const value = tryParse(text);
    // A line that ends where its object goes on is the first of a document.
    if (value === undefined) {
      const isOpen = /[[{,]$/.test(text);
      return { kind: isOpen ? "otlp" : "json", isDocument: isOpen };
    }
    return { kind: kindOfJson(value, file), isDocument: Array.isArray(value) };
  }
  if (isAccessLine(text) || isEnvoyLine(text)) return { kind: "access", isDocument: false };
  if (separatorOf(text) !== null && !/\d{4,}/.test(text)) return { kind: "csv", isDocument: false };
  throw new LoaderError(
    "input",
    "The log is of no known kind: its first line is neither of the common log format nor JSON, no " +
      "header of a CSV file and no #Fields; say what it is with --log-format or --format.",
    { file, line: 1, value: text.slice(0, 60) },
  );
}

/**
 * Tells what a document of JSON holds.
 *
 * @throws LoaderError `input` when it is known and not read
 */
export function kindOfJson(value: unknown, file: string): LogKind {
  const first = Array.isArray(value) ? value[0] : value;
  if (!isObject(first)) return "json";
  if (Array.isArray(first.resourceSpans)) return "otlp";
  if (first.status === "success" && isObject(first.data)) return "prometheus";
  const signal = ["resourceMetrics", "resourceLogs"].find((name) => Array.isArray(first[name]));
  if (signal !== undefined) {
    throw new LoaderError("input", `The file has ${signal} of OTLP; spans are read.`, { file });
  }
  const [trace] = Array.isArray(first.data) ? first.data : [];
  if (isObject(trace) && "traceID" in trace) {
    throw new LoaderError(
      "input",
      "The file is an answer of Jaeger's own interface; export the spans as OTLP in JSON.",
      { file },
    );
  }
  return "json";
}

function tryParse(text: string): unknown {
  try {
    return parseSpans(text);
  } catch (error) {
    if (error instanceof BadRow) return undefined;
    throw error;
  }
}
