/** What an entry costs beyond its octets (RFC 7541 section 4.1). */
const ENTRY_OVERHEAD_BYTES = 32;

/** SETTINGS_HEADER_TABLE_SIZE before any SETTINGS frame says otherwise (RFC 9113 section 6.5.2). */
export const DEFAULT_TABLE_SIZE = 4096;

/** Size of a field as tables and header lists count it: octets and {@linkcode ENTRY_OVERHEAD_BYTES}. */
export function fieldSize(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD_BYTES;
}

/** A dynamic table to look at. Position 0 is the newest entry. */
export interface DynamicTableView {
  /** Number of entries. */
  readonly count: number;
  /** Sum of the entries' {@linkcode fieldSize}; never more than `maxSize`. */
  readonly size: number;
  readonly maxSize: number;
  /**
   * Goes up with every entry added or evicted and with every new maximum size:
   * while it stays, an index means the same.
   */
  readonly changes: number;
  nameAt(position: number): string;
  valueAt(position: number): string;
}

/**
 * The dynamic table of RFC 7541 sections 2.3.2 and 4, the same for both
 * directions: a ring of entries, the oldest evicted when room is needed.
 *
 * @example
 * ```ts
 * import { DynamicTable } from "./dynamic_table.ts";
 * const table = new DynamicTable(100);
 * table.insert("te", "trailers"); // 2 + 8 + 32 = 42
 * table.insert("grpc-status", "0"); // 44
 * table.insert("grpc-status", "4"); // 44: the oldest must go
 * if (table.count !== 2 || table.size !== 88) throw new Error("two entries fit");
 * if (table.valueAt(0) !== "4") throw new Error("the newest comes first");
 * ```
 */
export class DynamicTable implements DynamicTableView {
  /** Rings of one length, a power of two; the newest entry is at `#newest`. */
  #names: string[] = [];
  #values: string[] = [];
  #newest = -1;
  #count = 0;
  #size = 0;
  #maxSize: number;
  #changes = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get count(): number {
    return this.#count;
  }

  get size(): number {
    return this.#size;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  get changes(): number {
    return this.#changes;
  }

  /** Name of the entry at a position below `count`. */
  nameAt(position: number): string {
    return this.#names[this.#slot(position)];
  }

  /** Value of the entry at a position below `count`. */
  valueAt(position: number): string {
    return this.#values[this.#slot(position)];
  }

  /**
   * Adds an entry as the newest, evicting the oldest ones as needed. An entry
   * larger than the table empties it and is not added (RFC 7541 section 4.4).
   */
  insert(name: string, value: string): void {
    const size = fieldSize(name, value);
    this.#evictDownTo(this.#maxSize - size);
    if (size > this.#maxSize) return;
    if (this.#count === this.#names.length) this.#grow();
    this.#newest = (this.#newest + 1) & (this.#names.length - 1);
    this.#names[this.#newest] = name;
    this.#values[this.#newest] = value;
    this.#count++;
    this.#size += size;
    this.#changes++;
  }

  /** Sets the maximum size, evicting what no longer fits (RFC 7541 section 4.3). */
  resize(maxSize: number): void {
    if (maxSize === this.#maxSize) return;
    this.#maxSize = maxSize;
    this.#changes++;
    this.#evictDownTo(maxSize);
  }

  #slot(position: number): number {
    return (this.#newest - position) & (this.#names.length - 1);
  }

  #evictDownTo(size: number): void {
    while (this.#count > 0 && this.#size > size) {
      const slot = this.#slot(this.#count - 1);
      this.#size -= fieldSize(this.#names[slot], this.#values[slot]);
      // So that a long string can be freed before its place is taken again.
      this.#names[slot] = this.#values[slot] = "";
      this.#count--;
      this.#changes++;
    }
  }

  /** Doubles the rings, which are full, the oldest entry now in front. */
  #grow(): void {
    const oldest = this.#newest + 1;
    const length = Math.max(8, 2 * this.#count);
    this.#names = unroll(this.#names, oldest, length);
    this.#values = unroll(this.#values, oldest, length);
    this.#newest = this.#count - 1;
  }
}

/** A ring cut open before `start` and lengthened. */
function unroll(ring: readonly string[], start: number, length: number): string[] {
  const line = [...ring.slice(start), ...ring.slice(0, start)];
  while (line.length < length) line.push("");
  return line;
}
