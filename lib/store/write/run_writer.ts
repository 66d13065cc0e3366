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
  #isClosed = false;

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
    return this.#files().reduce((sum, { file }) => sum + file.blockingWrites, 0);
  }

  /**
   * Lets all rows so far go to the operating system, and does not wait for it.
   *
   * @throws LoaderError `result` when rows before could not be written
   */
  flush(): void {
    for (const { file } of this.#files()) file.flush();
  }

  /**
   * Ends the tables, once the operating system has all of their rows, and leaves those
   * without any out: other programs take the type of a column from its rows. The manifest
   * may still change. A second call does nothing.
   *
   * @throws LoaderError `result` when rows could not be written
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const closed = await Promise.allSettled(this.#files().map(({ file }) => file.close()));
    for (const result of closed) if (result.status === "rejected") throw result.reason;
    for (const { name, file } of this.#files()) {
      if (file.rows === 0) Deno.removeSync(`${this.path}/${name}.csv`);
    }
  }

  /** Rows of each table, those without any left out as their files are. */
  get tableRows(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.#files().flatMap(({ name, file }) => file.rows === 0 ? [] : [[name, file.rows]]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #files(): readonly { readonly name: string; readonly file: InvocationCsvSink | CsvSink }[] {
    const others = [...this.#sinks].map(([name, file]) => ({ name, file }));
    return [{ name: INVOCATIONS.name, file: this.#invocations }, ...others];
  }
}
