import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compileArguments } from "../../scripts/compile.ts";
import { PROJECT, temporaryFolder } from "../support/script.ts";

/** The base of the program: nothing is run here, so any program of this machine does. */
const BASE = "/bin/true";

/**
 * What `deno compile` includes, as it prints it: paths, `*` for everything in a folder.
 *
 *     ├─┬ lib (3.72MB)
 *     │ ├── analyze/* (292.28KB)
 */
async function compile(script: string): Promise<string[]> {
  await using folder = await temporaryFolder();
  const [compileVerb, ...args] = compileArguments(script, join(folder.path, "program"));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [compileVerb, "--no-check", ...args],
    cwd: PROJECT,
    env: { DENORT_BIN: BASE, NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(code, 0, said);
  const path: string[] = [];
  return [...said.matchAll(/^([│ ]*)[├└]─[─┬] (\S+) \(.*\)$/gm)].map(([, indent, name]) => {
    path.splice(indent.length / 2, path.length, name);
    return path.join("/");
  });
}

/** Whether a file of the project is among them. */
function has(included: readonly string[], file: string): boolean {
  const folders = file.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"));
  return included.includes(file) || folders.some((folder) => included.includes(`${folder}/*`));
}

/** Files and folders that the sources name relative to themselves: threads, programs, templates, data. */
function findNamed(folder: string): string[] {
  return [...Deno.readDirSync(join(PROJECT, folder))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return findNamed(path);
    if (!name.endsWith(".ts")) return [];
    const url = new URL(path, new URL("../../", import.meta.url));
    return [...Deno.readTextFileSync(url).matchAll(/new URL\(\s*"([^"]+)",\s*import\.meta\.url/g)]
      .map(([, target]) => relative(PROJECT, fileURLToPath(new URL(target, url))));
  });
}

const NEEDED = [
  "lib/run/report_worker.ts",
  "lib/platform/local/gateway_main.ts",
  "lib/rpc/executor/echo_server_main.ts",
  "workloads/trace_function/main.ts",
  "workloads/trace_function/spin_worker.ts",
  "workloads/container/trace_function.yaml",
  "proto/faas.proto",
  "config/rbac.yaml",
  "data/azure_2019_synthetic/invocations.csv.gz",
  "data/azure_2019_synthetic/durations.csv",
  "data/azure_2019_synthetic/memory.csv",
];

/** What no user of the program needs. */
const NEEDLESS = /^(tests|bench|docs|findings|results|node_modules|\.|deno\.lock)(\/|$)/;
const NEEDLESS_PACKAGES = /\/(fast-check|@babel)(\/|$)/;

function assertOnlyNeeded(included: readonly string[]): void {
  const own = included.filter((path) => !path.startsWith(".deno_compile_node_modules"));
  assert.deepEqual(own.filter((path) => NEEDLESS.test(path)), []);
  assert.deepEqual(included.filter((path) => NEEDLESS_PACKAGES.test(path)), []);
}

Deno.test({
  name: "a compiled loader has its threads, programs, templates, data and verbs, and no more",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const included = await compile("loader.ts");
    const named = ["lib", "workloads"].flatMap(findNamed);
    assert.ok(named.length > 5);
    const experiments = [...Deno.readDirSync(join(PROJECT, "experiments"))]
      .map(({ name }) => `experiments/${name}`);
    const tools = ["calibrate", "clean", "doctor", "merge", "preflight", "report", "role"]
      .map((name) => `scripts/${name}.ts`);
    const missing = [...NEEDED, ...named, ...experiments, ...tools]
      .filter((file) => !has(included, file));
    assert.deepEqual(missing, []);
    assertOnlyNeeded(included);
    assert.ok(!has(included, "scripts/mutate.ts"));
  },
});

Deno.test({
  name: "an experiment that is compiled alone has no other, and no tools",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const included = await compile("experiments/burst.ts");
    const needed = [...NEEDED, "experiments/burst.ts", "lib/cli/become_own_program.ts"];
    assert.deepEqual(needed.filter((file) => !has(included, file)), []);
    assertOnlyNeeded(included);
    assert.ok(!has(included, "experiments/keep_alive.ts"));
    assert.ok(!included.some((path) => path.startsWith("scripts")));
  },
});
