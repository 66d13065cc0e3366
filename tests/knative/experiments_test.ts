import assert from "node:assert/strict";
import { readExperiment } from "../support/run_files.ts";
import { checkRun, makeExperiment, readReport, testExperiment } from "./made_experiment.ts";

testExperiment("rps ramp", async (role, folder) => {
  const made = await makeExperiment(role, folder, "rps_ramp", [
    ...["--start", "5", "--step", "5", "--end", "10", "--slot", "20s", "--runtime", "20ms"],
    ...["--functions", "2", "--no-restart-activator"],
  ]);
  const { runs } = readExperiment(folder);
  assert.equal(runs.length, 2);
  const instances = runs.flatMap((path) => [...checkRun(made, path.replace("runs/", ""))]);
  for (const name of instances) assert.ok(made.placedUnixMs.has(name), name);
});

testExperiment("burst", async (role, folder) => {
  const made = await makeExperiment(role, folder, "burst", [
    ...["--rps", "6", "--start", "2", "--step", "2", "--slot", "10s", "--duration", "30s"],
    ...["--burst", "10", "--runtime", "50ms", "--no-restart-activator"],
  ]);
  const { runs } = readExperiment(folder);
  for (const path of runs) checkRun(made, path.replace("runs/", ""));
  assert.match(readReport(made), /bursty/);
});
