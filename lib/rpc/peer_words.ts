/** Longest that is kept of what a peer says; what is longer says no more. */
const MAX_WORDS_CHARS = 200;

/** Octets of it that are looked at: every character may take four. */
const MAX_WORDS_BYTES = 4 * MAX_WORDS_CHARS;

/**
 * What a peer said, for people to read in one line: without control characters,
 * without runs of white space, and cut off where it is long.
 *
 * @example
 * ```ts
 * import { cleanWords } from "./peer_words.ts";
 * if (cleanWords("  no\r\nroom\u001b[31m ") !== "no room [31m") throw new Error("one line");
 * ```
 */
export function cleanWords(text: string, maxChars = MAX_WORDS_CHARS): string {
  // Control and format characters, separators of lines, halves of characters.
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+|\s+/gu, " ").replace(/ {2,}/g, " ")
    .trim();
  if (line.length <= maxChars) return line;
  return line.slice(0, maxChars).replace(/[\ud800-\udbff]$/, "").trimEnd();
}

/** The first words of bytes that a peer says are text; `bytes[start, end)`. */
export function readWords(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const first = bytes.subarray(start, Math.min(end, start + MAX_WORDS_BYTES));
  return cleanWords(new TextDecoder().decode(first));
}

/** Collects the first words of the body of a reply that is no message. */
export class BodyWords {
  readonly #bytes = new Uint8Array(MAX_WORDS_BYTES);
  #length = 0;

  push(bytes: Uint8Array, start: number, end: number): void {
    const count = Math.min(end - start, MAX_WORDS_BYTES - this.#length);
    this.#bytes.set(bytes.subarray(start, start + count), this.#length);
    this.#length += count;
  }

  /** What came; of a page of HTML its text. */
  read(contentType: string): string {
    const text = new TextDecoder().decode(this.#bytes.subarray(0, this.#length));
    return cleanWords(contentType.startsWith("text/html") ? text.replace(/<[^>]*>?/g, " ") : text);
  }
}
