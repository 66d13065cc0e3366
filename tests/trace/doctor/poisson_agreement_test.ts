import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";
import { generatePoisson } from "../../../lib/trace/distributions.ts";
import { FunctionMeter } from "../../../lib/trace/doctor/function_figures.ts";
import { BlockStatistic, dispersionBand } from "../../../lib/trace/doctor/poisson_agreement.ts";

const DAY = { fromSlot: 0, toSlot: 1440 };

const DAYS = 400;

/** How many of so many days of Poisson counts are judged in which way. */
function judgePoisson(rateOf: (slot: number) => number, seed: number) {
  const rng = Rng.fromSeed(seed, "poisson");
  const meter = new FunctionMeter(DAY, 60_000);
  const counts = { consistent: 0, regular: 0, bursty: 0, unjudged: 0, timers: 0 };
  for (let day = 0; day < DAYS; day++) {
    const figures = meter.measure(
      SlotCounts.from(
        Array.from({ length: 1440 }, (_, slot) => generatePoisson(rng, rateOf(slot))),
      ),
    );
    counts[figures.poisson]++;
    if (figures.timerSlots !== null) counts.timers++;
  }
  return counts;
}

// 20 of 400 are expected to be rejected, with a standard deviation of 4.4.
for (const rate of [0.15, 0.5, 5]) {
  Deno.test(`a Poisson process of ${rate} a minute is rejected in 5 % of days`, () => {
    const { consistent, regular, bursty, timers } = judgePoisson(() => rate, 1);
    assert.ok(consistent > 360 && consistent < 396, `${consistent} of ${DAYS}`);
    assert.ok(regular < 24 && bursty < 24, `${regular}, ${bursty}`);
    assert.equal(timers, 0);
  });
}

Deno.test("the course of a day is not taken for bursts, however many invocations show it", () => {
  const { consistent } = judgePoisson(
    (slot) => 100 * (1 + 0.5 * Math.cos(2 * Math.PI * slot / 1440)),
    2,
  );
  assert.ok(consistent > 360, `${consistent} of ${DAYS}`);
});

Deno.test("a function with too few invocations is not judged", () => {
  assert.equal(judgePoisson(() => 0.03, 3).unjudged, DAYS);
});

Deno.test("bursts within the hour are bursty, equal counts regular", () => {
  const meter = new FunctionMeter(DAY, 60_000);
  const burst = (slot: number) => slot % 60 < 3 ? 20 : 1;
  const bursty = meter.measure(SlotCounts.from(Array.from({ length: 1440 }, (_, i) => burst(i))));
  assert.equal(bursty.poisson, "bursty");
  assert.ok(bursty.dispersion! > 5);
  const even = meter.measure(SlotCounts.from(new Array(1440).fill(7)));
  assert.equal(even.poisson, "regular");
  assert.equal(even.dispersion, 0);
});

Deno.test("the cumulants are those of all ways to spread few invocations", () => {
  // All 4³ ways to put three invocations into four slots, without the slope.
  const values: number[] = [];
  for (let way = 0; way < 64; way++) {
    const counts = [0, 0, 0, 0];
    for (const slot of [way & 3, (way >> 2) & 3, way >> 4]) counts[slot]++;
    values.push(4 / 3 * counts.reduce((sum, count) => sum + count * count, 0) - 3);
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / 64;
  const moment = (power: number) =>
    values.reduce((sum, value) => sum + (value - mean) ** power, 0) / 64;
  const [slots, total] = [4, 3];
  assert.ok(Math.abs(mean - (slots - 1)) < 1e-12);
  assert.ok(Math.abs(moment(2) - 2 * (slots - 1) * (1 - 1 / total)) < 1e-12);
  const third = 4 * (slots - 1) * (total - 1) * (slots + 2 * total - 6) / total ** 2;
  assert.ok(Math.abs(moment(3) - third) < 1e-12);
});

Deno.test("blocks that tell nothing count for nothing", () => {
  const statistic = new BlockStatistic();
  statistic.add(60, 0, 0, 0);
  statistic.add(60, 1, 1, 30);
  statistic.add(2, 5, 25, 0);
  assert.equal(statistic.dispersion, null);
  assert.equal(statistic.isJudged, false);
  assert.equal(statistic.judge(), "unjudged");
});

Deno.test("the band narrows as the trace grows", () => {
  const [hour] = dispersionBand([1], 60, 60);
  const [day] = dispersionBand([1], 1440, 60);
  assert.ok(hour.low < day.low && day.high < hour.high);
  for (const { low, high } of dispersionBand([1e-6, 1e-3, 1, 1e4, 1e7], 1440, 60)) {
    assert.ok(low >= 0 && low <= 1 && high >= 1, `${low}, ${high}`);
  }
});
