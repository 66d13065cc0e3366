/**
 * What should one know of a trace before a replay?
 *
 *     deno task trace:doctor data/azure_2019_synthetic
 *     deno task trace:doctor <path> --day 2 --window 09:00..10:00 --strict
 *
 * Counts the defects of the files and looks at their content: each with its severity,
 * what a replay makes of it, and what it means. Writes a page of figures. Exits with 0; with
 * 3 when the look is strict and the trace is not sound; with 2 for mistakes.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { replaceFile } from "../lib/base/file.ts";
import { formatJson } from "../lib/base/json.ts";
import { type Command, print, runCommand } from "../lib/cli/program.ts";
import {
  integerOption,
  type OptionValues,
  switchOption,
  textOption,
  withDefault,
} from "../lib/option/option.ts";
import { FIGURE_OPTIONS, formatsOf } from "../lib/cli/figure_options.ts";
import { parseTraceCall } from "../lib/cli/trace_argument.ts";
import { writeFigures } from "../lib/report/page/figure_files.ts";
import { createPlotter, type Plotter } from "../lib/report/plot/plotter.ts";
import { describeColdStarts } from "../lib/report/trace/cold_start_text.ts";
import { describeDiagnosis } from "../lib/report/trace/diagnosis_text.ts";
import { renderTraceFigures, renderTracePage } from "../lib/report/trace/trace_page.ts";
import { COMMON_OPTIONS, READING_OPTIONS, TRACE_OPTIONS } from "../lib/run/common_options.ts";
import { readingOfOptions } from "../lib/run/trace_run.ts";
import { diagnoseTrace } from "../lib/trace/doctor/diagnose_trace.ts";
import { isSound, summarizeDiagnosis } from "../lib/trace/doctor/diagnosis_summary.ts";
import { spanOfWindow } from "../lib/trace/doctor/slot_span.ts";
import { hasColdStarts, readColdStarts } from "../lib/trace/huawei/cold_starts.ts";
import { readTrace } from "../lib/trace/read_trace.ts";
import { chooseWindow, type PlacedTrace } from "../lib/trace/window_text.ts";

/** Exit status of a strict look at a trace that is not sound. */
const NOT_SOUND = 3;

const SUMMARY = "What should one know of a trace before a replay?";

const DESCRIPTION = `${SUMMARY} Usage: trace:doctor <path> [options]`;

const OPTIONS = {
  ...READING_OPTIONS,
  // The doctor counts them; experiments refuse them unless they are told to merge.
  duplicates: withDefault(READING_OPTIONS.duplicates, "merge"),
  size: integerOption<number | null>("number", {
    meaning: "look at a sample of so many functions, as an experiment takes it (default: all)",
    default: null,
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
  }),
  seed: COMMON_OPTIONS.seed,
  window: {
    ...TRACE_OPTIONS.window,
    meaning: "part of the trace that is looked at, in whole slots, written as for experiments: " +
      "480..540, 480.., 2h..4h30min, 08:00..12:30, 2024-05-11..2024-05-12",
  },
  strict: switchOption({
    meaning: `exit with ${NOT_SOUND} if the files have a defect, or a replay of their content is ` +
      "not what they say",
    default: false,
  }),
  output: textOption<string | null>("file", {
    meaning: "the page (default: results/trace_<name>.html)",
    default: null,
  }),
  ...FIGURE_OPTIONS,
  json: switchOption({
    meaning: "print what was found as JSON on standard output, everything else on standard error",
    default: false,
  }),
};

async function run(args: readonly string[]): Promise<number> {
  const call = parseTraceCall("trace:doctor", DESCRIPTION, OPTIONS, args);
  if (call.help !== null) {
    print("stdout", call.help);
    return 0;
  }
  const { path, values } = call;
  if (await hasColdStarts(path)) {
    // They are no trace, but worth a look all the same.
    const summary = await readColdStarts(path);
    print("stdout", values.json ? formatJson(summary) : describeColdStarts(summary));
    return 0;
  }
  return await look(path, values, args);
}

async function look(
  path: string,
  options: OptionValues<typeof OPTIONS>,
  args: readonly string[],
): Promise<number> {
  const { size, seed } = options;
  const windowOf = (trace: PlacedTrace) => chooseWindow(options.window, trace);
  const trace = await readTrace(path, {
    ...readingOfOptions(options),
    size: size ?? undefined,
    seed,
    window: windowOf,
  });
  const diagnosis = diagnoseTrace(trace, spanOfWindow(trace, windowOf(trace)));
  const page = options.output ?? `results/trace_${trace.name.replace(/[^\w.-]+/g, "_")}.html`;
  await Deno.mkdir(dirname(page), { recursive: true });
  const command = ["deno", "task", "trace:doctor", ...args];
  const folder = `${basename(page, ".html")}_figures`;
  const formats = formatsOf(options);
  const rendered = renderTracePage(diagnosis, command, await createPlotter(), folder, formats);
  const redraw = (plotter: Plotter) => renderTraceFigures(diagnosis, plotter);
  await writeFigures(dirname(page), rendered.figures, { formats, redraw }, folder);
  replaceFile(page, rendered.page);
  print(
    "stdout",
    options.json ? formatJson(summarizeDiagnosis(diagnosis)) : describeDiagnosis(diagnosis),
  );
  print(options.json ? "stderr" : "stdout", `\nFigures: ${page}`);
  return options.strict && !isSound(diagnosis) ? NOT_SOUND : 0;
}

export const command: Command = { name: "trace:doctor", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
