import assert from "node:assert/strict";
import { capacity } from "../../experiments/capacity.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { renderReport } from "../../lib/report/report.ts";
import { readExperiment, readRun } from "../support/run_files.ts";
import { runScript, temporaryFolder } from "../support/script.ts";

function optionsOf(...args: string[]) {
  return parseOptions("capacity", "", capacity.options, args).values;
}

Deno.test("capacity: finds what queueing theory expects, confirms it, and tells it in the report", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  // An M/D/1 queue at a load of 0.8 has a p99 of some ten service times, two servers of 2.2.
  const { status, stdout, stderr } = await runScript("experiments/capacity.ts", [
    ...["--platform", "simulator", "--repetitions", "3", "--output", output],
  ]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /A max-scale of 2 is enough.* A run on the platform simulator confirms it/);
  assert.match(stdout, /max-scale-2_confirmation/);
  assert.deepEqual(
    readExperiment(output).runs.map((path) => path.replace(/^runs\/max-scale-/, "")),
    [1, 2, 4].flatMap((value) => [0, 1, 2].map((i) => `${value}_repetition-${i}`)).concat(
      "2_confirmation",
    ),
  );
  const confirmed = readRun(output, "max-scale-2_confirmation");
  assert.deepEqual(confirmed.parameters, { stage: "confirmation", value: 2 });
  const seen = readRun(output, "max-scale-2_repetition-0");
  assert.notEqual(confirmed.scheduleHash, seen.scheduleHash, "arrivals that the search had not");
  assert.equal(Object(seen.options).maxScale, 2);
  const page = await Deno.readTextFile(`${output}/report.html`);
  assert.match(page, /<strong>A max-scale of 2 is enough: the p99 of slowdown is 2\.\d+ \(/);
  assert.match(page, /With 1 it is (9|1\d)(\.\d+)? \([\d.]+ to [\d.]+\), [\d.]+ % above it/);
  assert.ok((await Deno.stat(`${output}/figures/capacity_max_scale.svg`)).size > 1000);
});

Deno.test("capacity: each parameter is applied to the runs, and the bound is what decides", async () => {
  const found = async (...args: string[]) => {
    await using folder = await temporaryFolder();
    const output = `${folder.path}/out`;
    const { runs } = await runExperiment(
      capacity,
      optionsOf("--platform", "simulator", "--repetitions", "2", "--output", output, ...args),
    );
    await renderReport(output);
    const text = await Deno.readTextFile(`${output}/report.html`);
    return { facts: runs.at(-1)!.platform.facts, text };
  };
  const traced = await found("--find", "min-scale", "--load", "trace", "--functions", "6");
  assert.equal(Object(traced.facts.autoscaling).minScale, 1);
  assert.match(traced.text, /A min-scale of 1 is enough/);
  const concurrency = await found(
    ...["--find", "concurrency", "--rps", "20", "--max-scale", "1", "--slot", "70s"],
    ...["--cpu-limit", "4", "--bound", "p99 response time <= 60ms"],
  );
  assert.match(concurrency.text, /A concurrency of 2 is enough/);
  assert.equal(concurrency.facts.containerConcurrency, 2);
  const nodes = await found(
    ...["--find", "nodes", "--node-cores", "1", "--rps", "120", "--functions", "4"],
    ...["--bound", "not ok <= 1%", "--queue-timeout", "5s"],
  );
  assert.match(nodes.text, /3 nodes are enough|4 nodes are enough/);
});

Deno.test("capacity: a platform that cannot be given what is sought refuses in a sentence", async () => {
  for (const [platform, find] of [["local", "nodes"], ["local", "concurrency"]]) {
    await assert.rejects(
      runExperiment(capacity, optionsOf("--platform", platform, "--find", find)),
      new RegExp(`--find ${find}: the platform ${platform} cannot be given it for the confirming`),
    );
  }
  const { status, stderr } = await runScript("experiments/capacity.ts", [
    ...["--bound", "p99 slowness <= 5"],
  ]);
  assert.equal(status, 2);
  assert.match(stderr, /^Error: --bound: The bound "p99 slowness <= 5" is not known/);
});
