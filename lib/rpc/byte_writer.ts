/**
 * Bytes that grow at the end: what is to be sent next. The two fields are public
 * because the hot path writes into them without a call; whoever does must have
 * asked {@linkcode ByteWriter.reserve} for the room.
 *
 * @example
 * ```ts
 * import { ByteWriter } from "./byte_writer.ts";
 * const writer = new ByteWriter(16);
 * writer.reserve(2);
 * writer.bytes[writer.length++] = 0xca;
 * writer.bytes[writer.length++] = 0xfe;
 * if (writer.view().join() !== "202,254") throw new Error("two bytes were written");
 * ```
 */
export class ByteWriter {
  /** The memory; what lies at and after `length` is undefined. */
  bytes: Uint8Array<ArrayBuffer>;
  /** How many bytes have been written. */
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` more bytes; `bytes` may be another array afterwards. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** Appends `source[start, end)`. */
  append(source: Uint8Array, start = 0, end = source.length): void {
    const count = end - start;
    this.reserve(count);
    const { bytes } = this;
    // Short runs are copied faster by hand than by the making of a view.
    if (count <= 64) {
      const shift = this.length - start;
      for (let at = start; at < end; at++) bytes[at + shift] = source[at];
    } else {
      bytes.set(source.subarray(start, end), this.length);
    }
    this.length += count;
  }

  /** The written bytes; valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }
}
