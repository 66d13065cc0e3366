import type { ColumnMetaData, FileMetaData, SchemaElement } from "hyparquet";
import { parquetMetadata } from "hyparquet";
import type { Hash } from "node:crypto";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { listNames } from "../csv_table.ts";
import { type ColumnPage, ColumnReader, type StoredValues } from "./column_reader.ts";
import { ARROW_SCHEMA, findDurations } from "./arrow_schema.ts";
import {
  canBeUsedAs,
  type ColumnType,
  type ColumnUse,
  describeType,
  toNames,
  toNumbers,
} from "./column_type.ts";
import { NameTable } from "./name_table.ts";
import { DamagedPage } from "./page_values.ts";
import { RandomAccessFile } from "./random_access_file.ts";

/** What a Parquet file begins and ends with. */
const MAGIC = "PAR1";
const ENCRYPTED_MAGIC = "PARE";

/** The footer has some 300 bytes for a column of a group of rows. */
const MAX_FOOTER_BYTES = 1 << 28;

/** How much of a file is read at a time to take its hash. */
const HASH_CHUNK_BYTES = 1 << 20;

/** A column to be read. */
export interface ColumnRequest {
  readonly name: string;
  readonly use: ColumnUse;
}

/**
 * True if a file begins as Parquet files do, whatever its name.
 *
 * @throws LoaderError `input` when it cannot be read
 */
export async function isParquet(path: string): Promise<boolean> {
  try {
    using file = await RandomAccessFile.open(path);
    return file.size >= 4 && new TextDecoder().decode(await file.read(0, 4)) === MAGIC;
  } catch (cause) {
    throw new LoaderError("input", `The file cannot be read: ${errorMessage(cause)}.`, {
      file: path,
      cause,
    });
  }
}

/** Some rows, one after the other in the file. */
export interface RowBatch {
  /** Place of the first row in the file, from 0. */
  readonly firstRow: number;
  readonly rows: number;
  /** For each column that was asked for its values; see {@linkcode ColumnUse}. */
  readonly columns: readonly ColumnValues[];
}

/** Values of rows: numbers or instants, or places in {@linkcode ParquetFile.names}. */
export type ColumnValues = Float64Array | Float32Array | Int32Array;

/**
 * A Parquet file, read some rows and some columns at a time, so that it may be
 * larger than memory. The footer and the heads of pages are read by hyparquet; the
 * values are decoded here, into typed arrays, which takes a fifth of the time and
 * is bounded where a file is damaged. Columns that are lists or groups are not read.
 */
export class ParquetFile implements Disposable {
  readonly path: string;
  /** Number of rows. */
  readonly rows: number;
  /** Key-value metadata. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Every name that was read so far, of all columns that are read as names. */
  readonly names: NameTable;
  #texts: string[] = [];
  readonly #file: RandomAccessFile;
  readonly #footer: FileMetaData;
  readonly #types: ReadonlyMap<string, ColumnType>;

  private constructor(file: RandomAccessFile, footer: FileMetaData, names: NameTable) {
    this.names = names;
    this.path = file.path;
    this.#file = file;
    this.#footer = footer;
    this.rows = Number(footer.num_rows);
    this.metadata = new Map(
      (footer.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ""]),
    );
    const arrow = this.metadata.get(ARROW_SCHEMA);
    const durations = arrow === undefined ? new Map<string, number>() : findDurations(arrow);
    this.#types = new Map(
      listFlatColumns(footer.schema).map((element) => [
        element.name,
        { element, durationUnitsPerMs: durations.get(element.name) },
      ]),
    );
  }

  /**
   * Opens a file and reads what columns it has.
   *
   * @param names what names get places in; one for files that speak of the same functions
   * @throws LoaderError `input` when it cannot be read or is no Parquet file
   */
  static async open(path: string, names: NameTable = new NameTable()): Promise<ParquetFile> {
    let file: RandomAccessFile;
    try {
      file = await RandomAccessFile.open(path);
    } catch (cause) {
      throw new LoaderError("input", `The file cannot be read: ${errorMessage(cause)}.`, {
        file: path,
        cause,
      });
    }
    try {
      return new ParquetFile(file, await readFooter(file), names);
    } catch (error) {
      file[Symbol.dispose]();
      throw damagedFile(path, error);
    }
  }

  /** Names of the columns that can be read. */
  get columns(): string[] {
    return [...this.#types.keys()];
  }

  /** How a column is stored; `undefined` where there is none of the name. */
  element(name: string): SchemaElement | undefined {
    return this.#types.get(name)?.element;
  }

  /**
   * Checks that columns are there and can be read as asked for.
   *
   * @throws LoaderError `input` when not
   */
  check(requests: readonly ColumnRequest[]): void {
    for (const { name, use } of requests) {
      const type = this.#types.get(name);
      if (type === undefined) {
        throw new LoaderError("input", `The column is missing; found ${listNames(this.columns)}.`, {
          file: this.path,
          column: name,
        });
      }
      if (canBeUsedAs(type, use)) continue;
      const what = describeType(type);
      throw new LoaderError("input", `Expected ${EXPECTED[use]}, got ${what}; cast the column.`, {
        file: this.path,
        column: name,
        value: what,
      });
    }
  }

  /**
   * Every name that was read so far, by its place.
   *
   * @throws LoaderError `input` when one is no text in UTF-8
   */
  listNames(): string[] {
    if (this.#texts.length === this.names.count) return this.#texts;
    try {
      this.#texts = this.names.list();
    } catch (cause) {
      throw new LoaderError("input", "A name in it is not text in UTF-8; write it as UTF-8.", {
        file: this.path,
        column: "function",
        cause,
      });
    }
    return this.#texts;
  }

  /** Takes in the bytes of the file, whole. */
  async hash(hash: Hash): Promise<void> {
    for (let at = 0; at < this.#file.size; at += HASH_CHUNK_BYTES) {
      hash.update(
        await this.#file.read(at, Math.min(HASH_CHUNK_BYTES, this.#file.size - at)),
      );
    }
  }

  /**
   * The rows in order, some at a time: as many as the pages of all columns have in common.
   *
   * @throws LoaderError `input` when a column is missing, of another type, or damaged
   */
  async *read(requests: readonly ColumnRequest[]): AsyncGenerator<RowBatch> {
    this.check(requests);
    let firstRow = 0;
    for (const group of this.#footer.row_groups) {
      const rows = Number(group.num_rows);
      const columns = requests.map((request) => {
        const meta = group.columns.find(({ meta_data }) =>
          meta_data?.path_in_schema.length === 1 && meta_data.path_in_schema[0] === request.name
        )?.meta_data;
        return this.#openColumn(request, meta, rows);
      });
      for (let read = 0; read < rows;) {
        for (const column of columns) await column.fill();
        const count = Math.min(...columns.map((column) => column.left));
        yield {
          firstRow: firstRow + read,
          rows: count,
          columns: columns.map((column) => column.take(count)),
        };
        read += count;
      }
      firstRow += rows;
    }
  }

  #openColumn(
    { name, use }: ColumnRequest,
    meta: ColumnMetaData | undefined,
    rows: number,
  ): OpenColumn {
    const type = this.#types.get(name)!;
    const { element } = type;
    try {
      if (meta === undefined) throw new DamagedPage("a group of rows is without it");
      if (Number(meta.num_values) !== rows) {
        throw new DamagedPage(`${meta.num_values} values in ${rows} rows`);
      }
      if (meta.type !== element.type) {
        throw new DamagedPage(`it is ${element.type} in the schema and ${meta.type} in a group`);
      }
      const reader = new ColumnReader(this.#file, meta, element, rows);
      const convert = use === "name"
        ? (stored: StoredValues) => this.#findPlaces(toNames(stored, element))
        : (stored: StoredValues) => toNumbers(stored, type);
      return new OpenColumn(this.path, name, reader, convert, use === "name" ? -1 : NaN);
    } catch (error) {
      throw damagedFile(this.path, error, name);
    }
  }

  #findPlaces(names: readonly Uint8Array[]): Int32Array {
    const places = new Int32Array(names.length);
    for (let i = 0; i < names.length; i++) places[i] = this.names.place(names[i]);
    return places;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

const EXPECTED: Readonly<Record<ColumnUse, string>> = {
  number: "numbers",
  milliseconds: "numbers or durations",
  instant: "timestamps of 64 bits",
  name: "text or whole numbers",
};

/** A column of a group of rows, and how far it has been read. */
class OpenColumn {
  readonly #path: string;
  readonly #name: string;
  readonly #reader: ColumnReader;
  readonly #convert: (stored: StoredValues) => ColumnValues;
  readonly #none: number;
  #values: ColumnValues = new Int32Array(0);
  #at = 0;
  #dictionary: { readonly stored: StoredValues; readonly values: ColumnValues } | null = null;

  constructor(
    path: string,
    name: string,
    reader: ColumnReader,
    convert: (stored: StoredValues) => ColumnValues,
    none: number,
  ) {
    this.#path = path;
    this.#name = name;
    this.#reader = reader;
    this.#convert = convert;
    this.#none = none;
  }

  /** How many rows can be taken. */
  get left(): number {
    return this.#values.length - this.#at;
  }

  /** Decodes the next page where all of this one has been taken. */
  async fill(): Promise<void> {
    if (this.left > 0) return;
    try {
      const page = await this.#reader.next();
      if (page === null) throw new DamagedPage("rows are missing");
      this.#values = this.#decode(page);
      this.#at = 0;
    } catch (error) {
      throw damagedFile(this.#path, error, this.#name);
    }
  }

  take(count: number): ColumnValues {
    this.#at += count;
    return this.#values.subarray(this.#at - count, this.#at);
  }

  #decode({ rows, present, stored, indexes }: ColumnPage): ColumnValues {
    const values = indexes === null ? this.#convert(stored) : this.#lookUp(stored, indexes);
    if (present === null) return values;
    const spread = values instanceof Int32Array ? new Int32Array(rows) : new Float64Array(rows);
    let next = 0;
    for (let row = 0; row < rows; row++) {
      spread[row] = present[row] === 1 ? values[next++] : this.#none;
    }
    return spread;
  }

  #lookUp(stored: StoredValues, indexes: Int32Array): ColumnValues {
    if (this.#dictionary?.stored !== stored) {
      this.#dictionary = { stored, values: this.#convert(stored) };
    }
    const { values } = this.#dictionary;
    // Places fit into 32 bits, and so nothing more is allocated for them.
    const found = values instanceof Int32Array ? indexes : new Float64Array(indexes.length);
    for (let i = 0; i < indexes.length; i++) found[i] = values[indexes[i]];
    return found;
  }
}

/** The footer, checked for what would lead astray. */
async function readFooter(file: RandomAccessFile): Promise<FileMetaData> {
  if (file.size < 12) throw new DamagedPage(`it has ${file.size} bytes`);
  const tail = await file.read(file.size - 8, 8);
  const magic = new TextDecoder().decode(tail.subarray(4));
  if (magic === ENCRYPTED_MAGIC) throw new DamagedPage("it is encrypted");
  const head = new TextDecoder().decode(await file.read(0, 4));
  if (magic !== MAGIC || head !== MAGIC) {
    throw new DamagedPage(`it does not ${head === MAGIC ? "end" : "begin"} with ${MAGIC}`);
  }
  const length = new DataView(tail.buffer).getUint32(0, true);
  if (length > Math.min(file.size - 12, MAX_FOOTER_BYTES)) {
    throw new DamagedPage(`its footer is to have ${length} bytes`);
  }
  const bytes = await file.read(file.size - 8 - length, length + 8);
  const footer = parquetMetadata(bytes, { geoparquet: false });
  checkShape(footer);
  const rows = footer.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
  if (Number(footer.num_rows) !== rows || footer.row_groups.some(({ num_rows }) => num_rows < 0)) {
    throw new DamagedPage(`it is to have ${footer.num_rows} rows, its groups have ${rows}`);
  }
  return footer;
}

/** The library takes over what it finds: a damaged footer may have anything in place of anything. */
function checkShape(
  { schema, row_groups: groups, key_value_metadata: metadata = [] }: FileMetaData,
) {
  const areWhole = groups.every(({ num_rows: rows, columns }) =>
    typeof rows === "bigint" &&
    columns.every(({ meta_data: meta, file_path: elsewhere }) =>
      meta !== undefined && elsewhere === undefined && typeof meta.codec === "string" &&
      Array.isArray(meta.path_in_schema) &&
      [meta.num_values, meta.total_compressed_size, meta.data_page_offset].every((value) =>
        typeof value === "bigint"
      ) && ["bigint", "undefined"].includes(typeof meta.dictionary_page_offset)
    )
  );
  const areNamed = schema.every(({ name }) => typeof name === "string") &&
    metadata.every(({ key }) => typeof key === "string");
  if (!areWhole || !areNamed) throw new DamagedPage("its footer is not whole");
}

/** The columns right below the root. */
function listFlatColumns(schema: readonly SchemaElement[]): SchemaElement[] {
  const columns = new Map<string, SchemaElement>();
  for (let i = 1; i < schema.length; i += countElements(schema, i)) {
    const element = schema[i];
    if (element.type === undefined || element.repetition_type === "REPEATED") continue;
    if (columns.has(element.name)) throw new DamagedPage(`the column ${element.name} is twice`);
    columns.set(element.name, element);
  }
  return [...columns.values()];
}

/** An element and all below it. */
function countElements(schema: readonly SchemaElement[], at: number): number {
  let count = 1;
  for (let left = schema[at].num_children ?? 0; left > 0; left--) {
    if (at + count >= schema.length) throw new DamagedPage("its columns are not whole");
    count += countElements(schema, at + count);
  }
  return count;
}

function damagedFile(path: string, error: unknown, column?: string): LoaderError {
  if (error instanceof LoaderError) return error;
  // What a library throws where its input is damaged says something of its own code alone.
  const what = error instanceof DamagedPage
    ? error.message
    : `its ${column === undefined ? "footer" : "pages"} cannot be decoded`;
  return new LoaderError(
    "input",
    `The Parquet file is damaged or not whole: ${what}; write or fetch it again.`,
    { file: path, column, cause: error },
  );
}
