import { LoaderError } from "../../base/error.ts";
import { ByteWriter } from "../byte_writer.ts";
import {
  DEFAULT_TABLE_SIZE,
  DynamicTable,
  type DynamicTableView,
  fieldSize,
} from "./dynamic_table.ts";
import { writeInteger, writeString } from "./primitives.ts";
import { findStaticField, findStaticName, STATIC_COUNT } from "./static_table.ts";

/** A field to send. */
export interface HeaderField {
  /** Lower case, characters U+0000 to U+00FF, as the value. */
  readonly name: string;
  readonly value: string;
  /**
   * - `index`: put it in the dynamic table if it fits
   * - `literal`: without indexing
   * - `never`: never indexed, by no one on the way (RFC 7541 section 7.1.3: secrets)
   */
  readonly indexing: "index" | "literal" | "never";
}

/** How a kind of field starts: the bits above the prefix of its index (RFC 7541 section 6). */
const INDEXED = { flags: 0x80, prefixBits: 7 };
const WITH_INDEXING = { flags: 0x40, prefixBits: 6 };
const SIZE_UPDATE = { flags: 0x20, prefixBits: 5 };
const NEVER_INDEXED = { flags: 0x10, prefixBits: 4 };
const WITHOUT_INDEXING = { flags: 0x00, prefixBits: 4 };

/**
 * The sending side of HPACK (RFC 7541): one for a connection, whose blocks are
 * sent in the order in which they were encoded.
 *
 * It never evicts by choice: a field to be indexed that has no room left is sent
 * as a literal without indexing. A load generator sends few different blocks,
 * many times; evicting would move every index with every call, while so the
 * indices settle, blocks come out the same, and the caller can keep their bytes
 * and send them again as long as {@linkcode HpackEncoder.generation} stays. What
 * that costs is some bytes of the fields that came too late.
 *
 * @example
 * ```ts
 * import { ByteWriter } from "../byte_writer.ts";
 * import { HpackEncoder } from "./encoder.ts";
 * const encoder = new HpackEncoder();
 * const writer = new ByteWriter(64);
 * const fields = [{ name: "te", value: "trailers", indexing: "index" as const }];
 * encoder.encode(fields, writer); // puts it in the table
 * writer.length = 0;
 * const { generation } = encoder;
 * encoder.encode(fields, writer);
 * if (writer.view().join() !== "190") throw new Error("index 62, the first dynamic entry");
 * if (encoder.generation !== generation) throw new Error("the byte may be sent again");
 * ```
 */
export class HpackEncoder {
  readonly #table = new DynamicTable(DEFAULT_TABLE_SIZE);
  #generation = 0;
  /** The maximum size that the peer's decoder knows of. */
  #signalledSize = DEFAULT_TABLE_SIZE;
  /** The smallest maximum since the peer was last told. */
  #smallestSize = DEFAULT_TABLE_SIZE;

  /**
   * Goes up whenever bytes encoded earlier would no longer mean the same. If it is
   * the same before and after an {@linkcode HpackEncoder.encode}, the bytes may be
   * sent again verbatim as long as it stays.
   */
  get generation(): number {
    return this.#generation;
  }

  /** The dynamic table, which is the peer's decoder's once it has read every block. */
  get table(): DynamicTableView {
    return this.#table;
  }

  /**
   * Takes the peer's SETTINGS_HEADER_TABLE_SIZE in bytes. The table follows it up
   * to 4096, which holds more than a caller's fields; the next block tells the peer.
   */
  setMaxTableSize(size: number): void {
    const maxSize = Math.min(size, DEFAULT_TABLE_SIZE);
    if (maxSize === this.#table.maxSize) return;
    this.#table.resize(maxSize);
    this.#smallestSize = Math.min(this.#smallestSize, maxSize);
    // Even if nothing was evicted: no block may go out before the size update.
    this.#generation++;
  }

  /**
   * Appends the header block of `fields` to `into`.
   *
   * Throws `LoaderError` (`usage`), before anything is written, if a name or value
   * holds a character above U+00FF.
   */
  encode(fields: readonly HeaderField[], into: ByteWriter): void {
    for (const field of fields) checkOctets(field);
    this.#writeSizeUpdates(into);
    for (const field of fields) this.#writeField(field, into);
  }

  /**
   * If the size was lower in between, the peer must hear of that too, since it
   * made us evict (RFC 7541 section 4.2).
   */
  #writeSizeUpdates(into: ByteWriter): void {
    if (this.#smallestSize < this.#signalledSize) this.#writeSizeUpdate(this.#smallestSize, into);
    if (this.#table.maxSize !== this.#signalledSize) {
      this.#writeSizeUpdate(this.#table.maxSize, into);
    }
    this.#smallestSize = this.#table.maxSize;
  }

  #writeSizeUpdate(size: number, into: ByteWriter): void {
    writeInteger(into, SIZE_UPDATE.flags, SIZE_UPDATE.prefixBits, size);
    this.#signalledSize = size;
    // The block that carries it must not be sent again.
    this.#generation++;
  }

  #writeField({ name, value, indexing }: HeaderField, into: ByteWriter): void {
    const index = indexing === "never" ? 0 : this.#findField(name, value);
    if (index !== 0) {
      writeInteger(into, INDEXED.flags, INDEXED.prefixBits, index);
    } else if (indexing === "never") {
      this.#writeLiteral(NEVER_INDEXED, name, value, into);
    } else if (indexing === "index" && this.#hasRoomFor(name, value)) {
      this.#writeLiteral(WITH_INDEXING, name, value, into);
      this.#table.insert(name, value);
      this.#generation++;
    } else {
      this.#writeLiteral(WITHOUT_INDEXING, name, value, into);
    }
  }

  #hasRoomFor(name: string, value: string): boolean {
    return this.#table.size + fieldSize(name, value) <= this.#table.maxSize;
  }

  #writeLiteral(
    { flags, prefixBits }: { flags: number; prefixBits: number },
    name: string,
    value: string,
    into: ByteWriter,
  ): void {
    const nameIndex = this.#findName(name);
    writeInteger(into, flags, prefixBits, nameIndex);
    if (nameIndex === 0) writeString(into, name);
    writeString(into, value);
  }

  /** Index of the field in either table, or 0. The table is small: looked through in order. */
  #findField(name: string, value: string): number {
    const index = findStaticField(name, value);
    if (index !== 0) return index;
    const table = this.#table;
    for (let position = 0; position < table.count; position++) {
      if (table.valueAt(position) === value && table.nameAt(position) === name) {
        return STATIC_COUNT + 1 + position;
      }
    }
    return 0;
  }

  /** Smallest index of a field called `name` in either table, or 0. */
  #findName(name: string): number {
    const index = findStaticName(name);
    if (index !== 0) return index;
    const table = this.#table;
    for (let position = 0; position < table.count; position++) {
      if (table.nameAt(position) === name) return STATIC_COUNT + 1 + position;
    }
    return 0;
  }
}

/** A character that is no octet would be cut down to another one, or have no code. */
function checkOctets({ name, value }: HeaderField): void {
  const wrong = /[^\0-\xff]/u.exec(name) ?? /[^\0-\xff]/u.exec(value);
  if (wrong === null) return;
  throw new LoaderError(
    "usage",
    `The header ${JSON.stringify(name)} holds ${JSON.stringify(wrong[0])}, which HTTP/2 cannot ` +
      "carry; use ASCII, or a name ending in -bin with a value in base64.",
  );
}

/** Lists that are kept; more than a connection repeats. */
const MAX_LISTS = 256;

interface CachedBlock {
  readonly generation: number;
  readonly bytes: Uint8Array;
}

/**
 * Lists of fields that are sent again and again, compressed once for as long as
 * the compression stays as it is. A list is known by its identity: it must not
 * be changed, and one that is made anew for each block gains nothing.
 *
 * @example
 * ```ts
 * import { FieldCache, HpackEncoder } from "./encoder.ts";
 * const cache = new FieldCache(new HpackEncoder());
 * const ok = [{ name: "grpc-status", value: "0", indexing: "index" as const }];
 * cache.encode(ok); // puts it in the peer's table
 * if (cache.encode(ok).view().join() !== "190") throw new Error("index 62, the first of the table");
 * ```
 */
export class FieldCache {
  readonly #encoder: HpackEncoder;
  readonly #blocks = new Map<readonly HeaderField[], CachedBlock>();
  readonly #block = new ByteWriter(256);

  constructor(encoder: HpackEncoder) {
    this.#encoder = encoder;
  }

  /** The block of `fields`, valid until the next. It must be sent, and in order. */
  encode(fields: readonly HeaderField[]): ByteWriter {
    const block = this.#block;
    block.length = 0;
    const before = this.#encoder.generation;
    const cached = this.#blocks.get(fields);
    if (cached?.generation === before) {
      block.append(cached.bytes);
      return block;
    }
    this.#encoder.encode(fields, block);
    // Bytes that changed the table are not to be sent again.
    if (this.#encoder.generation === before) {
      if (this.#blocks.size === MAX_LISTS) this.#blocks.clear();
      this.#blocks.set(fields, { generation: before, bytes: block.view().slice() });
    }
    return block;
  }
}
