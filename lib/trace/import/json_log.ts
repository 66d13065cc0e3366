import type { NotedParser } from "./access_log.ts";
import { findRoles, USUAL_NAMES } from "./dialects.ts";
import { BadRow, type RowTaker } from "./logged_request.ts";
import { RequestReader } from "./request_fields.ts";
import { isObject, JsonFields } from "./row_fields.ts";
import { type RowSettings, settleRoles } from "./row_settings.ts";

/** A reader of a log with an object of JSON on every line, or a list of them. */
export class JsonLogParser implements NotedParser {
  note: string | null = null;
  readonly #file: string;
  readonly #settings: RowSettings;
  readonly #fields = new JsonFields();
  #reader: RequestReader | null = null;
  /** Rows before the first request, which tells what is where. */
  #unknown = 0;
  #first: Readonly<Record<string, unknown>> | null = null;

  constructor(file: string, settings: RowSettings) {
    this.#file = file;
    this.#settings = settings;
  }

  parse(line: string, taker: RowTaker): void {
    this.read(parseJson(line), taker);
  }

  /** Reads one row that has been parsed. */
  read(row: unknown, taker: RowTaker): void {
    if (!isObject(row)) throw new BadRow("no object of JSON", row);
    this.#fields.row = row;
    this.#first ??= row;
    if (this.#reader === null && !this.#settle()) return taker.leave("no request in it");
    this.#reader!.read(this.#fields, taker);
  }

  /** @throws LoaderError `usage` with what is missing, when no row looked like a request */
  end(): void {
    if (this.#reader !== null || this.#first === null) return;
    this.#fields.row = this.#first;
    const { names } = this.#fields;
    settleRoles(findRoles(this.#fields, names), this.#settings, { file: this.#file, names });
  }

  /** Finds out what the fields tell from the first row that looks like a request. */
  #settle(): boolean {
    const { names } = this.#fields;
    const found = findRoles(this.#fields, names);
    // Servers write lines of other kinds into the same log, for instance when they start.
    if (found.source === USUAL_NAMES && ++this.#unknown < MOST_UNKNOWN && !this.#isRequest(names)) {
      return false;
    }
    const { roles, note } = settleRoles(found, this.#settings, { file: this.#file, names });
    this.note = note;
    this.#reader = new RequestReader(roles, this.#settings.zoneMs ?? 0);
    return true;
  }

  #isRequest(names: readonly string[]): boolean {
    const { timeField, pathField, functionField } = this.#settings;
    const named = [timeField, pathField, functionField].filter((field) => field !== undefined);
    if (named.length > 0) return named.every((field) => this.#fields.get(field) !== undefined);
    return names.some((name) => /(^|[._-])(path|uri|url|request)$/i.test(name));
  }
}

/** Rows that may be of another kind before the first request. */
const MOST_UNKNOWN = 1000;

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new BadRow("no JSON", line);
  }
}
