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
import { type Command, listenForInterrupt, runCommand } from "../lib/cli/program.ts";
import { isResultFolder, renderResultIndex } from "../lib/report/index/result_index.ts";
import { makeReport } from "../lib/run/make_report.ts";

const USAGE = "Usage: report <folder>  (an experiment's, which holds experiment.json, or one " +
  "that holds such folders: then index.html is made in it)";

async function run(args: readonly string[]): Promise<void> {
  if (args.length !== 1) {
    throw new LoaderError("usage", `Expected the folder of one experiment. ${USAGE}`);
  }
  const [folder] = args;
  if (folder === "--help" || folder === "-h") return console.log(USAGE);
  if (isResultFolder(folder)) {
    const { html, experiments, broken } = await renderResultIndex(folder);
    const unreadable = broken.length === 0 ? "" : `; not readable: ${broken.join(", ")}`;
    return console.log(`${html} lists ${experiments} experiments${unreadable}`);
  }
  using interrupt = listenForInterrupt(() => {});
  const { html, figures } = await makeReport({ folder, compat: false }, interrupt.signal);
  console.log(`${html} and ${figures.length} figures beside it`);
}

export const command: Command = {
  name: "report",
  summary: "Make the report of an experiment's folder again, from its files alone",
  run,
};

if (import.meta.main) await runCommand(command);
