import assert from "node:assert/strict";
import { readExperiment, readRows, readRun } from "../support/run_files.ts";
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

Deno.test("prior works: one platform, and what each is farthest from the trace in", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const { status, stderr } = await runScript("experiments/prior_works.ts", [
    ...["--works", "stratified,hermes,mu", "--functions", "8", "--reference", "30"],
    ...["--repetitions", "2", "--duration", "10s", "--output", output],
  ]);
  assert.equal(status, 0, stderr);
  const names = readExperiment(output).runs.map((path) => path.replace("runs/", ""));
  assert.deepEqual(names.slice(0, 4), [
    "trace_repetition-0",
    "stratified_repetition-0",
    "hermes_repetition-0",
    "mu_repetition-0",
  ]);
  assert.equal(names.length, 8);
  assert.deepEqual(
    names.slice(4).map((name) => readRun(output, name).plan.functions),
    [30, 8, 50, 2],
  );
  const page = await Deno.readTextFile(`${output}/report.html`);
  assert.match(page, /Set against the trace: stratified is farthest in [\w ]+, [\d.,]+ times/);
  for (const name of ["slowdown_p50", "cold", "ready", "load"]) {
    assert.ok(figuresIn(output).includes(`works_${name}.svg`), name);
  }
});

for (
  const [script, args, figure, series, sentence] of [
    [
      "convergence",
      ["--sizes", "5,20", "--samples", "2"],
      "distance_of_runtime",
      "random",
      /<strong>The distance of invocations to the trace comes to [\d.]+ \(stratified\) and [\d.]+ \(random\) with 5 functions of the sample, [\d.]+ and [\d.]+ with 20\. The/,
    ],
    [
      "load_comparison",
      ["--sizes", "5,20", "--samples", "2"],
      "load_runtime",
      "random",
      /<strong>The load in invocations, over the trace&#39;s, comes to [\d.]+ \(stratified\)/,
    ],
    [
      "workload_models",
      ["--functions", "10", "--works", "stratified,mu", "--samples", "2"],
      "load_of_functions",
      "mu",
      /<strong>Half of the functions have at most so many invocations: trace [\d,]+, stratified/,
    ],
  ] as const
) {
  Deno.test(`${script}: figures of the trace alone, and the report again from the files`, async () => {
    await using folder = await temporaryFolder();
    const output = `${folder.path}/out`;
    const path = `experiments/${script}.ts`;
    const { status, stdout, stderr } = await runScript(path, [...args, "--output", output]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /nothing is run/);
    assert.ok(figuresIn(output).includes(`${figure}.svg`));
    const rows = readRows(`${output}/derived.csv`);
    assert.ok(rows.some((row) => row.figure === figure && row.series === series));
    const page = await Deno.readTextFile(`${output}/report.html`);
    assert.match(page, sentence);
    // Of a value below 1, three decimals would leave three digits or fewer.
    assert.ok(rows.some(({ y, x }) => `${y}${x}`.replace(/\D/g, "").length > 9));
    await Deno.remove(`${output}/report.html`);
    const again = await runScript("scripts/report.ts", [output]);
    assert.equal(again.status, 0, again.stderr);
    assert.equal(await Deno.readTextFile(`${output}/report.html`), page);
    const dry = await runScript(path, [...args, "--dry-run", "--json"]);
    assert.deepEqual(JSON.parse(dry.stdout), { dryRun: true });
    const help = await runScript(path, ["--help"]);
    assert.match(help.stdout, /--trace/);
    assert.doesNotMatch(help.stdout, /--platform/);
  });
}
