import { LoaderError } from "../../base/error.ts";
import { type CsvTable, listColumns } from "../csv_table.ts";

/** The columns of a file of invocations that hold the counts of a minute each. */
export interface MinuteColumns {
  /** Indices of the columns, by minute. */
  readonly indices: readonly number[];
  /** The number that the header gives the first minute: 1 for a whole day, 0 or 480 in others. */
  readonly first: number;
}

/** How tools write the number of a minute. */
const SPELLINGS: readonly RegExp[] = [/^(\d+)(?:\.0+)?$/, /^minute_(\d+)$/i, /^(\d+)_minute$/i];

/** Beyond them whole numbers are no longer exact. */
const MOST_DIGITS = 15;

/** Columns with numbers that are no counts: pandas' index, written out again, and percentiles. */
const NO_COUNTS = /^(unnamed: ?\d+|level_\d+|index|.*(percentile|pct|quantile).*|[pq]\d.*)/i;

interface NumberedColumn {
  readonly index: number;
  readonly number: number;
  /** Which of {@linkcode SPELLINGS}. */
  readonly spelling: number;
}

/**
 * Finds the columns of minutes in a header: a run of consecutive numbers from
 * any first one, in any order, written `1`, `minute_1` or `1_minute`. A column
 * that looks like one and is not in the run is refused, because its counts
 * would be missing.
 *
 * @throws LoaderError `input` when there is none, one is missing, is there twice, or looks like one
 */
export function findMinuteColumns(table: CsvTable): MinuteColumns {
  const numbered: NumberedColumn[] = [];
  for (const [index, name] of table.columns.entries()) {
    const minute = parseMinute(name);
    if (minute !== undefined) numbered.push({ index, ...minute });
  }
  if (numbered.length === 0) {
    throw refuse(
      table,
      "1",
      "The column is missing; expected a column for each minute, with consecutive numbers " +
        `written as 1, minute_1 or 1_minute, found ${listColumns(table.columns)}.`,
    );
  }
  numbered.sort((a, b) => a.number - b.number || a.index - b.index);
  refuseOtherSpelling(table, numbered);
  refuseOutside(table, numbered);
  refuseGap(table, numbered);
  return { indices: numbered.map(({ index }) => index), first: numbered[0].number };
}

function parseMinute(name: string): Omit<NumberedColumn, "index"> | undefined {
  for (const [spelling, pattern] of SPELLINGS.entries()) {
    const digits = pattern.exec(name)?.[1].replace(/^0+(?=\d)/, "");
    if (digits !== undefined && digits.length <= MOST_DIGITS) {
      return { number: Number(digits), spelling };
    }
  }
  return undefined;
}

/** A column `5_minute` beside columns 1, 2, … may be a sum over five of them. */
function refuseOtherSpelling(table: CsvTable, numbered: readonly NumberedColumn[]): void {
  const [first] = numbered;
  const other = numbered.find(({ spelling }) => spelling !== first.spelling);
  if (other === undefined) return;
  const name = table.columns[other.index];
  throw refuse(
    table,
    name,
    `The column looks like counts of a minute, but others are written as ` +
      `${table.columns[first.index]}; rename or remove it.`,
  );
}

function refuseOutside(table: CsvTable, numbered: readonly NumberedColumn[]): void {
  const taken = new Set(numbered.map(({ index }) => index));
  const odd = table.columns.find((name, index) => !taken.has(index) && mayCount(name));
  if (odd === undefined) return;
  throw refuse(
    table,
    odd,
    `The column looks like counts of a minute, but is not one of the ${numbered.length} that ` +
      `were found, ${nameRun(table, numbered)}; rename or remove it.`,
  );
}

/** A name with a number in it: a slip of the pen among the minutes, or another tool's spelling. */
function mayCount(name: string): boolean {
  return /\d/.test(name) && !NO_COUNTS.test(name);
}

function refuseGap(table: CsvTable, numbered: readonly NumberedColumn[]): void {
  for (let i = 1; i < numbered.length; i++) {
    const [before, own] = [numbered[i - 1], numbered[i]];
    if (own.number === before.number + 1) continue;
    const [nameBefore, name] = [table.columns[before.index], table.columns[own.index]];
    if (own.number === before.number) {
      throw refuse(
        table,
        name,
        `The minute is there twice, as ${nameBefore} and as ${name}; remove one.`,
      );
    }
    throw refuse(
      table,
      nameBefore.replace(/\d+/, String(before.number + 1)),
      `The column is missing; expected consecutive numbers, found ${numbered.length} columns, ` +
        `${nameRun(table, numbered)}, and ${name} follows ${nameBefore}.`,
    );
  }
}

function nameRun(table: CsvTable, numbered: readonly NumberedColumn[]): string {
  const [first, last] = [numbered[0], numbered[numbered.length - 1]];
  return `${table.columns[first.index]} to ${table.columns[last.index]}`;
}

function refuse(table: CsvTable, column: string, sentence: string): LoaderError {
  return new LoaderError("input", sentence, { file: table.file, line: 1, column });
}
