/**
 * Makes the report of an experiment again from its files.
 *
 *     deno task report <folder>
 *
 * @module
 */
import { LoaderError } from "../lib/base/error.ts";
import { listenForInterrupt, runMain } from "../lib/cli/program.ts";
import { makeReport } from "../lib/run/make_report.ts";

const USAGE = "Usage: report <folder>  (an experiment's folder, which holds experiment.json)";

async function main(): Promise<void> {
  if (Deno.args.length !== 1) {
    throw new LoaderError("usage", `Expected the folder of one experiment. ${USAGE}`);
  }
  const [folder] = Deno.args;
  if (folder === "--help" || folder === "-h") return console.log(USAGE);
  using interrupt = listenForInterrupt(() => {});
  const report = await makeReport({ folder, compat: false }, interrupt.signal);
  console.log(`${report.html} and ${report.figures.length} figures beside it`);
}

if (import.meta.main) await runMain(main);
