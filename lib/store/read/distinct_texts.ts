import { parseTextCell } from "./row_block.ts";

/** Gives every distinct text a code, and makes a string of each once. */
export class DistinctTexts {
  readonly values: string[] = [];
  readonly #codes = new Map<string, number>();
  /** Distinct cells, as they are written: one text may be written in several ways. */
  readonly #cells: { readonly bytes: Uint8Array; readonly code: number; readonly next: number }[] =
    [];
  /** The last cell of each hash; `next` is the one before it. */
  readonly #ofHash = new Map<number, number>();
  #last = -1;

  /** −1: unknown; `undefined`: no cell of CSV. */
  codeOf(bytes: Uint8Array, at: number, end: number): number | undefined {
    // Very often it is the same as in the row before.
    if (this.#last >= 0) {
      const { bytes: last, code } = this.#cells[this.#last];
      if (isSame(last, bytes, at, end)) return code;
    }
    let hash = 0;
    for (let i = at; i < end; i++) hash = Math.imul(hash, 31) + bytes[i] | 0;
    const first = this.#ofHash.get(hash) ?? -1;
    for (let i = first; i >= 0; i = this.#cells[i].next) {
      if (!isSame(this.#cells[i].bytes, bytes, at, end)) continue;
      this.#last = i;
      return this.#cells[i].code;
    }
    const text = parseTextCell(bytes, at, end);
    if (text === undefined) return undefined;
    const code = text === "" ? -1 : this.#codes.get(text) ?? this.#codes.size;
    if (code === this.values.length) {
      this.#codes.set(text, code);
      this.values.push(text);
    }
    this.#last = this.#cells.length;
    this.#ofHash.set(hash, this.#last);
    this.#cells.push({ bytes: bytes.slice(at, end), code, next: first });
    return code;
  }
}

/** True if a cell holds the same bytes. */
export function isSame(cell: Uint8Array, bytes: Uint8Array, at: number, end: number): boolean {
  if (cell.length !== end - at) return false;
  for (let i = 0; i < cell.length; i++) if (cell[i] !== bytes[at + i]) return false;
  return true;
}
