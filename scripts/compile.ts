/**
 * Makes one program of the loader, or of one experiment:
 *
 *     deno task compile --output loader
 *     deno task compile experiments/burst.ts --output burst
 *
 * It needs neither Deno nor the project's files: its processes are itself with a hidden verb
 * (`lib/cli/own_programs.ts`), and the default trace and templates are inside.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { errorMessage, LoaderError } from "../lib/base/error.ts";
import { type Command, print, runCommand, ToolOutput } from "../lib/cli/program.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const SUMMARY = "Make one program of the loader, or of one experiment";

const USAGE =
  "Usage: compile [script] [--output <file>] [--target <platform>] [--json]  (by default " +
  "loader.ts; the platforms are those of deno compile)";

/** The loader itself, which finds the experiments' scripts in their folder. */
const LOADER = "loader.ts";

/** What imports do not tell: threads, and files that are read. */
const INCLUDED = [
  "lib/run/report_worker.ts",
  "lib/run/matrix/lane_worker.ts",
  "lib/live/live_worker.ts",
  "workloads/trace_function/spin_worker.ts",
  "workloads/container/trace_function.yaml",
  "proto/faas.proto",
  "config",
  "data/azure_2019_synthetic",
];

/**
 * Files of packages that are left out, as paths: tests of a package that comes with prom-client,
 * which no program needs and `deno compile` 2.9.6 does not get past.
 */
function findExcluded(): string[] {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  const cache: string = JSON.parse(new TextDecoder().decode(stdout)).npmCache;
  return listFolders(cache)
    .map((registry) => join(registry, "bintrees"))
    .flatMap(listFolders)
    .map((version) => join(version, "test"));
}

function listFolders(path: string): string[] {
  if (!existsSync(path)) return [];
  return [...Deno.readDirSync(path)]
    .filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => join(path, name));
}

/** The arguments of `deno` that compile a script of the project. */
export function compileArguments(script: string, output: string, target?: string): string[] {
  const included = script === LOADER ? [...INCLUDED, "experiments"] : INCLUDED;
  return [
    "compile",
    "-P",
    "--v8-flags=--max-semi-space-size=4",
    // What only tests and other scripts need stays out.
    "--exclude-unused-npm",
    ...included.flatMap((path) => ["--include", path]),
    ...findExcluded().flatMap((path) => ["--exclude", path]),
    // So that an instance of a compiled experiment does not load all of it first.
    ...(script === LOADER ? [] : ["--preload", "lib/cli/become_own_program.ts"]),
    ...(target === undefined ? [] : ["--target", target]),
    "--output",
    output,
    script,
  ];
}

async function run(args: readonly string[]): Promise<number | void> {
  if (args.includes("--help")) return print("stdout", USAGE);
  const { script, output, target, json } = parse(args);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: compileArguments(script, output, target),
    cwd: ROOT,
    // With --json standard output is for the result alone.
    stdout: json ? "null" : "inherit",
  }).spawn().status;
  if (code === 0) new ToolOutput({ json }).tell({ program: output, script });
  return code;
}

function parse(
  args: readonly string[],
): {
  readonly script: string;
  readonly output: string;
  readonly target?: string;
  readonly json: boolean;
} {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        output: { type: "string" },
        target: { type: "string" },
        json: { type: "boolean", default: false },
      },
    });
    const [script = LOADER, ...others] = positionals;
    if (others.length > 0) throw new Error("Expected one script");
    const name = basename(script, ".ts").replaceAll("_", "-");
    const { target, json } = values;
    return { script, output: values.output ?? join(ROOT, name), target, json };
  } catch (cause) {
    throw new LoaderError("usage", `${errorMessage(cause)}. ${USAGE}`, { cause });
  }
}

export const command: Command = { name: "compile", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
