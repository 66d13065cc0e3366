import assert from "node:assert/strict";
import { readExperiment, readRows, readRun } from "../support/run_files.ts";
import { runScript, temporaryFolder } from "../support/script.ts";

Deno.test("keep-alive: one schedule for every policy, and an answer from the records", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const { status, stderr } = await runScript("experiments/keep_alive.ts", [
    ...["--duration", "3h", "--functions", "40", "--policies", "fixed-10min,greedy-dual,oracle"],
    ...["--memory-sweep", "1024,2048", "--sweep-policies", "greedy-dual", "--output", output],
  ]);
  assert.equal(status, 0, stderr);
  const names = readExperiment(output).runs.map((path) => path.replace("runs/", ""));
  assert.deepEqual(names, [
    "policy-fixed-10min",
    "policy-greedy-dual",
    "policy-oracle",
    "policy-greedy-dual_memory-2048",
    "policy-greedy-dual_memory-1024",
  ]);
  const runs = names.map((name) => readRun(output, name));
  assert.equal(new Set(runs.map(({ scheduleHash }) => scheduleHash)).size, 1);
  assert.deepEqual(
    runs.map(({ platform }) => [platform.facts.policy, platform.facts.nodeMemoryMib]),
    [
      ["fixed-10min", 65_536],
      ["greedy-dual", 65_536],
      ["oracle", 65_536],
      ["greedy-dual", 2048],
      ["greedy-dual", 1024],
    ],
  );
  const coldOf = (name: string) =>
    readRows(`${output}/runs/${name}/invocations.csv`)
      .filter(({ cold_start }) => cold_start === "true").length;
  const [fixed, greedy, oracle, , least] = names.map(coldOf);
  assert.equal(oracle, 0);
  assert.ok(greedy < fixed && greedy < least, `${greedy}, ${fixed}, ${least} cold`);
  const report = await Deno.readTextFile(`${output}/report.html`);
  assert.match(report, /greedy-dual has the fewest/);
  const figures = [...Deno.readDirSync(`${output}/figures`)].map(({ name }) => name);
  for (const name of ["tradeoff", "functions", "memory"]) {
    assert.ok(figures.includes(`keep_alive_${name}.svg`));
  }
});

Deno.test("keep-alive: a policy that failed is named, and the others are compared", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const { status, stderr } = await runScript("experiments/keep_alive.ts", [
    ...["--duration", "1h", "--functions", "10", "--max-instances", "1", "--queue-timeout", "1s"],
    ...["--policies", "knative,fixed-10min,greedy-dual", "--output", output],
  ]);
  assert.equal(status, 0, stderr);
  const report = await Deno.readTextFile(`${output}/report.html`);
  assert.match(report, /knative failed [\d.]+ %, not compared/);
  assert.match(report, /than fixed-10min/);
});

for (
  const [args, message] of [
    [["--platform", "local"], /--platform: "local" has no policies to compare/],
    [["--policies", "fixed-10min,lru"], /--policies: "lru" is none of knative, fixed-10min/],
    [["--policy", "knative"], /[Uu]nknown option '--policy'/],
    [["--max-rate", "0.000001"], /No functions are left: each of the 200/],
  ] as const
) {
  Deno.test(`keep-alive: ${args.join(" ")} is a mistake that is told`, async () => {
    const { status, stderr } = await runScript("experiments/keep_alive.ts", [...args]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  });
}

Deno.test("keep-alive: a ramp cannot have the oracle, and is told why", async () => {
  await using folder = await temporaryFolder();
  const { status, stderr } = await runScript("experiments/rps_ramp.ts", [
    ...["--platform", "simulator", "--policy", "oracle", "--end", "40"],
    ...["--output", `${folder.path}/out`],
  ]);
  assert.equal(status, 2, stderr);
  assert.match(stderr, /must know all arrivals before the deployment/);
});
