/**
 * A header block that cannot be decoded. Both sides' tables can no longer be
 * taken to agree, so the connection must end with COMPRESSION_ERROR (RFC 9113
 * section 4.3) and the decoder that threw must not be used again.
 *
 * @example
 * ```ts
 * import { HpackDecoder } from "./decoder.ts";
 * import { HpackError } from "./hpack_error.ts";
 * const decoder = new HpackDecoder({ maxTableSize: 4096, maxHeaderListSize: 8192 });
 * let caught: unknown;
 * try {
 *   decoder.decode(Uint8Array.of(0xff, 0x00), 0, 2); // index 127 of 61
 * } catch (error) {
 *   caught = error;
 * }
 * if (!(caught instanceof HpackError)) throw new Error("index 127 is in no table");
 * ```
 */
export class HpackError extends Error {
  override readonly name = "HpackError";
}
