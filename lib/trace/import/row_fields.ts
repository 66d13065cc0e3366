import type { RowFields } from "./request_fields.ts";

/** The fields of a row of a table: the same names in every row. */
export class TableFields implements RowFields {
  readonly names: readonly string[];
  /** The row that is looked at. */
  cells: readonly (string | undefined)[] = [];
  readonly #indices = new Map<string, number>();

  constructor(names: readonly string[]) {
    this.names = names;
    for (const [i, name] of names.entries()) {
      if (name !== "" && !this.#indices.has(name)) this.#indices.set(name, i);
    }
  }

  get(field: string): unknown {
    const index = this.#indices.get(field);
    return index === undefined ? undefined : this.cells[index];
  }
}

/** The fields of an object of JSON: `request.uri` is `uri` in the object `request`. */
export class JsonFields implements RowFields {
  /** The row that is looked at. */
  row: Readonly<Record<string, unknown>> = {};
  readonly #paths = new Map<string, readonly string[]>();

  get(field: string): unknown {
    // A name may itself hold dots, as those of OpenTelemetry do.
    if (Object.hasOwn(this.row, field)) return this.row[field];
    let path = this.#paths.get(field);
    if (path === undefined) {
      path = field.split(".");
      this.#paths.set(field, path);
    }
    let value: unknown = this.row;
    for (const name of path) {
      if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
      value = value[name];
    }
    return value;
  }

  /** The names of all fields of the row, those within objects joined by dots. */
  get names(): string[] {
    return listNames(this.row);
  }
}

/** Deeper objects than logs have. */
const MOST_LEVELS = 4;

function listNames(row: Readonly<Record<string, unknown>>, level = 1): string[] {
  return Object.entries(row).flatMap(([name, value]) =>
    isObject(value) && level < MOST_LEVELS
      ? listNames(value, level + 1).map((inner) => `${name}.${inner}`)
      : [name]
  );
}

/** True for an object of JSON that is no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
