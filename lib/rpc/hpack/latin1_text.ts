import { Buffer } from "node:buffer";

/**
 * `bytes[start, end)` as text, one character an octet. (`TextDecoder("latin1")`
 * is windows-1252 and maps 0x80 to 0x9f elsewhere. Adding character to character
 * is slower from a dozen on, and leaves a rope.)
 *
 * @example
 * ```ts
 * import { latin1Text } from "./latin1_text.ts";
 * if (latin1Text(Uint8Array.of(0x74, 0x65, 0x80), 0, 3) !== "te\u0080") throw new Error("latin1");
 * ```
 */
export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, start, end);
}
