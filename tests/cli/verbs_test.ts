import assert from "node:assert/strict";
import { findScript, listExperiments } from "../../lib/cli/find_experiment.ts";
import { findNearest } from "../../lib/cli/verbs.ts";
import { LOADER_VERSION } from "../../lib/run/machine_facts.ts";
import { TOOLS } from "../../loader.ts";
import { runScript } from "../support/script.ts";
import config from "../../deno.json" with { type: "json" };

const EXPERIMENTS = new URL("../../experiments/", import.meta.url);
const TASKS: Readonly<Record<string, { readonly description: string }>> = config.tasks;

Deno.test("loader --help has a line for each experiment and each tool, in the tasks' words", async () => {
  const { status, stdout } = await runScript("loader.ts", ["--help"]);
  assert.equal(status, 0);
  for (const name of listExperiments(EXPERIMENTS)) {
    const { question } = await findScript(EXPERIMENTS, name);
    assert.match(stdout, new RegExp(`^  ${name} +${RegExp.escape(question)}$`, "m"));
    assert.equal(TASKS[`exp:${name}`].description, question);
  }
  for (const [name, load] of Object.entries(TOOLS)) {
    const { command } = await load();
    assert.equal(command.name, name);
    assert.match(stdout, new RegExp(`^  ${name} +${RegExp.escape(command.summary)}$`, "m"));
    assert.equal(TASKS[name].description, command.summary);
  }
});

Deno.test("loader <verb> --help is the verb's own", async () => {
  const experiment = await runScript("loader.ts", ["burst", "--help"]);
  assert.deepEqual([experiment.status, experiment.stdout.split("\n")[0]], [
    0,
    "Usage: burst [options]",
  ]);
  const tool = await runScript("loader.ts", ["merge", "--help"]);
  assert.equal(tool.status, 0);
  assert.match(tool.stdout, /^Usage: merge <folder>/);
});

Deno.test("loader --version tells the version of deno.json", async () => {
  const { stdout } = await runScript("loader.ts", ["--version"]);
  assert.equal(stdout, `loader ${config.version}\n`);
  assert.equal(LOADER_VERSION, config.version);
});

Deno.test("loader: an unknown verb is told with the nearest", async () => {
  const { status, stderr } = await runScript("loader.ts", ["trace-swep", "--sizes", "6"]);
  assert.equal(status, 2);
  assert.equal(
    stderr,
    'Error: There is no verb "trace-swep"; the nearest is "trace-sweep", and --help lists them all.\n',
  );
});

Deno.test("findNearest counts letters that are changed, added and left out", () => {
  const names = ["role", "report", "merge"];
  assert.equal(findNearest("rols", names), "role");
  assert.equal(findNearest("reprt", names), "report");
  assert.equal(findNearest("emerge", names), "merge");
});
