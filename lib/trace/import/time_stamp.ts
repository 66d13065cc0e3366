import { BadRow } from "./logged_request.ts";

/** An instant as a text or number tells it. */
export interface TimeStamp {
  /** Milliseconds since 1970 UTC. */
  readonly stampMs: number;
  /** True if it tells no fraction of the second. */
  readonly isWholeSecond: boolean;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** `10/Oct/2000:13:55:36 -0700`, of the common log format; some servers add a fraction. */
const CLF = /^\[?(\d{2})\/([A-Za-z]{3})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?( .*?)?\]?$/;

/** ISO 8601 and RFC 3339, with a blank in place of the T too. */
const ISO = /^(\d{4})-(\d{2})-(\d{2})[T\t ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(.*)$/i;

const ZONE = /^ ?([+-])(\d{2}):?(\d{2})?$/;

const EPOCH = /^(\d+)(?:\.(\d*))?$/;

/**
 * Digits in front of the point of a count since 1970: seconds have 9 to 11 of them from 1973 to
 * 5138, milliseconds three more, and so on, so that the number tells its unit.
 */
const EPOCH_DIGITS = [
  { from: 9, to: 11, unitMs: 1000 },
  { from: 12, to: 14, unitMs: 1 },
  { from: 15, to: 17, unitMs: 1e-3 },
  { from: 18, to: 20, unitMs: 1e-6 },
] as const;

/**
 * Parses an instant: of the common log format, of ISO 8601, or a count of seconds, milli-, micro-
 * or nanoseconds since 1970, which its size tells apart.
 *
 * @param zoneMs what local time is ahead of UTC, for stamps that name no zone
 * @throws BadRow when it is none
 *
 * @example
 * ```ts
 * import { parseTimeStamp } from "./time_stamp.ts";
 * const { stampMs } = parseTimeStamp("10/Oct/2000:13:55:36 -0700", 0);
 * if (new Date(stampMs).toISOString() !== "2000-10-10T20:55:36.000Z") throw new Error("wrong");
 * ```
 */
export function parseTimeStamp(value: unknown, zoneMs: number): TimeStamp {
  const text = typeof value === "number" ? formatNumber(value) : value;
  if (typeof text !== "string") throw new BadRow("no time stamp", value ?? undefined);
  const trimmed = text.trim();
  const stamp = parseEpoch(trimmed) ?? parseIso(trimmed, zoneMs) ?? parseClf(trimmed, zoneMs);
  if (stamp === null || Number.isNaN(stamp.stampMs)) {
    throw new BadRow("a time stamp of an unknown form", value);
  }
  return stamp;
}

/** Without an exponent. */
function formatNumber(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

function parseEpoch(text: string): TimeStamp | null {
  const match = EPOCH.exec(text);
  if (match === null) return null;
  const [, digits, fraction = ""] = match;
  const unit = EPOCH_DIGITS.find(({ from, to }) => digits.length >= from && digits.length <= to);
  if (unit === undefined) return null;
  const { unitMs } = unit;
  if (unitMs >= 1) {
    const stampMs = Number(digits) * unitMs + Number(`0.${fraction || "0"}`) * unitMs;
    return { stampMs, isWholeSecond: unitMs === 1000 && fraction === "" };
  }
  // A double has no room for all digits of nanoseconds: whole milliseconds and the rest apart.
  const small = unitMs === 1e-3 ? 3 : 6;
  const stampMs = Number(digits.slice(0, -small)) + Number(digits.slice(-small)) * unitMs;
  return { stampMs, isWholeSecond: false };
}

function parseIso(text: string, zoneMs: number): TimeStamp | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second = "0", fraction, zone] = match;
  const aheadMs = parseZone(zone, zoneMs);
  if (aheadMs === null) return null;
  return createStamp(+year, +month - 1, +day, [+hour, +minute, +second], fraction, aheadMs);
}

function parseClf(text: string, zoneMs: number): TimeStamp | null {
  const match = CLF.exec(text);
  if (match === null) return null;
  const [, day, name, year, hour, minute, second, fraction, zone = ""] = match;
  const month = MONTHS.indexOf(name.toLowerCase());
  const aheadMs = parseZone(zone, zoneMs);
  if (month === -1 || aheadMs === null) return null;
  return createStamp(+year, month, +day, [+hour, +minute, +second], fraction, aheadMs);
}

function createStamp(
  year: number,
  month: number,
  day: number,
  [hour, minute, second]: readonly [number, number, number],
  fraction: string | undefined,
  aheadMs: number,
): TimeStamp | null {
  const date = new Date(Date.UTC(year, month, day, hour, minute, second));
  // A second 60 is a leap second, which is the next minute's first elsewhere.
  const isDay = new Date(Date.UTC(year, month, day)).getUTCDate() === day;
  if (!isDay || hour > 23 || minute > 59 || second > 60) return null;
  const fractionMs = fraction === undefined ? 0 : Number(`0.${fraction}`) * 1000;
  return { stampMs: date.getTime() + fractionMs - aheadMs, isWholeSecond: fraction === undefined };
}

/** What a zone is ahead of UTC; `null`: it is none. */
function parseZone(text: string, unnamedMs: number): number | null {
  if (text === "") return unnamedMs;
  if (/^ ?(Z|UTC|GMT)$/i.test(text)) return 0;
  const match = ZONE.exec(text);
  if (match === null) return null;
  const [, sign, hours, minutes = "0"] = match;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/**
 * What a zone written as `+02:00`, `-0700` or `Z` is ahead of UTC, in milliseconds; `null`: it is
 * none.
 */
export function parseZoneMs(text: string): number | null {
  return text === "" ? null : parseZone(text, 0);
}
