/** Most bytes that the text of a number takes: the longest is `-1.2345678901234567e-123`. */
export const LONGEST_NUMBER = 25;

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
/** The three digits of each number below 1000 in ASCII, the first in the lowest byte. */
const DIGITS = Int32Array.from({ length: 1000 }, (_, number) => {
  const [first, second, third] = [number / 100, (number / 10) % 10, number % 10].map(Math.floor);
  return (ZERO + first) | (ZERO + second) << 8 | (ZERO + third) << 16;
});
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
  const thousandths = Math.round(value * 1000);
  const magnitude = Math.abs(thousandths);
  const whole = Math.floor(magnitude / 1000);
  if (!(whole < LARGEST_FAST)) return writeText(bytes, at, formatCsvDecimal(value));
  if (thousandths < 0) bytes[at++] = MINUS;
  at = writeWhole(bytes, at, whole | 0);
  return writeFraction(bytes, at, (magnitude - whole * 1000) | 0);
}

/** A whole number, three digits at a time. */
function writeWhole(bytes: Uint8Array, at: number, whole: number): number {
  if (whole < 1000) return writeFirst(bytes, at, whole);
  const thousands = (whole / 1000) | 0;
  at = thousands < 1000 ? writeFirst(bytes, at, thousands) : writeWhole(bytes, at, thousands);
  const digits = DIGITS[whole - thousands * 1000];
  bytes[at] = digits;
  bytes[at + 1] = digits >> 8;
  bytes[at + 2] = digits >> 16;
  return at + 3;
}

/** The first up to three digits of a number. */
function writeFirst(bytes: Uint8Array, at: number, number: number): number {
  const digits = DIGITS[number];
  if (number >= 100) bytes[at++] = digits;
  if (number >= 10) bytes[at++] = digits >> 8;
  bytes[at++] = digits >> 16;
  return at;
}

/** A point and one to three digits of so many thousandths, further zeros at the end left out. */
function writeFraction(bytes: Uint8Array, at: number, thousandths: number): number {
  const digits = DIGITS[thousandths];
  bytes[at] = POINT;
  bytes[at + 1] = digits;
  // Digits after the first, of which the lowest four bits are their value.
  if ((digits & 0x0f0f00) === 0) return at + 2;
  bytes[at + 2] = digits >> 8;
  if ((digits & 0x0f0000) === 0) return at + 3;
  bytes[at + 3] = digits >> 16;
  return at + 4;
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
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** A number with all of its digits; a whole one, too, is `12.0`. */
export function formatCsvExact(value: number): string {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
