import type { CsvCells } from "./csv_cells.ts";
import { ID } from "./csv_cells.ts";

/** Ends each name in a key; no byte of a text in UTF-8. */
const END_OF_NAME = 0xff;

/** Offset and prime of the hash of Fowler, Noll and Vo (FNV-1a, 32 bits). */
const HASH_OFFSET = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

/**
 * Numbers the keys of rows, such as owner, app and function, from 0 in the order
 * in which they are seen first. Keys are kept and compared as bytes, so that no
 * string is made for a key that is known: three files with the same 46,000
 * functions need a string for each once.
 *
 * @example
 * ```ts
 * import { CellKeys } from "./cell_keys.ts";
 * import { CsvTable } from "../csv_table.ts";
 * await using table = await CsvTable.open("data/azure_2019_synthetic/durations.csv");
 * const columns = ["HashOwner", "HashApp"].map((name) => table.columnIndex(name));
 * const applications = new CellKeys();
 * let rows = 0;
 * await table.forEachRow((cells) => {
 *   applications.add(cells, columns);
 *   rows++;
 * });
 * if (applications.size >= rows) throw new Error("several functions make an application");
 * ```
 */
export class CellKeys {
  /** Number of different keys. */
  size = 0;
  #bytes = new Uint8Array(1 << 12);
  /** Where each key begins; the next one's beginning is its end. */
  #starts = new Float64Array(64);
  #hashes = new Int32Array(64);
  /** Numbers of keys plus 1 by hash, at most half full; 0: free. */
  #table = new Int32Array(128);

  /**
   * The number of the key in these columns; -1: it was not added.
   *
   * @throws LoaderError `input` with the place of the cell where a name is empty
   */
  find(cells: CsvCells, columns: readonly number[]): number {
    return this.#find(cells, columns, hashCells(cells, columns));
  }

  /**
   * The number of the key in these columns, a new one where it is not known.
   *
   * @throws LoaderError `input` with the place of the cell where a name is empty
   */
  add(cells: CsvCells, columns: readonly number[]): number {
    const hash = hashCells(cells, columns);
    const known = this.#find(cells, columns, hash);
    if (known >= 0) return known;
    const index = this.size++;
    if (this.size >= this.#hashes.length) this.#growLists();
    this.#hashes[index] = hash;
    this.#starts[this.size] = this.#append(cells, columns, this.#starts[index]);
    if (this.size * 2 > this.#table.length) this.#growTable();
    else this.#enter(index);
    return index;
  }

  #find(cells: CsvCells, columns: readonly number[], hash: number): number {
    const mask = this.#table.length - 1;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const index = this.#table[slot] - 1;
      if (index < 0) return -1;
      if (this.#hashes[index] === hash && this.#equals(cells, columns, index)) return index;
    }
  }

  #equals(cells: CsvCells, columns: readonly number[], index: number): boolean {
    const [own, others] = [this.#bytes, cells.bytes];
    let at = this.#starts[index];
    for (let i = 0; i < columns.length; i++) {
      const end = cells.end(columns[i]);
      for (let from = cells.start(columns[i]); from < end; from++) {
        if (own[at++] !== others[from]) return false;
      }
      if (own[at++] !== END_OF_NAME) return false;
    }
    return at === this.#starts[index + 1];
  }

  /** Writes a key; where the next one begins. */
  #append(cells: CsvCells, columns: readonly number[], at: number): number {
    let length = 0;
    for (const column of columns) length += cells.end(column) - cells.start(column) + 1;
    if (at + length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(at + length, this.#bytes.length * 1.5));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    for (const column of columns) {
      const name = cells.bytes.subarray(cells.start(column), cells.end(column));
      this.#bytes.set(name, at);
      at += name.length;
      this.#bytes[at++] = END_OF_NAME;
    }
    return at;
  }

  #enter(index: number): void {
    const mask = this.#table.length - 1;
    let slot = this.#hashes[index] & mask;
    while (this.#table[slot] > 0) slot = (slot + 1) & mask;
    this.#table[slot] = index + 1;
  }

  #growTable(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    for (let index = 0; index < this.size; index++) this.#enter(index);
  }

  #growLists(): void {
    const [starts, hashes] = [this.#starts, this.#hashes];
    this.#starts = new Float64Array(starts.length * 2);
    this.#starts.set(starts);
    this.#hashes = new Int32Array(hashes.length * 2);
    this.#hashes.set(hashes);
  }
}

function hashCells(cells: CsvCells, columns: readonly number[]): number {
  const { bytes } = cells;
  let hash = HASH_OFFSET;
  for (let i = 0; i < columns.length; i++) {
    const [start, end] = [cells.start(columns[i]), cells.end(columns[i])];
    if (start === end) throw cells.wrong(columns[i], ID);
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], HASH_PRIME);
    hash = Math.imul(hash ^ END_OF_NAME, HASH_PRIME);
  }
  // The lower bits, by which the table is entered, hear of the higher ones.
  return hash ^ (hash >>> 15);
}
