import assert from "node:assert/strict";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { parseAbortCondition } from "../../lib/analyze/abort_condition.ts";
import { createInvocationRow, type InvocationRow } from "../../lib/model/record.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { AbortWatch } from "../../lib/run/abort_watch.ts";
import { makeRuns } from "../../lib/run/make_runs.ts";
import { readExperimentManifest } from "../../lib/store/read/manifest_reader.ts";
import { readInvocations } from "../../lib/store/read/stored_invocations.ts";
import { GENERATOR } from "../../lib/store/schema/tables.ts";
import { temporaryFolder } from "../support/script.ts";

/** A watch, and what it said; each call of `second` is one second. */
function watching(...conditions: string[]) {
  const causes: string[] = [];
  const watch = new AbortWatch(
    conditions.map(parseAbortCondition),
    ({ reason }) => causes.push(reason),
  );
  let timeMs = 0;
  const second = (
    rows: readonly Partial<InvocationRow>[],
    { phase = "measurement", scheduled = 10, dispatched = 10 } = {},
  ) => {
    for (const row of rows) {
      watch.onInvocation({
        ...createInvocationRow(),
        phase: "measurement",
        outcome: "ok",
        scheduledMs: 0,
        dispatchedMs: 0,
        completedMs: 10,
        ...row,
      });
    }
    timeMs += 1000;
    const cells = { time_ms: timeMs, phase, scheduled, dispatched, in_flight: 0 };
    watch.onSecond(GENERATOR.columns.map(({ name }) => Object(cells)[name] ?? null));
  };
  return { causes, second };
}

const late = { dispatchedMs: 30 };

Deno.test("abort: a condition must hold in each second of its span", () => {
  const { causes, second } = watching("p99 lag > 20ms for 3s");
  for (let i = 0; i < 2; i++) second([{}, late]);
  second([{}, {}]);
  for (let i = 0; i < 2; i++) second([{}, late]);
  assert.deepEqual(causes, []);
  second([late]);
  second([late]);
  assert.deepEqual(causes, [
    'Aborted at 6 s, because of --abort-when "p99 lag > 20ms for 3s": 30ms in the last second.',
  ]);
});

Deno.test("abort: seconds with nothing to judge by change nothing, and warm-up does not count", () => {
  const { causes, second } = watching("p50 response time > 5ms for 2s");
  second([{ phase: "warmup" }], { phase: "warmup" });
  second([{}]);
  second([]);
  assert.deepEqual(causes, []);
  second([{}]);
  assert.equal(causes.length, 1);
});

Deno.test("abort: what is not ok is infinitely slow, shares and rates are of the second", () => {
  const slow = watching("p50 slowdown > 1000");
  slow.second([{ outcome: "rejected" }]);
  assert.match(slow.causes[0], /infinite in the last second/);
  const failing = watching("not_ok > 40%");
  failing.second([{}, {}, { outcome: "failed" }]);
  assert.deepEqual(failing.causes, []);
  failing.second([{}, { outcome: "failed" }]);
  assert.match(failing.causes[0], /50 % in the last second/);
  const rate = watching("rate < 95% for 2s", "cold > 99%");
  rate.second([], { dispatched: 9 });
  rate.second([{ outcome: "cancelled" }], { dispatched: 9 });
  assert.match(rate.causes[0], /90 % in the last second/);
});

Deno.test("a run that a condition ends is aborted, its rows stay, and the other runs go on", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const condition = "p50 response time > 200ms for 3s";
  const { values } = parseOptions("rps-ramp", "", rpsRamp.options, [
    ...["--platform", "simulator", "--start", "20", "--end", "20", "--slot", "30s"],
    // At 20 calls a second of 20 ms, one that takes three times as long falls behind.
    ...["--vary", "service-factor=1,3", "--max-scale", "1", "--abort-when", condition],
    ...["--output", output],
  ]);
  const { runs, status } = await makeRuns(rpsRamp, values);
  assert.equal(status, "finished");
  const [aborted, whole] = runs.toSorted((a, b) => a.status < b.status ? -1 : 1);
  assert.equal(whole.status, "finished");
  assert.equal(aborted.status, "aborted");
  assert.match(aborted.error!, /^Aborted at \d+ s, because of --abort-when "p50 response time/);
  assert.equal(aborted.verdict!.reasons[0], aborted.error);
  assert.deepEqual(aborted.abortWhen, [parseAbortCondition(condition)]);
  const rows = readInvocations(`${output}/runs/${aborted.name}`);
  assert.equal(rows.count, aborted.plan.invocations, "each invocation has a row");
  assert.ok(aborted.outcomes!.ok > 10 && aborted.outcomes!.cancelled > 10);
  const cell = readExperimentManifest(output)!.cells!.find(({ run }) => run === aborted.name);
  assert.deepEqual([cell?.status, cell?.reason], ["aborted", aborted.error]);
});
