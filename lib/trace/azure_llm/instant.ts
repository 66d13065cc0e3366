/** An instant in two parts, so that fractions of a millisecond are not lost beside 50 years. */
export interface Instant {
  /** Days since 1970-01-01. */
  readonly day: number;
  /** Milliseconds of that day, with a fraction; a zone may take it below 0 or beyond the day. */
  readonly msOfDay: number;
}

const DAY_MS = 86_400_000;

const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?(?:\s*(Z|UTC|[+-]\d\d:?\d\d))?$/i;

/**
 * Parses a date and time as the traces of language models write them: a blank or
 * `T` between, any number of decimals or none, with or without a zone (without:
 * UTC). `null`: it is none, or there is no such day.
 *
 * @example
 * ```ts
 * import { parseInstant } from "./instant.ts";
 * const instant = parseInstant("1970-01-02 00:00:01.2500000");
 * if (instant?.day !== 1 || instant.msOfDay !== 1250) throw new Error("a day and 1.25 s");
 * ```
 */
export function parseInstant(text: string): Instant | null {
  const match = INSTANT.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = match;
  const time = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const date = new Date(time);
  const isDay = date.getUTCDate() === Number(day) && date.getUTCMonth() + 1 === Number(month);
  if (!isDay || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  const minutes = Number(hour) * 60 + Number(minute) - zoneMinutes(zone);
  const seconds = Number(second + fraction);
  return { day: time / DAY_MS, msOfDay: minutes * 60_000 + seconds * 1000 };
}

/** Milliseconds from the start of a day (since 1970) to an instant. */
export function msSinceDay(instant: Instant, day: number): number {
  return (instant.day - day) * DAY_MS + instant.msOfDay;
}

/** Milliseconds since 1970; some ten thousandths of a millisecond are lost. */
export function epochMsOf({ day, msOfDay }: Instant): number {
  return day * DAY_MS + msOfDay;
}

function zoneMinutes(zone: string): number {
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === "-" ? -minutes : minutes;
}
