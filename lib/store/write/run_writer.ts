import { LoaderError } from "../../base/error.ts";
import type { RunManifest } from "../schema/manifest.ts";
import type { InvocationSink } from "../../model/record.ts";
import type { Table, TableSink } from "../../model/table.ts";
import { INVOCATIONS, TABLES } from "../schema/tables.ts";
import { CsvSink } from "./csv_sink.ts";
import { InvocationCsvSink } from "./invocation_csv_sink.ts";
import { type DiskReserve, writeManifest } from "./manifest_file.ts";

/** The folder of one run: its manifest and its tables. Made new, never overwritten. */
export class RunWriter implements AsyncDisposable {
  readonly path: string;
  readonly #reserve: DiskReserve | undefined;
  readonly #invocations: InvocationCsvSink;
  /** By the table's name: all but the invocations. */
  readonly #sinks: ReadonlyMap<string, CsvSink>;
  #manifest: RunManifest;

  /**
   * @param functionIds text of `function_id` for each function of the schedule
   * @param reserve given up for the manifest of a run that has filled the disk
   * @throws LoaderError `result` when the folder is there already or cannot be made
   */
  constructor(
    path: string,
    manifest: RunManifest,
    functionIds: readonly string[],
    reserve?: DiskReserve,
  ) {
    this.path = path;
    this.#reserve = reserve;
    try {
      Deno.mkdirSync(path);
    } catch (cause) {
      throw new LoaderError("result", "The run's folder cannot be made; nothing is overwritten.", {
        file: path,
        cause,
      });
    }
    this.#manifest = manifest;
    this.update({});
    this.#invocations = new InvocationCsvSink(`${path}/${INVOCATIONS.name}.csv`, functionIds);
    this.#sinks = new Map(
      TABLES.filter((table) => table !== INVOCATIONS).map((table) => [
        table.name,
        new CsvSink(table, `${path}/${table.name}.csv`),
      ]),
    );
  }

  get manifest(): RunManifest {
    return this.#manifest;
  }

  /** Changes fields of the manifest and writes it; for its last words, room is made. */
  update(changes: Partial<RunManifest>): void {
    this.#manifest = { ...this.#manifest, ...changes };
    const reserve = this.#manifest.status === "running" ? undefined : this.#reserve;
    writeManifest(`${this.path}/manifest.json`, this.#manifest, reserve);
  }

  /** Where invocations go. */
  get invocations(): InvocationSink {
    return this.#invocations;
  }

  /** Where rows of any other table go. */
  sink(table: Table): TableSink {
    const sink = this.#sinks.get(table.name);
    if (sink === undefined) throw new RangeError(`no table ${table.name}`);
    return sink;
  }

  /** How often the program itself had to write, because the disk fell behind. */
  get blockingWrites(): number {
    return this.#files().reduce((sum, file) => sum + file.blockingWrites, 0);
  }

  /**
   * Lets all rows so far go to the operating system, and does not wait for it.
   *
   * @throws LoaderError `result` when rows before could not be written
   */
  flush(): void {
    for (const file of this.#files()) file.flush();
  }

  /**
   * Ends the tables, once the operating system has all of their rows; the manifest
   * may still change. A second call does nothing.
   *
   * @throws LoaderError `result` when rows could not be written
   */
  async close(): Promise<void> {
    const closed = await Promise.allSettled(this.#files().map((file) => file.close()));
    for (const result of closed) if (result.status === "rejected") throw result.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #files(): readonly (InvocationCsvSink | CsvSink)[] {
    return [this.#invocations, ...this.#sinks.values()];
  }
}
