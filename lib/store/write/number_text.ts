/** Most bytes that the text of a number takes: the longest is `-1.2345678901234567e-123`. */
export const LONGEST_NUMBER = 25;

/** What a whole number has behind it in a column of type `number`. */
const NO_FRACTION = ".0";

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
/** Below it a whole part is a 32-bit integer, and thousandths have one shortest text. */
const LARGEST_FAST = 2 ** 31 - 1;

/**
 * Writes a number to three decimals as ASCII, from `at` on, and returns where it
 * ends: the same text as `formatRow` makes, without a string. There must be room
 * for {@linkcode LONGEST_NUMBER} bytes. Not for NaN, which is an empty cell.
 *
 * @example
 * ```ts
 * import { writeNumber } from "./number_text.ts";
 * const bytes = new Uint8Array(32);
 * const end = writeNumber(bytes, 0, 12.34567);
 * if (new TextDecoder().decode(bytes.subarray(0, end)) !== "12.346") throw new Error();
 * ```
 */
export function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  const thousandths = Math.round(value * 1000);
  const magnitude = Math.abs(thousandths);
  const whole = Math.floor(magnitude / 1000);
  // Up to here thousandths are exact and have at most 13 digits; as any two decimals of
  // at most 15 digits are different doubles, the shortest text of the quotient is its own.
  if (!(whole < LARGEST_FAST)) return writeText(bytes, at, formatCsvNumber(value));
  if (thousandths < 0) bytes[at++] = MINUS;
  at = writeWhole(bytes, at, whole | 0);
  const fraction = (magnitude - whole * 1000) | 0;
  return fraction === 0 ? at : writeFraction(bytes, at, fraction);
}

/**
 * Writes a number as {@linkcode writeNumber} does, and a whole one as `12.0`: other programs
 * take a column for one of whole numbers when it begins with them, and then fail at, or
 * round, the first that is none.
 *
 * @example
 * ```ts
 * import { writeDecimal } from "./number_text.ts";
 * const bytes = new Uint8Array(32);
 * const end = writeDecimal(bytes, 0, 12);
 * if (new TextDecoder().decode(bytes.subarray(0, end)) !== "12.0") throw new Error();
 * ```
 */
export function writeDecimal(bytes: Uint8Array, at: number, value: number): number {
  if (!(Math.abs(value) < LARGEST_FAST - 1)) return writeText(bytes, at, formatCsvDecimal(value));
  const end = writeNumber(bytes, at, value);
  if (Math.round(value * 1000) % 1000 !== 0) return end;
  bytes[end] = POINT;
  bytes[end + 1] = ZERO;
  return end + NO_FRACTION.length;
}

/** Digits from the last to the first. */
function writeWhole(bytes: Uint8Array, at: number, whole: number): number {
  const end = at + countDigits(whole);
  for (let i = end - 1; i >= at; i--) {
    const tenth = (whole / 10) | 0;
    bytes[i] = ZERO + whole - tenth * 10;
    whole = tenth;
  }
  return end;
}

function countDigits(whole: number): number {
  if (whole < 1e5) {
    if (whole < 100) return whole < 10 ? 1 : 2;
    return whole < 1000 ? 3 : whole < 1e4 ? 4 : 5;
  }
  if (whole < 1e7) return whole < 1e6 ? 6 : 7;
  return whole < 1e8 ? 8 : whole < 1e9 ? 9 : 10;
}

/** A point and up to three digits, zeros at the end left out. */
function writeFraction(bytes: Uint8Array, at: number, fraction: number): number {
  const tenths = (fraction / 100) | 0;
  const rest = fraction - tenths * 100;
  bytes[at++] = POINT;
  bytes[at++] = ZERO + tenths;
  if (rest === 0) return at;
  const hundredths = (rest / 10) | 0;
  bytes[at++] = ZERO + hundredths;
  const last = rest - hundredths * 10;
  if (last > 0) bytes[at++] = ZERO + last;
  return at;
}

/** What is too large for the short way. */
function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  return at;
}

/**
 * A number to three decimals, which for milliseconds are microseconds. JavaScript
 * writes no exponent below 10^21, and nothing measured is larger.
 */
export function formatCsvNumber(value: number): string {
  return String(Number.isInteger(value) ? value : Math.round(value * 1000) / 1000);
}

/** The same of a column of type `number`, in which a whole number is `12.0`. */
export function formatCsvDecimal(value: number): string {
  const text = formatCsvNumber(value);
  return /^-?\d+$/.test(text) ? text + NO_FRACTION : text;
}
