import type { ByteWriter } from "../byte_writer.ts";

/**
 * Largest integer accepted or written. RFC 7541 section 5.1 asks for a limit of
 * one's own; every index, length and table size in use lies far below 2^28.
 */
export const MAX_INTEGER = 2 ** 28;

/** Continuation octets accepted: as many as {@linkcode MAX_INTEGER} needs, and one of padding. */
export const MAX_CONTINUATION_BYTES = 5;

/** Octets that {@linkcode writeInteger} writes at most: the prefix and 28 bits in sevens. */
const MAX_WRITTEN_BYTES = 5;

/**
 * Writes an integer of at most {@linkcode MAX_INTEGER} with a prefix of
 * `prefixBits` (RFC 7541 section 5.1); `flags` are the bits above the prefix in
 * the first octet.
 *
 * @example
 * ```ts
 * import { ByteWriter } from "../byte_writer.ts";
 * import { writeInteger } from "./integer.ts";
 * const writer = new ByteWriter(8);
 * writeInteger(writer, 0, 5, 1337); // appendix C.1.2
 * if (writer.view().join() !== "31,154,10") throw new Error("expected 1f 9a 0a");
 * ```
 */
export function writeInteger(
  into: ByteWriter,
  flags: number,
  prefixBits: number,
  value: number,
): void {
  into.reserve(MAX_WRITTEN_BYTES);
  const { bytes } = into;
  const prefix = (1 << prefixBits) - 1;
  if (value < prefix) {
    bytes[into.length++] = flags | value;
    return;
  }
  bytes[into.length++] = flags | prefix;
  let rest = value - prefix;
  for (; rest >= 0x80; rest >>>= 7) bytes[into.length++] = (rest & 0x7f) | 0x80;
  bytes[into.length++] = rest;
}
