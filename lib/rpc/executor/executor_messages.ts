import type { ByteWriter } from "../byte_writer.ts";
import { MESSAGE_PREFIX_BYTES } from "../grpc/message_reader.ts";

/** The one method of `faas.Executor` (proto/faas.proto). */
export const EXECUTE_PATH = "/faas.Executor/Execute";

/** Tags of protobuf: field number × 8 + wire type (0 varint, 2 length-delimited). */
const TAG = { message: 0x0a, second: 0x10, third: 0x18 } as const;

/** Longest encoding of a `uint32`. */
const VARINT_BYTES = 5;

/** Longest name in a reply, so that its length, and the message's, is one octet of a varint. */
export const MAX_INSTANCE_BYTES = 100;

/** Longest request: prefix, and two tags with a number each. */
export const REQUEST_BYTES = MESSAGE_PREFIX_BYTES + 2 * (1 + VARINT_BYTES);

/**
 * Writes a `FaasRequest` with its prefix of gRPC. Zeros are left out, as proto3
 * has it; so is the free text.
 */
export function writeRequest(into: ByteWriter, runtimeMs: number, memoryMib: number): void {
  into.reserve(REQUEST_BYTES);
  const start = into.length;
  into.length = writeNumbers(into.bytes, start + MESSAGE_PREFIX_BYTES, runtimeMs, memoryMib);
  writePrefix(into, start);
}

/**
 * Writes a `FaasReply` with its prefix of gRPC; `instance` is UTF-8 of at most
 * {@linkcode MAX_INSTANCE_BYTES}.
 */
export function writeReply(
  into: ByteWriter,
  instance: Uint8Array,
  durationUs: number,
  memoryKib: number,
): void {
  into.reserve(REQUEST_BYTES + 2 + instance.length);
  const { bytes } = into;
  const start = into.length;
  let at = start + MESSAGE_PREFIX_BYTES;
  if (instance.length > 0) {
    bytes[at++] = TAG.message;
    bytes[at++] = instance.length;
    bytes.set(instance, at);
    at += instance.length;
  }
  into.length = writeNumbers(bytes, at, durationUs, memoryKib);
  writePrefix(into, start);
}

/** The prefix of the message that began at `start`, which is shorter than 256 bytes. */
function writePrefix({ bytes, length }: ByteWriter, start: number): void {
  bytes.fill(0, start, start + MESSAGE_PREFIX_BYTES - 1);
  bytes[start + MESSAGE_PREFIX_BYTES - 1] = length - start - MESSAGE_PREFIX_BYTES;
}

function writeNumbers(bytes: Uint8Array, at: number, second: number, third: number): number {
  if (second !== 0) {
    bytes[at++] = TAG.second;
    at = writeVarint(bytes, at, second);
  }
  if (third !== 0) {
    bytes[at++] = TAG.third;
    at = writeVarint(bytes, at, third);
  }
  return at;
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
          this.durationUs = this.#readVarint(bytes, end);
          if (Number.isNaN(this.durationUs)) return false;
          break;
        case TAG.third:
          this.memoryKib = this.#readVarint(bytes, end);
          if (Number.isNaN(this.memoryKib)) return false;
          break;
        default:
          if (!this.#skip(tag, bytes, end)) return false;
      }
    }
    return true;
  }

  /**
   * The lower 32 bits of the number at `#at`: all that a `uint32` keeps of one of
   * 64. NaN when it is cut off or longer than ten octets.
   */
  #readVarint(bytes: Uint8Array, end: number): number {
    let value = 0;
    let shift = 0;
    const last = Math.min(end, this.#at + 10);
    for (let at = this.#at; at < last; at++) {
      const byte = bytes[at];
      // JavaScript counts shifts modulo 32.
      if (shift < 32) value |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) {
        this.#at = at + 1;
        return value >>> 0;
      }
    }
    return NaN;
  }

  /** Skips a field that is not known; groups, which proto3 does not have, are malformed. */
  #skip(tag: number, bytes: Uint8Array, end: number): boolean {
    // Fields are numbered from 1; NaN: the tag itself was cut off.
    if (!(tag >= 8)) return false;
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

/** Reads `FaasRequest` messages, whose fields have the numbers and types of the reply's. */
export class RequestReader {
  readonly #fields = new ReplyReader();

  /** As {@linkcode ReplyReader.read}. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#fields.read(bytes, start, end);
  }

  get runtimeMs(): number {
    return this.#fields.durationUs;
  }

  get memoryMib(): number {
    return this.#fields.memoryKib;
  }
}

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
