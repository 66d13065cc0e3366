import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readExperimentFolder } from "../../lib/analyze/experiment_folder.ts";
import { writeExperimentManifest, writeSweep } from "../support/run_folder.ts";

Deno.test("runs come in the experiment's order, those that it does not name last", async () => {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  try {
    await writeSweep(folder, { sizes: [2, 3, 4], repetitions: 1, durationMs: 1_000 });
    await writeExperimentManifest(folder, {
      experiment: "trace-sweep",
      runs: ["runs/functions-4_repetition-0", "runs/lost", "runs/functions-3_repetition-0"],
    });
    const { runs, missingRuns } = await readExperimentFolder(folder);
    assert.deepEqual(runs.map((run) => run.manifest.parameters.functions), [4, 3, 2]);
    assert.deepEqual(missingRuns, ["runs/lost"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
