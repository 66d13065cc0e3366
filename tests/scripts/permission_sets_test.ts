import assert from "node:assert/strict";
import { readTaskCommands, runScript, temporaryFolder } from "../support/script.ts";

/** The permission set of each task that has one of its own; the others start programs or read /proc. */
const SETS: Readonly<Record<string, string>> = {
  "exp:convergence": "simulation",
  "exp:keep-alive": "simulation",
  "exp:load-comparison": "simulation",
  "exp:workload-models": "simulation",
  clean: "cluster",
  role: "role",
  preflight: "cluster",
  merge: "files",
  compare: "files",
  "trace:sample": "files",
  report: "files",
  "trace:doctor": "files",
  "trace:synthesize": "files",
  "trace:convert": "files",
  image: "image",
  compile: "image",
  "peers:install": "install",
  "trace:import": "import",
  "trace:ibm": "install",
  "bench:schedule": "simulation",
  "bench:record": "simulation",
  "bench:sample": "simulation",
  "bench:twin-recorded": "simulation",
  "bench:simulator": "simulation",
};

/** Asks for everything, then tries what matters; prints a line for each. */
const PROBE = `
for (const name of ["read", "write", "env", "sys", "net", "run", "ffi", "import"]) {
  console.log(name, Deno.permissions.querySync({ name }).state);
}
const tries = {
  connect: () => Deno.connect({ hostname: "127.0.0.1", port: 50999 }),
  fetch: () => fetch("http://127.0.0.1:50999/"),
  listen: () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
  resolve: () => Deno.resolveDns("localhost", "A"),
  start: () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).output(),
  shell: () => new Deno.Command("sh", { args: ["-c", "true"] }).output(),
};
for (const [name, attempt] of Object.entries(tries)) {
  try {
    await attempt();
    console.log(name, "done");
  } catch (error) {
    console.log(name, error instanceof Deno.errors.NotCapable ? "refused" : "tried");
  }
}`;

async function probe(set: string): Promise<ReadonlyMap<string, string>> {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/probe.ts`;
  Deno.writeTextFileSync(path, PROBE);
  const flags = ["--no-prompt", "--config", "deno.json", `-P=${set}`];
  const { status, stdout, stderr } = await runScript(path, [], flags);
  assert.equal(status, 0, stderr);
  return new Map(stdout.trim().split("\n").map((line) => line.split(" ") as [string, string]));
}

function attempts(found: ReadonlyMap<string, string>, names: readonly string[]): string[] {
  return names.map((name) => found.get(name)!);
}

Deno.test("permission sets: what only reads and writes files can do nothing else", async () => {
  const found = await probe("files");
  const granted = [...found].filter(([, state]) => state === "granted").map(([name]) => name);
  assert.deepEqual(granted, ["read", "write"]);
  for (const name of ["connect", "fetch", "listen", "resolve", "start", "shell"]) {
    assert.equal(found.get(name), "refused", name);
  }
});

Deno.test("permission sets: a simulation reaches no network and starts nothing", async () => {
  const found = await probe("simulation");
  const forbidden = ["connect", "fetch", "listen", "resolve", "start", "shell"];
  assert.deepEqual(attempts(found, forbidden), forbidden.map(() => "refused"));
});

Deno.test("permission sets: what speaks to a cluster starts only programs that log in", async () => {
  for (const set of ["cluster", "role"]) {
    const found = await probe(set);
    assert.deepEqual(attempts(found, ["start", "shell"]), ["refused", "refused"], set);
    assert.notEqual(found.get("connect"), "refused", set);
    assert.equal(found.get("write"), set === "role" ? "granted" : "prompt", set);
  }
});

Deno.test("permission sets: each task has the least that it works with", () => {
  for (const [name, command] of readTaskCommands()) {
    for (const [, set = "default"] of command.matchAll(/ -P(?:=(\w+))?(?= )/g)) {
      assert.equal(set, SETS[name] ?? "default", name);
    }
  }
  for (const name of Object.keys(SETS)) assert.ok(readTaskCommands().has(name), name);
});
