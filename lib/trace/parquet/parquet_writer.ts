import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { zstdCompressSync } from "node:zlib";
import { FileReplacement } from "../../base/file.ts";

/** Rows of a group: as many as DuckDB's and Polars' have, about 1 MiB a column. */
export const ROWS_OF_GROUP = 122_880;

/** What a column holds. */
export type WrittenType =
  /** Text. */
  | "text"
  /** Whole numbers of 64 bits, which is what data frames count with. */
  | "whole"
  /** Numbers of 64 bits. */
  | "double"
  /** Numbers of 32 bits. */
  | "float";

/** A column to be written. */
export interface WrittenColumn {
  readonly name: string;
  readonly type: WrittenType;
  /** True if there may be none in a row. */
  readonly isNullable?: boolean;
}

/** Values of some rows, as the type of their column is; `null`: none. */
export type WrittenValues =
  | readonly (string | null)[]
  | readonly (number | null)[]
  | BigInt64Array
  | Float64Array
  | Float32Array;

const ELEMENTS: Readonly<Record<WrittenType, Omit<SchemaElement, "name">>> = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  whole: { type: "INT64" },
  double: { type: "DOUBLE" },
  float: { type: "FLOAT" },
};

/**
 * A Parquet file in the making, some rows at a time, each call a group of rows; packed
 * with Zstandard. Whoever opens it meets the old file or the whole new one.
 *
 * @example
 * ```ts
 * import { ParquetFileWriter } from "./parquet_writer.ts";
 * const path = Deno.makeTempFileSync();
 * {
 *   using writer = new ParquetFileWriter(path, [{ name: "function", type: "text" }]);
 *   writer.write([["resize", "thumbnail"]]);
 *   writer.finish({ "made by": "an example" });
 * }
 * Deno.removeSync(path);
 * ```
 */
export class ParquetFileWriter implements Disposable {
  readonly #columns: readonly WrittenColumn[];
  readonly #file: FileReplacement;
  readonly #writer: ParquetWriter;

  /** @throws anything when the file cannot be made */
  constructor(path: string, columns: readonly WrittenColumn[]) {
    this.#columns = columns;
    this.#file = new FileReplacement(path);
    const schema: SchemaElement[] = [
      { name: "schema", num_children: columns.length },
      ...columns.map(({ name, type, isNullable }): SchemaElement => ({
        ...ELEMENTS[type],
        name,
        repetition_type: isNullable ? "OPTIONAL" : "REQUIRED",
      })),
    ];
    this.#writer = new ParquetWriter({
      writer: new GroupWriter(this.#file),
      schema,
      codec: "ZSTD",
      compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
    });
  }

  /** Writes a group of rows, at most {@linkcode ROWS_OF_GROUP}. @throws anything when it cannot be */
  write(values: readonly WrittenValues[]): void {
    const rows = values[0].length;
    if (rows === 0) return;
    const columnData = this.#columns.map(({ name, type }, i) => ({
      name,
      // deno-lint-ignore no-explicit-any -- the library takes arrays that it does not change
      data: values[i] as any,
      // Of names they say little, and take longer than all else.
      statistics: type !== "text",
    }));
    this.#writer.write({ columnData, rowGroupSize: rows });
  }

  /** Puts the file in place, with key-value metadata. @throws anything when it cannot be */
  finish(metadata: Readonly<Record<string, string>>): void {
    this.#writer.kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }));
    this.#writer.createdBy = "loader";
    this.#writer.finish();
    this.#file.putInPlace();
  }

  /** Removes what was not finished. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/** Hands a group of rows to the file when it is whole, and begins anew in the same buffer. */
class GroupWriter extends ByteWriter {
  readonly #file: FileReplacement;

  constructor(file: FileReplacement) {
    super();
    this.#file = file;
  }

  flush(): void {
    this.#file.write(this.getBytes());
    this.index = 0;
  }

  override finish(): void {
    this.flush();
  }
}
