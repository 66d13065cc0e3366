import { join } from "node:path";
import {
  functionKey,
  type FunctionProfile,
  type Percentiles,
  type Trace,
} from "../../model/trace.ts";
import {
  ParquetFileWriter,
  ROWS_OF_GROUP,
  type WrittenColumn,
  type WrittenValues,
} from "../parquet/parquet_writer.ts";
import { nameOfPercentile } from "./functions_file.ts";
import { METADATA_KEYS } from "./metadata.ts";
import { NORMAL_FILES } from "./normal.ts";

/** What is written of a trace as a whole. */
export type TraceFacts =
  & Pick<Trace, "slotMs" | "slots">
  & Partial<Pick<Trace, "name" | "startMs" | "firstMinute" | "notes" | "assumptions">>;

/** A function to be written; what is not known of it is assumed by whoever reads it. */
export type WrittenFunction =
  & Omit<FunctionProfile, "runtimeMs" | "memoryMib">
  & { readonly runtimeMs: Percentiles | null; readonly memoryMib: Percentiles | null };

/** A trace to be written. */
export type WrittenTrace = TraceFacts & { readonly functions: readonly WrittenFunction[] };

/**
 * Writes a trace in the normal form: `functions.parquet`, and `counts.parquet` for
 * functions known by counts, `invocations.parquet` for those known by their single
 * invocations. Files of other traces under these names are replaced or removed.
 *
 * @returns the files
 * @throws anything when they cannot be written
 */
export async function writeNormal(trace: WrittenTrace, folder: string): Promise<string[]> {
  await Deno.mkdir(folder, { recursive: true });
  const names = nameFunctions(trace.functions);
  const isCounted = ({ recorded }: WrittenFunction) => recorded === undefined;
  const counted = trace.functions.some(isCounted);
  const recorded = !trace.functions.every(isCounted);
  const paths = [NORMAL_FILES.functions, NORMAL_FILES.counts, NORMAL_FILES.invocations].map(
    (name) => join(folder, name),
  );
  const [functionsPath, countsPath, invocationsPath] = paths;
  writeFunctions(functionsPath, trace, names);
  if (counted) writeCounts(countsPath, trace, names);
  else await removeIfPresent(countsPath);
  if (recorded) writeInvocations(invocationsPath, trace, names);
  else await removeIfPresent(invocationsPath);
  return [functionsPath, ...counted ? [countsPath] : [], ...recorded ? [invocationsPath] : []];
}

async function removeIfPresent(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What stands in the column `function`: the id where it is unique, else owner, app and id. */
function nameFunctions(functions: readonly WrittenFunction[]): string[] {
  const areUnique = new Set(functions.map(({ id }) => id)).size === functions.length;
  return functions.map((profile) => areUnique ? profile.id : functionKey(profile));
}

function writeFunctions(path: string, trace: WrittenTrace, names: readonly string[]): void {
  const { functions } = trace;
  const distributions = [
    { stem: "runtime_ms", of: ({ runtimeMs }: WrittenFunction) => runtimeMs },
    { stem: "memory_mib", of: ({ memoryMib }: WrittenFunction) => memoryMib },
  ].map(({ stem, of }) => ({
    of,
    mean: `${stem}_mean`,
    percentiles: [...new Set(functions.flatMap((profile) => of(profile)?.quantiles ?? []))]
      .toSorted((a, b) => a - b)
      .map((quantile) => ({ quantile, name: nameOfPercentile(stem, quantile) })),
  }));
  const columns: WrittenColumn[] = [
    { name: "function", type: "text" },
    { name: "name", type: "text" },
    { name: "app", type: "text" },
    { name: "owner", type: "text" },
    { name: "trigger", type: "text", isNullable: true },
    ...distributions.flatMap(({ mean, percentiles }) => [
      { name: mean, type: "double" as const, isNullable: true },
      ...percentiles.map(({ name }) => ({ name, type: "double" as const, isNullable: true })),
    ]),
  ];
  using writer = new ParquetFileWriter(path, columns);
  for (let from = 0; from < functions.length; from += ROWS_OF_GROUP) {
    const part = functions.slice(from, from + ROWS_OF_GROUP);
    writer.write([
      names.slice(from, from + ROWS_OF_GROUP),
      part.map(({ id }) => id),
      part.map(({ appId }) => appId),
      part.map(({ ownerId }) => ownerId),
      part.map(({ trigger }) => trigger),
      ...distributions.flatMap(({ of, percentiles }) => [
        part.map((profile) => of(profile)?.mean ?? null),
        ...percentiles.map(({ quantile }) => part.map((profile) => valueAt(of(profile), quantile))),
      ]),
    ]);
  }
  writer.finish(metadataOf(trace, {
    function: "what names the function in the other files",
    name: "id of the function; unique together with app and owner",
    app: "application that the function belongs to",
    owner: "owner of the application",
    trigger: "what invokes it; null: not known",
    "runtime_ms_*": "mean and percentiles of the runtime, ms; null: not known",
    "memory_mib_*": "mean and percentiles of the memory, MiB; null: not known",
  }));
}

function valueAt(figures: Percentiles | null, quantile: number): number | null {
  return figures?.values[figures.quantiles.indexOf(quantile)] ?? null;
}

function writeCounts(path: string, trace: WrittenTrace, names: readonly string[]): void {
  using writer = new ParquetFileWriter(path, [
    { name: "function", type: "text" },
    { name: "slot", type: "whole" },
    { name: "invocations", type: "whole" },
  ]);
  const functions: string[] = [];
  const slots = new BigInt64Array(ROWS_OF_GROUP);
  const counts = new BigInt64Array(ROWS_OF_GROUP);
  const flush = () => {
    const rows = functions.length;
    writer.write([functions, slots.subarray(0, rows), counts.subarray(0, rows)]);
    functions.length = 0;
  };
  for (const [index, { invocationsPerSlot, recorded }] of trace.functions.entries()) {
    if (recorded !== undefined) continue;
    invocationsPerSlot.forEach((slot, count) => {
      slots[functions.length] = BigInt(slot);
      counts[functions.length] = BigInt(count);
      if (functions.push(names[index]) === ROWS_OF_GROUP) flush();
    });
  }
  flush();
  writer.finish(metadataOf(trace, {
    function: "the function",
    slot: `slots of ${trace.slotMs} ms, from 0`,
    invocations: "invocations in the slot",
  }));
}

function writeInvocations(path: string, trace: WrittenTrace, names: readonly string[]): void {
  using writer = new InvocationsWriter(path);
  for (const [index, { recorded }] of trace.functions.entries()) {
    if (recorded === undefined) continue;
    const { arrivalMs, runtimeMs, memoryMib } = recorded;
    for (let i = 0; i < arrivalMs.length; i++) {
      writer.add(names[index], arrivalMs[i], runtimeMs?.[i] ?? null, memoryMib?.[i] ?? null);
    }
  }
  writer.finish(trace);
}

/**
 * `invocations.parquet` in the making, an invocation at a time, in any order; memory
 * is bounded whatever their number.
 */
export class InvocationsWriter implements Disposable {
  readonly #writer: ParquetFileWriter;
  readonly #functions: string[] = [];
  readonly #arrivals = new Float64Array(ROWS_OF_GROUP);
  #runtimes: (number | null)[] = [];
  #memories: (number | null)[] = [];

  /** @throws anything when the file cannot be made */
  constructor(path: string) {
    this.#writer = new ParquetFileWriter(path, [
      { name: "function", type: "text" },
      { name: "arrival_ms", type: "double" },
      { name: "runtime_ms", type: "float", isNullable: true },
      { name: "memory_mib", type: "float", isNullable: true },
    ]);
  }

  /**
   * Adds an invocation.
   *
   * @param arrivalMs from the start of the trace, at least 0
   * @param runtimeMs `null`: not known
   * @param memoryMib `null`: not known
   * @throws anything when it cannot be written
   */
  add(
    functionName: string,
    arrivalMs: number,
    runtimeMs: number | null,
    memoryMib: number | null,
  ): void {
    this.#arrivals[this.#functions.length] = arrivalMs;
    this.#runtimes.push(runtimeMs);
    this.#memories.push(memoryMib);
    if (this.#functions.push(functionName) === ROWS_OF_GROUP) this.#flush();
  }

  /** Puts the file in place. @throws anything when it cannot be */
  finish(trace: TraceFacts): void {
    this.#flush();
    this.#writer.finish(metadataOf(trace, {
      function: "the function",
      arrival_ms: "arrival, ms from the start of the trace",
      runtime_ms: "how long it ran, ms; null: not known",
      memory_mib: "memory that it took, MiB; null: not known",
    }));
  }

  #flush(): void {
    const columns: WrittenValues[] = [
      this.#functions,
      this.#arrivals.subarray(0, this.#functions.length),
      this.#runtimes,
      this.#memories,
    ];
    this.#writer.write(columns);
    this.#functions.length = 0;
    this.#runtimes = [];
    this.#memories = [];
  }

  /** Removes what was not finished. */
  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]();
  }
}

function metadataOf(
  { slotMs, slots, name, startMs, firstMinute, notes, assumptions }: TraceFacts,
  columns: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    [METADATA_KEYS.slotMs]: String(slotMs),
    [METADATA_KEYS.slots]: String(slots),
    ...startMs === undefined ? {} : { [METADATA_KEYS.start]: new Date(startMs).toISOString() },
    ...name === undefined ? {} : { [METADATA_KEYS.name]: name },
    ...firstMinute === undefined ? {} : { [METADATA_KEYS.firstMinute]: String(firstMinute) },
    ...notes === undefined || notes.length === 0
      ? {}
      : { [METADATA_KEYS.notes]: JSON.stringify(notes) },
    ...assumptions === undefined || assumptions.length === 0
      ? {}
      : { [METADATA_KEYS.assumptions]: JSON.stringify(assumptions) },
    [METADATA_KEYS.columns]: JSON.stringify(columns),
  };
}
