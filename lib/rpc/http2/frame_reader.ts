import { DEFAULT_MAX_FRAME_BYTES, ERROR_CODE, FRAME_HEADER_BYTES, Http2Error } from "./protocol.ts";

/**
 * A whole frame: its payload is `bytes[start, end)`, valid until the callback
 * returns.
 */
export type FrameCallback = (
  type: number,
  flags: number,
  streamId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
) => void;

/** Smallest memory for what is read; a connection that is busy gets more. */
const LEAST_BUFFER_BYTES = 4096;

/** Largest: a quarter of what a socket holds, several hundred replies. */
const MOST_BUFFER_BYTES = 1 << 18;

/**
 * Cuts a stream of bytes into frames without copying them: whoever reads puts
 * the bytes into {@linkcode FrameReader.room} and says how many came.
 *
 * @example
 * ```ts
 * import { FrameReader } from "./frame_reader.ts";
 * const lengths: number[] = [];
 * const reader = new FrameReader((_type, _flags, _id, _bytes, start, end) => lengths.push(end - start));
 * const ping = Uint8Array.of(0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
 * for (const byte of ping) {
 *   reader.room()[0] = byte;
 *   reader.advance(1);
 * }
 * if (lengths.join() !== "8") throw new Error("a byte at a time is a frame at last");
 * ```
 */
export class FrameReader {
  readonly #onFrame: FrameCallback;
  readonly #maxFrameBytes: number;
  #bytes = new Uint8Array(LEAST_BUFFER_BYTES);
  /** Where the bytes that are no whole frame yet end. */
  #end = 0;

  /** `maxFrameBytes`: the largest payload that the peer was allowed. */
  constructor(onFrame: FrameCallback, maxFrameBytes = DEFAULT_MAX_FRAME_BYTES) {
    this.#onFrame = onFrame;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Where the next bytes go; never empty. */
  room(): Uint8Array<ArrayBuffer> {
    return this.#end === 0 ? this.#bytes : this.#bytes.subarray(this.#end);
  }

  /** A part of a frame is held. */
  get holdsPart(): boolean {
    return this.#end > 0;
  }

  /**
   * Hands out the frames that are whole now that `count` bytes were put into the
   * room.
   *
   * @throws Http2Error FRAME_SIZE_ERROR when a frame is larger than allowed
   */
  advance(count: number): void {
    const bytes = this.#bytes;
    const end = this.#end + count;
    let start = 0;
    let wanted = 0;
    while (end - start >= FRAME_HEADER_BYTES) {
      const length = (bytes[start] << 16) | (bytes[start + 1] << 8) | bytes[start + 2];
      if (length > this.#maxFrameBytes) {
        throw new Http2Error(
          ERROR_CODE.frameSizeError,
          `The peer sent a frame of ${length} bytes where ${this.#maxFrameBytes} are allowed.`,
        );
      }
      const payload = start + FRAME_HEADER_BYTES;
      const next = payload + length;
      if (next > end) {
        wanted = next - start;
        break;
      }
      const streamId = ((bytes[start + 5] & 0x7f) << 24) | (bytes[start + 6] << 16) |
        (bytes[start + 7] << 8) | bytes[start + 8];
      this.#onFrame(bytes[start + 3], bytes[start + 4], streamId, bytes, payload, next);
      start = next;
    }
    const left = end - start;
    const filled = end === bytes.length && bytes.length < MOST_BUFFER_BYTES;
    if (filled || wanted > bytes.length) {
      const grown = new Uint8Array(Math.max(2 * bytes.length, wanted));
      grown.set(bytes.subarray(start, end));
      this.#bytes = grown;
    } else if (left > 0 && start > 0) {
      bytes.copyWithin(0, start, end);
    }
    this.#end = left;
  }
}
