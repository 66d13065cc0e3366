import assert from "node:assert/strict";
import { FunctionScaler } from "../../lib/autoscale/knative/function_scaler.ts";
import { readRows, readRun } from "../support/run_files.ts";
import { runScript, temporaryFolder } from "../support/script.ts";

/** A row of a table, as text. */
type Row = Record<string, string>;

/** Every invocation of a run, with what became of it. */
function outcomesOf(path: string): Map<number, string> {
  const rows = readRows(`${path}/invocations.csv`);
  const outcomes = new Map(rows.map((row) => [Number(row.index), row.outcome]));
  assert.equal(outcomes.size, rows.length, "an invocation has two outcomes");
  return outcomes;
}

/** What the pure policy decides from what the autoscaler of one function was told. */
function replay(rows: readonly Row[], options: Record<string, unknown>) {
  const scaler = new FunctionScaler(options);
  const decisions = [];
  for (const row of rows) {
    const timeMs = Number(row.autoscaler_ms);
    if (row.step === "report") {
      scaler.recordConcurrency(timeMs, Number(row.concurrency_milli) / 1000);
      continue;
    }
    const ready = Number(row.ready_instances);
    if (row.step === "arrival") {
      scaler.poke(timeMs, ready);
      continue;
    }
    const decision = row.step === "poke" ? scaler.poke(timeMs, ready) : scaler.tick(timeMs, ready);
    decisions.push({ row, decision });
  }
  return decisions;
}

/** Averages are cut to a thousandth of a thousandth, and reports are written to one. */
function assertNear(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 0.01, `${actual}, not ${expected}`);
}

Deno.test("twin: the same schedule, every invocation once, and the autoscaler's decisions again", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/burst`;
  const { status, stderr } = await runScript("experiments/burst.ts", [
    ..."--twin --rps 12 --slot 500ms --duration 4s --burst 15 --runtime 20ms --drain 60s"
      .split(" "),
    ..."--stable-window 6s --scrape-interval 500ms".split(" "),
    "--output",
    output,
  ]);
  assert.equal(status, 0, stderr);
  const path = `${output}/runs/burst`;
  const run = readRun(output, "burst");
  assert.deepEqual(run.notes.filter((note) => note.includes("twin")), []);
  const twin = JSON.parse(Deno.readTextFileSync(`${path}/twin/manifest.json`));
  assert.equal(twin.scheduleHash, run.scheduleHash);
  assert.equal(twin.platform.name, "simulator");

  const scheduled = Array.from({ length: run.plan.invocations }, (_, index) => index);
  for (const outcomes of [outcomesOf(path), outcomesOf(`${path}/twin`)]) {
    assert.deepEqual([...outcomes.keys()].sort((a, b) => a - b), scheduled);
  }
  const divergence = JSON.parse(Deno.readTextFileSync(`${path}/twin/divergence.json`));
  assert.ok(
    divergence.metrics.some(({ metric }: { metric: string }) => metric === "response_time_p50"),
  );
  const report = Deno.readTextFileSync(`${output}/report.html`);
  assert.ok(report.includes("Response time, run and twin"));

  const steps = readRows(`${path}/autoscaler.csv`);
  const functionIds = new Set(steps.map((row) => row.function_id));
  assert.equal(functionIds.size, run.plan.functions);
  let scaledOut = 0;
  for (const functionId of functionIds) {
    const rows = steps.filter((row) => row.function_id === functionId);
    const initialScale = functionId.endsWith("/victim") ? 0 : 1;
    const decisions = replay(rows, {
      ...run.platform.facts.autoscaling as Record<string, unknown>,
      initialScale,
      initialReady: initialScale,
      createdMs: Number(rows[0].autoscaler_ms),
    });
    assert.ok(decisions.length > 0);
    for (const { row, decision } of decisions) {
      assert.equal(decision.desired, Number(row.desired_instances), JSON.stringify(row));
      assert.equal(decision.panicking, row.panicking === "true");
      assertNear(1000 * decision.stable, Number(row.stable_milli));
      assertNear(1000 * decision.panic, Number(row.panic_milli));
      if (decision.desired > 0 && row.step === "poke") scaledOut++;
    }
  }
  assert.ok(scaledOut > 0, "the victim's first request was not decided on");
});
