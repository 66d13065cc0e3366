/**
 * Makes the report of an experiment again from its files; of a folder of experiments, the
 * page that lists them.
 *
 *     deno task report <folder>
 *     deno task report results/
 *
 * @module
 */
import { join } from "node:path";
import { LoaderError } from "../lib/base/error.ts";
import { FIGURE_OPTIONS, formatsOf } from "../lib/cli/figure_options.ts";
import {
  type Command,
  JSON_OPTION,
  listenForInterrupt,
  print,
  runCommand,
  ToolOutput,
} from "../lib/cli/program.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import {
  isResultFolder,
  listExperiments,
  renderResultIndex,
} from "../lib/report/index/result_index.ts";
import type { FigureFormats } from "../lib/report/page/figure_formats.ts";
import { makeReport } from "../lib/run/make_report.ts";

const SUMMARY = "Make the report of an experiment's folder again, from its files alone";
const USAGE =
  "Usage: report <folder> [options]  (an experiment's, which holds experiment.json, or " +
  "one that holds such folders: then index.html is made in it, and with --png or --style paper " +
  "each of their reports again)";

async function run(args: readonly string[]): Promise<void> {
  const [folder] = args;
  const isNamed = folder !== undefined && !folder.startsWith("-");
  const { values, help } = parseOptions(
    "report",
    `${SUMMARY}. ${USAGE}`,
    { ...FIGURE_OPTIONS, json: JSON_OPTION },
    isNamed ? args.slice(1) : args,
  );
  if (help !== null) return print("stdout", help);
  if (!isNamed) {
    throw new LoaderError("usage", `Expected the folder of one experiment. ${USAGE}`);
  }
  const formats = formatsOf(values);
  const output = new ToolOutput(values);
  using interrupt = listenForInterrupt(() => {});
  if (isResultFolder(folder)) return await listResults(folder, formats, output, interrupt.signal);
  const { html, figures } = await makeReport({ folder, compat: false, formats }, interrupt.signal);
  const { pngScale, paperWidthMm } = formats;
  const too = ["SVG", ...pngScale === null ? [] : ["PNG"], ...paperWidthMm === null ? [] : ["PDF"]];
  output.say(
    `${html} and ${figures.length} figures beside it${
      too.length === 1 ? "" : `, as ${too.join(", ").replace(/, (\w+)$/, " and $1")}`
    }`,
  );
  output.tell({ folder, report: html, figures: figures.length, formats: too });
}

/** Makes the page over a folder of results; with further formats, the reports in it again first. */
async function listResults(
  folder: string,
  formats: FigureFormats,
  output: ToolOutput,
  signal: AbortSignal,
): Promise<void> {
  const isAsked = Object.values(formats).some((value) => value !== null);
  for (const name of isAsked ? listExperiments(folder) : []) {
    try {
      await makeReport({ folder: join(folder, name), compat: false, formats }, signal);
    } catch (error) {
      // The page names what cannot be read.
      if (!(error instanceof LoaderError)) throw error;
    }
  }
  const { html, experiments, broken } = await renderResultIndex(folder);
  const unreadable = broken.length === 0 ? "" : `; not readable: ${broken.join(", ")}`;
  output.say(`${html} lists ${experiments} experiments${unreadable}`);
  output.tell({ folder, index: html, experiments, unreadable: broken });
}

export const command: Command = {
  name: "report",
  summary: SUMMARY,
  run,
};

if (import.meta.main) await runCommand(command);
