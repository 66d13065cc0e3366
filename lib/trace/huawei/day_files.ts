import { basename, join } from "node:path";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { listNames } from "../csv_table.ts";
import type { TraceChoice } from "../format.ts";

/** A file with what was observed on one day. */
const DAY_FILE = /^day_?(\d{1,4})\.csv(\.gz|\.zst)?$/i;

/** The files of a folder by their day, from 0 as the releases count them. */
export async function listDayFiles(path: string): Promise<ReadonlyMap<number, string>> {
  const days = new Map<number, string>();
  for (const name of await listFileNames(path)) {
    const day = DAY_FILE.exec(name)?.[1];
    if (day === undefined) continue;
    const known = days.get(Number(day));
    // The plain one, where it is there packed and plain.
    if (known === undefined || known.length > join(path, name).length) {
      days.set(Number(day), join(path, name));
    }
  }
  return days;
}

/** Of the files of days the one that was named; all where none was. */
export function narrowDays(
  files: ReadonlyMap<number, string>,
  named: string | null,
): ReadonlyMap<number, string> {
  if (named === null) return files;
  return new Map([...files].filter(([, path]) => basename(path) === basename(named)));
}

/** Names of the files in a folder; none where there is no such folder. */
export async function listFileNames(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(path)) {
      if (!entry.isDirectory) names.push(entry.name);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw new LoaderError("input", `The folder cannot be read: ${errorMessage(error)}.`, {
      file: path,
      cause: error,
    });
  }
  return names.toSorted();
}

/** Days that were chosen, in order, and what a person should know of the choice. */
export interface ChosenDays {
  readonly first: number;
  readonly last: number;
  /** Those of them that there are files of. */
  readonly present: readonly number[];
  readonly notes: readonly string[];
}

/**
 * The days that are asked for, else the first there is.
 *
 * @throws LoaderError `usage` when the first or the last of them is not there
 */
export function chooseDays(
  path: string,
  available: Iterable<number>,
  choice: TraceChoice["days"],
): ChosenDays {
  const days = [...available].toSorted((a, b) => a - b);
  if (choice === undefined) {
    const [first] = days;
    const notes = days.length === 1
      ? []
      : [`The trace has ${describeDays(days)}; day ${first} is taken (--day).`];
    return { first, last: first, present: [first], notes };
  }
  const present = days.filter((day) => day >= choice.first && day <= choice.last);
  const absent = [choice.first, choice.last].find((day) => !days.includes(day));
  if (absent !== undefined) {
    throw new LoaderError(
      "usage",
      `--day: there is no file of day ${absent}, but of ${describeDays(days)}.`,
      { file: path, value: absent },
    );
  }
  return { ...choice, present, notes: [] };
}

/** Days for a message, those in a row as a range. */
export function describeDays(days: readonly number[]): string {
  const ranges: string[] = [];
  for (let i = 0; i < days.length;) {
    let end = i;
    while (end + 1 < days.length && days[end + 1] === days[end] + 1) end++;
    ranges.push(end === i ? String(days[i]) : `${days[i]} to ${days[end]}`);
    i = end + 1;
  }
  return `${days.length === 1 ? "day" : "the days"} ${listNames(ranges)}`;
}
