import { BadRow } from "./logged_request.ts";

/** Units that logs count durations in, and their milliseconds. */
export const DURATION_UNITS = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000, min: 60_000 } as const;

/** A unit of durations. */
export type DurationUnit = keyof typeof DURATION_UNITS;

/** Durations with their units, as Go, Protobuf and people write them: `1m2.5s`, `12ms`, `0.25s`. */
const WITH_UNITS = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g;
const PART_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A connection may stay open for days; more than that is a mistake in the row or in the unit. */
const MOST_DURATION_MS = 30 * 86_400_000;

const DECIMAL = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Parses how long a request took. A text may name its unit itself. What nginx writes of several
 * upstream servers (`0.002, 0.1 : 0.3`) is added up.
 *
 * @param unit of a bare number; `null`: not known
 * @returns milliseconds; `null` for what logs write in place of what they do not know
 * @throws BadRow when it is none, is negative or endless, or is a bare number of an unknown unit
 *
 * @example
 * ```ts
 * import { parseDuration } from "./duration.ts";
 * if (parseDuration("1m2.5s", null) !== 62_500 || parseDuration("0.25", "s") !== 250) {
 *   throw new Error("wrong");
 * }
 * ```
 */
export function parseDuration(value: unknown, unit: DurationUnit | null): number | null {
  const durationMs = parseAny(value, unit);
  if (durationMs === null || durationMs <= MOST_DURATION_MS) return durationMs;
  throw new BadRow("a duration of more than 30 days", value);
}

function parseAny(value: unknown, unit: DurationUnit | null): number | null {
  if (typeof value === "number") return scale(value, unit, value);
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw new BadRow("a duration of an unknown form", value);
  const text = value.trim();
  if (text === "" || text === "-") return null;
  if (DECIMAL.test(text)) return scale(Number(text), unit, value);
  if (WITH_UNITS.test(text)) {
    let sum = 0;
    for (const [, number, name] of text.matchAll(PART)) sum += Number(number) * PART_MS[name];
    return sum;
  }
  const parts = text.split(/, | : /);
  if (parts.length > 1) {
    const known = parts.map((part) => parseAny(part, unit)).filter((part) => part !== null);
    return known.length === 0 ? null : known.reduce((sum, part) => sum + part, 0);
  }
  throw new BadRow(
    /^-\d/.test(text) ? "a negative duration" : "a duration of an unknown form",
    value,
  );
}

function scale(number: number, unit: DurationUnit | null, value: unknown): number {
  if (number < 0) throw new BadRow("a negative duration", value);
  if (!Number.isFinite(number)) throw new BadRow("a duration of an unknown form", value);
  if (unit === null) throw new BadRow("a duration without a unit", value);
  return number * DURATION_UNITS[unit];
}

/** Ends of names of fields that tell the unit. */
const UNIT_NAMES: readonly (readonly [RegExp, DurationUnit])[] = [
  [/(^|[_.-])(ns|nanos|nanoseconds)$|(Ns|Nanos|Nanoseconds|UnixNano)$/, "ns"],
  [/(^|[_.-])(us|usec|micros|microseconds)$|(Us|Micros|Microseconds)$/, "us"],
  [/(^|[_.-])(ms|msec|millis|milliseconds)$|(Ms|Millis|Milliseconds)$/, "ms"],
  [/(^|[_.-])(s|sec|secs|seconds)$|(Sec|Secs|Seconds)$/, "s"],
];

/** The unit that the name of a field ends in, such as `duration_ms`; `null`: it tells none. */
export function unitOfName(field: string): DurationUnit | null {
  return UNIT_NAMES.find(([pattern]) => pattern.test(field))?.[1] ?? null;
}
