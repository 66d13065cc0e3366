import { LoaderError } from "../../base/error.ts";
import { createAccessLogParser, type NotedParser } from "./access_log.ts";
import { type BadRowLimit, ImportTally } from "./import_tally.ts";
import { JsonLogParser } from "./json_log.ts";
import { kindOfJson, type LogKind, recogniseLog } from "./log_kind.ts";
import { findWrapper, type LineWrapper } from "./line_wrapper.ts";
import { type LogSource, readLines } from "./log_source.ts";
import { BadRow, type LoggedRequest, type RowTaker } from "./logged_request.ts";
import { ownText } from "./own_text.ts";
import { OtlpParser, parseSpans } from "./otlp_spans.ts";
import { type PathTemplateOptions, PathTemplates } from "./path_template.ts";
import { parsePrometheusAnswer, type PrometheusAnswer } from "./prometheus_answer.ts";
import { RequestColumns } from "./request_columns.ts";
import { RequestFilter, type RequestFilterOptions } from "./request_filter.ts";
import type { RowSettings } from "./row_settings.ts";
import { CsvLogParser, ExtendedLogParser } from "./table_log.ts";

/** How requests are read from logs. */
export interface ImportRequestsOptions extends RowSettings, RequestFilterOptions {
  /** What the logs are; found out from each by default. */
  readonly kind?: LogKind;
  readonly paths?: PathTemplateOptions;
  /** A function is a method and a path, not a path alone. */
  readonly namesMethod?: boolean;
  /** Only requests from here on, in ms since 1970 UTC. */
  readonly fromMs?: number;
  /** Only requests before. */
  readonly toMs?: number;
  readonly badRows?: BadRowLimit;
  /** More functions than this are a mistake. */
  readonly mostFunctions?: number;
  /** Is told of each million requests that were taken, for whoever waits. */
  readonly onProgress?: (file: string, requests: number) => void;
}

const ROWS_OF_PROGRESS = 1_000_000;

/** Two files of fewer rows may be alike by chance. */
const LEAST_ROWS_OF_TWINS = 10;

/** What was read from logs. */
export interface ImportedRequests {
  readonly columns: RequestColumns;
  readonly tally: ImportTally;
  /** Answers of Prometheus among the sources. */
  readonly answers: readonly PrometheusAnswer[];
  /** How the fields were understood, each sentence once. */
  readonly notes: readonly string[];
  /** True if stamps were of the end of requests, and durations were taken off them. */
  readonly readsEnds: boolean;
}

/** One bad row in a hundred is borne: a line that was cut off when the disk was full, a probe. */
export const USUAL_BAD_ROWS: BadRowLimit = { share: 0.01 };

/** Routes of a service are some hundreds; the rest is ids that stayed in paths. */
export const USUAL_MOST_FUNCTIONS = 10_000;

/**
 * Reads requests from logs and spans, whatever order they come in.
 *
 * @throws LoaderError `input` when a source cannot be read, is of no known kind or has too many bad
 *   rows; `usage` when what is asked for does not fit it
 */
export async function importRequests(
  sources: readonly LogSource[],
  options: ImportRequestsOptions = {},
): Promise<ImportedRequests> {
  const collector = new Collector(options);
  const seen = new Map<string, string>();
  for (const source of sources) {
    const content = await readSource(source, options, collector);
    const twin = content === null ? undefined : seen.get(content);
    if (twin !== undefined) {
      throw new LoaderError(
        "usage",
        `The file has the rows of ${twin}, packed or copied; name one of the two.`,
        { file: source.name },
      );
    }
    if (content !== null) seen.set(content, source.name);
  }
  collector.tally.check();
  return collector;
}

class Collector implements RowTaker, ImportedRequests {
  readonly columns = new RequestColumns();
  readonly tally: ImportTally;
  readonly answers: PrometheusAnswer[] = [];
  readonly #notes = new Set<string>();
  readonly #filter: RequestFilter;
  readonly #paths: PathTemplates;
  readonly #options: ImportRequestsOptions;
  readonly #mostFunctions: number;
  readsEnds = false;
  file = "";
  line = 0;

  constructor(options: ImportRequestsOptions) {
    this.#options = options;
    this.tally = new ImportTally(options.badRows ?? USUAL_BAD_ROWS);
    this.#filter = new RequestFilter(options);
    this.#paths = new PathTemplates(options.paths);
    this.#mostFunctions = options.mostFunctions ?? USUAL_MOST_FUNCTIONS;
  }

  get notes(): readonly string[] {
    return [...this.#notes];
  }

  addNote(note: string | null): void {
    if (note !== null) this.#notes.add(note);
  }

  take(request: LoggedRequest): void {
    const reason = this.#filter.reject(request);
    if (reason !== null) return this.tally.leave(reason);
    const { durationMs } = request;
    const isShifted = request.isStampEnd && durationMs !== null;
    if (isShifted) this.readsEnds = true;
    const arrivalMs = request.stampMs - (isShifted ? durationMs : 0);
    const { fromMs = -Infinity, toMs = Infinity } = this.#options;
    if (arrivalMs < fromMs) return this.tally.leave("before the window");
    if (arrivalMs >= toMs) return this.tally.leave("after the window");
    this.tally.take();
    const { memoryMib, isWholeSecond } = request;
    const name = this.#nameOf(request);
    this.columns.add(name, arrivalMs, durationMs ?? NaN, memoryMib ?? NaN, isWholeSecond);
    if (this.columns.rows % ROWS_OF_PROGRESS === 0) {
      this.#options.onProgress?.(this.file, this.columns.rows);
    }
    if (this.columns.functions > this.#mostFunctions) this.#refuseFunctions();
  }

  leave(reason: string): void {
    this.tally.leave(reason);
  }

  bad(row: BadRow): void {
    this.tally.addBad(row, this.file, this.line);
  }

  #nameOf({ name, service, path, method }: LoggedRequest): string {
    if (name !== null) return name;
    const route = this.#paths.nameOf(path ?? "");
    const words = [service, this.#options.namesMethod ? method : null, route];
    return words.filter((word) => word !== null).join(" ");
  }

  #refuseFunctions(): never {
    const rare = this.columns.counts.toReversed().slice(0, 3).map(([name]) => JSON.stringify(name));
    throw new LoaderError(
      "usage",
      `There are more than ${this.#mostFunctions} functions, such as ${rare.join(", ")}; write ` +
        "--path-template for what differs from request to request, leave paths out with " +
        "--exclude-path, or raise --most-functions.",
      { file: this.file, line: this.line },
    );
  }
}

/** Reads a source, and tells what it holds by its ends and its length; `null`: too little to tell. */
async function readSource(
  source: LogSource,
  options: ImportRequestsOptions,
  collector: Collector,
): Promise<string | null> {
  collector.file = source.name;
  collector.line = 0;
  let parser: NotedParser | null = null;
  /** Lines of a document that is parsed when it is whole. */
  let document: string[] | null = null;
  let unwrap: LineWrapper | null = null;
  let [first, last] = ["", ""];
  let characters = 0;
  for await (const lines of readLines(source)) {
    if (collector.line === 0) first = ownText(lines[0]);
    last = lines[lines.length - 1];
    for (const wrapped of lines) {
      collector.line++;
      characters += wrapped.length;
      if (parser === null && document === null) unwrap = findWrapper(wrapped);
      const line: string = unwrap === null ? wrapped : unwrap(wrapped);
      if (line.trim() === "") continue;
      if (document !== null) {
        document.push(line);
        continue;
      }
      if (parser === null) {
        const { kind, isDocument } = options.logFormat !== undefined
          ? { kind: "access" as const, isDocument: false }
          : options.kind === undefined
          ? recogniseLog(line, source.name)
          : { ...recogniseDocument(line), kind: options.kind };
        if (isDocument) {
          document = [line];
          continue;
        }
        parser = createParser(kind, source.name, options, collector, line);
      }
      tryRow(collector, () => parser!.parse(line, collector));
    }
  }
  if (document !== null) parser = readDocument(document.join("\n"), source, options, collector);
  tryRow(collector, () => parser?.end?.(collector));
  if (parser === null) collector.addNote(`${source.name} is empty.`);
  else collector.addNote(parser.note);
  if (document !== null || collector.line < LEAST_ROWS_OF_TWINS) return null;
  return [collector.line, characters, first, ownText(last)].join("\n");
}

/** Of a kind that is given, only whether it is one document. */
function recogniseDocument(line: string): { readonly isDocument: boolean } {
  return { isDocument: /^\s*[[{]/.test(line) && /[[{,]\s*$/.test(line) };
}

function tryRow(collector: Collector, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    collector.bad(error);
  }
}

function createParser(
  kind: LogKind,
  file: string,
  options: RowSettings,
  collector: Collector,
  line: string,
): NotedParser {
  switch (kind) {
    case "access":
      return createAccessLogParser(file, options, line);
    case "json":
      return new JsonLogParser(file, options);
    case "csv":
      return new CsvLogParser(file, options);
    case "w3c":
      return new ExtendedLogParser(file, options);
    case "otlp":
      return new OtlpParser(options);
    case "prometheus":
      return {
        note: null,
        parse: (line) => {
          collector.answers.push(parsePrometheusAnswer(line, file));
        },
      };
  }
}

/** Reads a document of JSON: a list of rows, spans, or an answer of Prometheus. */
function readDocument(
  text: string,
  source: LogSource,
  options: ImportRequestsOptions,
  collector: Collector,
): NotedParser {
  collector.line = 1;
  let value: unknown;
  try {
    value = parseSpans(text);
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    throw new LoaderError("input", "The document is no JSON, or breaks off.", {
      file: source.name,
    });
  }
  const kind = options.kind ?? kindOfJson(value, source.name);
  const parser = createParser(kind, source.name, options, collector, text);
  if (kind === "prometheus") parser.parse(text, collector);
  const rows = Array.isArray(value) ? value : [value];
  for (const row of kind === "prometheus" ? [] : rows) {
    if (parser instanceof JsonLogParser || parser instanceof OtlpParser) {
      tryRow(collector, () => parser.read(row, collector));
    }
  }
  return parser;
}
