import { Buffer } from "node:buffer";

/** Metadata in which Arrow, and so pandas and Polars, keep the types that Parquet has not. */
export const ARROW_SCHEMA = "ARROW:schema";

/** The type `Duration`, in the union of Arrow's types (`Schema.fbs`). */
const DURATION = 18;

/** Units of durations in a millisecond, by Arrow's number of the unit: s, ms, µs, ns. */
const UNITS_PER_MS = [0.001, 1, 1000, 1_000_000];

/** How deep fields are looked for; columns lie right below the schema. */
const MOST_FIELDS = 10_000;

/**
 * Finds the columns that hold durations. Parquet has none: what a difference of two
 * time stamps becomes is a whole number without a unit, and pandas and Polars know only by
 * a copy of Arrow's schema (a FlatBuffer) in the metadata what it was.
 *
 * @param encoded the value of {@linkcode ARROW_SCHEMA}, in base64
 * @returns by the name of the column its units in a millisecond
 * @throws RangeError when it is damaged
 */
export function findDurations(encoded: string): Map<string, number> {
  const bytes = Buffer.from(encoded, "base64");
  // A message of Arrow's IPC: a mark, the length, then the FlatBuffer.
  const root = new FlatTable(bytes.subarray(8), 0);
  const schema = root.table(2);
  const durations = new Map<string, number>();
  if (schema === null) return durations;
  for (const field of schema.tables(1)) {
    if (field.byte(2) !== DURATION) continue;
    const unitsPerMs = UNITS_PER_MS[field.table(3)?.short(0, 1) ?? 1];
    if (unitsPerMs === undefined) throw new RangeError("a duration of an unknown unit");
    durations.set(field.text(0), unitsPerMs);
  }
  return durations;
}

/** A table of a FlatBuffer; every read is checked by `DataView`. */
class FlatTable {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #start: number;

  /** @param at where the offset of the table stands */
  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#start = at + this.#view.getUint32(at, true);
  }

  /** Where a field stands; `null` where it has its default. */
  #find(field: number): number | null {
    const names = this.#start - this.#view.getInt32(this.#start, true);
    const entry = 4 + 2 * field;
    if (entry + 2 > this.#view.getUint16(names, true)) return null;
    const offset = this.#view.getUint16(names + entry, true);
    return offset === 0 ? null : this.#start + offset;
  }

  byte(field: number): number {
    const at = this.#find(field);
    return at === null ? 0 : this.#view.getUint8(at);
  }

  short(field: number, byDefault: number): number {
    const at = this.#find(field);
    return at === null ? byDefault : this.#view.getInt16(at, true);
  }

  table(field: number): FlatTable | null {
    const at = this.#find(field);
    return at === null ? null : new FlatTable(this.#bytes, at);
  }

  text(field: number): string {
    const at = this.#find(field);
    if (at === null) return "";
    const start = at + this.#view.getUint32(at, true);
    const length = this.#view.getUint32(start, true);
    if (start + 4 + length > this.#bytes.length) throw new RangeError("a text has no end");
    return new TextDecoder().decode(this.#bytes.subarray(start + 4, start + 4 + length));
  }

  *tables(field: number): Generator<FlatTable> {
    const at = this.#find(field);
    if (at === null) return;
    const start = at + this.#view.getUint32(at, true);
    const count = this.#view.getUint32(start, true);
    if (count > MOST_FIELDS) throw new RangeError(`a list of ${count} fields`);
    for (let i = 0; i < count; i++) yield new FlatTable(this.#bytes, start + 4 + 4 * i);
  }
}
