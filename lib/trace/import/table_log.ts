import type { NotedParser } from "./access_log.ts";
import { findRoles } from "./dialects.ts";
import { BadRow, type RowTaker } from "./logged_request.ts";
import { RequestReader } from "./request_fields.ts";
import { TableFields } from "./row_fields.ts";
import { type RowSettings, settleRoles } from "./row_settings.ts";

const SEPARATORS = [",", "\t", ";", "|"];

/** The character that separates the columns of a header; `null`: there is only one. */
export function separatorOf(header: string): string | null {
  const counts = SEPARATORS.map((separator) => header.split(separator).length - 1);
  const most = Math.max(...counts);
  return most === 0 ? null : SEPARATORS[counts.indexOf(most)];
}

/** What the rows of a table have in common once its columns are known. */
class TableRows {
  readonly note: string;
  readonly #fields: TableFields;
  readonly #reader: RequestReader;

  constructor(names: readonly string[], file: string, settings: RowSettings) {
    this.#fields = new TableFields(names);
    // Every column is there, whatever its first row holds.
    this.#fields.cells = names.map(() => "");
    const found = findRoles(this.#fields, names);
    const { roles, note } = settleRoles(found, settings, { file, names });
    this.note = note;
    this.#reader = new RequestReader(roles, settings.zoneMs ?? 0);
  }

  read(cells: readonly string[], taker: RowTaker): void {
    if (cells.length !== this.#fields.names.length) {
      throw new BadRow("another number of fields than the header has", cells.length);
    }
    this.#fields.cells = cells;
    this.#reader.read(this.#fields, taker);
  }
}

/** A reader of a CSV file, whose first line names the columns; tabs and semicolons do as well. */
export class CsvLogParser implements NotedParser {
  readonly #file: string;
  readonly #settings: RowSettings;
  #separator = ",";
  #rows: TableRows | null = null;
  /** The lines of a row that goes on, as a quoted cell holds a line feed. */
  #open = "";

  constructor(file: string, settings: RowSettings) {
    this.#file = file;
    this.#settings = settings;
  }

  get note(): string | null {
    return this.#rows?.note ?? null;
  }

  parse(line: string, taker: RowTaker): void {
    if (this.#rows === null) {
      this.#separator = separatorOf(line) ?? ",";
      const names = (splitRow(line, this.#separator) ?? []).map((name) => name.trim());
      this.#rows = new TableRows(names, this.#file, this.#settings);
      return;
    }
    const text = this.#open === "" ? line : `${this.#open}\n${line}`;
    this.#open = "";
    const cells = splitRow(text, this.#separator);
    if (cells === null) {
      if (text.length < MOST_CHARACTERS) {
        this.#open = text;
        return;
      }
      throw new BadRow("a quoted cell that does not end");
    }
    this.#rows.read(cells, taker);
  }

  end(): void {
    if (this.#open !== "") throw new BadRow("a quoted cell that does not end", this.#open);
  }
}

/** A quoted cell that is longer is one whose end is missing. */
const MOST_CHARACTERS = 1 << 16;

/** The cells of a row (RFC 4180); `null`: a quoted cell goes on in the next line. */
function splitRow(line: string, separator: string): string[] | null {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] === '"') {
      let cell = "";
      for (at++;;) {
        const quote = line.indexOf('"', at);
        if (quote === -1) return null;
        cell += line.slice(at, quote);
        at = quote + 1;
        if (line[at] !== '"') break;
        cell += '"';
        at++;
      }
      const end = endOf(line, separator, at);
      cells.push(cell + line.slice(at, end));
      at = end + 1;
    } else {
      const end = endOf(line, separator, at);
      cells.push(line.slice(at, end));
      at = end + 1;
    }
  }
  return cells;
}

function endOf(line: string, separator: string, from: number): number {
  const end = line.indexOf(separator, from);
  return end === -1 ? line.length : end;
}

/**
 * A reader of W3C's extended log format, which CloudFront and IIS write: `#Fields:` names the
 * columns, tabs or blanks separate them.
 */
export class ExtendedLogParser implements NotedParser {
  readonly #file: string;
  readonly #settings: RowSettings;
  #rows: TableRows | null = null;

  constructor(file: string, settings: RowSettings) {
    this.#file = file;
    this.#settings = settings;
  }

  get note(): string | null {
    return this.#rows?.note ?? null;
  }

  parse(line: string, taker: RowTaker): void {
    if (line.startsWith("#")) {
      const names = /^#Fields:\s*(.*)$/i.exec(line)?.[1].trim().split(/\s+/);
      // A server that starts again writes a header again, perhaps with other columns.
      if (names !== undefined) this.#rows = new TableRows(names, this.#file, this.#settings);
      return;
    }
    if (this.#rows === null) throw new BadRow("a row in front of #Fields", line);
    this.#rows.read(line.split(line.includes("\t") ? "\t" : " "), taker);
  }
}
