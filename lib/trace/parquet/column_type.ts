import type { SchemaElement } from "hyparquet";
import type { StoredValues } from "./column_reader.ts";

/** What a column is read as. */
export type ColumnUse =
  /** Numbers, `NaN` where there is none. */
  | "number"
  /** Times in ms, `NaN` where there is none; durations are converted. */
  | "milliseconds"
  /** Instants, in ms since 1970 UTC, `NaN` where there is none. */
  | "instant"
  /** Names: places in the file's list of names, −1 where there is none. */
  | "name";

/** A column. */
export interface ColumnType {
  readonly element: SchemaElement;
  /** Of durations, which Parquet does not tell from whole numbers: units in a ms. */
  readonly durationUnitsPerMs?: number;
}

/** What a column holds, as a person would say it. */
export function describeType({ element, durationUnitsPerMs }: ColumnType): string {
  if (durationUnitsPerMs !== undefined) return "durations";
  const { type, converted_type: converted, logical_type: logical } = element;
  switch (logical?.type ?? converted) {
    case "STRING":
    case "UTF8":
    case "ENUM":
      return "text";
    case "JSON":
      return "JSON";
    case "UUID":
      return "UUIDs";
    case "DATE":
      return "dates";
    case "TIME":
    case "TIME_MILLIS":
    case "TIME_MICROS":
      return "times of day";
    case "TIMESTAMP":
    case "TIMESTAMP_MILLIS":
    case "TIMESTAMP_MICROS":
      return "timestamps";
    case "INTERVAL":
      return "intervals";
    case "DECIMAL":
      return "decimal numbers";
    case "FLOAT16":
      return "numbers of 16 bits";
    case "NULL":
      return "nothing";
  }
  if (type === "INT96") return "timestamps of 96 bits";
  if (type === "BOOLEAN") return "true and false";
  if (type === "BYTE_ARRAY" || type === "FIXED_LEN_BYTE_ARRAY") return "bytes";
  return type === "FLOAT" || type === "DOUBLE" ? "numbers" : "whole numbers";
}

/** True if a column can be read so. */
export function canBeUsedAs(column: ColumnType, use: ColumnUse): boolean {
  const what = describeType(column);
  const { element } = column;
  switch (use) {
    case "milliseconds":
      return what === "durations" || canBeUsedAs(column, "number");
    case "number":
      return what === "numbers" || what === "whole numbers" || what === "decimal numbers";
    case "instant":
      return what === "timestamps" && element.type === "INT64";
    case "name":
      return what === "text" || what === "whole numbers" ||
        (what === "bytes" && element.type === "BYTE_ARRAY");
  }
}

/** Values as numbers; what a time stamp or a duration is in ms. */
export function toNumbers(
  { values, kind }: StoredValues,
  { element, durationUnitsPerMs }: ColumnType,
): Float64Array | Float32Array {
  const scale = durationUnitsPerMs ?? scaleOf(element);
  if (kind === "bytes") {
    return Float64Array.from(values, (bytes) => Number(bigEndian(bytes)) / scale);
  }
  if (kind === "double" || kind === "float") return values;
  const isUnsigned = isUnsignedInteger(element);
  if (kind === "int32") {
    const numbers = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) {
      numbers[i] = (isUnsigned ? values[i] >>> 0 : values[i]) / scale;
    }
    return numbers;
  }
  const unitsPerMs = timestampUnitsPerMs(element);
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const low = halves[2 * i] >>> 0;
    const high = isUnsigned ? halves[2 * i + 1] >>> 0 : halves[2 * i + 1];
    numbers[i] = unitsPerMs === null
      ? (high * 2 ** 32 + low) / scale
      : divideWide(high, low, unitsPerMs);
  }
  return numbers;
}

/**
 * (high · 2^32 + low) ÷ divisor, where the number itself has too many digits for a
 * double: nanoseconds since 1970 have 19. Whole milliseconds come out exact.
 */
function divideWide(high: number, low: number, divisor: number): number {
  const whole = Math.floor(2 ** 32 / divisor);
  const rest = high * (2 ** 32 - whole * divisor) + low;
  const more = Math.floor(rest / divisor);
  return high * whole + more + (rest - more * divisor) / divisor;
}

function timestampUnitsPerMs({ logical_type, converted_type }: SchemaElement): number | null {
  if (logical_type?.type === "TIMESTAMP") {
    return { MILLIS: 1, MICROS: 1000, NANOS: 1_000_000 }[logical_type.unit];
  }
  if (converted_type === "TIMESTAMP_MILLIS") return 1;
  return converted_type === "TIMESTAMP_MICROS" ? 1000 : null;
}

/** True if a timestamp is an instant, rather than what clocks somewhere show. */
export function isUtc({ logical_type, converted_type }: SchemaElement): boolean {
  return logical_type?.type === "TIMESTAMP"
    ? logical_type.isAdjustedToUTC
    : converted_type !== undefined;
}

/** Values as the UTF-8 of names; what a whole number is called. */
export function toNames(
  { values, kind }: StoredValues,
  element: SchemaElement,
): readonly Uint8Array[] {
  if (kind === "bytes") return values;
  const isUnsigned = isUnsignedInteger(element);
  const encoder = new TextEncoder();
  if (kind === "int32") {
    return Array.from(values, (value) => encoder.encode(`${isUnsigned ? value >>> 0 : value}`));
  }
  if (kind !== "int64") throw new TypeError(`names of ${kind}`);
  return Array.from(
    values,
    (value) => encoder.encode(`${isUnsigned ? BigInt.asUintN(64, value) : value}`),
  );
}

function isUnsignedInteger({ logical_type, converted_type }: SchemaElement): boolean {
  return logical_type?.type === "INTEGER"
    ? !logical_type.isSigned
    : converted_type?.startsWith("UINT_") ?? false;
}

function scaleOf(element: SchemaElement): number {
  const { logical_type: logical, converted_type: converted } = element;
  if (logical?.type === "DECIMAL") return 10 ** logical.scale;
  return converted === "DECIMAL" ? 10 ** (element.scale ?? 0) : 1;
}

/** A signed number, the highest byte first. */
function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}
