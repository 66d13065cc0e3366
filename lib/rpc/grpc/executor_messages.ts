import type { ByteWriter } from "../byte_writer.ts";
import { MESSAGE_PREFIX_BYTES } from "./message_reader.ts";
import { TextCache } from "./text_cache.ts";

/** The one method of `faas.Executor` (proto/faas.proto). */
export const EXECUTE_PATH = "/faas.Executor/Execute";

/** Tags of protobuf: field number × 8 + wire type (0 varint, 2 length-delimited). */
const TAG = { message: 0x0a, second: 0x10, third: 0x18 } as const;

/** Longest encoding of a `uint32`. */
const VARINT_BYTES = 5;

/** Longest request: prefix, and two tags with a number each. */
const REQUEST_BYTES = MESSAGE_PREFIX_BYTES + 2 * (1 + VARINT_BYTES);

/**
 * Writes a `FaasRequest` with its prefix of gRPC. Zeros are left out, as proto3
 * has it; so is the free text.
 */
export function writeRequest(into: ByteWriter, runtimeMs: number, memoryMib: number): void {
  into.reserve(REQUEST_BYTES);
  const { bytes } = into;
  const start = into.length;
  let at = start + MESSAGE_PREFIX_BYTES;
  if (runtimeMs !== 0) {
    bytes[at++] = TAG.second;
    at = writeVarint(bytes, at, runtimeMs);
  }
  if (memoryMib !== 0) {
    bytes[at++] = TAG.third;
    at = writeVarint(bytes, at, memoryMib);
  }
  bytes[start] =
    bytes[start + 1] =
    bytes[start + 2] =
    bytes[start + 3] =
      0;
  bytes[start + 4] = at - start - MESSAGE_PREFIX_BYTES;
  into.length = at;
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  for (; value > 0x7f; value >>>= 7) bytes[at++] = (value & 0x7f) | 0x80;
  bytes[at++] = value;
  return at;
}

/** Reads `FaasReply` messages; the fields hold the last one. */
export class ReplyReader {
  /** Name of the instance; `null` where it is empty. */
  instance: string | null = null;
  durationUs = 0;
  memoryKib = 0;
  readonly #instances = new TextCache();
  #at = 0;

  /**
   * Reads the message in `bytes[start, end)`. Fields that are not known are
   * skipped, the last of a field that repeats counts, as protobuf has it.
   *
   * @returns whether it is well-formed
   */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.instance = null;
    this.durationUs = 0;
    this.memoryKib = 0;
    this.#at = start;
    while (this.#at < end) {
      const tag = this.#readVarint(bytes, end);
      switch (tag) {
        case TAG.message: {
          const length = this.#readVarint(bytes, end);
          if (!(length <= end - this.#at)) return false;
          this.instance = length === 0
            ? null
            : this.#instances.read(bytes, this.#at, this.#at + length);
          this.#at += length;
          break;
        }
        case TAG.second:
          this.durationUs = this.#readVarint(bytes, end) % 2 ** 32;
          if (Number.isNaN(this.durationUs)) return false;
          break;
        case TAG.third:
          this.memoryKib = this.#readVarint(bytes, end) % 2 ** 32;
          if (Number.isNaN(this.memoryKib)) return false;
          break;
        default:
          if (!this.#skip(tag, bytes, end)) return false;
      }
    }
    return true;
  }

  /** The number at `#at`; NaN when it is cut off or longer than ten octets. */
  #readVarint(bytes: Uint8Array, end: number): number {
    let value = 0;
    let factor = 1;
    const last = Math.min(end, this.#at + 10);
    for (let at = this.#at; at < last; at++) {
      const byte = bytes[at];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        this.#at = at + 1;
        return value;
      }
      factor *= 128;
    }
    return NaN;
  }

  #skip(tag: number, bytes: Uint8Array, end: number): boolean {
    let length: number;
    switch (tag % 8) {
      case 0:
        return !Number.isNaN(this.#readVarint(bytes, end));
      case 1:
        length = 8;
        break;
      case 2:
        length = this.#readVarint(bytes, end);
        break;
      case 5:
        length = 4;
        break;
      default:
        return false;
    }
    if (!(length <= end - this.#at)) return false;
    this.#at += length;
    return true;
  }
}
