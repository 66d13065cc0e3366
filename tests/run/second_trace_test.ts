import assert from "node:assert/strict";
import { keepAlive } from "../../experiments/keep_alive.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import { SlotCounts } from "../../lib/model/slot_counts.ts";
import type { FunctionProfile } from "../../lib/model/trace.ts";
import type { OptionTable } from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import type { CommonOptions } from "../../lib/run/common_options.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import { writeInvitroTables } from "../../lib/run/invitro_tables.ts";
import { makeReport } from "../../lib/run/make_report.ts";
import { writeNormal } from "../../lib/trace/normal/write_normal.ts";
import { readRows, readRun } from "../support/run_files.ts";
import { temporaryFolder } from "../support/script.ts";

const SLOTS = 7200;

/** A function that is invoked so often in every so many seconds, always alike. */
function regular(id: string, everyS: number, count: number): FunctionProfile {
  const flat = (value: number) => ({ quantiles: [0, 1], values: [value, value], mean: value });
  return {
    id,
    appId: "a",
    ownerId: "o",
    trigger: "http",
    invocationsPerSlot: SlotCounts.from(
      Array.from({ length: SLOTS }, (_, second) => second % everyS === 0 ? count : 0),
    ),
    runtimeMs: flat(40),
    memoryMib: flat(64),
  };
}

/** Two hours by the second, from 2024-05-11T06:00Z on, in the normal form. */
async function writeSeconds(folder: string): Promise<void> {
  await writeNormal({
    name: "seconds",
    slotMs: 1000,
    slots: SLOTS,
    startMs: Date.UTC(2024, 4, 11, 6),
    functions: [regular("busy", 3, 2), regular("minutely", 60, 1), regular("seldom", 600, 1)],
  }, folder);
}

async function run(experiment: unknown, ...args: string[]): Promise<void> {
  const { options } = experiment as Experiment<OptionTable>;
  const { values } = parseOptions("test", "", options, ["--platform", "simulator", ...args]);
  await runExperiment(experiment as Experiment<OptionTable>, values as CommonOptions);
}

Deno.test("a trace by the second: windows by the calendar, rates and reports by the time of the run", async () => {
  await using folder = await temporaryFolder();
  const [trace, output] = [`${folder.path}/trace`, `${folder.path}/out`];
  await writeSeconds(trace);
  await run(
    traceSweep,
    ...["--trace", trace, "--sizes", "3", "--output", output, "--warmup", "30s"],
    ...["--window", "2024-05-11T06:00:07Z..2024-05-11T06:25:37Z", "--target-rate", "1/s"],
  );
  const { plan, replay, notes, trace: read } = readRun(output, "functions-3_repetition-0");
  assert.equal(read!.name, "seconds, stratified 3");
  // Five minutes of profiling and the warm-up are in front of what is measured.
  assert.deepEqual([replay!.windowStartMs, replay!.measuredFromMs, replay!.windowEndMs], [
    ...[307_000, 337_000, 1_537_000],
  ]);
  assert.match(notes.join("\n"), /which makes 1,200 invocations in the measured 20min\./);
  const rows = readRows(`${output}/runs/functions-3_repetition-0/invocations.csv`);
  assert.equal(rows.length, plan.invocations);
  assert.equal(rows.filter(({ phase }) => phase === "measurement").length, 1200);
  await writeInvitroTables(output);
  const minutes = readRows(`${output}/runs/functions-3_repetition-0/compat_minutes.csv`);
  assert.equal(minutes.length, 22);
  assert.equal(
    minutes.reduce((sum, { num_func_target: target }) => sum + Number(target), 0),
    plan.invocations,
  );
  await makeReport({ folder: output, compat: false });
});

Deno.test("a trace by the second: policies see its idle times, and its rates are a minute's", async () => {
  await using folder = await temporaryFolder();
  const [trace, output] = [`${folder.path}/trace`, `${folder.path}/out`];
  await writeSeconds(trace);
  await run(
    keepAlive,
    ...["--trace", trace, "--max-rate", "2", "--window", "06:00..08:00", "--output", output],
    ...["--policies", "fixed-10min,hybrid-histogram,oracle", "--iat", "equidistant", "--no-shift"],
  );
  const coldOf = (policy: string) =>
    readRows(`${output}/runs/policy-${policy}/invocations.csv`)
      .filter(({ cold_start: cold }) => cold === "true").length;
  // The busy one, 40 a minute, is left out. Of the others one idles just for ten minutes.
  const { plan } = readRun(output, "policy-oracle");
  assert.deepEqual([plan.functions, plan.invocations], [2, 120 + 12]);
  assert.equal(coldOf("oracle"), 0);
  assert.equal(coldOf("fixed-10min"), 2);
});
