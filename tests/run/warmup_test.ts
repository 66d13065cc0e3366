import assert from "node:assert/strict";
import { neverAborted } from "../../lib/base/signal.ts";
import { Rng } from "../../lib/base/rng.ts";
import { createInvocationRow, type InvocationRow } from "../../lib/model/record.ts";
import { InvocationMemorySink } from "../support/memory_sink.ts";
import { VirtualClock } from "../../lib/clock/virtual_clock.ts";
import type { SettingsChange } from "../../lib/model/platform.ts";
import type { Phase, PhaseSpan, Schedule } from "../../lib/model/schedule.ts";
import { SETTINGS_LOG } from "../../lib/store/write/settings_log.ts";
import type { PlannedRun } from "../../lib/run/experiment.ts";
import type { Shard } from "../../lib/run/shard/shard.ts";
import { traceWithCounts } from "../support/schedules.ts";
import { temporaryFolder } from "../support/script.ts";
import {
  armMeasurement,
  enterWarmup,
  type PhaseSetting,
  WarmupWatch,
} from "../../lib/run/warmup.ts";

function watch(rows: readonly Partial<InvocationRow>[]) {
  const sink = new InvocationMemorySink(["f"]);
  const watching = new WarmupWatch(120_000);
  const listening = watching.listen(sink);
  const reused = createInvocationRow();
  for (const row of rows) {
    listening.write(Object.assign(reused, {
      index: 0,
      functionIndex: 0,
      phase: "warmup",
      scheduledMs: 60_000,
      completedMs: 60_030,
      servedRuntimeMs: 20,
      outcome: "ok",
      ...row,
    }));
  }
  return { rows: sink.rows, check: watching.derive() };
}

Deno.test("WarmupWatch: every row goes on, those of the last minute that were served count", () => {
  const { rows, check } = watch([
    {},
    { scheduledMs: 119_999, completedMs: 120_500 },
    { scheduledMs: 59_999 },
    { phase: "measurement", scheduledMs: 120_000 },
    { outcome: "failed" },
    { servedRuntimeMs: NaN },
  ]);
  assert.equal(rows.length, 6);
  assert.equal(check.observations, 2);
  assert.equal(check.stationary, null);
});

function delays(createDelaysMs: (rng: Rng) => () => number): Partial<InvocationRow>[] {
  const nextMs = createDelaysMs(Rng.fromSeed(42));
  return Array.from({ length: 200 }, (_, i) => {
    const scheduledMs = 60_000 + i * 300;
    return { scheduledMs, completedMs: scheduledMs + 20 + nextMs() };
  });
}

Deno.test("WarmupWatch: noise about a level is stationary, whatever order it comes in", () => {
  const rows = delays((rng) => () => 5 + rng.nextFloat());
  const { check } = watch(rows);
  assert.equal(check.observations, 200);
  assert.equal(check.stationary, true);
  assert.deepEqual(watch(rows.toReversed()).check, check);
});

Deno.test("WarmupWatch: delays that drift away are not stationary", () => {
  const { check } = watch(delays((rng) => {
    let delayMs = 5;
    return () => delayMs += rng.nextFloat();
  }));
  assert.equal(check.stationary, false);
});

const WARM: readonly PhaseSpan[] = [
  { fromMs: 0, phase: "warmup" },
  { fromMs: 60_000, phase: "measurement" },
];

const CHANGE: SettingsChange = { object: "o", before: { a: null }, after: { a: "1" } };

function runWith(phases: readonly PhaseSpan[], hasTrace = true): PlannedRun {
  return {
    name: "run",
    parameters: {},
    trace: hasTrace ? traceWithCounts([1]) : null,
    schedule: { phases } as Schedule,
    initialScales: [0],
  };
}

/** A platform that notes the phases it is told, and when. */
function settingOf(path: string, { shard = null, clusterSettings = true, fails = false }: {
  readonly shard?: Shard | null;
  readonly clusterSettings?: boolean;
  readonly fails?: boolean;
} = {}) {
  const clock = new VirtualClock();
  const entered: [Phase, number][] = [];
  let notes: readonly string[] = [];
  const setting: PhaseSetting = {
    platform: {
      clock,
      async enterPhase(phase, onChange) {
        entered.push([phase, clock.nowMs()]);
        onChange(CHANGE);
        await Promise.resolve();
        if (fails) throw new Error("the API server is away.");
      },
    },
    folder: {
      path,
      get manifest() {
        return { notes };
      },
      update: (changes) => notes = changes.notes,
    },
    options: { shard, clusterSettings },
    signal: neverAborted(),
  };
  return { clock, setting, entered, notes: () => notes };
}

/** A run of two minutes on virtual time. */
async function pass(
  run: PlannedRun,
  { clock, setting }: ReturnType<typeof settingOf>,
  untilMs = 120_000,
): Promise<void> {
  await enterWarmup(run, setting);
  let end = () => Promise.resolve();
  await clock.run((stop) => {
    end = armMeasurement(run, setting, 20);
    clock.at(untilMs, stop);
  });
  await end();
}

Deno.test("phases: the warm-up before anything, the measurement at its instant, each written down", async () => {
  await using folder = await temporaryFolder();
  const recorded = settingOf(folder.path);
  await pass(runWith(WARM), recorded);
  assert.deepEqual(recorded.entered, [["warmup", 0], ["measurement", 60_020]]);
  assert.deepEqual(recorded.notes(), []);
  const lines = Deno.readTextFileSync(`${folder.path}/${SETTINGS_LOG}`).trimEnd().split("\n");
  assert.equal(lines.length, 2);
  for (const line of lines) {
    const { at, ...change } = JSON.parse(line);
    assert.deepEqual(change, CHANGE);
    assert.match(at, /^\d{4}-\d\d-\d\dT/);
  }
});

Deno.test("phases: none without a warm-up, in a ramp's slots, where unwanted, for loaders but the first", async () => {
  await using folder = await temporaryFolder();
  const cases: readonly [PlannedRun, Shard | null][] = [
    [runWith([{ fromMs: 0, phase: "measurement" }]), null],
    [runWith(WARM, false), null],
    [runWith(WARM), { index: 2, count: 2 }],
  ];
  for (const [run, shard] of cases) {
    const recorded = settingOf(folder.path, { shard });
    await pass(run, recorded);
    assert.deepEqual(recorded.entered, []);
  }
  const unwanted = settingOf(folder.path, { clusterSettings: false });
  await pass(runWith(WARM), unwanted);
  assert.deepEqual(unwanted.entered, []);
  const first = settingOf(folder.path, { shard: { index: 1, count: 2 } });
  await pass(runWith(WARM), first);
  assert.equal(first.entered.length, 2);
});

Deno.test("phases: a run that ends before its measurement does not enter it", async () => {
  await using folder = await temporaryFolder();
  const recorded = settingOf(folder.path);
  await pass(runWith(WARM), recorded, 30_000);
  assert.deepEqual(recorded.entered.map(([phase]) => phase), ["warmup"]);
});

Deno.test("phases: what goes wrong refuses the run at first, and is noted once it is under way", async () => {
  await using folder = await temporaryFolder();
  const recorded = settingOf(folder.path, { fails: true });
  await assert.rejects(enterWarmup(runWith(WARM), recorded.setting), /the API server is away/);
  let end = () => Promise.resolve();
  await recorded.clock.run((stop) => {
    end = armMeasurement(runWith(WARM), recorded.setting, 0);
    recorded.clock.at(61_000, stop);
  });
  await end();
  assert.deepEqual(recorded.notes(), [
    "The settings for the measurement were not in force: the API server is away.",
  ]);
});

Deno.test("phases: a change that cannot be written down is not made", async () => {
  const recorded = settingOf("/nowhere/at/all");
  await assert.rejects(
    enterWarmup(runWith(WARM), recorded.setting),
    /settings_changes\.jsonl: The change of settings cannot be written down, so it is not made/,
  );
});
