const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * The finite number that a text in decimal notation is, also as `12.0` or `1e3`;
 * `NaN` for everything else, such as an empty text, `0x10` or `1,000`.
 */
export function parseDecimal(text: string): number {
  const trimmed = text.trim();
  const value = Number(trimmed);
  return DECIMAL.test(trimmed) && Number.isFinite(value) ? value : NaN;
}

const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;

/** Numbers of so many digits are exact in a double. */
const MOST_EXACT_DIGITS = 15;

/** Powers of ten that are exact in a double: a quotient by one is then rounded once, as it must be. */
const POWERS = Array.from({ length: MOST_EXACT_DIGITS + 1 }, (_, i) => 10 ** i);

/**
 * The number that bytes spell, where they are digits with or without a sign and
 * a point and no more of them than are exact; `NaN`: take a look at the text.
 * What it gives is what `Number` gives.
 */
export function parsePlainDecimal(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const sign = bytes[at];
  if (sign === MINUS || sign === PLUS) at++;
  const firstDigit = at;
  let value = 0;
  let point = -1;
  for (; at < end; at++) {
    const byte = bytes[at];
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
    } else if (byte === POINT && point < 0) {
      point = at;
    } else {
      return NaN;
    }
  }
  const digits = at - firstDigit - (point < 0 ? 0 : 1);
  if (digits < 1 || digits > MOST_EXACT_DIGITS) return NaN;
  if (point >= 0) value /= POWERS[end - point - 1];
  return sign === MINUS ? -value : value;
}
