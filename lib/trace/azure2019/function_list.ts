import { functionKey, joinKey } from "../../model/trace.ts";
import { CellKeys } from "../csv/cell_keys.ts";
import type { CsvCells, CsvTable } from "../csv_table.ts";

/** The columns that tell a function. */
export interface FunctionColumns {
  /** Owner, app and function. */
  readonly all: readonly number[];
  /** Owner and app. */
  readonly application: readonly number[];
  readonly trigger: number | undefined;
}

/** @throws LoaderError `input` when one is missing */
export function findFunctionColumns(table: CsvTable): FunctionColumns {
  const all = ["HashOwner", "HashApp", "HashFunction"].map((name) => table.columnIndex(name));
  return { all, application: all.slice(0, 2), trigger: table.findColumn("Trigger") };
}

/** An application: it has memory of its own, which its functions share. */
interface Application {
  readonly ownerId: string;
  readonly appId: string;
  functions: number;
}

/** What is told of a function apart from figures. */
export interface ListedFunction {
  readonly ownerId: string;
  readonly appId: string;
  readonly id: string;
  readonly trigger: string | null;
}

/**
 * The functions of the files of invocations, numbered in the order in which they
 * appear first, and their applications.
 */
export class FunctionList {
  readonly keys = new CellKeys();
  readonly applicationKeys = new CellKeys();
  readonly #owners = new CellKeys();
  readonly #ownerIds: string[] = [];
  readonly #applications: Application[] = [];
  readonly #applicationOf: number[] = [];
  readonly #ids: string[] = [];
  readonly #triggers: (string | null)[] = [];
  readonly #triggerNames = new Map<string, string>();

  get size(): number {
    return this.keys.size;
  }

  get applications(): number {
    return this.applicationKeys.size;
  }

  /**
   * The number of the function of a row, a new one where it was not seen.
   *
   * @throws LoaderError `input` with the place of the cell where a name is empty
   */
  add(cells: CsvCells, columns: FunctionColumns): number {
    const number = this.keys.add(cells, columns.all);
    if (number < this.#ids.length) return number;
    const [owner, app, id] = columns.all;
    const application = this.applicationKeys.add(cells, columns.application);
    if (application === this.#applications.length) {
      const ownerNumber = this.#owners.add(cells, [owner]);
      if (ownerNumber === this.#ownerIds.length) this.#ownerIds.push(cells.id(owner));
      this.#applications.push({
        ownerId: this.#ownerIds[ownerNumber],
        appId: cells.id(app),
        functions: 0,
      });
    }
    this.#applications[application].functions++;
    this.#applicationOf.push(application);
    this.#ids.push(cells.id(id));
    this.#triggers.push(
      columns.trigger === undefined ? null : this.#trigger(cells, columns.trigger),
    );
    return number;
  }

  /** One string for each trigger there is. */
  #trigger(cells: CsvCells, column: number): string | null {
    const text = cells.text(column).trim();
    if (text === "") return null;
    const known = this.#triggerNames.get(text);
    if (known === undefined) this.#triggerNames.set(text, text);
    return known ?? text;
  }

  get(number: number): ListedFunction {
    const { ownerId, appId } = this.#applications[this.#applicationOf[number]];
    return { ownerId, appId, id: this.#ids[number], trigger: this.#triggers[number] };
  }

  /** The number of a function's application. */
  applicationOf(number: number): number {
    return this.#applicationOf[number];
  }

  /** How many functions an application has. */
  functionsOf(application: number): number {
    return this.#applications[application].functions;
  }

  /** A function's key for a message. */
  keyOf(number: number): string {
    return functionKey(this.get(number));
  }

  /** An application's key for a message. */
  applicationKeyOf(application: number): string {
    const { ownerId, appId } = this.#applications[application];
    return joinKey([ownerId, appId]);
  }
}
