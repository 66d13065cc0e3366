import assert from "node:assert/strict";
import { join } from "node:path";
import { Rng } from "../../../lib/base/rng.ts";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";
import type { FunctionProfile, Trace } from "../../../lib/model/trace.ts";
import {
  CONTENT_CHECKS,
  type ContentCheckName,
  type Finding,
} from "../../../lib/trace/doctor/content_checks.ts";
import { diagnoseTrace } from "../../../lib/trace/doctor/diagnose_trace.ts";
import { isSound, listRemarks } from "../../../lib/trace/doctor/diagnosis_summary.ts";
import { PROJECT } from "../../support/script.ts";
import { profileOf, traceOf } from "../../support/trace_files.ts";

const SLOTS = 100;

/** Counts from 3 to 7, in an order of its own, that add up to five times the slots. */
function plainCounts(index: number, slots = SLOTS): number[] {
  const rng = Rng.fromSeed(1, "counts", String(index));
  const counts = Array.from({ length: slots }, (_, slot) => 3 + slot % 5);
  for (let left = slots; left > 1; left--) {
    const other = rng.nextBelow(left);
    [counts[left - 1], counts[other]] = [counts[other], counts[left - 1]];
  }
  return counts;
}

const PLAIN_RUNTIME = { quantiles: [0, 0.5, 1], values: [5, 10, 15], mean: 10 };

/** A function about which there is nothing to say. */
function plain(index: number, part: Partial<FunctionProfile> = {}): FunctionProfile {
  return profileOf({
    id: `f${index}`,
    appId: `a${index}`,
    ownerId: `o${index}`,
    invocationsPerSlot: SlotCounts.from(plainCounts(index)),
    runtimeMs: PLAIN_RUNTIME,
    ...part,
  });
}

/** Thirty of them, the first few replaced. */
function traceWith(...first: readonly FunctionProfile[]): Trace {
  return traceOf(Array.from({ length: 30 }, (_, index) => first[index] ?? plain(index)));
}

function findingsOf(trace: Trace): readonly Finding[] {
  return diagnoseTrace(trace).findings;
}

function find(trace: Trace, name: ContentCheckName): Finding {
  const finding = findingsOf(trace).find((finding) => finding.name === name);
  assert.ok(finding, `${name} is not among ${findingsOf(trace).map(({ name }) => name)}`);
  return finding;
}

const flat = (value: number) => ({ quantiles: [0, 1], values: [value, value], mean: value });

Deno.test("there is nothing to say of a trace without a fault", () => {
  assert.deepEqual(findingsOf(traceWith()), []);
});

/** A trace for each check that has just that fault; how many, out of how many, an example. */
const CASES: Readonly<
  Record<
    ContentCheckName,
    {
      trace: () => Trace;
      count: number;
      of: number;
      example: RegExp | null;
      /** What is found besides. */
      also?: ContentCheckName;
    }
  >
> = {
  neverInvoked: {
    trace: () => traceWith(plain(0, { invocationsPerSlot: SlotCounts.none(SLOTS) })),
    count: 1,
    of: 30,
    example: /^o0\/a0\/f0$/,
  },
  longRuntime: {
    trace: () =>
      traceWith(plain(0, {
        invocationsPerSlot: SlotCounts.from(plainCounts(0)),
        runtimeMs: { quantiles: [0, 0.5, 1], values: [0, 60_000, 120_000], mean: 60_000 },
      })),
    count: 250,
    of: 15_000,
    example: /^o0\/a0\/f0: 250$/,
    also: "dominant",
  },
  shortRuntime: {
    trace: () => traceWith(plain(0, { runtimeMs: { quantiles: [0, 1], values: [0, 2], mean: 1 } })),
    count: 250,
    of: 15_000,
    example: /f0: 250$/,
  },
  largeMemory: {
    trace: () => traceWith(plain(0, { memoryMib: flat(20_000) })),
    count: 500,
    of: 15_000,
    example: /f0: 500$/,
  },
  smallMemory: {
    trace: () => traceWith(plain(0, { memoryMib: flat(0.5) })),
    count: 500,
    of: 15_000,
    example: /f0: 500$/,
  },
  meanOutsideRange: {
    trace: () => traceWith(plain(0, { memoryMib: { ...flat(100), mean: 140 } })),
    count: 1,
    of: 30,
    example: /memory 140, 100 to 100$/,
  },
  meanUnlikePercentiles: {
    trace: () =>
      traceWith(
        plain(0, { runtimeMs: { quantiles: [0, 0.5, 1], values: [5, 10, 100], mean: 9 } }),
      ),
    count: 1,
    of: 30,
    example: /9 ms, drawn 31.25 ms$/,
  },
  notAscending: {
    trace: () =>
      traceWith(plain(0, { runtimeMs: { quantiles: [0, 0.5, 1], values: [10, 5, 15], mean: 9 } })),
    count: 1,
    of: 30,
    example: /f0$/,
  },
  constantRuntime: {
    trace: () => traceWith(plain(0, { runtimeMs: flat(10) })),
    count: 1,
    of: 30,
    example: /10 ms, 500 times$/,
  },
  alike: {
    trace: () => traceWith(plain(0, { invocationsPerSlot: SlotCounts.from(plainCounts(1)) })),
    count: 1,
    of: 30,
    example: /f1 as o0\/a0\/f0$/,
  },
  otherObservations: {
    trace: () => traceWith(plain(0, { runtimeObservations: 2500 })),
    count: 1,
    of: 30,
    example: /^o0\/a0\/f0: runtimes of 2,500, counts of 500$/,
  },
  sharedIds: {
    trace: () => traceWith(plain(0, { id: "f1" })),
    count: 1,
    of: 29,
    example: /^f1: 2$/,
  },
  splitApps: {
    trace: () => traceWith(plain(0, { appId: "a1" })),
    count: 1,
    of: 29,
    example: /^a1: 2$/,
  },
  dominant: {
    trace: () =>
      traceWith(
        plain(0, { invocationsPerSlot: SlotCounts.from(plainCounts(0).map((n) => 20 * n)) }),
      ),
    count: 1,
    of: 30,
    example: /^o0\/a0\/f0: 41 % of invocations, 41 % of load$/,
  },
  silentSlots: {
    trace: () => mapCounts(traceWith(), (count, slot) => slot >= 40 && slot < 43 ? 0 : count),
    count: 3,
    of: 100,
    example: /^slots 40 to 42$/,
  },
  cutEdge: {
    trace: () => mapCounts(traceWith(), (count, slot) => slot === 99 ? 1 : count),
    count: 1,
    of: 100,
    example: /^slot 99$/,
  },
  dips: {
    trace: () =>
      mapCounts(traceWith(), (count, slot, index) => slot === 50 && index > 3 ? 0 : count),
    count: 1,
    of: 100,
    example: /^slot 50$/,
  },
  surges: {
    trace: () => mapCounts(traceWith(), (count, slot) => slot === 50 ? 6 * count + 20 : count),
    count: 1,
    of: 100,
    example: /^slot 50$/,
  },
  scaledCounts: {
    trace: () => mapCounts(traceWith(), (count) => 10 * count),
    count: 30,
    of: 30,
    example: /^all of 10$/,
  },
  ties: {
    trace: () => traceWith(plain(0, { recorded: recordedAt([0, 10.5, 10.5, 10.5, 20]) })),
    count: 2,
    of: 5,
    example: /f0: 2$/,
  },
  coarseInstants: {
    trace: () =>
      traceWith(plain(0, {
        recorded: recordedAt(Array.from({ length: 500 }, (_, i) => 250 + 1000 * i)),
      })),
    count: 500,
    of: 500,
    example: null,
  },
  unlikeDays: {
    trace: () => daysOf((count, day) => day === 2 ? 3 * count : count),
    count: 1,
    of: 4,
    example: /^day 3: \d+$/,
  },
  functionSilentForDays: {
    trace: () => daysOf((count, day, index) => day === 1 && index === 0 ? 0 : count),
    count: 1,
    of: 30,
    example: /^o0\/a0\/f0: \d+$/,
  },
};

function recordedAt(arrivalsMs: readonly number[]): NonNullable<FunctionProfile["recorded"]> {
  return { arrivalMs: Float64Array.from(arrivalsMs), runtimeMs: null, memoryMib: null };
}

function mapCounts(
  trace: Trace,
  change: (count: number, slot: number, index: number) => number,
): Trace {
  return {
    ...trace,
    functions: trace.functions.map((profile, index) => ({
      ...profile,
      invocationsPerSlot: SlotCounts.from(
        Array.from(
          profile.invocationsPerSlot.toArray(),
          (count, slot) => change(count, slot, index),
        ),
      ),
    })),
  };
}

/** Four days of hours. */
function daysOf(change: (count: number, day: number, index: number) => number): Trace {
  const trace = traceOf(
    Array.from(
      { length: 30 },
      (_, index) => plain(index, { invocationsPerSlot: SlotCounts.from(plainCounts(index, 96)) }),
    ),
  );
  return {
    ...mapCounts(trace, (count, slot, index) => change(count, Math.floor(slot / 24), index)),
    slotMs: 3_600_000,
  };
}

for (const [name, { trace, count, of, example, also }] of Object.entries(CASES)) {
  Deno.test(`the check "${CONTENT_CHECKS[name as ContentCheckName].defect}" finds it`, () => {
    const made = trace();
    const finding = find(made, name as ContentCheckName);
    assert.deepEqual([finding.count, finding.of], [count, of]);
    if (example !== null) assert.match(finding.examples[0], example);
    const others = findingsOf(made).filter((other) => other.name !== name);
    assert.deepEqual(others.map(({ name }) => name), also === undefined ? [] : [also]);
  });
}

Deno.test("remarks come the worst first, the defects of the files among them", () => {
  const trace = {
    ...traceWith(
      plain(0, { invocationsPerSlot: SlotCounts.none(SLOTS) }),
      plain(1, { memoryMib: flat(0.5) }),
    ),
    repairs: [
      { defect: "row of memory", repair: "ignored", severity: "harmless", count: 2, examples: [] },
      { defect: "no durations", repair: "left out", severity: "loss", count: 1, examples: [] },
    ],
  } as const;
  const remarks = listRemarks(diagnoseTrace(trace));
  assert.deepEqual(remarks.map(({ defect }) => defect), [
    "no durations",
    CONTENT_CHECKS.smallMemory.defect,
    "row of memory",
    CONTENT_CHECKS.neverInvoked.defect,
  ]);
});

Deno.test("a trace is sound with what is harmless in its content, not in its files", () => {
  const idle = plain(0, { invocationsPerSlot: SlotCounts.none(SLOTS) });
  assert.equal(isSound(diagnoseTrace(traceWith(idle))), true);
  assert.equal(isSound(diagnoseTrace(traceWith(plain(0, { memoryMib: flat(0.5) })))), false);
  const repairs = [
    { defect: "d", repair: "r", severity: "harmless", count: 1, examples: [] },
  ] as const;
  assert.equal(isSound(diagnoseTrace({ ...traceWith(), repairs })), false);
});

Deno.test("the table in docs/traces.md has each check as it is declared", async () => {
  const text = await Deno.readTextFile(join(PROJECT, "docs/traces.md"));
  const section = text.split(/^## /m).find((part) => part.startsWith("The doctor"));
  assert.ok(section, "a section on the doctor");
  const rows = section.split("\n").filter((line) => line.startsWith("|")).slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assert.deepEqual(
    rows,
    Object.values(CONTENT_CHECKS).map((
      { defect, severity, repair, meaning },
    ) => [defect, severity, repair, meaning]),
  );
});
