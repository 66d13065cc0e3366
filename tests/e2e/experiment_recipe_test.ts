import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { findExperiment } from "../../lib/cli/find_experiment.ts";
import { readExperiment } from "../support/run_files.ts";
import { PROJECT, runScript, temporaryFolder } from "../support/script.ts";

/** Has the file of the recipe "An experiment", as it would stand in `experiments/`. */
const RECIPES = "tests/e2e/recipes";
const SCRIPT = `${RECIPES}/runtime_sweep.ts`;

Deno.test("the recipe for an experiment is the file that is checked and run here", () => {
  const text = Deno.readTextFileSync(`${PROJECT}/CONTRIBUTING.md`);
  const [, section] = /^### An experiment\n([^]*?)^##/m.exec(text) ?? [];
  const [, code] = /^```ts ignore\n([^]*?)^```/m.exec(section ?? "") ?? [];
  const file = Deno.readTextFileSync(`${PROJECT}/${SCRIPT}`);
  assert.equal(code, file.replace('"../../../mod.ts"', '"../mod.ts"'));
});

Deno.test("the recipe for an experiment: one file, and its answer is in the report", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const { status, stderr } = await runScript(
    SCRIPT,
    ["--platform", "simulator", "--runtimes", "5,50", "--output", output],
    ["--no-prompt", "-P=simulation"],
  );
  assert.equal(status, 0, stderr);
  const { runs, answer } = readExperiment(output);
  assert.deepEqual(runs, ["runs/runtime-5", "runs/runtime-50"]);
  const experiment = await findExperiment(pathToFileURL(`${PROJECT}/${RECIPES}/`), "runtime-sweep");
  assert.deepEqual(answer, experiment.answer);
  const report = Deno.readTextFileSync(`${output}/report.html`);
  assert.match(report, /<h4>Slowdown against the requested runtime<\/h4>/);
  assert.match(report, /p50 .* at 5 ms/);
  const figure = `${output}/figures/slowdown_against_runtimeMs.svg`;
  assert.match(Deno.readTextFileSync(figure), /requested runtime \(ms\)/);
});
