import { fileURLToPath, pathToFileURL } from "node:url";
import { join } from "node:path";
import { LoaderError } from "../base/error.ts";
import type { Experiment } from "../run/experiment.ts";
import type { Derivation } from "../run/derivation.ts";
import type { OptionTable } from "../option/option.ts";

/** The names of the experiments whose scripts are in a folder: `trace_sweep.ts` is `trace-sweep`. */
export function listExperiments(folder: URL): string[] {
  return [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith(".ts"))
    .map(({ name }) => name.slice(0, -".ts".length).replaceAll("_", "-"))
    .sort();
}

/**
 * The experiment of a name, whose runs can be planned: the one that the script of that name exports.
 *
 * @throws LoaderError `usage` naming those there are, or that it makes no runs
 */
export async function findExperiment(
  folder: URL,
  name: string,
): Promise<Experiment<OptionTable>> {
  const script = await findScript(folder, name);
  if ("plan" in script) return script;
  throw new LoaderError(
    "usage",
    `The experiment "${name}" makes no runs, of which there is nothing to plan or to repeat; ` +
      `run it itself: deno task exp:${name}.`,
    { value: name },
  );
}

/** An experiment, or one that makes no runs. */
export type Script = Experiment<OptionTable> | Derivation<OptionTable>;

/**
 * The experiment of a name, as {@linkcode findExperiment}, also one that makes no runs.
 *
 * @throws LoaderError `usage` naming those there are
 */
export async function findScript(folder: URL, name: string): Promise<Script> {
  if (listExperiments(folder).includes(name)) {
    const path = join(fileURLToPath(folder), `${name.replaceAll("-", "_")}.ts`);
    const module: Record<string, unknown> = await import(pathToFileURL(path).href);
    const found = Object.values(module).find((value) => isExperiment(value, name));
    if (found !== undefined) return found as Script;
  }
  throw new LoaderError(
    "usage",
    `There is no experiment "${name}"; the experiments are: ${listExperiments(folder).join(", ")}.`,
    { value: name },
  );
}

function isExperiment(value: unknown, name: string): boolean {
  return typeof value === "object" && value !== null && ("plan" in value || "derive" in value) &&
    "name" in value &&
    value.name === name;
}
