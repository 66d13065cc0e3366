import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deriveDispatchLagMs } from "../../../lib/analyze/invocation_times.ts";
import { readExperimentFolder } from "../../../lib/store/read/experiment_folder.ts";
import { readInvocations } from "../../../lib/store/read/stored_invocations.ts";
import { writeExperimentManifest, writeSweep } from "../../support/run_folder.ts";

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

Deno.test("a folder from before an outcome and columns were added is read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  try {
    await writeSweep(folder, { sizes: [2], repetitions: 1, durationMs: 1_000 });
    const run = join(folder, "runs/functions-2_repetition-0");
    const manifest = JSON.parse(await readFile(join(run, "manifest.json"), "utf8"));
    delete manifest.outcomes.unsent;
    await writeFile(join(run, "manifest.json"), JSON.stringify(manifest));
    const table = await readFile(join(run, "invocations.csv"), "utf8");
    const [header] = table.split("\n", 1);
    assert.match(header, /,set_up_ms,peer_wait_ms,status_message,trace_id$/);
    await writeFile(
      join(run, "invocations.csv"),
      table.replace(/(,\w+){4}$/m, "").replaceAll(/,,,,$/gm, ""),
    );
    const [read] = (await readExperimentFolder(folder)).runs;
    assert.equal(read.manifest.outcomes!.unsent, 0);
    const invocations = readInvocations(run);
    assert.ok(invocations.count > 0);
    assert.ok(invocations.peerWaitMs.every(Number.isNaN));
    const lagsMs = invocations.dispatchedMs.map((ms, row) => ms - invocations.scheduledMs[row]);
    assert.deepEqual(deriveDispatchLagMs(invocations), lagsMs);
  } finally {
    await rm(folder, { recursive: true });
  }
});
