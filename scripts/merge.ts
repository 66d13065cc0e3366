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
import {
  type Command,
  listenForInterrupt,
  print,
  runCommand,
  ToolOutput,
} from "../lib/cli/program.ts";
import { makeReport } from "../lib/run/make_report.ts";
import { renderResultTable } from "../lib/run/result_table.ts";

const USAGE =
  "Usage: merge <folder> <folder> … [--output <folder>] [--json]  (the folder of each loader; " +
  "by default the result is beside the first, with _merged behind its name)";

function parseArguments(
  args: readonly string[],
): { readonly folders: readonly string[]; readonly output?: string; readonly json: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { output: { type: "string" }, json: { type: "boolean", default: false } },
    });
    return { folders: positionals, output: values.output, json: values.json };
  } catch (cause) {
    throw new LoaderError("usage", `${errorMessage(cause)}. ${USAGE}`, { cause });
  }
}

async function run(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) return print("stdout", USAGE);
  const { folders, output = null, json } = parseArguments(args);
  if (folders.length === 0) {
    throw new LoaderError("usage", `Expected the folders of the loaders. ${USAGE}`);
  }
  const command = ["deno", "task", "merge", ...args];
  const folder = await mergeShards(folders, { output, command });
  using interrupt = listenForInterrupt(() => {});
  const { html, verdict, runs } = await makeReport({ folder, compat: false }, interrupt.signal);
  const words = new ToolOutput({ json });
  words.say(renderResultTable(runs));
  words.say(`Verdict: ${verdict.word ?? "none"}`);
  words.say(`Report:  ${html}`);
  words.tell({ folder, report: html, verdict: verdict.word, runs });
}

export const command: Command = {
  name: "merge",
  summary: "Join the folders of several loaders into one experiment, with its report",
  run,
};

if (import.meta.main) await runCommand(command);
