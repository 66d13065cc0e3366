import { wallClockDate } from "../clock/clock.ts";
import { errorMessage, LoaderError } from "../base/error.ts";
import type { DerivedDeclaration } from "../model/answer.ts";
import type { Cell } from "../model/table.ts";
import type { Trace } from "../model/trace.ts";
import { byBareName, type OptionTable, type OptionValues } from "../option/option.ts";
import { DERIVED } from "../store/schema/tables.ts";
import { replaceTable } from "../store/write/csv_sink.ts";
import { ExperimentWriter } from "../store/write/experiment_writer.ts";
import { readTrace } from "../trace/read_trace.ts";
import type { TraceWindow } from "../trace/window.ts";
import { chooseWindow } from "../trace/window_text.ts";
import { COMMON_OPTIONS, READING_OPTIONS, SAMPLE_TRACE, TRACE_OPTIONS } from "./common_options.ts";
import { deriveInputHashes } from "./created_manifests.ts";
import { readingOfOptions } from "./trace_run.ts";

/** The options of every experiment that makes no runs: which trace, and where the results go. */
export const DERIVATION_OPTIONS = {
  trace: TRACE_OPTIONS.trace,
  ...READING_OPTIONS,
  defects: TRACE_OPTIONS.defects,
  window: {
    ...TRACE_OPTIONS.window,
    meaning:
      "part of the trace: 480..540, 480.., 2h..4h30min, 08:00..12:30, 2024-05-11..2024-05-12",
  },
  seed: COMMON_OPTIONS.seed,
  output: COMMON_OPTIONS.output,
  config: COMMON_OPTIONS.config,
  dryRun: COMMON_OPTIONS.dryRun,
  json: COMMON_OPTIONS.json,
};

/** Values of {@linkcode DERIVATION_OPTIONS}. */
export type DerivationOptions = OptionValues<typeof DERIVATION_OPTIONS>;

/** A point of a curve of a figure; `low` and `high` are the ends of its interval, where it has one. */
export interface DerivedPoint {
  /** Name of the figure in the answer's declaration. */
  readonly figure: string;
  /** Whose curve it is on, such as a method. */
  readonly series: string;
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** What an experiment without runs came to. */
export interface Derived {
  readonly points: readonly DerivedPoint[];
  /** Sentences that a reader of its figures should know. */
  readonly notes: readonly string[];
}

/** A question that a trace answers by itself, its options, and how: no load, no platform. */
export interface Derivation<O extends OptionTable> {
  readonly name: string;
  readonly question: string;
  readonly answer: DerivedDeclaration;
  readonly options: O;
  /** Options of calls that show what it can do, for the help; empty: with its defaults. */
  readonly examples?: readonly string[];
  /** What it will do, in a sentence. */
  describe(options: OptionValues<O> & DerivationOptions): string;
  /** @param signal stops it; long work looks at it now and then (`LoopPauses`) */
  derive(options: OptionValues<O> & DerivationOptions, signal: AbortSignal): Promise<Derived>;
}

/**
 * Reads the trace that the options name, and finds the window that they choose.
 *
 * @throws LoaderError when the trace or the window is wrong
 */
export async function readTraceAndWindow(
  options: DerivationOptions,
): Promise<{ readonly trace: Trace; readonly window: TraceWindow }> {
  const trace = await readTrace(options.trace ?? SAMPLE_TRACE, {
    ...readingOfOptions(options),
    defects: options.defects,
  });
  return { trace, window: chooseWindow(options.window, trace) };
}

/**
 * Derives the answer and leaves it in the experiment's folder, as a table beside its manifest;
 * the report is another matter.
 *
 * @throws LoaderError when it cannot be derived or written
 */
export async function makeDerivation<O extends OptionTable>(
  derivation: Derivation<O>,
  options: OptionValues<O> & DerivationOptions,
  command: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const { name, question, answer, options: table } = derivation;
  const deciding = Object.entries(options).filter(([option]) => table[option]?.decidesResult);
  const began = wallClockDate().toISOString();
  const folder = ExperimentWriter.open(
    options.output ?? `results/${name}_${began.slice(0, 19).replaceAll(":", "-")}`,
    {
      kind: "experiment",
      formatVersion: 1,
      experiment: name,
      question,
      answer,
      platform: "no platform",
      status: "running",
      error: null,
      command,
      options: byBareName(table, Object.fromEntries(deciding)),
      createdAt: began,
      endedAt: null,
      runs: [],
      notes: [],
      inputs: await deriveInputHashes(table, options, [], signal),
    },
  );
  try {
    const { points, notes } = await derivation.derive(options, signal);
    await replaceTable(folder.path, DERIVED, points.map(cellsOf));
    folder.update({ status: "finished", notes, endedAt: wallClockDate().toISOString() });
  } catch (error) {
    const interrupted = error instanceof LoaderError && error.code === "interrupted";
    folder.update({
      status: interrupted ? "interrupted" : "failed",
      error: errorMessage(error),
      endedAt: wallClockDate().toISOString(),
    });
    throw error;
  }
  return folder.path;
}

function cellsOf({ figure, series, x, y, low = NaN, high = NaN }: DerivedPoint): Cell[] {
  return [figure, series, x, y, low, high];
}
