import type { InvocationRow } from "../../model/record.ts";
import type { Cell, Table } from "../../model/table.ts";
import { INVOCATIONS } from "./tables.ts";

/** `served_runtime_ms` → `servedRuntimeMs`. */
type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;

type InvocationColumn = typeof INVOCATIONS["columns"][number];

/** The field of an {@linkcode InvocationRow} for a column; a row has the function's index alone. */
type FieldOf<Name extends string> = Name extends "function_id" ? "functionIndex" : CamelCase<Name>;

/** Fields of a row without a column: it does not compile while there are any. */
type FieldsWithoutColumn = Exclude<keyof InvocationRow, FieldOf<InvocationColumn["name"]>>;
((none: Record<FieldsWithoutColumn, never>) => none)({});

/** The columns of numbers, and of booleans as 1 and 0, by the fields that they are written from. */
export type InvocationNumbers = {
  readonly [Column in InvocationColumn as NumberField<Column>]: Float64Array;
};

type NumberField<Column extends InvocationColumn> = Column["type"] extends "text" ? never
  : FieldOf<Column["name"]>;

/**
 * The field of a row that a column of the table `invocations` is written from.
 *
 * @example
 * ```ts
 * import { fieldOfColumn } from "./invocation_row.ts";
 * if (fieldOfColumn("served_runtime_ms") !== "servedRuntimeMs") throw new Error();
 * ```
 */
export function fieldOfColumn<Name extends string>(name: Name): FieldOf<Name> {
  const field = name === "function_id"
    ? "functionIndex"
    : name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return field as FieldOf<Name>;
}

/** By column; it does not compile while a column has no field. */
const FIELDS: readonly (keyof InvocationRow)[] = INVOCATIONS.columns.map(({ name }) =>
  fieldOfColumn(name)
);

/**
 * The cells of a row, one by one as they are declared.
 *
 * @param functionIds text of `function_id` by index
 * @param table with the columns of `invocations`, and others whose fields the row has
 */
export function deriveInvocationCells(
  row: InvocationRow,
  functionIds: readonly string[],
  table: Table = INVOCATIONS,
): Cell[] {
  const fields = table === INVOCATIONS
    ? FIELDS
    : table.columns.map(({ name }) => fieldOfColumn(name) as keyof InvocationRow);
  return fields.map((field) => {
    if (field === "functionIndex") return functionIds[row.functionIndex];
    const value = row[field];
    if (value === undefined) throw new TypeError(`an invocation has no ${field}`);
    return typeof value === "number" && Number.isNaN(value) ? null : value;
  });
}
