import { join } from "node:path";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { replaceFile, statIfPresent } from "../../base/file.ts";
import { formatJson } from "../../base/json.ts";
import { constantPercentiles } from "../assumed.ts";
import { MEMORY_QUANTILES, RUNTIME_QUANTILES } from "../published_figures.ts";
import { writeNormal, type WrittenFunction } from "../normal/write_normal.ts";
import { noteOfImport } from "./import_text.ts";
import type { ImportedFunction, ImportedTrace } from "./import_trace.ts";

/** The file with what became of every row. */
const SUMMARY_FILE = "import.json";

/** What is written beside what the logs tell. */
export interface WriteImportOptions {
  /** How the import was asked for, for {@linkcode SUMMARY_FILE}. */
  readonly command: readonly string[];
  /** Runtime of functions of which the logs tell none; `null`: it stays unknown. */
  readonly runtimeMs: number | null;
  /** The same of memory. */
  readonly memoryMib: number | null;
}

/**
 * Refuses a folder that holds something else than an earlier import: its files would be mixed.
 *
 * @throws LoaderError `usage` when it does, or is none
 */
export async function checkOutput(folder: string): Promise<void> {
  const info = statIfPresent(folder);
  if (info === null) return;
  const names = info.isDirectory
    ? (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name)
    : [];
  if (info.isDirectory && (names.length === 0 || names.includes(SUMMARY_FILE))) return;
  throw new LoaderError(
    "usage",
    `--output: there is ${info.isDirectory ? "something else in the folder" : "a file"}; name ` +
      "another folder.",
    { file: folder },
  );
}

/**
 * Writes an imported trace in the normal form, with `import.json`, which says what became of every
 * row of the logs.
 *
 * @returns the files
 * @throws LoaderError `result` when they cannot be written
 */
export async function writeImport(
  folder: string,
  trace: ImportedTrace,
  { command, runtimeMs, memoryMib }: WriteImportOptions,
): Promise<string[]> {
  const { startMs, slotMs, slots, summary } = trace;
  const functions = trace.functions.map((function_) =>
    toWritten(function_, startMs, { runtimeMs, memoryMib })
  );
  const assumptions = [
    ...(runtimeMs !== null && summary.runtimeShare < 1
      ? [`The logs do not tell all runtimes: ${runtimeMs} ms are assumed where they do not.`]
      : []),
    ...(memoryMib !== null && functions.some(({ recorded }) => !recorded?.memoryMib)
      ? [`The logs do not tell memory: ${memoryMib} MiB are assumed where they do not.`]
      : []),
  ];
  const notes = [noteOfImport(summary), ...summary.notes];
  try {
    const files = await writeNormal(
      { startMs, slotMs, slots, functions, notes, assumptions },
      folder,
    );
    const file = join(folder, SUMMARY_FILE);
    replaceFile(file, formatJson({ command, ...toJson(trace) }) + "\n");
    return [...files, file];
  } catch (cause) {
    if (cause instanceof LoaderError) throw cause;
    throw new LoaderError("result", `The trace cannot be written: ${errorMessage(cause)}.`, {
      file: folder,
      cause,
    });
  }
}

function toWritten(
  { name, counts, requests, runtimeMs }: ImportedFunction,
  startMs: number,
  given: Pick<WriteImportOptions, "runtimeMs" | "memoryMib">,
): WrittenFunction {
  const memoryMib = given.memoryMib === null
    ? null
    : constantPercentiles(MEMORY_QUANTILES, given.memoryMib);
  const assumedMs = given.runtimeMs === null
    ? null
    : constantPercentiles(RUNTIME_QUANTILES, given.runtimeMs);
  const identity = { id: name, appId: name, ownerId: "", trigger: null };
  if (requests === null) {
    return {
      ...identity,
      invocationsPerSlot: counts,
      runtimeMs: runtimeMs ?? assumedMs,
      memoryMib,
    };
  }
  return {
    ...identity,
    invocationsPerSlot: counts,
    recorded: {
      arrivalMs: requests.arrivalMs.map((arrivalMs) => arrivalMs - startMs),
      runtimeMs: requests.runtimeMs,
      memoryMib: requests.memoryMib,
    },
    // Of what is told one by one, a reader makes the percentiles itself.
    runtimeMs: requests.runtimeMs === null ? assumedMs : null,
    memoryMib: requests.memoryMib === null ? memoryMib : null,
  };
}

function toJson({ summary, functions }: ImportedTrace): Record<string, unknown> {
  const { startMs, endMs, ...others } = summary;
  return {
    ...others,
    start: new Date(startMs).toISOString(),
    end: new Date(endMs).toISOString(),
    functionInvocations: Object.fromEntries(
      functions.map(({ name, invocations }) => [name, invocations]),
    ),
  };
}
