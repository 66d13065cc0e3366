/**
 * Joins the folders of several loaders that made one experiment together, each
 * with `--shard i/n`, into one folder, and makes its report.
 *
 *     deno task merge results/loader-1 results/loader-2 --output results/both
 *
 * @module
 */
import { parseArgs } from "node:util";
import { errorMessage, LoaderError } from "../lib/base/error.ts";
import { mergeShards } from "../lib/merge/merge.ts";
import { listenForInterrupt, print, runMain } from "../lib/cli/program.ts";
import { makeReport } from "../lib/run/make_report.ts";
import { renderResultTable } from "../lib/run/result_table.ts";

const USAGE = "Usage: merge <folder> <folder> … [--output <folder>]  (the folder of each loader; " +
  "by default the result is beside the first, with _merged behind its name)";

function parseArguments(): { readonly folders: readonly string[]; readonly output?: string } {
  try {
    const { values, positionals } = parseArgs({
      args: Deno.args,
      allowPositionals: true,
      options: { output: { type: "string" } },
    });
    return { folders: positionals, output: values.output };
  } catch (cause) {
    throw new LoaderError("usage", `${errorMessage(cause)}. ${USAGE}`, { cause });
  }
}

async function main(): Promise<void> {
  if (Deno.args.includes("--help")) return print("stdout", USAGE);
  const { folders, output = null } = parseArguments();
  if (folders.length === 0) {
    throw new LoaderError("usage", `Expected the folders of the loaders. ${USAGE}`);
  }
  const command = ["deno", "task", "merge", ...Deno.args];
  const folder = await mergeShards(folders, { output, command });
  using interrupt = listenForInterrupt(() => {});
  const { html, verdict, runs } = await makeReport({ folder, compat: false }, interrupt.signal);
  print("stdout", renderResultTable(runs));
  print("stdout", `Verdict: ${verdict.word ?? "none"}`);
  print("stdout", `Report:  ${html}`);
}

if (import.meta.main) await runMain(main);
