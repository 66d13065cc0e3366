import { LoaderError } from "../../base/error.ts";
import type { BadRow } from "./logged_request.ts";
import { ownText } from "./own_text.ts";

/** How many rows that cannot be read are borne: a share of all, or a number. */
export type BadRowLimit = { readonly share: number } | { readonly count: number };

/** Rows with the same fate. */
export interface TallyEntry {
  readonly reason: string;
  readonly count: number;
  /** The first few, as `file:line what it holds`. */
  readonly examples: readonly string[];
}

const MOST_EXAMPLES = 3;

/** A share of few rows says nothing. */
const LEAST_ROWS = 1000;

/**
 * Counts what became of every row: each is taken, left out for a reason, or bad, and so nothing is
 * lost without being told.
 */
export class ImportTally {
  rows = 0;
  taken = 0;
  bad = 0;
  readonly #leftOut = new Map<string, { count: number; examples: string[] }>();
  readonly #bad = new Map<string, { count: number; examples: string[] }>();
  readonly #limit: BadRowLimit;

  constructor(limit: BadRowLimit) {
    this.#limit = limit;
  }

  /** Counts a row that is taken. */
  take(): void {
    this.rows++;
    this.taken++;
  }

  /** Counts a row that is left out. */
  leave(reason: string): void {
    this.rows++;
    count(this.#leftOut, reason);
  }

  /**
   * Counts a row that cannot be read.
   *
   * @throws LoaderError `input` when there are so many of them that this is no such log
   */
  addBad(row: BadRow, file: string, line: number): void {
    this.rows++;
    this.bad++;
    count(this.#bad, row.reason, `${file}:${line} ${row.message}`);
    // Told early, rather than after ten gigabytes.
    if (this.rows >= LEAST_ROWS && this.bad > this.rows / 2) this.check();
  }

  /** Takes back a row that was taken, and leaves it out. */
  giveBack(reason: string, rows: number): void {
    if (rows === 0) return;
    this.taken -= rows;
    const entry = this.#leftOut.get(reason) ?? { count: 0, examples: [] };
    entry.count += rows;
    this.#leftOut.set(reason, entry);
  }

  get leftOut(): readonly TallyEntry[] {
    return listEntries(this.#leftOut);
  }

  get badRows(): readonly TallyEntry[] {
    return listEntries(this.#bad);
  }

  /** @throws LoaderError `input` when more rows cannot be read than the limit bears */
  check(): void {
    const limit = this.#limit;
    const most = "share" in limit ? limit.share * this.rows : limit.count;
    if (this.bad <= most) return;
    const allowed = "share" in limit ? `${limit.share * 100} %` : `${limit.count}`;
    const reasons = this.badRows.map(({ count, examples }) => `${count} such as ${examples[0]}`);
    throw new LoaderError(
      "input",
      `${this.bad} of ${this.rows} rows cannot be read, more than the ${allowed} that --bad-lines ` +
        `allows (${
          reasons.join("; ")
        }); tell the log's format with --format, --log-format or the ` +
        "flags for its fields, or allow more.",
      { value: this.bad },
    );
  }
}

function count(
  entries: Map<string, { count: number; examples: string[] }>,
  reason: string,
  example?: string,
): void {
  let entry = entries.get(reason);
  if (entry === undefined) {
    entry = { count: 0, examples: [] };
    entries.set(ownText(reason), entry);
  }
  entry.count++;
  if (example !== undefined && entry.examples.length < MOST_EXAMPLES) {
    entry.examples.push(ownText(example));
  }
}

function listEntries(
  entries: ReadonlyMap<string, { readonly count: number; readonly examples: readonly string[] }>,
): TallyEntry[] {
  return Array.from(entries, ([reason, entry]) => ({ reason, ...entry }))
    .sort((a, b) => b.count - a.count);
}
