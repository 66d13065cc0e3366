import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";
import { classifyPeriodicity } from "../../../lib/trace/sample/periodicity.ts";

const SLOTS = 1440;

function classOf(isInvoked: (slot: number) => boolean): string {
  const counts = SlotCounts.from(
    Array.from({ length: SLOTS }, (_, slot) => isInvoked(slot) ? 1 + slot % 3 : 0),
  );
  return classifyPeriodicity(counts, 0, SLOTS);
}

Deno.test("timers are periodic, chance is irregular, clusters are bursty", () => {
  const rng = Rng.fromSeed(42, "periodicity");
  for (const period of [2, 5, 15, 60]) {
    assert.equal(classOf((slot) => slot % period === 1), "periodic");
  }
  for (const share of [0.02, 0.1, 0.5, 0.8]) {
    assert.equal(classOf(() => rng.nextFloat() < share), "irregular");
  }
  assert.equal(classOf((slot) => slot % 360 < 12), "bursty");
});

Deno.test("few slots say nothing, and nearly all are every slot", () => {
  assert.equal(classOf((slot) => slot % 480 === 0), "rare");
  assert.equal(classOf((slot) => slot % 20 !== 0), "every slot");
});

Deno.test("only the slots from one up to another are looked at", () => {
  const counts = SlotCounts.from([1, 1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0]);
  assert.equal(classifyPeriodicity(counts, 0, 4), "every slot");
  assert.equal(classifyPeriodicity(counts, 4, 17), "periodic");
});
