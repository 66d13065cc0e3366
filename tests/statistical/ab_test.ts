import assert from "node:assert/strict";
import { join } from "node:path";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { compareSides } from "../../lib/analyze/compare/compare_experiments.ts";
import { splitSides } from "../../lib/analyze/compare/split_sides.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { makeRuns } from "../../lib/run/make_runs.ts";
import { readExperimentFolder } from "../../lib/store/read/experiment_folder.ts";
import { temporaryFolder } from "../support/script.ts";

/** What calls take on the platform that is simulated, and what they take where it is slower. */
const [AS_IT_IS, SLOWER] = ["log-normal(1.5ms, 0.4)", "log-normal(2.7ms, 0.4)"];

/** The metrics that differ between the sides of --ab, of which each has a seed of its own. */
async function compareAb(folder: string, trial: number, overheads: string): Promise<string[]> {
  const { values } = parseOptions("rps-ramp", "", rpsRamp.options, [
    ...["--platform", "simulator", "--node-cores", "4", "--max-scale", "8"],
    ...["--start-delay", "log-normal(180ms, 0.2)", "--network-delay", "log-normal(0.8ms, 0.3)"],
    ...["--start", "60", "--end", "60", "--slot", "40s", "--functions", "4"],
    ...["--service-overhead", AS_IT_IS, "--output", folder],
    ...["--ab", `seed=${2 * trial},${2 * trial + 1}${overheads}`],
  ]);
  await makeRuns(rpsRamp, values);
  const [a, b] = splitSides(await readExperimentFolder(folder));
  const { cells } = compareSides(a, b);
  await Deno.remove(folder, { recursive: true });
  return cells[0].comparison.metrics.filter(({ isClear }) => isClear).map(({ name }) => name);
}

async function compareTrials(trials: number, overheads: string): Promise<string[][]> {
  await using folder = await temporaryFolder();
  const differing: string[][] = [];
  for (let trial = 0; trial < trials; trial++) {
    differing.push(await compareAb(join(folder.path, `${trial}`), trial, overheads));
  }
  return differing;
}

Deno.test("--ab of two sides alike: no difference in at least 95 of 100 trials", async () => {
  const clear = (await compareTrials(100, "")).filter((names) => names.length > 0);
  assert.ok(clear.length <= 5, `${clear.length} of 100: ${JSON.stringify(clear)}`);
});

Deno.test("--ab finds a response time that is 5 % longer in at least 19 of 20 trials", async () => {
  const differing = await compareTrials(20, ` with service-overhead=${AS_IT_IS}|${SLOWER}`);
  const found = differing.filter((names) => names.includes("response_time_p50"));
  assert.ok(found.length >= 19, `${found.length} of 20`);
});
