import assert from "node:assert/strict";
import { readExperiment, readRun } from "../support/run_files.ts";
import { runScript, temporaryFolder } from "../support/script.ts";

const figuresIn = (output: string) =>
  [...Deno.readDirSync(`${output}/figures`)].map(({ name }) => name);

Deno.test("variation: samples of two methods by turns, and by how much they differ", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const { status, stderr } = await runScript("experiments/variation.ts", [
    ...["--samples", "3", "--functions", "5", "--duration", "1min", "--output", output],
  ]);
  assert.equal(status, 0, stderr);
  assert.deepEqual(
    readExperiment(output).runs,
    [0, 1, 2].flatMap((sample) =>
      ["stratified", "random"].map((method) => `runs/${method}_sample-${sample}`)
    ),
  );
  const certificates = ["stratified_sample-1", "random_sample-1", "random_sample-2"]
    .map((name) => readRun(output, name).trace!.certificate!);
  assert.deepEqual(
    certificates.map(({ method, seed, size }) => [method, seed, size]),
    [["stratified", 43, 5], ["random", 43, 5], ["random", 44, 5]],
  );
  const page = await Deno.readTextFile(`${output}/report.html`);
  assert.match(
    page,
    /p50 of slowdown of two runs differs by a factor of [\d.]+ \([\d.]+ to [\d.]+\) among those of stratified, [\d.]+/,
  );
  assert.ok(figuresIn(output).includes("slowdown_distribution.svg"));
});
