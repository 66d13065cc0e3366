const DAY_MS = 86_400_000;

const ZERO = 48;
const POINT = 46;
const MINUS = 45;
const PLUS = 43;
const COLON = 58;
const BLANK = 32;
const UPPER_T = 84;
const LOWER_T = 116;

/** Length of `2023-11-16 18:17:03`. */
const SECONDS_LENGTH = 19;
const MOST_DECIMALS = 15;

/**
 * Reads dates and times as the traces of language models write them: a blank or
 * `T` between, any number of decimals or none, with or without a zone (without: UTC).
 * The instant is in two parts, so that fractions of a millisecond are not lost beside
 * fifty years.
 *
 * @example
 * ```ts
 * import { InstantReader } from "./instant.ts";
 * const instant = new InstantReader();
 * const bytes = new TextEncoder().encode("1970-01-02 00:00:01.2500000");
 * if (!instant.read(bytes, 0, bytes.length)) throw new Error("it is one");
 * if (instant.day !== 1 || instant.msOfDay !== 1250) throw new Error("a day and 1.25 s");
 * ```
 */
export class InstantReader {
  /** Days since 1970-01-01. */
  day = 0;
  /** Milliseconds of that day, with a fraction; a zone may take it below 0 or beyond the day. */
  msOfDay = 0;
  hasZone = false;
  /** Year, month and day of {@linkcode InstantReader.day}: most instants are of the day before. */
  #date = -1;

  /** Milliseconds since 1970; some ten thousandths of one are lost. */
  get epochMs(): number {
    return this.day * DAY_MS + this.msOfDay;
  }

  /** Reads what stands at some bytes; false: it is no instant, or there is no such day. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < SECONDS_LENGTH) return false;
    const separator = bytes[start + 10];
    if (
      bytes[start + 4] !== MINUS || bytes[start + 7] !== MINUS || bytes[start + 13] !== COLON ||
      bytes[start + 16] !== COLON ||
      separator !== BLANK && separator !== UPPER_T && separator !== LOWER_T
    ) return false;
    const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
    const hasDate = this.#setDate(year, twoDigits(bytes, start + 5), twoDigits(bytes, start + 8));
    const hour = twoDigits(bytes, start + 11);
    const minute = twoDigits(bytes, start + 14);
    const second = twoDigits(bytes, start + 17);
    if (!hasDate || !(hour < 24) || !(minute < 60) || !(second <= 60)) return false;
    let at = start + SECONDS_LENGTH;
    let fraction = 0;
    if (bytes[at] === POINT && at < end) {
      const first = ++at;
      for (; at < end && bytes[at] >= ZERO && bytes[at] <= ZERO + 9; at++) {
        if (at - first < MOST_DECIMALS) fraction = fraction * 10 + bytes[at] - ZERO;
      }
      if (at === first) return false;
      fraction /= 10 ** Math.min(at - first, MOST_DECIMALS);
    }
    const zone = readZone(bytes, at, end);
    this.hasZone = at < end;
    this.msOfDay = (hour * 60 + minute - zone) * 60_000 + second * 1000 + fraction * 1000;
    return !Number.isNaN(zone);
  }

  /** Milliseconds from the start of a day (since 1970) to the instant. */
  msSinceDay(day: number): number {
    return (this.day - day) * DAY_MS + this.msOfDay;
  }

  #setDate(year: number, month: number, day: number): boolean {
    const date = year * 10_000 + month * 100 + day;
    if (date === this.#date) return true;
    const time = Date.UTC(year, month - 1, day);
    const made = new Date(time);
    // What is no number makes no date, and 30 February becomes a day of March.
    if (made.getUTCDate() !== day || made.getUTCMonth() + 1 !== month) return false;
    this.day = time / DAY_MS;
    this.#date = date;
    return true;
  }
}

/** `NaN` for what are no two digits. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const [tens, ones] = [bytes[at] - ZERO, bytes[at + 1] - ZERO];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

/** Minutes that a zone is ahead of UTC: nothing, `Z`, `UTC`, `+02:00` or `-0130`; `NaN`: no zone. */
function readZone(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === BLANK) at++;
  if (at === end) return start === end ? 0 : NaN;
  const sign = bytes[at];
  if (sign === PLUS || sign === MINUS) {
    const hours = twoDigits(bytes, at + 1);
    const minutesAt = bytes[at + 3] === COLON ? at + 4 : at + 3;
    if (end !== minutesAt + 2) return NaN;
    const minutes = hours * 60 + twoDigits(bytes, minutesAt);
    return sign === MINUS ? -minutes : minutes;
  }
  const name = String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 4))).toUpperCase();
  return name === "Z" || name === "UTC" ? 0 : NaN;
}
