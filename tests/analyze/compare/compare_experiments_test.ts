import assert from "node:assert/strict";
import { join } from "node:path";
import { burst } from "../../../experiments/burst.ts";
import { rpsRamp } from "../../../experiments/rps_ramp.ts";
import { compareExperiments } from "../../../lib/analyze/compare/compare_experiments.ts";
import { parseOptions } from "../../../lib/option/parse_options.ts";
import { makeRuns } from "../../../lib/run/make_runs.ts";
import { temporaryFolder } from "../../support/script.ts";

const SIMULATED = ["--platform", "simulator", "--slot", "10s", "--start", "40", "--step", "40"];

async function makeRamp(folder: string, ...args: string[]): Promise<string> {
  const { values } = parseOptions("rps-ramp", "", rpsRamp.options, [
    ...[...SIMULATED, ...args, "--output", folder],
  ]);
  await makeRuns(rpsRamp, values);
  return folder;
}

Deno.test("cells are compared by their parameters; what one side alone has is told", async () => {
  await using folder = await temporaryFolder();
  const a = await makeRamp(join(folder.path, "a"), "--end", "80");
  const b = await makeRamp(join(folder.path, "b"), "--end", "120");
  const { cells, notes } = await compareExperiments(a, b);
  assert.deepEqual(cells.map(({ label }) => label), ["ratePerS 40", "ratePerS 80"]);
  assert.deepEqual(notes, [
    "Their options differ in end (80 and 120).",
    `Only ${b} has ratePerS 120.`,
  ]);
});

Deno.test("an experiment and itself: paired, every metric that is known, no change at all", async () => {
  await using folder = await temporaryFolder();
  const a = await makeRamp(join(folder.path, "a"), "--end", "40");
  const { cells, notes } = await compareExperiments(a, a);
  const [{ comparison: { isPaired, metrics, runs, drawsRuns } }] = cells;
  assert.deepEqual([isPaired, runs, drawsRuns], [true, [1, 1], false]);
  assert.ok(metrics.length >= 8);
  for (const { change, jointInterval, isClear } of metrics) {
    assert.deepEqual([change, jointInterval, isClear], [0, { low: 0, high: 0 }, false]);
  }
  assert.deepEqual(notes, ["Both were made with the same options."]);
});

Deno.test("the same schedule on a slower platform: the change is that of its delay", async () => {
  await using folder = await temporaryFolder();
  const delay = (ms: number) => ["--end", "40", "--network-delay", `${ms}ms`];
  const a = await makeRamp(join(folder.path, "a"), ...delay(1));
  const b = await makeRamp(join(folder.path, "b"), ...delay(2));
  const { cells: [{ comparison }] } = await compareExperiments(a, b);
  const median = comparison.metrics.find(({ name }) => name === "response_time_p50")!;
  // A delay each way: 2 ms more of what is, with the runtime of 20 ms, some 22 ms.
  assert.ok(comparison.isPaired && median.isClear);
  assert.ok(Math.abs(median.b - median.a - 2) < 0.1, `${median.a} and ${median.b}`);
  assert.ok(Math.abs(median.change! - 2 / median.a) < 0.01);
});

Deno.test("experiments without a run in common are refused, with what each has", async () => {
  await using folder = await temporaryFolder();
  const a = await makeRamp(join(folder.path, "a"), "--end", "40");
  const other = join(folder.path, "b");
  const { values } = parseOptions("burst", "", burst.options, [
    ...["--platform", "simulator", "--duration", "5s", "--output", other],
  ]);
  await makeRuns(burst, values);
  await assert.rejects(compareExperiments(a, other), {
    code: "input",
    message: /no finished runs in common: \S+a has ratePerS 40, and \S+b has ratePerS 20, burst 60/,
  });
});
