import assert from "node:assert/strict";
import { join } from "node:path";
import { readExperiment } from "../support/run_files.ts";
import { PROJECT, runScript, temporaryFolder } from "../support/script.ts";

const SCRIPT = "docs/guide/own_experiment.ts";
const SOURCE = Deno.readTextFileSync(join(PROJECT, SCRIPT));

Deno.test("own experiment: the guide shows the file, which is short and imports mod.ts alone", () => {
  const guide = Deno.readTextFileSync(join(PROJECT, "docs/guide/own_experiment.md"));
  assert.ok(guide.includes("```ts ignore\n" + SOURCE + "```"));
  const lines = SOURCE.split("\n").filter((line) => line !== "" && !line.startsWith("/**"));
  assert.ok(lines.length <= 40, `${lines.length} lines`);
  assert.deepEqual([...SOURCE.matchAll(/from "([^"]+)"/g)].map(([, path]) => path), [
    "../../mod.ts",
  ]);
});

Deno.test("own experiment: runs on the simulator, with options, help and the answer in its report", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const { status, stderr } = await runScript(
    SCRIPT,
    ["--platform", "simulator", "--repetitions", "2", "--runtime", "10ms", "--output", output],
    ["--no-prompt", "-P=simulation"],
  );
  assert.equal(status, 0, stderr);
  const { runs } = readExperiment(output);
  const names = [1, 2, 5, 10, 20].map((functions) => `runs/functions-${functions}`);
  assert.deepEqual(
    new Set(runs),
    new Set([...names, ...names.map((name) => `${name}_repetition-1`)]),
  );
  const page = await Deno.readTextFile(`${output}/report.html`);
  assert.match(page, /<h1>What does it cost to spread one rate over more functions\?<\/h1>/);
  assert.match(page, /Slowdown against the number of functions/);
  const help = await runScript(SCRIPT, ["--help"], ["--no-prompt", "-P=simulation"]);
  assert.match(help.stdout, /--repetitions/);
});
