import assert from "node:assert/strict";
import { readTwinFolder } from "../../../lib/store/read/experiment_folder.ts";
import { TWIN_FOLDER } from "../../../lib/store/schema/manifest.ts";
import { writeDivergence } from "../../../lib/store/write/manifest_file.ts";
import { temporaryFolder } from "../../support/script.ts";
import { writeSyntheticRun } from "../../support/synthetic_run.ts";

Deno.test("a divergence that is infinite, unknown or a number is read as it was written", async () => {
  await using folder = await temporaryFolder();
  const manifest = await writeSyntheticRun(`${folder.path}/${TWIN_FOLDER}`, {
    experiment: "burst",
    name: "burst",
    parameters: {},
    seed: 1,
    durationMs: 1_000,
    phases: [{ fromMs: 0, phase: "measurement" }],
    arrivals: [],
    cores: 1,
    capacity: 1,
  });
  const metrics = [
    { metric: "response_time_p50", unit: "ms", run: 3, twin: Infinity, relativeDifference: null },
    { metric: "slowdown_p99", unit: null, run: null, twin: 0.5, relativeDifference: null },
  ];
  writeDivergence(folder.path, metrics);
  const run = { path: folder.path, manifest };
  assert.deepEqual(readTwinFolder(run)?.divergence, metrics);

  // As earlier versions wrote it.
  const file = `${folder.path}/${TWIN_FOLDER}/divergence.json`;
  const text = await Deno.readTextFile(file);
  assert.match(text, /"Infinity"/);
  await Deno.writeTextFile(file, text.replace('"Infinity"', '"infinite"'));
  assert.deepEqual(readTwinFolder(run)?.divergence, metrics);
});
