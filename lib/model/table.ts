/** Type of a cell; every cell may also be `null` (unknown), an empty field in CSV. */
export type ColumnType = "integer" | "number" | "text" | "boolean";

/** A column of a result table, described once. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Unit, where there is one: `ms`, `MiB`, `%`. */
  readonly unit?: string;
  /** What it holds, in a phrase. */
  readonly meaning: string;
  /** Its numbers have all of their digits; three decimals otherwise. */
  readonly isExact?: boolean;
  /** Tables that earlier versions wrote lack it: it is unknown there. */
  readonly optional?: boolean;
  /**
   * What several loaders' cells of one time come to where their runs are merged: their sum,
   * the sum of what each had last, or the mean over their functions; the largest otherwise.
   */
  readonly merge?: "sum" | "level" | "mean";
}

/** A result table: `<name>.csv` in a run's folder. */
export interface Table {
  readonly name: string;
  readonly meaning: string;
  readonly columns: readonly Column[];
}

/** The value of a cell. */
export type Cell = number | string | boolean | null;

/** Where rows of one table go; never blocks the caller. */
export interface TableSink {
  /** Adds a row; cells in the order of the table's columns. */
  write(row: readonly Cell[]): void;
}
