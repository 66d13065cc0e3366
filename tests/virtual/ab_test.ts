import assert from "node:assert/strict";
import { join } from "node:path";
import { runScript, temporaryFolder } from "../support/script.ts";

const RAMP = [
  ...["--platform", "simulator", "--start", "40", "--end", "40", "--slot", "10s"],
];

Deno.test("--ab: both sides by turns, their comparison, and an exit status by what differs", async () => {
  await using folder = await temporaryFolder();
  const output = join(folder.path, "out");
  const { status, stdout, stderr } = await runScript("experiments/rps_ramp.ts", [
    ...[...RAMP, "--ab", "network-delay=1ms,3ms", "--fail-if", "p50 response time > +5%"],
    ...["--vary", "memory=64,128", "--fail-if", "not_ok > +1%", "--output", output],
  ]);
  assert.equal(status, 3, stderr);
  assert.match(stdout, /A: networkDelay 1ms\nB: networkDelay 3ms/);
  assert.match(stdout, /Their options differ in networkDelay/);
  assert.match(stdout, /Fails if p50 response time > \+5% \(memoryMib 64, ratePerS 40\): met/);
  assert.match(stdout, /Fails if p50 response time > \+5% \(memoryMib 128, ratePerS 40\): met/);
  assert.match(stdout, /Fails if not_ok > \+1% \(memoryMib 64, ratePerS 40\): not met/);
  const page = await Deno.readTextFile(join(output, "compare", "compare.html"));
  assert.match(page, /the same schedule on both sides/);
  const { cells } = JSON.parse(await Deno.readTextFile(join(output, "compare", "compare.json")));
  assert.equal(cells.length, 2);
});

Deno.test("--ab --json: the comparison is part of what is printed", async () => {
  await using folder = await temporaryFolder();
  const { status, stdout, stderr } = await runScript("experiments/rps_ramp.ts", [
    ...[...RAMP, "--ab", "network-delay=3ms,1ms", "--fail-if", "p50 response time > +5%"],
    ...["--json", "--output", join(folder.path, "out")],
  ]);
  assert.equal(status, 0, stderr);
  const { comparison, runs } = JSON.parse(stdout);
  assert.equal(runs.length, 2);
  assert.equal(comparison.conditions[0].result, "not met");
  const { change } = comparison.cells[0].comparison.metrics
    .find(({ name }: { name: string }) => name === "response_time_p50");
  assert.ok(change < -0.05, `the second side is faster: ${change}`);
});

Deno.test("--ab: what is wrong is one sentence", async () => {
  const cases: readonly (readonly [args: string[], message: RegExp])[] = [
    [["--ab", "policy=a,b,c"], /--ab: two sides are compared, as in policy=knative,oracle/],
    [["--ab", "nodes=1,2; policy=a,b"], /--ab: two sides are compared/],
    [["--fail-if", "p99 slowdown > +5%"], /--fail-if: there is nothing to compare; give two sides/],
    [["--ab", "nodes=1,2", "--fail-if", "p99"], /--fail-if: The condition "p99" is not known/],
    [["--ab", "nodes=1,2", "--vary", "nodes=3,4"], /--ab and --vary: "nodes" is varied twice/],
    [["--ab", "nodes=1,2", "--shard", "1/2"], /--ab: loaders of one experiment do not tell/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = await runScript("experiments/rps_ramp.ts", [...RAMP, ...args]);
    assert.equal(status, 2, `${args}: ${stderr}`);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});
