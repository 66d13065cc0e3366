import { LoaderError } from "../base/error.ts";
import type { DayRange, TraceChoice, TraceSource } from "./format.ts";

/** Days count from 1 in some releases, from 0 in others; the one of the most days has fewer. */
const MOST_DAYS = 1000;

/**
 * Days as a person writes them: `3`, or `1..14` with the last one included.
 *
 * @throws Error when it is no such range
 *
 * @example
 * ```ts
 * import { parseDayRange } from "./day_range.ts";
 * const { first, last } = parseDayRange("1..14");
 * if (first !== 1 || last !== 14) throw new Error("two weeks");
 * ```
 */
export function parseDayRange(text: string): DayRange {
  const match = /^(\d{1,4})(?:\.\.(\d{1,4}))?$/.exec(text.trim());
  if (match === null) {
    throw new Error(`${JSON.stringify(text)} is not a day; write one as 3, several as 1..14.`);
  }
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (last > MOST_DAYS) {
    throw new Error(`${text} is not between 0 and ${MOST_DAYS}.`);
  }
  if (last < first) throw new Error(`${text} ends before it begins.`);
  return { first, last };
}

/**
 * How a trace is selected that has no file for each day: whole.
 *
 * @returns what rejects with a LoaderError `usage` when days are chosen
 */
export function selectWhole(
  source: TraceSource,
  path: string,
): (choice: TraceChoice) => Promise<TraceSource> {
  return ({ days }) =>
    days === undefined ? Promise.resolve(source) : Promise.reject(
      new LoaderError(
        "usage",
        "--day: this data set has no file for each day; choose a part with --window, such as " +
          "day2T00:00..24:00.",
        { file: path, value: days.first },
      ),
    );
}
