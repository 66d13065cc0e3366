/** Octets in front of a message: whether it is compressed, and its length. */
export const MESSAGE_PREFIX_BYTES = 5;

/**
 * What became of the data of a reply:
 * - `none`: no message came
 * - `part`: a message has begun
 * - `whole`: one message came
 * - `compressed`: it is compressed, which nobody asked for
 * - `too_large`: it is longer than allowed
 * - `several`: a second one began, where a unary call has one
 */
export type MessageState = "none" | "part" | "whole" | "compressed" | "too_large" | "several";

/**
 * Puts the one message of a unary reply together from DATA frames (grpc/grpc:
 * doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message"). A message that lies in one
 * frame, as nearly all do, is not copied.
 *
 * @example
 * ```ts
 * import { MessageReader } from "./message_reader.ts";
 * const reader = new MessageReader();
 * reader.push(Uint8Array.of(0, 0, 0, 0, 2, 8), 0, 6, 100);
 * reader.push(Uint8Array.of(1), 0, 1, 100);
 * if (reader.state !== "whole" || reader.end - reader.start !== 2) throw new Error("two bytes");
 * ```
 */
export class MessageReader {
  state: MessageState = "none";
  /** When `whole`: the message is `bytes[start, end)`, valid as long as what was pushed last. */
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  /** What came of a message in parts, its prefix included. */
  #parts: Uint8Array = EMPTY;
  #partBytes = 0;

  /** Forgets what came, for the next reply. */
  reset(): void {
    this.state = "none";
    this.bytes = this.#parts = EMPTY;
    this.#partBytes = 0;
  }

  /** Takes `bytes[start, end)`; a message may be `maxBytes` long. */
  push(bytes: Uint8Array, start: number, end: number, maxBytes: number): void {
    if (start === end) return;
    if (this.state === "whole") this.state = "several";
    else if (this.state === "none" && end - start >= MESSAGE_PREFIX_BYTES) {
      const length = this.#readPrefix(bytes, start, maxBytes);
      if (length < 0) return;
      if (MESSAGE_PREFIX_BYTES + length <= end - start) {
        return this.#finish(bytes, start, start + MESSAGE_PREFIX_BYTES + length, end);
      }
      this.#parts = new Uint8Array(MESSAGE_PREFIX_BYTES + length);
      this.#add(bytes, start, end);
    } else if (this.state === "none" || this.state === "part") {
      this.#pushPart(bytes, start, end, maxBytes);
    }
  }

  #pushPart(bytes: Uint8Array, start: number, end: number, maxBytes: number): void {
    if (this.#partBytes < MESSAGE_PREFIX_BYTES) {
      // The prefix itself came in parts.
      if (this.#parts.length === 0) this.#parts = new Uint8Array(MESSAGE_PREFIX_BYTES);
      const count = Math.min(end - start, MESSAGE_PREFIX_BYTES - this.#partBytes);
      this.#add(bytes, start, start + count);
      start += count;
      if (this.#partBytes < MESSAGE_PREFIX_BYTES) return;
      const length = this.#readPrefix(this.#parts, 0, maxBytes);
      if (length < 0) return;
      const whole = new Uint8Array(MESSAGE_PREFIX_BYTES + length);
      whole.set(this.#parts);
      this.#parts = whole;
    }
    const missing = this.#parts.length - this.#partBytes;
    const count = Math.min(missing, end - start);
    this.#add(bytes, start, start + count);
    if (count === missing) {
      this.#finish(this.#parts, 0, this.#parts.length, this.#parts.length);
      if (start + count < end) this.state = "several";
    }
  }

  /** The length of the message; negative where it is refused. */
  #readPrefix(bytes: Uint8Array, at: number, maxBytes: number): number {
    const length = ((bytes[at + 1] << 24) | (bytes[at + 2] << 16) | (bytes[at + 3] << 8) |
      bytes[at + 4]) >>> 0;
    if (bytes[at] !== 0) this.state = "compressed";
    else if (length > maxBytes) this.state = "too_large";
    else return length;
    return -1;
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    this.#parts.set(bytes.subarray(start, end), this.#partBytes);
    this.#partBytes += end - start;
    this.state = "part";
  }

  #finish(bytes: Uint8Array, start: number, messageEnd: number, end: number): void {
    this.bytes = bytes;
    this.start = start + MESSAGE_PREFIX_BYTES;
    this.end = messageEnd;
    this.state = messageEnd < end ? "several" : "whole";
  }
}

const EMPTY = new Uint8Array(0);
