/**
 * Makes the report of an experiment again from its files.
 *
 *     deno run --allow-read --allow-write --allow-env scripts/report.ts <folder>
 *
 * @module
 */
import { LoaderError } from "../lib/base/error.ts";
import { renderReport } from "../lib/report/report.ts";

const USAGE = "Usage: report <folder>  (an experiment's folder, which holds experiment.json)";

if (import.meta.main) {
  try {
    if (Deno.args.length !== 1) {
      throw new LoaderError("usage", `Expected the folder of one experiment. ${USAGE}`);
    }
    const [folder] = Deno.args;
    if (folder === "--help" || folder === "-h") {
      console.log(USAGE);
    } else {
      const report = await renderReport(folder);
      console.log(`${report.html} and ${report.figures.length} figures beside it`);
    }
  } catch (error) {
    if (!(error instanceof LoaderError)) throw error;
    console.error(`Error: ${error.message}`);
    Deno.exit(error.exitStatus);
  }
}
