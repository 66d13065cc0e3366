import type { InvocationColumn } from "../store/read/invocation_batches.ts";
import { createInvocations, type StoredInvocations } from "../store/read/stored_invocations.ts";
import type { TextColumn } from "../store/read/stored_table.ts";
import { INVOCATIONS } from "../store/schema/tables.ts";
import type { Column } from "../model/table.ts";
import type { InvocationListener } from "./run_analysis.ts";

/**
 * Keeps columns of the invocations that pass, for what looks at them one by one, up to a bound
 * beyond which it keeps none.
 */
export class InvocationCollector implements InvocationListener {
  readonly columns: readonly InvocationColumn[];
  readonly #most: number;
  #count = 0;
  readonly #numbers = new Map<string, Float64Array[]>();
  readonly #codes = new Map<string, Int32Array[]>();
  readonly #texts = new Map<string, readonly string[]>();

  constructor(columns: readonly InvocationColumn[], most: number) {
    this.columns = columns;
    this.#most = most;
  }

  add({ count, columns }: StoredInvocations): void {
    this.#count += count;
    if (this.#count > this.#most) {
      this.#numbers.clear();
      this.#codes.clear();
      return;
    }
    for (const name of this.columns) {
      if (typeOf(name) === "text") {
        const { codes, values } = columns.texts(name);
        pushTo(this.#codes, name, codes.slice(0, count));
        this.#texts.set(name, values);
      } else pushTo(this.#numbers, name, columns.numbers(name).slice(0, count));
    }
  }

  /** The invocations as a table; `null` where there were more than the bound. */
  build(): StoredInvocations | null {
    const rowCount = this.#count;
    if (rowCount > this.#most) return null;
    return createInvocations({
      rowCount,
      numbers: (column) => {
        const numbers = new Float64Array(rowCount);
        joinInto(numbers, this.#numbers.get(column) ?? []);
        return numbers;
      },
      texts: (column): TextColumn => {
        const codes = new Int32Array(rowCount);
        joinInto(codes, this.#codes.get(column) ?? []);
        return { codes, values: this.#texts.get(column) ?? [] };
      },
    });
  }
}

function typeOf(name: InvocationColumn): Column["type"] {
  return INVOCATIONS.columns.find((column) => column.name === name)!.type;
}

function pushTo<T>(lists: Map<string, T[]>, name: string, part: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [part]);
  else list.push(part);
}

function joinInto<T extends Float64Array | Int32Array>(joined: T, parts: readonly T[]): void {
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
}
