/**
 * Writes a trace of any format in another one:
 *
 *     deno task trace:convert <path> --to normal --output traces/mine
 *     deno task trace:convert <path> --to azure2019 --output traces/mine
 *
 * What the other format does not take is told. Nothing is overwritten unless
 * `--overwrite` says so.
 *
 * @module
 */
import { errorMessage, LoaderError } from "../lib/base/error.ts";
import { type Command, JSON_OPTION, print, runCommand, ToolOutput } from "../lib/cli/program.ts";
import {
  choiceOption,
  integerOption,
  type OptionValues,
  switchOption,
  textOption,
} from "../lib/option/option.ts";
import { parseTraceCall, requireEmpty } from "../lib/cli/trace_argument.ts";
import type { Trace } from "../lib/model/trace.ts";
import { COMMON_OPTIONS, READING_OPTIONS, TRACE_OPTIONS } from "../lib/run/common_options.ts";
import { readingOfOptions } from "../lib/run/trace_run.ts";
import { writeAzure2019 } from "../lib/trace/azure2019/write_azure2019.ts";
import { writeNormal } from "../lib/trace/normal/write_normal.ts";
import { readTrace } from "../lib/trace/read_trace.ts";

const SUMMARY = "Write a trace of any format as Parquet (the normal form) or Azure 2019";

const DESCRIPTION = `${SUMMARY}. Usage: trace:convert <path> --to <format> --output <folder>`;

const OPTIONS = {
  to: choiceOption(["normal", "azure2019"], {
    meaning: "normal: Parquet, any slots and length; azure2019: CSV, by the minute",
    default: "normal",
  }),
  output: textOption<string | null>("folder", {
    meaning: "folder for the files; it must be empty",
    default: null,
  }),
  overwrite: switchOption({
    meaning: "replace files of the format in a folder that is not empty",
    default: false,
  }),
  ...READING_OPTIONS,
  defects: TRACE_OPTIONS.defects,
  size: integerOption<number | null>("number", {
    meaning: "a sample of so many functions, as an experiment takes it (default: all)",
    default: null,
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
  }),
  seed: COMMON_OPTIONS.seed,
  json: JSON_OPTION,
};

async function run(args: readonly string[]): Promise<void> {
  const call = parseTraceCall("trace:convert", DESCRIPTION, OPTIONS, args);
  if (call.help !== null) return print("stdout", call.help);
  await convert(call.path, call.values);
}

async function convert(path: string, options: OptionValues<typeof OPTIONS>): Promise<void> {
  const { to, output, overwrite, defects, size, seed } = options;
  if (output === null) {
    throw new LoaderError("usage", "Name the folder for the files with --output.");
  }
  await requireEmpty(output, overwrite);
  const trace = await readTrace(path, {
    ...readingOfOptions(options),
    defects,
    size: size ?? undefined,
    seed,
  });
  const written = await writeTrace(
    async () =>
      to === "normal"
        ? { files: await writeNormal(withOrigin(trace), output), notes: [] }
        : await writeAzure2019(trace, output),
    output,
  );
  const invocations = trace.functions.reduce(
    (sum, { invocationsPerSlot }) => sum + invocationsPerSlot.total,
    0,
  );
  const words = new ToolOutput(options);
  words.say(
    `${trace.name}: ${trace.functions.length} functions, ${trace.slots} slots of ` +
      `${trace.slotMs} ms, ${invocations} invocations`,
  );
  for (const { defect, repair, count } of trace.repairs) {
    words.say(`  ${defect}: ${count} (${repair})`);
  }
  for (const sentence of [...trace.notes ?? [], ...trace.assumptions ?? [], ...written.notes]) {
    words.say(`  ${sentence}`);
  }
  const files = [];
  for (const file of written.files) {
    const { size: bytes } = await Deno.stat(file);
    words.say(`${file}: ${bytes} bytes`);
    files.push({ file, bytes });
  }
  const { name, functions, slots, slotMs, repairs, notes = [], assumptions = [] } = trace;
  words.tell({
    ...{ name, functions: functions.length, slots, slotMs, invocations, repairs },
    notes: [...notes, ...assumptions, ...written.notes],
    files,
  });
}

/** The trace with a sentence on where it comes from, since what it is written to has no defects. */
function withOrigin(trace: Trace): Trace {
  const repairs = trace.repairs.map(({ defect, repair, count }) =>
    `${defect}: ${count} (${repair})`
  );
  const sentence = `Converted from ${trace.name} (SHA-256 ${trace.hash})` +
    (repairs.length === 0 ? "." : `, in which was repaired: ${repairs.join("; ")}.`);
  return { ...trace, notes: [...trace.notes ?? [], sentence] };
}

async function writeTrace<T>(write: () => Promise<T>, folder: string): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof LoaderError) throw error;
    throw new LoaderError("usage", `The files cannot be written: ${errorMessage(error)}.`, {
      file: folder,
      cause: error,
    });
  }
}

export const command: Command = { name: "trace:convert", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
