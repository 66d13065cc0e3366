/**
 * Decodes what a page of a Parquet file holds, into typed arrays. Every read is
 * within the page and every run within the values that the page says it has, so
 * that a damaged page is an error and never a loop or an allocation without end.
 *
 * Encodings as in the Parquet specification (apache/parquet-format, Encodings.md).
 *
 * @module
 */

/** A page that contradicts itself; whoever reads the file says where. */
export class DamagedPage extends Error {
  override readonly name = "DamagedPage";
}

/** Bytes of a page and where its reader stands. */
export class PageBytes {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next so many bytes, not copied. */
  take(length: number): Uint8Array {
    if (!(length >= 0 && length <= this.bytes.length - this.offset)) {
      throw new DamagedPage(
        `${length} bytes are asked for where ${this.bytes.length - this.offset} are left`,
      );
    }
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }

  /** An unsigned number of 32 bits. */
  takeUint32(): number {
    this.take(4);
    return this.#view.getUint32(this.offset - 4, true);
  }

  takeByte(): number {
    if (this.offset >= this.bytes.length) throw new DamagedPage("it ends too early");
    return this.bytes[this.offset++];
  }

  /** An unsigned number of variable length (LEB128), at most 2^53 − 1. */
  takeVarint(): number {
    let value = 0;
    let weight = 1;
    for (;;) {
      const byte = this.takeByte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      weight *= 0x80;
      if (weight > 2 ** 49) throw new DamagedPage("a number has too many digits");
    }
  }

  /** A signed number of variable length, of 64 bits. */
  takeZigzag(): bigint {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = this.takeByte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
      if (shift > 63n) throw new DamagedPage("a number has too many digits");
    }
    return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
  }
}

/**
 * Runs and packed groups of small numbers (RLE / bit-packing hybrid), as many as
 * `output` takes.
 *
 * @param width bits of a number, 0 to 32
 */
export function decodeHybrid(
  page: PageBytes,
  width: number,
  output: Int32Array | Uint8Array,
): void {
  if (width > 32) throw new DamagedPage(`numbers of ${width} bits`);
  if (width === 0) {
    output.fill(0);
    return;
  }
  for (let at = 0; at < output.length;) {
    const header = page.takeVarint();
    if (header % 2 === 1) {
      at = unpackGroups(page, Math.floor(header / 2), width, output, at);
      continue;
    }
    let value = 0;
    for (let shift = 0; shift < width; shift += 8) value |= page.takeByte() << shift;
    if (value >>> 0 >= 2 ** width) throw new DamagedPage(`a value ${value} of ${width} bits`);
    const end = at + header / 2;
    if (end === at || end > output.length) {
      throw new DamagedPage(`a run of ${end - at} values where ${output.length - at} are left`);
    }
    output.fill(value, at, end);
    at = end;
  }
}

/** Groups of eight numbers of `width` bits, the lowest bits first. */
function unpackGroups(
  page: PageBytes,
  groups: number,
  width: number,
  output: Int32Array | Uint8Array,
  at: number,
): number {
  const count = Math.min(groups * 8, output.length - at);
  if (count === 0) throw new DamagedPage("a run is empty");
  // The last group of a page may be cut off behind its last number.
  const whole = groups * width;
  const packed = page.take(
    Math.min(whole, Math.max(Math.ceil(count * width / 8), page.bytes.length - page.offset)),
  );
  const mask = width === 32 ? 0xffffffff : (1 << width) - 1;
  let bits = 0;
  let held = 0;
  let next = 0;
  // Up to 24 bits, what is held and a byte more fit into 32.
  if (width <= 24) {
    for (let i = 0; i < count; i++) {
      while (held < width) {
        bits |= packed[next++] << held;
        held += 8;
      }
      output[at + i] = bits & mask;
      bits >>>= width;
      held -= width;
    }
    return at + count;
  }
  for (let i = 0; i < count; i++) {
    let value = 0;
    for (let got = 0; got < width;) {
      const bit = i * width + got;
      const part = Math.min(8 - bit % 8, width - got);
      value += ((packed[bit >> 3] >> (bit % 8)) & ((1 << part) - 1)) * 2 ** got;
      got += part;
    }
    output[at + i] = value;
  }
  return at + count;
}

/** Numbers as differences in blocks of equally many bits (DELTA_BINARY_PACKED), 64 bits. */
export function decodeDelta(page: PageBytes, count: number): BigInt64Array {
  const blockSize = page.takeVarint();
  const miniblocks = page.takeVarint();
  const total = page.takeVarint();
  const size = blockSize / miniblocks;
  if (!Number.isInteger(size) || size < 8 || size % 8 !== 0 || blockSize > 1 << 20) {
    throw new DamagedPage(`blocks of ${blockSize} numbers in ${miniblocks} parts`);
  }
  if (total !== count) throw new DamagedPage(`${total} numbers where ${count} are to be`);
  const values = new BigInt64Array(count);
  let value = page.takeZigzag();
  if (count > 0) values[0] = value;
  for (let at = 1; at < count;) {
    const least = page.takeZigzag();
    const widths = page.take(miniblocks);
    for (let i = 0; i < miniblocks && at < count; i++) {
      const width = widths[i];
      if (width > 64) throw new DamagedPage(`differences of ${width} bits`);
      // All but the last parts are whole; the last one may be cut off by some writers.
      const packed = page.take(Math.min(size * width / 8, page.bytes.length - page.offset));
      const end = Math.min(count, at + size);
      if (packed.length * 8 < (end - at) * width) throw new DamagedPage("it ends too early");
      for (let n = 0; at < end; n++, at++) {
        value = BigInt.asIntN(64, value + least + takeBits(packed, n * width, width));
        values[at] = value;
      }
    }
  }
  return values;
}

function takeBits(packed: Uint8Array, from: number, width: number): bigint {
  let low = 0;
  let high = 0;
  for (let got = 0; got < width;) {
    const bit = from + got;
    const part = Math.min(8 - bit % 8, width - got, got < 32 ? 32 - got : 32);
    const value = (packed[bit >> 3] >> (bit % 8)) & ((1 << part) - 1);
    if (got < 32) low += value * 2 ** got;
    else high += value * 2 ** (got - 32);
    got += part;
  }
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
}

/** Byte arrays, each behind its length (PLAIN). */
export function decodeByteArrays(page: PageBytes, count: number): Uint8Array[] {
  const values: Uint8Array[] = [];
  for (let i = 0; i < count; i++) values.push(page.take(page.takeUint32()));
  return values;
}

/** Byte arrays behind the lengths of all of them (DELTA_LENGTH_BYTE_ARRAY). */
export function decodeDeltaLengths(page: PageBytes, count: number): Uint8Array[] {
  const lengths = decodeDelta(page, count);
  return Array.from(lengths, (length) => page.take(Number(length)));
}

/** Byte arrays of which each begins as the one before (DELTA_BYTE_ARRAY). */
export function decodeDeltaStrings(page: PageBytes, count: number): Uint8Array[] {
  const shared = decodeDelta(page, count);
  const suffixes = decodeDeltaLengths(page, count);
  let before = new Uint8Array(0);
  return suffixes.map((suffix, i) => {
    const prefix = Number(shared[i]);
    if (prefix < 0 || prefix > before.length) {
      throw new DamagedPage(`a value shares ${prefix} bytes with one of ${before.length}`);
    }
    const value = new Uint8Array(prefix + suffix.length);
    value.set(before.subarray(0, prefix));
    value.set(suffix, prefix);
    before = value;
    return value;
  });
}

/** Numbers whose first bytes stand together, then their second bytes, … (BYTE_STREAM_SPLIT). */
export function joinByteStreams(page: PageBytes, count: number, width: number): Uint8Array {
  const streams = page.take(count * width);
  const values = new Uint8Array(count * width);
  for (let byte = 0; byte < width; byte++) {
    for (let i = 0; i < count; i++) values[i * width + byte] = streams[byte * count + i];
  }
  return values;
}
