import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import { functionKey } from "../../../lib/model/trace.ts";
import {
  DEMONSTRATION_CONDITIONS,
  NO_CONDITIONS,
  synthesizeFunctions,
  TRIGGER_SHARES,
} from "../../../lib/trace/synthesize/demonstration.ts";
import { RUNTIME_LOG_MEAN, RUNTIME_LOG_SIGMA } from "../../../lib/trace/published_figures.ts";

function synthesize(functions: number, minutes: number, conditions = DEMONSTRATION_CONDITIONS) {
  const rng = Rng.fromSeed(42, "test");
  return synthesizeFunctions(rng, { functions, minutes, conditions });
}

function quantileOf(values: readonly number[], quantile: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(quantile * values.length)];
}

Deno.test("synthesizeFunctions: every function satisfies the conditions", () => {
  const conditions = DEMONSTRATION_CONDITIONS;
  const functions = synthesize(400, 60);
  assert.equal(new Set(functions.map(functionKey)).size, 400);
  for (const [i, profile] of functions.entries()) {
    const { invocationsPerSlot, runtimeMs, memoryMib, trigger } = profile;
    const invocationsPerMinute = invocationsPerSlot.toArray();
    assert.equal(invocationsPerMinute.length, 60);
    assert.ok(invocationsPerMinute.some((count) => count > 0));
    assert.ok(invocationsPerMinute.every((count) => count <= conditions.maxPerMinute));
    if (i % 4 < conditions.busyOfFour && trigger !== "timer") {
      const first = invocationsPerMinute.subarray(0, conditions.busyMinutes);
      assert.ok(first.every((count) => count >= conditions.busyPerMinute));
    }
    for (const { values, mean } of [runtimeMs, memoryMib]) {
      assert.deepEqual(values, values.toSorted((a, b) => a - b));
      assert.ok(values.every((value) => Number.isInteger(value) && value >= 1));
      assert.ok(mean >= values[0] && mean <= values[values.length - 1]);
    }
    assert.ok(runtimeMs.mean <= conditions.maxMeanRuntimeMs);
    assert.ok(runtimeMs.values[6] <= conditions.maxRuntimeMs);
    assert.ok(memoryMib.values[7] <= conditions.maxMemoryMib);
  }
});

Deno.test("synthesizeFunctions: triggers have their shares", () => {
  const functions = synthesize(2000, 20);
  for (const [trigger, percent] of TRIGGER_SHARES) {
    const share = functions.filter((profile) => profile.trigger === trigger).length / 20;
    // σ of a share of 2000 is at most 1.2 percentage points.
    assert.ok(Math.abs(share - percent) < 4.5, `${trigger}: ${share} %`);
  }
});

Deno.test("synthesizeFunctions: without conditions the published quantiles come out", () => {
  const functions = synthesize(1500, 1, NO_CONDITIONS);
  // One minute: a function is drawn until invoked in it, whatever its runtime.
  const logSeconds = functions.map(({ runtimeMs }) => Math.log(runtimeMs.mean / 1000));
  // z of the quartiles is ±0.6745; σ of a sample quartile is about 1.36 σ / √n = 0.083.
  for (const [quantile, z] of [[0.25, -0.6745], [0.5, 0], [0.75, 0.6745]]) {
    const expected = RUNTIME_LOG_MEAN + z * RUNTIME_LOG_SIGMA;
    assert.ok(Math.abs(quantileOf(logSeconds, quantile) - expected) < 0.33, `p${100 * quantile}`);
  }
  const applications = new Map<string, number>();
  for (const { appId, memoryMib } of functions) {
    applications.set(appId, (applications.get(appId) ?? 0) + memoryMib.mean);
  }
  // Median of the Burr XII fit: 107.083 × (0.5^(−1 / 0.221) − 1)^(1 / 11.652).
  const median = quantileOf([...applications.values()], 0.5);
  assert.ok(Math.abs(median - 139.6) < 14, `median of memory ${median}`);
});

Deno.test("synthesizeFunctions: timers are periodic", () => {
  const timers = synthesize(200, 1440).filter(({ trigger }) => trigger === "timer");
  assert.ok(timers.length > 10);
  for (const { invocationsPerSlot } of timers) {
    const invocationsPerMinute = invocationsPerSlot.toArray();
    const fired = Array.from(invocationsPerMinute.keys()).filter((m) => invocationsPerMinute[m]);
    const gaps = new Set(fired.slice(1).map((minute, i) => minute - fired[i]));
    assert.ok(gaps.size <= 1);
    assert.equal(new Set(fired.map((minute) => invocationsPerMinute[minute])).size, 1);
  }
});

Deno.test("synthesizeFunctions: the day has its peak at 14:00, twice the load of 02:00", () => {
  const hourly = new Float64Array(24);
  for (const { trigger, invocationsPerSlot } of synthesize(200, 1440)) {
    if (trigger === "timer") continue;
    for (const [minute, count] of invocationsPerSlot.toArray().entries()) {
      hourly[Math.floor(minute / 60)] += count;
    }
  }
  const ratio = (hourly[13] + hourly[14]) / (hourly[1] + hourly[2]);
  assert.ok(ratio > 1.8 && ratio < 2.2, `ratio ${ratio}`);
});
