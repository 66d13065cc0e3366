import type { ColumnMetaData, SchemaElement } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { crc32 } from "node:zlib";
import { unpackPage } from "./page_codec.ts";
import {
  DamagedPage,
  decodeByteArrays,
  decodeDelta,
  decodeDeltaLengths,
  decodeDeltaStrings,
  decodeHybrid,
  joinByteStreams,
  PageBytes,
} from "./page_values.ts";
import type { RandomAccessFile } from "./random_access_file.ts";

/** How many bytes of a column are read at a time. */
const WINDOW_BYTES = 1 << 20;

/** A page's header takes some 50 bytes; its statistics may carry long names. */
const MAX_HEADER_BYTES = 1 << 16;

/** Values of a page as they are stored. */
export type StoredValues =
  | { readonly kind: "bytes"; readonly values: readonly Uint8Array[] }
  | { readonly kind: "int32"; readonly values: Int32Array }
  | { readonly kind: "int64"; readonly values: BigInt64Array }
  | { readonly kind: "float"; readonly values: Float32Array }
  | { readonly kind: "double"; readonly values: Float64Array };

/** A page of a column. */
export interface ColumnPage {
  readonly rows: number;
  /** 1 where a row has a value, 0 where it is null; `null`: each has one. */
  readonly present: Uint8Array | null;
  /** The values of the rows that have one, or of the dictionary that `indexes` point to. */
  readonly stored: StoredValues;
  /** For each row that has a value its place in the dictionary; `null`: there is none. */
  readonly indexes: Int32Array | null;
}

/** Reads the pages of a flat column of a row group, one after the other. */
export class ColumnReader {
  readonly #file: RandomAccessFile;
  readonly #column: ColumnMetaData;
  readonly #element: SchemaElement;
  #rowsLeft: number;
  #offset: number;
  readonly #end: number;
  #window = new Uint8Array(0);
  #windowStart = 0;
  #dictionary: StoredValues | null = null;

  constructor(
    file: RandomAccessFile,
    column: ColumnMetaData,
    element: SchemaElement,
    rows: number,
  ) {
    this.#file = file;
    this.#column = column;
    this.#element = element;
    this.#rowsLeft = rows;
    const dictionary = Number(column.dictionary_page_offset ?? 0);
    const data = Number(column.data_page_offset);
    this.#offset = dictionary > 0 && dictionary < data ? dictionary : data;
    this.#end = this.#offset + Number(column.total_compressed_size);
    if (!(this.#offset >= 4 && this.#end <= file.size && this.#offset <= this.#end)) {
      throw new DamagedPage(`its pages lie from byte ${this.#offset} to ${this.#end}`);
    }
  }

  /**
   * The next page that has rows; `null` at the end.
   *
   * @throws DamagedPage, or what a library throws, when the column is damaged
   */
  async next(): Promise<ColumnPage | null> {
    while (this.#rowsLeft > 0) {
      const { header, body } = await this.#takePage();
      if (header.type === "DICTIONARY_PAGE") {
        this.#dictionary = this.#readDictionary(header, body);
        continue;
      }
      const page = header.type === "DATA_PAGE"
        ? this.#readPage(header, body)
        : header.type === "DATA_PAGE_V2"
        ? this.#readPageV2(header, body)
        : null;
      if (page === null || page.rows === 0) continue;
      this.#rowsLeft -= page.rows;
      return page;
    }
    return null;
  }

  async #takePage(): Promise<{ header: PageHeader; body: Uint8Array }> {
    let ahead = await this.#look(MAX_HEADER_BYTES);
    if (ahead.length === 0) throw new DamagedPage(`${this.#rowsLeft} rows are missing`);
    const reader = {
      view: new DataView(ahead.buffer, ahead.byteOffset, ahead.byteLength),
      offset: 0,
    };
    const header = parquetHeader(reader);
    const { compressed_page_size: size } = header;
    if (!(size >= 0 && size <= this.#end - this.#offset - reader.offset)) {
      throw new DamagedPage(`a page of ${size} bytes`);
    }
    ahead = await this.#look(reader.offset + size);
    this.#offset += reader.offset + size;
    const body = ahead.subarray(reader.offset, reader.offset + size);
    if (header.crc !== undefined && crc32(body) !== header.crc >>> 0) {
      throw new DamagedPage("the checksum of a page is wrong");
    }
    return { header, body };
  }

  /** The bytes that come next: so many, and perhaps more, fewer only at the end. */
  async #look(length: number): Promise<Uint8Array> {
    const wanted = Math.min(length, this.#end - this.#offset);
    const at = this.#offset - this.#windowStart;
    if (at + wanted <= this.#window.length) return this.#window.subarray(at);
    const size = Math.min(Math.max(wanted, WINDOW_BYTES), this.#end - this.#offset);
    this.#window = await this.#file.read(this.#offset, size);
    this.#windowStart = this.#offset;
    return this.#window;
  }

  #readDictionary(header: PageHeader, body: Uint8Array): StoredValues {
    const count = header.dictionary_page_header?.num_values ?? -1;
    if (!(count >= 0)) throw new DamagedPage(`a dictionary of ${count} values`);
    const page = new PageBytes(this.#unpack(body, header.uncompressed_page_size));
    return this.#decodePlain(page, count);
  }

  #readPage(header: PageHeader, body: Uint8Array): ColumnPage {
    const { num_values: rows, encoding } = header.data_page_header ?? damaged("no header");
    this.#checkRows(rows);
    const page = new PageBytes(this.#unpack(body, header.uncompressed_page_size));
    let present: Uint8Array | null = null;
    if (this.#isNullable()) {
      present = decodePresence(new PageBytes(page.take(page.takeUint32())), rows);
    }
    return this.#decode(page, rows, present, encoding);
  }

  #readPageV2(header: PageHeader, body: Uint8Array): ColumnPage {
    const {
      num_values: rows,
      encoding,
      definition_levels_byte_length: levels,
      repetition_levels_byte_length: repetitions,
      is_compressed: isPacked,
    } = header.data_page_header_v2 ?? damaged("no header");
    this.#checkRows(rows);
    const whole = new PageBytes(body);
    whole.take(repetitions);
    const definition = whole.take(levels);
    const present = this.#isNullable() ? decodePresence(new PageBytes(definition), rows) : null;
    const rest = body.subarray(whole.offset);
    const length = header.uncompressed_page_size - whole.offset;
    const page = new PageBytes(isPacked === false ? rest : this.#unpack(rest, length));
    return this.#decode(page, rows, present, encoding);
  }

  #checkRows(rows: number): void {
    if (!(rows >= 0 && rows <= this.#rowsLeft)) {
      throw new DamagedPage(`a page of ${rows} rows where ${this.#rowsLeft} are left`);
    }
  }

  #isNullable(): boolean {
    return this.#element.repetition_type !== "REQUIRED";
  }

  #unpack(body: Uint8Array, length: number): Uint8Array {
    return unpackPage(body, this.#column.codec, length);
  }

  #decode(
    page: PageBytes,
    rows: number,
    present: Uint8Array | null,
    encoding: string,
  ): ColumnPage {
    const count = present === null ? rows : countOnes(present);
    if (encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY") {
      const dictionary = this.#dictionary ?? damaged("it has no dictionary");
      const indexes = new Int32Array(count);
      if (count > 0) decodeHybrid(page, page.takeByte(), indexes);
      checkIndexes(indexes, dictionary.values.length);
      return { rows, present, stored: dictionary, indexes };
    }
    const stored = count === 0
      ? this.#decodePlain(page, 0)
      : encoding === "PLAIN"
      ? this.#decodePlain(page, count)
      : this.#decodeSpecial(page, count, encoding);
    return { rows, present, stored, indexes: null };
  }

  #decodePlain(page: PageBytes, count: number): StoredValues {
    const { type, type_length: length } = this.#element;
    switch (type) {
      case "INT32":
        return { kind: "int32", values: new Int32Array(aligned(page.take(count * 4))) };
      case "INT64":
        return { kind: "int64", values: new BigInt64Array(aligned(page.take(count * 8))) };
      case "FLOAT":
        return { kind: "float", values: new Float32Array(aligned(page.take(count * 4))) };
      case "DOUBLE":
        return { kind: "double", values: new Float64Array(aligned(page.take(count * 8))) };
      case "BYTE_ARRAY":
        return { kind: "bytes", values: decodeByteArrays(page, count) };
      case "FIXED_LEN_BYTE_ARRAY": {
        const width = length ?? damaged("its values have no length");
        return { kind: "bytes", values: splitBytes(page.take(count * width), width) };
      }
      default:
        throw new DamagedPage(`values of the type ${type}`);
    }
  }

  #decodeSpecial(page: PageBytes, count: number, encoding: string): StoredValues {
    const { type } = this.#element;
    if (encoding === "DELTA_BINARY_PACKED" && (type === "INT64" || type === "INT32")) {
      const values = decodeDelta(page, count);
      return type === "INT64"
        ? { kind: "int64", values }
        : { kind: "int32", values: Int32Array.from(values, (value) => Number(value)) };
    }
    if (encoding === "DELTA_LENGTH_BYTE_ARRAY" && type === "BYTE_ARRAY") {
      return { kind: "bytes", values: decodeDeltaLengths(page, count) };
    }
    if (encoding === "DELTA_BYTE_ARRAY" && type === "BYTE_ARRAY") {
      return { kind: "bytes", values: decodeDeltaStrings(page, count) };
    }
    if (encoding === "BYTE_STREAM_SPLIT") {
      const width = widthOf(this.#element);
      return this.#decodePlain(new PageBytes(joinByteStreams(page, count, width)), count);
    }
    throw new DamagedPage(`the encoding ${encoding} of ${type} is not known`);
  }
}

type PageHeader = ReturnType<typeof parquetHeader>;

function damaged(what: string): never {
  throw new DamagedPage(what);
}

/** Which rows have a value; `null`: all. */
function decodePresence(levels: PageBytes, rows: number): Uint8Array | null {
  const present = new Uint8Array(rows);
  decodeHybrid(levels, 1, present);
  return present.includes(0) ? present : null;
}

function countOnes(present: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < present.length; i++) count += present[i];
  return count;
}

function checkIndexes(indexes: Int32Array, length: number): void {
  for (let i = 0; i < indexes.length; i++) {
    if (indexes[i] >>> 0 >= length) {
      throw new DamagedPage(`value ${indexes[i]} of a dictionary of ${length}`);
    }
  }
}

/** A buffer of its own, for views that must begin at a multiple of their width. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function splitBytes(bytes: Uint8Array, width: number): Uint8Array[] {
  const values: Uint8Array[] = [];
  for (let at = 0; at + width <= bytes.length; at += width) {
    values.push(bytes.subarray(at, at + width));
  }
  return values;
}

function widthOf({ type, type_length: length }: SchemaElement): number {
  if (type === "INT32" || type === "FLOAT") return 4;
  if (type === "INT64" || type === "DOUBLE") return 8;
  return type === "FIXED_LEN_BYTE_ARRAY" && length !== undefined ? length : damaged(`${type}`);
}
