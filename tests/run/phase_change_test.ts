import assert from "node:assert/strict";
import { VirtualClock } from "../../lib/clock/virtual_clock.ts";
import type { SettingsChange } from "../../lib/model/platform.ts";
import type { Phase, PhaseSpan, Schedule } from "../../lib/model/schedule.ts";
import { SETTINGS_LOG } from "../../lib/store/write/settings_log.ts";
import type { PlannedRun } from "../../lib/run/experiment.ts";
import { armMeasurement, enterWarmup, type PhaseSetting } from "../../lib/run/phase_change.ts";
import type { Shard } from "../../lib/run/shard/shard.ts";
import { traceWithCounts } from "../support/schedules.ts";
import { temporaryFolder } from "../support/script.ts";

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
    signal: new AbortController().signal,
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
