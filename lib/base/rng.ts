import { createHash } from "node:crypto";

/** A 128-bit key from which generators are seeded. */
export type RngKey = readonly [number, number, number, number];

/**
 * Derives a 128-bit key from a root seed and any number of names, by SHA-256,
 * so that different names give independent streams.
 */
export function deriveKey(seed: number, ...names: readonly string[]): RngKey {
  const hash = createHash("sha256");
  hash.update(String(seed));
  for (const name of names) {
    // The length in front keeps ("ab", "c") apart from ("a", "bc").
    hash.update(`\u0000${name.length}:`).update(name);
  }
  const digest = hash.digest();
  return [
    digest.readInt32LE(0),
    digest.readInt32LE(4),
    digest.readInt32LE(8),
    digest.readInt32LE(12),
  ];
}

/** Finaliser of MurmurHash3 (Appleby, 2011): a bijection that mixes 32 bits. */
function mix32(value: number): number {
  value ^= value >>> 16;
  value = Math.imul(value, 0x85ebca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2ae35);
  return value ^ (value >>> 16);
}

/**
 * Seeded pseudo-random generator: sfc32 of PractRand (Chris Doty-Humphrey),
 * 128 bits of state, period of at least 2^32. It is fast in JavaScript because
 * it needs 32-bit additions and shifts only, and every state is valid, so any
 * key may seed it.
 *
 * @example
 * ```ts
 * import { Rng } from "./rng.ts";
 * const a = Rng.fromSeed(42, "arrivals");
 * const b = Rng.fromSeed(42, "arrivals");
 * if (a.nextFloat() !== b.nextFloat()) throw new Error("not repeatable");
 * ```
 */
export class Rng {
  // No pointer compression in Deno: 32-bit integers are stored unboxed.
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;

  /** A generator for a root seed and a path of stream names. */
  static fromSeed(seed: number, ...names: readonly string[]): Rng {
    const rng = new Rng();
    rng.seed(deriveKey(seed, ...names), 0, 0);
    return rng;
  }

  /**
   * Puts the generator at the start of the stream of a key, an index (such as a
   * minute) and a stream number; allocates nothing.
   */
  seed(key: RngKey, index: number, stream: number): void {
    const salt = mix32(Math.imul(index + 1, 0x9e3779b1) ^ mix32(stream + 0x632be59b));
    this.#a = mix32(key[0] ^ salt);
    this.#b = mix32(key[1] + salt | 0);
    this.#c = mix32(key[2] ^ Math.imul(salt, 0x27d4eb2f));
    this.#counter = key[3] ^ salt;
    for (let i = 0; i < 12; i++) this.nextInt32();
  }

  /** The next 32 random bits as a signed integer. */
  nextInt32(): number {
    const result = (this.#a + this.#b | 0) + this.#counter | 0;
    this.#counter = this.#counter + 1 | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = this.#c + (this.#c << 3) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result | 0;
    return result;
  }

  /** A number in [0, 1) on a grid of 2^-32. */
  nextFloat(): number {
    return (this.nextInt32() >>> 0) * 2.3283064365386963e-10;
  }

  /** An integer in [0, bound); `bound` at most 2^32. */
  nextBelow(bound: number): number {
    return Math.floor(this.nextFloat() * bound);
  }
}

/**
 * Hexadecimal digits that nobody else has, and that no seed repeats: for names that
 * programs which know nothing of each other must not share.
 */
export function uniqueHex(digits: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(Math.ceil(digits / 2)));
  return bytes.toHex().slice(0, digits);
}
