import assert from "node:assert/strict";
import type { Percentiles, Trace } from "../../../lib/model/trace.ts";

/** What holds of every trace, whatever it was read from. */
export function checkTrace({ slotMs, slots, functions }: Trace): void {
  assert.ok(Number.isInteger(slots) && slots > 0 && Number.isInteger(slotMs) && slotMs > 0);
  assert.ok(functions.length > 0);
  for (const { id, invocationsPerSlot, recorded, runtimeMs, memoryMib } of functions) {
    assert.equal(invocationsPerSlot.length, slots, id);
    let sum = 0;
    let last = -1;
    invocationsPerSlot.forEach((slot, count) => {
      assert.ok(slot > last && slot < slots && Number.isInteger(count) && count > 0, id);
      last = slot;
      sum += count;
    });
    assert.equal(sum, invocationsPerSlot.total, id);
    checkPercentiles(runtimeMs, id);
    checkPercentiles(memoryMib, id);
    if (recorded === undefined) continue;
    assert.equal(recorded.arrivalMs.length, sum, id);
    for (const [i, arrival] of recorded.arrivalMs.entries()) {
      assert.ok(arrival >= (recorded.arrivalMs[i - 1] ?? 0) && arrival < slots * slotMs, id);
    }
    for (const column of [recorded.runtimeMs, recorded.memoryMib]) {
      assert.ok(column === null || column.every((value) => value >= 0 && value < Infinity), id);
    }
  }
}

function checkPercentiles({ quantiles, values, mean }: Percentiles, id: string): void {
  assert.ok(mean >= 0 && mean < Infinity, `${id}: mean ${mean}`);
  assert.ok(quantiles.length > 0 && quantiles.length === values.length, id);
  for (const [i, value] of values.entries()) {
    assert.ok(value >= (values[i - 1] ?? 0) && value < Infinity, `${id}: ${values}`);
    assert.ok(quantiles[i] > (quantiles[i - 1] ?? -1) && quantiles[i] <= 1, `${id}: ${quantiles}`);
  }
}

/** Invocations of a trace in all. */
export function countAll({ functions }: Trace): number {
  return functions.reduce((sum, { invocationsPerSlot }) => sum + invocationsPerSlot.total, 0);
}

/** Sums over the invocations of a trace that has them one by one. */
export function sumAll({ functions }: Trace): { arrivalMs: number; runtimeMs: number } {
  const sums = { arrivalMs: 0, runtimeMs: 0 };
  for (const { recorded } of functions) {
    recorded?.arrivalMs.forEach((value) => sums.arrivalMs += value);
    recorded?.runtimeMs?.forEach((value) => sums.runtimeMs += value);
  }
  return sums;
}
