import { join } from "node:path";
import { FileReplacement } from "../../base/file.ts";
import { LoopPauses } from "../../clock/loop_pauses.ts";
import type { Percentiles } from "../../model/trace.ts";
import { DURATION_LAYOUT, MEMORY_LAYOUT } from "../azure2019/percentile_table.ts";
import { MINUTES_PER_DAY, TraceShape } from "./load_shape.ts";
import { DayGenerator } from "./minute_process.ts";
import type { ApplicationModel } from "./population.ts";
import { populationOf, settleSize, type SynthesizeOptions } from "./synthesize.ts";

/** What was written of a day. */
export interface SyntheticDay {
  /** From 1 on, as the files count. */
  readonly day: number;
  /** The three files: invocations, durations, memory. */
  readonly files: readonly [string, string, string];
  /** Their sizes together. */
  readonly bytes: number;
  /** Functions with an invocation on that day; the others have no row. */
  readonly functions: number;
  readonly invocations: number;
  /** Minutes of functions that have an invocation. */
  readonly activeMinutes: number;
}

/** Options of {@linkcode writeSyntheticDays}. */
export interface WriteSyntheticOptions extends SynthesizeOptions {
  readonly signal?: AbortSignal;
}

/**
 * Writes a trace as {@linkcode synthesizeTrace} makes it in the files of the
 * Azure Functions 2019 dataset, under its names, three for each day; the dataset
 * lacks memory of days 13 and 14, here all days have it. Memory is of
 * applications, in whole MiB. Files that are there are replaced, each when it is
 * whole. Takes the memory of one function, whatever the number.
 *
 * @returns a day at a time, when its files are there
 * @throws {LoaderError} `usage` as {@linkcode synthesizeTrace}; the signal's reason
 *
 * @example
 * ```ts
 * import { writeSyntheticDays } from "./dataset_files.ts";
 * import { readTrace } from "../read_trace.ts";
 * const folder = Deno.makeTempDirSync();
 * for await (const day of writeSyntheticDays(folder, { functions: 10 })) {
 *   if (day.functions !== 10) throw new Error("each is invoked on the only day");
 * }
 * const trace = await readTrace(folder, { defects: "refuse" });
 * if (trace.functions.length !== 10) throw new Error("read as it was written");
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export async function* writeSyntheticDays(
  folder: string,
  options: WriteSyntheticOptions,
): AsyncGenerator<SyntheticDay> {
  const population = populationOf(options);
  const size = settleSize(options);
  const generator = new DayGenerator(new TraceShape(size.days));
  const pauses = new LoopPauses(options.signal);
  for (let day = 0; day < size.days; day++) {
    using files = new DayFiles(folder, day + 1);
    for (const application of population.applications(size)) {
      files.add(application, generator, day);
      if (pauses.isDue) await pauses.take();
    }
    yield files.finish();
  }
}

const INVOCATION_HEADER = [
  "HashOwner,HashApp,HashFunction,Trigger",
  ...Array.from({ length: MINUTES_PER_DAY }, (_, minute) => minute + 1),
].join(",");
const DURATION_HEADER = [
  "HashOwner,HashApp,HashFunction",
  DURATION_LAYOUT.mean,
  "Count,Minimum,Maximum",
  ...DURATION_LAYOUT.columns,
].join(",");
const MEMORY_HEADER = [
  "HashOwner,HashApp,SampleCount",
  MEMORY_LAYOUT.mean,
  ...MEMORY_LAYOUT.columns,
].join(",");

/** The three files of a day in the making. */
class DayFiles implements Disposable {
  readonly #day: number;
  readonly #invocations: CsvFile;
  readonly #durations: CsvFile;
  readonly #memory: CsvFile;
  readonly #files = new DisposableStack();
  readonly #counts = new Uint32Array(MINUTES_PER_DAY);
  #functions = 0;
  #total = 0;
  #activeMinutes = 0;

  constructor(folder: string, day: number) {
    this.#day = day;
    const name = (kind: string) =>
      join(folder, `${kind}.anon.d${String(day).padStart(2, "0")}.csv`);
    const open = (kind: string, header: string) => this.#files.use(new CsvFile(name(kind), header));
    this.#invocations = open("invocations_per_function_md", INVOCATION_HEADER);
    this.#durations = open("function_durations_percentiles", DURATION_HEADER);
    this.#memory = open("app_memory_percentiles", MEMORY_HEADER);
  }

  /** Writes the rows of an application; those of functions without an invocation are left out. */
  add(application: ApplicationModel, generator: DayGenerator, day: number): void {
    const { ownerId, appId } = application;
    let activeMinutes = 0;
    for (const { id, trigger, process, runtimeMs, key } of application.functions) {
      const total = generator.generate(process, key, day, this.#counts);
      if (total === 0) continue;
      this.#functions++;
      this.#total += total;
      const names = `${ownerId},${appId},${id},`;
      activeMinutes += this.#invocations.writeCounts(`${names}${trigger ?? ""}`, this.#counts);
      this.#durations.write(names + formatRuntime(runtimeMs, total));
    }
    if (activeMinutes === 0) return;
    this.#activeMinutes += activeMinutes;
    this.#memory.write(`${ownerId},${appId},${formatMemory(application.memoryMib, activeMinutes)}`);
  }

  finish(): SyntheticDay {
    const files = [this.#invocations, this.#durations, this.#memory];
    for (const file of files) file.putInPlace();
    return {
      day: this.#day,
      files: [this.#invocations.path, this.#durations.path, this.#memory.path],
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      functions: this.#functions,
      invocations: this.#total,
      activeMinutes: this.#activeMinutes,
    };
  }

  [Symbol.dispose](): void {
    this.#files.dispose();
  }
}

function formatRuntime({ mean, values }: Percentiles, count: number): string {
  const whole = values.map((value) => formatFigure(value));
  return `${formatFigure(mean)},${count},${whole[0]},${whole.at(-1)},${whole.join(",")}`;
}

function formatMemory({ mean, values }: Percentiles, samples: number): string {
  return `${samples},${formatFigure(mean)},${values.map(formatFigure).join(",")}`;
}

/** With three decimals at most: thousandths of a millisecond or a MiB tell nothing. */
function formatFigure(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

/** Bytes that are collected before they are written. */
const BLOCK_BYTES = 1 << 20;
/** More than a row of counts can have: 11 bytes each. */
const ROW_BYTES = 16 * MINUTES_PER_DAY;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const DIGIT_0 = 0x30;

/** A file of rows; one that is not put in place is removed. */
class CsvFile implements Disposable {
  readonly path: string;
  readonly #file: FileReplacement;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  readonly #encoder = new TextEncoder();
  #length = 0;
  #written = 0;

  constructor(path: string, header: string) {
    this.path = path;
    this.#file = new FileReplacement(path);
    this.write(header);
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#written + this.#length;
  }

  /** Writes a row. */
  write(row: string): void {
    this.#begin(row);
    this.#block[this.#length++] = NEWLINE;
  }

  /** Writes a row that ends in counts; returns how many are not 0. */
  writeCounts(row: string, counts: Uint32Array): number {
    this.#begin(row);
    const block = this.#block;
    let length = this.#length;
    let active = 0;
    for (const count of counts) {
      block[length++] = COMMA;
      if (count > 0) active++;
      if (count < 10) block[length++] = DIGIT_0 + count;
      else length = writeDigits(block, length, count);
    }
    block[length++] = NEWLINE;
    this.#length = length;
    return active;
  }

  /** @throws anything when it cannot be written */
  putInPlace(): void {
    this.#flush();
    this.#file.putInPlace();
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #begin(row: string): void {
    // At most three bytes a character.
    if (this.#length + 3 * row.length + ROW_BYTES > BLOCK_BYTES) this.#flush();
    const { written } = this.#encoder.encodeInto(row, this.#block.subarray(this.#length));
    this.#length += written;
  }

  #flush(): void {
    this.#file.write(this.#block.subarray(0, this.#length));
    this.#written += this.#length;
    this.#length = 0;
  }
}

function writeDigits(block: Uint8Array, start: number, count: number): number {
  let digits = 1;
  for (let rest = count; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = count;
  for (let at = start + digits - 1; at >= start; at--) {
    const next = Math.floor(rest / 10);
    block[at] = DIGIT_0 + rest - 10 * next;
    rest = next;
  }
  return start + digits;
}
