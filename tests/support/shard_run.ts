import { traceSweep } from "../../experiments/trace_sweep.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import type { OptionTable, OptionValues } from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import type { CommonOptions } from "../../lib/run/common_options.ts";

/** The values of an experiment's options as the command line would give them. */
export function valuesOf<O extends OptionTable>(
  { options }: Experiment<O>,
  args: readonly string[],
): OptionValues<O> & CommonOptions {
  return parseOptions("test", "", options, args).values as OptionValues<O> & CommonOptions;
}

/** Makes a small trace sweep on a simulator with room for all, and returns its folder. */
export async function sweep(output: string, ...args: readonly string[]): Promise<string> {
  const common = ["--platform", "simulator", "--nodes", "200", "--sizes", "6", "--duration", "20s"];
  await runExperiment(traceSweep, valuesOf(traceSweep, [...common, ...args, "--output", output]));
  return output;
}

/** Makes the sweep by several loaders, and returns their folders. */
export async function sweepInShards(
  folder: string,
  count: number,
  ...args: readonly string[]
): Promise<string[]> {
  const folders: string[] = [];
  for (let index = 1; index <= count; index++) {
    const output = `${folder}/${index}-of-${count}`;
    folders.push(await sweep(output, ...args, "--shard", `${index}/${count}`));
  }
  return folders;
}
