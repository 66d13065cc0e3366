/**
 * Makes the report of an experiment again from its files.
 *
 *     deno task report <folder>
 *
 * @module
 */
import { LoaderError } from "../lib/base/error.ts";
import { type Command, listenForInterrupt, runCommand } from "../lib/cli/program.ts";
import { makeReport } from "../lib/run/make_report.ts";

const USAGE = "Usage: report <folder>  (an experiment's folder, which holds experiment.json)";

async function run(args: readonly string[]): Promise<void> {
  if (args.length !== 1) {
    throw new LoaderError("usage", `Expected the folder of one experiment. ${USAGE}`);
  }
  const [folder] = args;
  if (folder === "--help" || folder === "-h") return console.log(USAGE);
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
