import { ByteWriter } from "../byte_writer.ts";
import { HpackDecoder } from "../hpack/decoder.ts";
import type { HeaderBlock } from "../hpack/header_block.ts";
import { frameSize, violation } from "./frame_checks.ts";
import { ERROR_CODE, FLAG, FRAME, Http2Error } from "./protocol.ts";

/** Memory of HPACK that we offer the peer: the default (RFC 9113, section 6.5.2). */
export const HEADER_TABLE_BYTES = 4096;

/** Largest list of header fields that is taken: gRPC's usual bound is 8 KiB to 16 KiB. */
export const MAX_HEADER_LIST_BYTES = 32_768;

/** Largest block of header fields over HEADERS and CONTINUATION, encoded. */
const MAX_HEADER_BLOCK_BYTES = 2 * MAX_HEADER_LIST_BYTES;

/** CONTINUATION frames of one block; an endless row of empty ones is an attack (CVE-2024-27316). */
const MAX_CONTINUATIONS = 64;

/** Puts blocks of header fields together from HEADERS and CONTINUATION, and decodes them. */
export class HeaderReader {
  readonly #onBlock: (streamId: number, fields: HeaderBlock, endStream: boolean) => void;
  readonly #decoder = new HpackDecoder({
    maxTableSize: HEADER_TABLE_BYTES,
    maxHeaderListSize: MAX_HEADER_LIST_BYTES,
  });
  /** The stream whose block goes on in CONTINUATION; 0: none. */
  #continued = 0;
  #endStream = false;
  #continuations = 0;
  readonly #block = new ByteWriter(0);

  /** `onBlock`: a block is whole. */
  constructor(onBlock: (streamId: number, fields: HeaderBlock, endStream: boolean) => void) {
    this.#onBlock = onBlock;
  }

  /**
   * Checks that a frame may come now: within a block there is only its CONTINUATION.
   *
   * @throws Http2Error when it may not
   */
  check(type: number, streamId: number): void {
    if (this.#continued === 0) {
      if (type === FRAME.continuation) throw violation("The peer sent CONTINUATION of nothing.");
    } else if (type !== FRAME.continuation || streamId !== this.#continued) {
      throw violation("The peer sent another frame before the end of a block of header fields.");
    }
  }

  /** Takes the payload `bytes[start, end)` of HEADERS. @throws Http2Error or HpackError */
  readHeaders(
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if ((flags & FLAG.padded) !== 0) {
      if (start === end) throw frameSize("HEADERS");
      end -= bytes[start++];
    }
    if ((flags & FLAG.priority) !== 0) start += 5;
    if (end < start) throw violation("The peer sent HEADERS with more padding than payload.");
    const endStream = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) {
      return this.#onBlock(streamId, this.#decoder.decode(bytes, start, end), endStream);
    }
    if (streamId === 0) throw violation("The peer sent HEADERS for no stream.");
    this.#continued = streamId;
    this.#endStream = endStream;
    this.#continuations = 0;
    this.#block.length = 0;
    this.#block.append(bytes, start, end);
  }

  /** Takes the payload of CONTINUATION. @throws Http2Error or HpackError */
  readContinuation(flags: number, bytes: Uint8Array, start: number, end: number): void {
    const block = this.#block;
    block.append(bytes, start, end);
    if (++this.#continuations > MAX_CONTINUATIONS || block.length > MAX_HEADER_BLOCK_BYTES) {
      throw new Http2Error(
        ERROR_CODE.enhanceYourCalm,
        `The peer sent a block of header fields without end (${this.#continuations} ` +
          `CONTINUATION frames, ${block.length} bytes).`,
      );
    }
    if ((flags & FLAG.endHeaders) === 0) return;
    const streamId = this.#continued;
    this.#continued = 0;
    this.#onBlock(streamId, this.#decoder.decode(block.bytes, 0, block.length), this.#endStream);
  }
}
