import assert from "node:assert/strict";
import { join } from "node:path";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { compareExperiments } from "../../lib/analyze/compare/compare_experiments.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { makeRuns } from "../../lib/run/make_runs.ts";
import { temporaryFolder } from "../support/script.ts";

/** A platform that is simulated, and whose calls do not all take equally long. */
const SIMULATED = [
  ...["--platform", "simulator", "--node-cores", "4", "--max-scale", "8"],
  ...["--service-overhead", "log-normal(1.5ms, 0.4)", "--start-delay", "log-normal(180ms, 0.2)"],
  ...["--network-delay", "log-normal(0.8ms, 0.3)"],
  ...["--start", "60", "--end", "60", "--slot", "40s", "--functions", "4"],
];

async function makeOne(folder: string, seed: number, args: readonly string[]): Promise<string> {
  const { values } = parseOptions("rps-ramp", "", rpsRamp.options, [
    ...[...SIMULATED, ...args, "--seed", String(seed), "--output", folder],
  ]);
  await makeRuns(rpsRamp, values);
  return folder;
}

/** The metrics that differ, trial by trial: two runs with seeds of their own. */
async function compareTrials(trials: number, args: readonly string[]): Promise<string[][]> {
  await using folder = await temporaryFolder();
  const differing: string[][] = [];
  for (let trial = 0; trial < trials; trial++) {
    const a = await makeOne(join(folder.path, `${trial}-a`), 2 * trial, []);
    const b = await makeOne(join(folder.path, `${trial}-b`), 2 * trial + 1, args);
    const { cells } = await compareExperiments(a, b);
    differing.push(
      cells[0].comparison.metrics.filter(({ isClear }) => isClear).map(({ name }) => name),
    );
    for (const made of [a, b]) await Deno.remove(made, { recursive: true });
  }
  return differing;
}

Deno.test("two experiments alike: no difference in at least 95 of 100 trials", async () => {
  const differing = await compareTrials(100, []);
  const clear = differing.filter((names) => names.length > 0);
  assert.ok(clear.length <= 5, `${clear.length} of 100: ${JSON.stringify(clear)}`);
});

Deno.test("a shift of 5 % of the response time is found in at least 19 of 20 trials", async () => {
  // 20 ms and what is added to them: 1 ms more is 4.3 %, so 21.2 ms are 5 % more.
  const differing = await compareTrials(20, ["--service-overhead", "log-normal(2.7ms, 0.4)"]);
  const found = differing.filter((names) => names.includes("response_time_p50"));
  assert.ok(found.length >= 19, `${found.length} of 20`);
});
