/**
 * Converts the IBM Cloud Code Engine traces of 2025 to the normal form:
 *
 *     deno task trace:ibm ~/ibm-cloud-code-engine-traces/data --output results/ibm --days 1..7
 *
 * The data set is pickles, which are programs of Python, so this starts `scripts/convert_ibm.py`,
 * whose reader takes tables and nothing else. It runs in an environment of its own with pinned
 * versions, made in `.peers/` the first time; `--python` names another interpreter that has them.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { errorMessage, LoaderError } from "../lib/base/error.ts";
import { readTextIfPresent, replaceFile, statIfPresent } from "../lib/base/file.ts";
import { type Command, print, runCommand } from "../lib/cli/program.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const CONVERTER = join(PROJECT, "scripts/convert_ibm.py");
/** What is in the environment, with versions. */
export const IBM_REQUIREMENTS = join(PROJECT, "scripts/convert_ibm_requirements.txt");

/** Where the environment is made; where the tests look for it, too. */
export const IBM_ENVIRONMENT = join(PROJECT, ".peers/ibm");

async function run(args: readonly string[]): Promise<number> {
  const { python, rest } = takePython(args);
  const { code } = await start(python ?? await makeEnvironment(), [CONVERTER, ...rest]);
  return code;
}

function takePython(
  args: readonly string[],
): { readonly python: string | null; readonly rest: readonly string[] } {
  const at = args.findIndex((arg) => arg === "--python" || arg.startsWith("--python="));
  if (at === -1) return { python: null, rest: args };
  const [, joined] = args[at].split(/=(.*)/);
  const python = joined ?? args[at + 1];
  if (python === undefined) throw new LoaderError("usage", "Name an interpreter after --python.");
  return { python, rest: args.toSpliced(at, joined === undefined ? 2 : 1) };
}

/**
 * The interpreter of the environment, which is made where it is not there, or is of other versions.
 *
 * @throws LoaderError `usage` when it cannot be made
 */
export async function makeEnvironment(): Promise<string> {
  const python = join(IBM_ENVIRONMENT, "bin/python");
  const versionsFile = join(IBM_ENVIRONMENT, "requirements.txt");
  const requirements = await Deno.readTextFile(IBM_REQUIREMENTS);
  if (statIfPresent(python) !== null && readTextIfPresent(versionsFile) === requirements) {
    return python;
  }
  print("stderr", `Making an environment of Python in ${IBM_ENVIRONMENT}, this once.`);
  await mustRun("python3", ["-m", "venv", "--clear", IBM_ENVIRONMENT]);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  await mustRun(python, [...pip, "--no-deps", "--requirement", IBM_REQUIREMENTS]);
  replaceFile(versionsFile, requirements);
  return python;
}

async function mustRun(command: string, args: readonly string[]): Promise<void> {
  const { code } = await start(command, args);
  if (code === 0) return;
  throw new LoaderError(
    "usage",
    `\`${command} ${args.join(" ")}\` failed; install Python 3.11 or later with venv, or name an ` +
      "interpreter with --python that has what scripts/convert_ibm_requirements.txt lists.",
  );
}

async function start(command: string, args: readonly string[]): Promise<Deno.CommandStatus> {
  try {
    return await new Deno.Command(command, { args: [...args], stdin: "null" }).spawn().status;
  } catch (cause) {
    throw new LoaderError("usage", `Cannot start ${command}: ${errorMessage(cause)}.`, { cause });
  }
}

export const command: Command = {
  name: "trace:ibm",
  summary: "Convert the pickles of the IBM Cloud Code Engine traces to the normal form",
  run,
};

if (import.meta.main) await runCommand(command);
