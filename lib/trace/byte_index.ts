const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/**
 * Numbers names by their bytes, from 0 on in the order in which they come first, so that
 * a name that comes a million times is not made a string a million times.
 *
 * @example
 * ```ts
 * import { ByteIndex } from "./byte_index.ts";
 * const bytes = new TextEncoder().encode("f,g,f");
 * const index = new ByteIndex();
 * const numbers = [0, 2, 4].map((at) => index.numberOf(bytes, at, at + 1));
 * if (numbers.join() !== "0,1,0") throw new Error("f is known");
 * ```
 */
export class ByteIndex {
  /** Numbers by hash, −1 where there is none; twice as many places as names, or more. */
  #places = new Int32Array(256).fill(-1);
  #hashes: number[] = [];
  #names: Uint8Array[] = [];

  /** How many names there are. */
  get size(): number {
    return this.#names.length;
  }

  /** The number of the name that stands at these bytes; `size` of before where it is new. */
  numberOf(bytes: Uint8Array, start: number, end: number): number {
    // FNV-1a (Fowler, Noll and Vo) over every byte: hashes differ in any of them.
    let hash = FNV_OFFSET;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], FNV_PRIME);
    const mask = this.#places.length - 1;
    for (let place = (hash ^ hash >>> 15) & mask;; place = place + 1 & mask) {
      const number = this.#places[place];
      if (number < 0) return this.#add(place, hash, bytes.slice(start, end));
      if (this.#hashes[number] === hash && isEqual(this.#names[number], bytes, start, end)) {
        return number;
      }
    }
  }

  #add(place: number, hash: number, name: Uint8Array): number {
    const number = this.#names.length;
    this.#places[place] = number;
    this.#hashes.push(hash);
    this.#names.push(name);
    if (this.#names.length * 2 > this.#places.length) this.#grow();
    return number;
  }

  #grow(): void {
    const places = new Int32Array(this.#places.length * 2).fill(-1);
    const mask = places.length - 1;
    for (const [number, hash] of this.#hashes.entries()) {
      let place = (hash ^ hash >>> 15) & mask;
      while (places[place] >= 0) place = place + 1 & mask;
      places[place] = number;
    }
    this.#places = places;
  }
}

function isEqual(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) {
    if (name[i] !== bytes[start + i]) return false;
  }
  return true;
}
