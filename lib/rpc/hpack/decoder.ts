import { BlockMemo } from "./block_memo.ts";
import {
  DEFAULT_TABLE_SIZE,
  DynamicTable,
  type DynamicTableView,
  fieldSize,
} from "./dynamic_table.ts";
import { HeaderBlock, HpackError } from "./header_block.ts";
import { BlockReader } from "./primitives.ts";
import { STATIC_COUNT, STATIC_NAMES, STATIC_VALUES } from "./static_table.ts";

/** Bounds of an {@linkcode HpackDecoder}, in bytes. */
export interface HpackDecoderOptions {
  /** Our SETTINGS_HEADER_TABLE_SIZE: the most that the peer may have us keep. */
  readonly maxTableSize: number;
  /** Our SETTINGS_MAX_HEADER_LIST_SIZE: name, value and 32 a field (RFC 9113 section 6.5.2). */
  readonly maxHeaderListSize: number;
}

/**
 * The receiving side of HPACK (RFC 7541): one for a connection, fed with its
 * header blocks in the order in which they end.
 *
 * A server answers most calls with the same few octets. So a block that left the
 * dynamic table as it was is remembered, and while the table stays as it is, the
 * same octets are answered with the very same {@linkcode HeaderBlock}.
 *
 * The table starts with 4096 bytes, the protocol's default, or `maxTableSize` if
 * that is smaller; the peer may set it to anything up to `maxTableSize`.
 *
 * @example
 * ```ts
 * import { HpackDecoder } from "./decoder.ts";
 * const decoder = new HpackDecoder({ maxTableSize: 4096, maxHeaderListSize: 8192 });
 * const trailers = Uint8Array.from([0, 11, ...new TextEncoder().encode("grpc-status"), 1, 0x30]);
 * const block = decoder.decode(trailers, 0, trailers.length);
 * if (block.get("grpc-status") !== "0") throw new Error("the status is 0");
 * if (decoder.decode(trailers, 0, trailers.length) !== block) throw new Error("remembered");
 * ```
 */
export class HpackDecoder {
  readonly #maxTableSize: number;
  readonly #maxHeaderListSize: number;
  readonly #table: DynamicTable;
  readonly #reader = new BlockReader();
  readonly #memo = new BlockMemo();

  constructor({ maxTableSize, maxHeaderListSize }: HpackDecoderOptions) {
    this.#maxTableSize = maxTableSize;
    this.#maxHeaderListSize = maxHeaderListSize;
    this.#table = new DynamicTable(Math.min(maxTableSize, DEFAULT_TABLE_SIZE));
  }

  /** The dynamic table as the blocks so far have left it. */
  get table(): DynamicTableView {
    return this.#table;
  }

  /**
   * Decodes the header block `bytes[start, end)`; the bytes are not kept.
   *
   * Throws {@linkcode HpackError} if the block is malformed.
   */
  decode(bytes: Uint8Array, start: number, end: number): HeaderBlock {
    const known = this.#memo.find(bytes, start, end);
    if (known !== undefined) return known;
    const { changes } = this.#table;
    let block: HeaderBlock;
    this.#reader.open(bytes, start, end);
    try {
      this.#readSizeUpdates();
      block = this.#readFields();
    } finally {
      if (this.#table.changes !== changes) this.#memo.clear();
    }
    if (this.#table.changes === changes) this.#memo.remember(bytes, start, end, block);
    return block;
  }

  /** Size updates come first in a block and nowhere else (RFC 7541 section 4.2). */
  #readSizeUpdates(): void {
    const reader = this.#reader;
    while (!reader.atEnd && (reader.peek() & 0xe0) === 0x20) {
      const size = reader.readInteger(5);
      if (size > this.#maxTableSize) {
        throw new HpackError(
          `The table size ${size} is above the ${this.#maxTableSize} that the settings allow.`,
        );
      }
      this.#table.resize(size);
    }
  }

  #readFields(): HeaderBlock {
    const reader = this.#reader;
    const names: string[] = [];
    const values: string[] = [];
    let listSize = 0;
    while (!reader.atEnd) {
      const octet = reader.peek();
      let name: string;
      let value: string;
      if (octet >= 0x80) { // indexed (section 6.1)
        const index = reader.readInteger(7);
        name = this.#nameAt(index);
        value = this.#valueAt(index);
      } else if (octet >= 0x40) { // literal with incremental indexing (6.2.1)
        name = this.#readName(6);
        value = reader.readString();
        this.#table.insert(name, value);
      } else if (octet >= 0x20) {
        throw new HpackError("A table size update comes after a field.");
      } else { // literal without indexing, or never indexed (6.2.2, 6.2.3)
        name = this.#readName(4);
        value = reader.readString();
      }
      listSize += fieldSize(name, value);
      // Beyond the limit the rest is read for the table's sake only.
      if (listSize <= this.#maxHeaderListSize) {
        names.push(name);
        values.push(value);
      }
    }
    return listSize <= this.#maxHeaderListSize
      ? new HeaderBlock(names, values)
      : new HeaderBlock([], [], true);
  }

  /** A literal's name, by index or, where that is 0, spelt out. */
  #readName(prefixBits: number): string {
    const index = this.#reader.readInteger(prefixBits);
    return index === 0 ? this.#reader.readString() : this.#nameAt(index);
  }

  #nameAt(index: number): string {
    this.#checkIndex(index);
    return index <= STATIC_COUNT
      ? STATIC_NAMES[index]
      : this.#table.nameAt(index - STATIC_COUNT - 1);
  }

  #valueAt(index: number): string {
    return index <= STATIC_COUNT
      ? STATIC_VALUES[index]
      : this.#table.valueAt(index - STATIC_COUNT - 1);
  }

  #checkIndex(index: number): void {
    const last = STATIC_COUNT + this.#table.count;
    if (index < 1 || index > last) {
      throw new HpackError(`The index ${index} is not in the tables, which go from 1 to ${last}.`);
    }
  }
}
