/**
 * Makes the report of an experiment again from its files; of a folder of experiments, the
 * page that lists them.
 *
 *     deno task report <folder>
 *     deno task report results/
 *
 * @module
 */
import { LoaderError } from "../lib/base/error.ts";
import { type Command, listenForInterrupt, print, runCommand } from "../lib/cli/program.ts";
import { numberOption, switchOption } from "../lib/option/option.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import { isResultFolder, renderResultIndex } from "../lib/report/index/result_index.ts";
import { writePictures } from "../lib/report/plot/rasterizer.ts";
import { makeReport } from "../lib/run/make_report.ts";

const SUMMARY = "Make the report of an experiment's folder again, from its files alone";
const USAGE =
  "Usage: report <folder> [options]  (an experiment's, which holds experiment.json, or " +
  "one that holds such folders: then index.html is made in it)";

const OPTIONS = {
  png: switchOption({
    meaning: "make each figure of an experiment as PNG too, beside its SVG",
    default: false,
  }),
  pngScale: numberOption<number>("number", {
    meaning: "pixels of a PNG to a pixel of its figure",
    default: 2,
    minimum: 0.1,
    maximum: 10,
  }),
};

async function run(args: readonly string[]): Promise<void> {
  const [folder] = args;
  const isNamed = folder !== undefined && !folder.startsWith("-");
  const { values, help } = parseOptions(
    "report",
    `${SUMMARY}. ${USAGE}`,
    OPTIONS,
    isNamed ? args.slice(1) : args,
  );
  if (help !== null) return print("stdout", help);
  if (!isNamed) {
    throw new LoaderError("usage", `Expected the folder of one experiment. ${USAGE}`);
  }
  if (isResultFolder(folder)) {
    const { html, experiments, broken } = await renderResultIndex(folder);
    const unreadable = broken.length === 0 ? "" : `; not readable: ${broken.join(", ")}`;
    return console.log(`${html} lists ${experiments} experiments${unreadable}`);
  }
  using interrupt = listenForInterrupt(() => {});
  const { html, figures } = await makeReport({ folder, compat: false }, interrupt.signal);
  const pictures = values.png ? await writePictures(figures, values.pngScale) : [];
  const too = pictures.length === 0 ? "" : ", as SVG and PNG";
  console.log(`${html} and ${figures.length} figures beside it${too}`);
}

export const command: Command = {
  name: "report",
  summary: SUMMARY,
  run,
};

if (import.meta.main) await runCommand(command);
