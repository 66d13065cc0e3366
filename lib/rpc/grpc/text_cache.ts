/** Texts that are kept; more than there are instances in most runs. */
const MAX_TEXTS = 16_384;

interface CachedText {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** Longer ones do not repeat, or are not worth the comparison. */
const MAX_CACHED_BYTES = 128;

/**
 * Decodes UTF-8 that repeats, such as names of instances, without making the
 * same string again and again.
 */
export class TextCache {
  readonly #texts = new Map<number, CachedText>();
  readonly #decoder = new TextDecoder();

  /** The text in `bytes[start, end)`. */
  read(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length > MAX_CACHED_BYTES) return this.#decoder.decode(bytes.subarray(start, end));
    // FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/).
    let hash = 0x811c9dc5 ^ length;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
    const known = this.#texts.get(hash);
    if (known !== undefined && isEqual(known.bytes, bytes, start, end)) return known.text;
    const copy = bytes.slice(start, end);
    const text = this.#decoder.decode(copy);
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.set(hash, { bytes: copy, text });
    return text;
  }
}

function isEqual(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
