import assert from "node:assert/strict";
import { join } from "node:path";
import { runScript, temporaryFolder } from "../support/script.ts";

const COMPARE = "scripts/compare.ts";

async function simulate(output: string, networkDelay: string): Promise<void> {
  const { status, stderr } = await runScript("experiments/rps_ramp.ts", [
    ...["--platform", "simulator", "--start", "40", "--end", "40", "--slot", "10s"],
    ...["--network-delay", networkDelay, "--output", output],
  ]);
  assert.equal(status, 0, stderr);
}

Deno.test("compare: a page, a table, and an exit status by what differs", async () => {
  await using folder = await temporaryFolder();
  const [a, b] = ["a", "b"].map((name) => join(folder.path, name));
  await simulate(a, "1ms");
  await simulate(b, "3ms");
  const worse = await runScript(COMPARE, [a, b, "--fail-if", "p50 response time > +5%"]);
  assert.equal(worse.status, 3, worse.stderr);
  assert.match(worse.stdout, /p50 of response time \(ms\) .* \+1\d.* %.*differs/);
  assert.match(worse.stdout, /Fails if p50 response time > \+5% \(ratePerS 40\): met/);
  assert.match(worse.stdout, /Their options differ in networkDelay/);
  const page = await Deno.readTextFile(join(b, "compare", "compare.html"));
  assert.match(page, /<h2>\d+ differences<\/h2>/);
  const figures = Array.from(Deno.readDirSync(join(b, "compare", "figures")), ({ name }) => name);
  assert.deepEqual(figures.toSorted(), [
    "compare-change.csv",
    "compare-change.svg",
    "compare-response-time.csv",
    "compare-response-time.svg",
    "compare-slowdown.csv",
    "compare-slowdown.svg",
  ]);

  const output = join(folder.path, "elsewhere");
  const same = await runScript(COMPARE, [
    ...[b, "--baseline", b, "--fail-if", "p50 response time > +5%"],
    ...["--json", "--output", output],
  ]);
  assert.equal(same.status, 0, same.stderr);
  const { cells, conditions } = JSON.parse(same.stdout);
  assert.equal(conditions[0].result, "not met");
  assert.ok(cells[0].comparison.metrics.every(({ change }: { change: number }) => change === 0));
  assert.deepEqual(
    JSON.parse(await Deno.readTextFile(join(output, "compare.json"))).cells,
    cells,
  );
});

Deno.test("compare: a metric that is not known fails, rather than pass unseen", async () => {
  await using folder = await temporaryFolder();
  const a = join(folder.path, "a");
  const { status, stderr } = await runScript("experiments/burst.ts", [
    ...["--platform", "simulator", "--duration", "2s", "--slot", "1s", "--output", a],
  ]);
  assert.equal(status, 0, stderr);
  const unknown = await runScript(COMPARE, [a, a, "--fail-if", "p99 slowdown > +5%"]);
  assert.equal(unknown.status, 4, unknown.stderr);
  assert.match(unknown.stdout, /Fails if p99 slowdown > \+5% \(.*\): unknown/);
});

Deno.test("compare: what is wrong is one sentence", async () => {
  const cases: readonly (readonly [args: string[], message: RegExp])[] = [
    [["a"], /Expected two folders, got 1\. --help lists the options\./],
    [["a", "b", "--fail-if", "p99"], /The condition "p99" is not known; write a metric/],
    [["a", "b", "--confidence", "95"], /--confidence: expected a number between 0 and 1, got 95/],
    [["a", "b"], /a\/experiment\.json: There is no such file; name the folder of an experiment/],
    [["a", "b", "--seed", "-1"], /--seed/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = await runScript(COMPARE, args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, message);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});
