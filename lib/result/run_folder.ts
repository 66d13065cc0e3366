import { LoaderError } from "../base/error.ts";
import type { RunManifest } from "../model/manifest.ts";
import type { Table, TableSink } from "../model/table.ts";
import { TABLES } from "../model/table.ts";
import { CsvSink } from "./csv_sink.ts";
import { writeManifest } from "./manifest_file.ts";

/** The folder of one run: its manifest and its tables. Made new, never overwritten. */
export class RunFolder implements Disposable {
  readonly path: string;
  readonly #sinks: ReadonlyMap<string, CsvSink>;
  #manifest: RunManifest;

  /** @throws LoaderError `result` when the folder is there already or cannot be made */
  constructor(path: string, manifest: RunManifest) {
    this.path = path;
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
    this.#sinks = new Map(
      TABLES.map((table) => [table.name, new CsvSink(table, `${path}/${table.name}.csv`)]),
    );
  }

  get manifest(): RunManifest {
    return this.#manifest;
  }

  /** Changes fields of the manifest and writes it. */
  update(changes: Partial<RunManifest>): void {
    this.#manifest = { ...this.#manifest, ...changes };
    writeManifest(`${this.path}/manifest.json`, this.#manifest);
  }

  /** Where rows of a table go. */
  sink(table: Table): TableSink {
    const sink = this.#sinks.get(table.name);
    if (sink === undefined) throw new RangeError(`no table ${table.name}`);
    return sink;
  }

  /** Hands all rows so far to the operating system. */
  flush(): void {
    for (const sink of this.#sinks.values()) sink.flush();
  }

  [Symbol.dispose](): void {
    for (const sink of this.#sinks.values()) sink[Symbol.dispose]();
  }
}
