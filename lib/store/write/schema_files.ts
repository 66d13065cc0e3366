import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
// @ts-types="@types/d3-dsv"
import { csvFormatRows } from "d3-dsv";
import { LoaderError } from "../../base/error.ts";
import { replaceFile, statIfPresent } from "../../base/file.ts";
import type { Column, ColumnType, Table } from "../../model/table.ts";
import { COLD_START_PARTS, TABLES } from "../schema/tables.ts";
import { readHeader } from "../read/row_block.ts";

/** The folder, beside an experiment's runs, that tells other programs of its tables. */
export const SCHEMA_FOLDER = "schemas";

/** Names of a type in other programs. An integer is a double in R, whose own have 32 bits. */
const NAMES_OF_TYPE: Readonly<Record<ColumnType, Readonly<Record<OtherProgram, string>>>> = {
  integer: { pandas: "Int64", polars: "Int64", arrow: "int64", r: "double", duckdb: "BIGINT" },
  number: { pandas: "float64", polars: "Float64", arrow: "float64", r: "double", duckdb: "DOUBLE" },
  text: {
    pandas: "string",
    polars: "String",
    arrow: "string",
    r: "character",
    duckdb: "VARCHAR",
  },
  boolean: {
    pandas: "boolean",
    polars: "Boolean",
    arrow: "bool",
    r: "logical",
    duckdb: "BOOLEAN",
  },
};

type OtherProgram = "pandas" | "polars" | "arrow" | "r" | "duckdb";

/** Those whose names of types stand in the table of columns; DuckDB has a script. */
const PROGRAMS = ["pandas", "polars", "arrow", "r"] as const satisfies readonly OtherProgram[];

/**
 * Writes `schemas/` of an experiment's folder, for other programs: CSV does not tell the
 * types of its columns, and a guess goes wrong where the first rows are empty.
 *
 * - `columns.csv`: type, unit and meaning of every column of every table, with the names of
 *   its type in pandas, Polars, Arrow and R.
 * - `duckdb.sql`: a view for every table, over all runs.
 *
 * @param path the experiment's folder
 * @throws LoaderError `result` when they cannot be written
 */
export async function writeSchemaFiles(path: string): Promise<void> {
  const tables = await findTables(path);
  if (tables.length === 0) return;
  const folder = join(path, SCHEMA_FOLDER);
  try {
    await mkdir(folder, { recursive: true });
    replaceFile(join(folder, "columns.csv"), renderColumns(tables));
    replaceFile(join(folder, "duckdb.sql"), renderViews(tables));
  } catch (cause) {
    throw new LoaderError("result", "The schemas of the tables cannot be written.", {
      file: folder,
      cause,
    });
  }
}

/** A table that some run has. */
interface FoundTable {
  readonly table: Table;
  /** Those of its columns that some run has: earlier versions wrote fewer. */
  readonly columns: readonly Column[];
}

async function findTables(path: string): Promise<FoundTable[]> {
  const runs = join(path, "runs");
  if (statIfPresent(runs) === null) return [];
  const names = (await readdir(runs)).sort();
  return [...TABLES, COLD_START_PARTS].flatMap((table: Table) => {
    const headers = names.flatMap((name) => {
      const file = join(runs, name, `${table.name}.csv`);
      return statIfPresent(file) === null ? [] : [readHeader(file)];
    });
    if (headers.length === 0) return [];
    const found = new Set(headers.flat());
    return [{ table, columns: table.columns.filter(({ name }) => found.has(name)) }];
  });
}

function renderColumns(tables: readonly FoundTable[]): string {
  const rows = tables.flatMap(({ table, columns }) =>
    columns.map(({ name, type, unit, meaning }) => [
      ...[table.name, name, type, unit ?? "", meaning],
      ...PROGRAMS.map((program) => NAMES_OF_TYPE[type][program]),
    ])
  );
  return csvFormatRows([["table", "column", "type", "unit", "meaning", ...PROGRAMS], ...rows]) +
    "\n";
}

function renderViews(tables: readonly FoundTable[]): string {
  const head = `-- The tables of all runs as views for DuckDB, with the types of their columns.
-- Start DuckDB in the experiment's folder, or first: SET file_search_path = 'path/to/it';
`;
  return head + tables.map(renderView).join("");
}

function renderView({ table, columns }: FoundTable): string {
  const types = columns.map(({ name, type }) => `  "${name}": '${NAMES_OF_TYPE[type].duckdb}'`);
  return `
CREATE OR REPLACE VIEW ${table.name} AS
SELECT regexp_extract(filename, '([^/\\\\]+)[/\\\\][^/\\\\]+$', 1) AS run, * EXCLUDE (filename)
FROM read_csv('runs/*/${table.name}.csv', header = true, delim = ',', quote = '"', escape = '"',
  filename = true, union_by_name = true, types = {
${types.join(",\n")}
});
`;
}
