import assert from "node:assert/strict";
import { readRows, readRun } from "../support/run_files.ts";
import { runScript, temporaryFolder } from "../support/script.ts";

const SIMULATED = ["--platform", "simulator"];

Deno.test("single: one invocation, cold, told one by one", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const { status, stdout, stderr } = await runScript("experiments/single.ts", [
    ...[...SIMULATED, "--runtime", "300ms", "--count", "2", "--pause", "5s", "--output", output],
  ]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /single .* 2 .* VALID/);
  const rows = readRows(`${output}/runs/single/invocations.csv`);
  assert.deepEqual(rows.map((row) => Number(row.scheduled_ms)), [0, 5000]);
  assert.deepEqual(rows.map((row) => row.cold_start), ["true", "false"]);
  const page = await Deno.readTextFile(`${output}/report.html`);
  assert.match(page, /<td class="text">ok<\/td>/);
  assert.match(page, /<td class="text">cold<\/td>/);
  // One that waits for its instance, and one that does not; both are served for 300 ms.
  const bars = readRows(`${output}/figures/invocations.csv`);
  const [cold, warm] = bars.filter(({ series }) => series === "waiting");
  assert.ok(Number(cold.time_ms) > 100 && Number(warm.time_ms) < 10);
});

Deno.test("replay: a run of another experiment, and a saved schedule, with the same hash", async () => {
  await using folder = await temporaryFolder();
  const [first, again, ofFile] = ["first", "again", "file"].map((name) => `${folder.path}/${name}`);
  const schedules = `${folder.path}/schedules`;
  const made = await runScript("experiments/burst.ts", [
    ...[...SIMULATED, "--duration", "5s", "--seed", "7"],
    ...["--save-schedules", schedules, "--output", first],
  ]);
  assert.equal(made.status, 0, made.stderr);
  const { scheduleHash } = readRun(first, "burst");
  for (
    const [from, output] of [
      [`${first}/runs/burst`, again],
      [`${schedules}/burst.schedule`, ofFile],
    ]
  ) {
    const { status, stderr } = await runScript("experiments/replay.ts", [
      ...[...SIMULATED, "--from", from, "--repetitions", "2", "--output", output],
    ]);
    assert.equal(status, 0, stderr);
    for (const repetition of [0, 1]) {
      assert.equal(readRun(output, `replay_repetition-${repetition}`).scheduleHash, scheduleHash);
    }
  }
  assert.deepEqual(
    readRows(`${again}/runs/replay_repetition-0/invocations.csv`).map((row) => row.scheduled_ms),
    readRows(`${first}/runs/burst/invocations.csv`).map((row) => row.scheduled_ms),
  );
});

Deno.test("replay: what cannot be replayed is one sentence", async () => {
  await using folder = await temporaryFolder();
  const ramp = `${folder.path}/ramp`;
  const made = await runScript("experiments/rps_ramp.ts", [
    ...[...SIMULATED, "--slot", "2s", "--start", "40", "--output", ramp],
  ]);
  assert.equal(made.status, 0, made.stderr);
  const cases: readonly (readonly [args: string[], message: RegExp])[] = [
    [[], /--from: name the folder of a run, or a schedule file/],
    [["--from", folder.path], /manifest\.json: There is no such file; name the folder of a run/],
    [["--from", `${ramp}/runs/rate-40`], /runs of this rps-ramp follow from one another/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = await runScript("experiments/replay.ts", [...SIMULATED, ...args]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  }
});
