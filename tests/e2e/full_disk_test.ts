import assert from "node:assert/strict";
import { readExperiment, readRows, readRun } from "../support/run_files.ts";
import { PROJECT, temporaryFolder } from "../support/script.ts";

/** Enough for some hundred rows beside the manifests, what is reserved for them, and the heads. */
const DISK_SIZE = "150k";

/** A disk of its own in a namespace of its own, which goes with the last process in it. */
const ON_SMALL_DISK = `
  mount -t tmpfs -o size=${DISK_SIZE} tmpfs "$1/disk" || exit 99
  "$0" run -q -P experiments/rps_ramp.ts --start 200 --end 200 --slot 30s --runtime 1ms \\
    --output "$1/disk/ramp"
  status=$?
  cp -r "$1/disk/ramp" "$1/kept"
  exit $status
`;

function inNamespace(script: string, ...args: readonly string[]): Deno.CommandOutput {
  return new Deno.Command("unshare", {
    args: ["--map-root-user", "--mount", "sh", "-c", script, Deno.execPath(), ...args],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
  }).outputSync();
}

/** Linux where users may make namespaces. */
function canMount(): boolean {
  try {
    return inNamespace("mount -t tmpfs tmpfs /tmp").success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "full disk: the run ends with a sentence, and its manifests say so",
  ignore: !canMount(),
  async fn() {
    await using folder = await temporaryFolder();
    await Deno.mkdir(`${folder.path}/disk`);
    const { code, stderr } = inNamespace(ON_SMALL_DISK, folder.path);
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 1, said);
    const sentence =
      `${folder.path}/disk/ramp/runs/rate-200/invocations.csv: The table could not ` +
      "be written further; make room on the disk and run again.";
    assert.ok(said.includes(`Error: ${sentence}\n`), said);
    const kept = `${folder.path}/kept`;
    const run = readRun(kept, "rate-200");
    assert.deepEqual([run.status, run.error], ["failed", sentence]);
    const experiment = readExperiment(kept);
    assert.deepEqual([experiment.status, experiment.error], ["failed", sentence]);
    const rows = readRows(`${kept}/runs/rate-200/invocations.csv`);
    assert.ok(rows.length > 100 && rows.length < run.plan.invocations, `${rows.length} rows`);
  },
});
