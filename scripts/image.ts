/**
 * Makes the image of the trace function:
 *
 *     deno task image --name registry.example/trace-function:1
 *     deno task image --with ./make_image.sh --name dev.local/trace-function:1
 *
 * With docker, from `workloads/container/Dockerfile`. With `--with`, a program
 * makes it that takes a name and files as `SOURCE:DESTINATION`: then no docker
 * and no base image are needed, the Deno of this machine goes into it.
 */
import { statIfPresent } from "../lib/base/file.ts";
import { delimiter, dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { errorMessage, LoaderError } from "../lib/base/error.ts";
import { type Command, JSON_OPTION, print, runCommand, ToolOutput } from "../lib/cli/program.ts";
import { textOption } from "../lib/option/option.ts";
import { parseOptions } from "../lib/option/parse_options.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CONTAINER = join(ROOT, "workloads", "container");

/** Where in the image things are; the service template and the Dockerfile say the same. */
const APP = "/app";
const CACHE = "/deno-dir";
const DENO = "/bin/deno";

/** What hears the signals of a container; see the service template. */
const INIT = "/bin/tini";

/** Its names in Debian's package, and in others; one that is linked with nothing first. */
const INITS = ["tini-static", "tini"];

/** The superuser, as in the Dockerfile: port 80 needs it. */
const USER = "0";

const SUMMARY = "Make the image of the trace function";

const OPTIONS = {
  name: textOption("name", {
    meaning: "name of the image, with its registry",
    default: "dev.local/trace-function:1",
  }),
  with: textOption<string | null>("program", {
    meaning: "makes the image instead of docker: called with the name, --user, --entry and files",
    default: null,
  }),
  json: JSON_OPTION,
};

async function run(args: readonly string[]): Promise<void> {
  const { values, help } = parseOptions("image", SUMMARY, OPTIONS, args);
  if (help !== null) return print("stdout", help);
  if (Deno.build.standalone) {
    throw new LoaderError(
      "usage",
      'The image is made of the project\'s sources, which a compiled loader does not have; use "deno task image" there.',
    );
  }
  await (values.with === null ? makeWithDocker(values.name) : makeWith(values.with, values.name));
  const output = new ToolOutput(values);
  output.say(`Made ${values.name}.`);
  output.tell({ image: values.name });
}

async function makeWithDocker(name: string): Promise<void> {
  await execute("docker", ["build", "-f", join(CONTAINER, "Dockerfile"), "-t", name, ROOT]);
}

async function makeWith(program: string, name: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "loader-image-" });
  try {
    const files = (await stage(folder)).map(([from, to]) => `${from}:${to}`);
    await execute(program, [name, "--user", USER, "--entry", DENO, ...files]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Source and destination of every file of the image. */
async function stage(folder: string): Promise<[string, string][]> {
  const app = join(folder, "app");
  await copy(join(ROOT, "workloads", "trace_function"), join(app, "workloads", "trace_function"));
  await copy(join(ROOT, "proto"), join(app, "proto"));
  await Deno.copyFile(join(CONTAINER, "deno.json"), join(app, "deno.json"));
  await Deno.copyFile(join(ROOT, "deno.lock"), join(app, "deno.lock"));
  const cache = join(folder, "deno-dir");
  await execute(Deno.execPath(), [
    "cache",
    "--quiet",
    "workloads/trace_function/main.ts",
    "workloads/trace_function/spin_worker.ts",
  ], { cwd: app, env: { DENO_DIR: cache } });
  const init = findInit();
  return [
    [Deno.execPath(), DENO],
    [init, INIT],
    ...await listLibraries(Deno.execPath()),
    ...listFiles(app).map((file): [string, string] => [file, join(APP, relative(app, file))]),
    // Compiled modules are found by their path, which is another in the image.
    ...listFiles(join(cache, "npm")).map((
      file,
    ): [string, string] => [file, join(CACHE, relative(cache, file))]),
  ];
}

function findInit(): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  for (const name of INITS) {
    const path = folders.map((folder) => join(folder, name)).find((path) =>
      statIfPresent(path) !== null
    );
    if (path !== undefined) return path;
  }
  throw new LoaderError(
    "platform",
    "The image was not made: tini is not on this machine; install it (Debian: apt-get install " +
      "tini).",
  );
}

/** What a program is linked with, by the words of `ldd`. */
async function listLibraries(program: string): Promise<[string, string][]> {
  const { stdout } = await new Deno.Command("ldd", { args: [program] }).output();
  return [...new TextDecoder().decode(stdout).matchAll(/^\s+(?:\S+ => )?(\/\S+) \(/gm)]
    .map(([, path]) => [path, path]);
}

async function copy(from: string, to: string): Promise<void> {
  for (const file of listFiles(from)) {
    const target = join(to, relative(from, file));
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.copyFile(file, target);
  }
}

function listFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? listFiles(join(folder, name)) : [join(folder, name)]
  );
}

async function execute(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<void> {
  let success = false;
  try {
    ({ success } = await new Deno.Command(program, { args: [...args], ...options, stdout: "null" })
      .spawn().status);
  } catch (error) {
    throw new LoaderError(
      "platform",
      `The image was not made: ${program} cannot be started (${errorMessage(error)}).`,
      { cause: error },
    );
  }
  if (!success) throw new LoaderError("platform", `The image was not made: ${program} failed.`);
}

export const command: Command = { name: "image", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
