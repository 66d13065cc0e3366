import assert from "node:assert/strict";
import { ArrivalFitter, claimedArrivalsOf, FIT_LEVEL } from "../../lib/analyze/arrival_fit.ts";
import { Rng } from "../../lib/base/rng.ts";
import type { StoredInvocations } from "../../lib/store/read/stored_invocations.ts";

const SLOT_MS = 60_000;
const SLOTS = 20;
const FUNCTIONS = 60;

/** Arrivals of many functions, a place in the slot made of an even draw. */
function arrivalsOf(
  perSlot: number,
  place: (uniform: number) => number,
  lagMs = 0,
): StoredInvocations {
  const rng = Rng.fromSeed(7);
  const rows: { code: number; atMs: number }[] = [];
  for (let code = 0; code < FUNCTIONS; code++) {
    for (let i = 0; i < SLOTS * perSlot; i++) {
      rows.push({ code, atMs: SLOT_MS * (Math.floor(i / perSlot) + place(rng.nextFloat())) });
    }
  }
  rows.sort((a, b) => a.atMs - b.atMs);
  return {
    count: rows.length,
    index: Float64Array.from(rows.keys()),
    functionIds: Array.from({ length: FUNCTIONS }, (_, i) => `f${i}`),
    functionCode: Int32Array.from(rows, ({ code }) => code),
    scheduledMs: Float64Array.from(rows, ({ atMs }) => atMs),
    dispatchedMs: Float64Array.from(rows, ({ atMs }) => atMs + lagMs),
  } as unknown as StoredInvocations;
}

function fitOf(...batches: StoredInvocations[]) {
  const fitter = new ArrivalFitter({
    claimed: "exponential",
    slotMs: SLOT_MS,
    endMs: SLOTS * SLOT_MS,
  });
  for (const batch of batches) fitter.add(batch);
  return fitter.derive();
}

const countLow = (pValues: readonly number[]) => pValues.filter((p) => p < FIT_LEVEL).length;

Deno.test("of a Poisson process about one function in a hundred has a p-value below 0.01", () => {
  const { judged, scheduled, dispatched, mostApart } = fitOf(arrivalsOf(3, (u) => u));
  assert.equal(judged, FUNCTIONS);
  // Poisson of mean 0.6: 6 or more in one of 30,000 cases.
  assert.ok(countLow(scheduled.pValues) <= 5, `${countLow(scheduled.pValues)}`);
  assert.deepEqual(dispatched, scheduled);
  assert.equal(mostApart, 0);
});

Deno.test("arrivals squeezed into 54 s of each minute are found, and late ones told apart", () => {
  const squeezed = fitOf(arrivalsOf(50, (u) => 0.9 * u));
  assert.equal(countLow(squeezed.scheduled.pValues), FUNCTIONS);
  const late = fitOf(arrivalsOf(50, (u) => u, 12_000));
  assert.ok(countLow(late.scheduled.pValues) <= 5);
  assert.equal(countLow(late.dispatched.pValues), FUNCTIONS);
  assert.ok(late.mostApart! > 0.15);
});

Deno.test("a part of very many arrivals is kept, the same in any batches, and still fits", () => {
  const whole = arrivalsOf(400, (u) => u);
  const fit = fitOf(whole);
  assert.equal(fit.arrivals, FUNCTIONS * SLOTS * 400);
  assert.ok(fit.kept <= 1_000 * FUNCTIONS && fit.kept > 400 * FUNCTIONS, `${fit.kept}`);
  assert.ok(countLow(fit.scheduled.pValues) <= 5, `${countLow(fit.scheduled.pValues)}`);
  const cut = (from: number, until: number) =>
    ({
      ...whole,
      count: until - from,
      index: whole.index.slice(from, until),
      functionCode: whole.functionCode.slice(from, until),
      scheduledMs: whole.scheduledMs.slice(from, until),
      dispatchedMs: whole.dispatchedMs.slice(from, until),
    }) as StoredInvocations;
  assert.deepEqual(fitOf(cut(0, 12_345), cut(12_345, whole.count)), fit);
});

Deno.test("a slot that a window cuts short counts by what is left of it", () => {
  const half = arrivalsOf(40, (u) => 0.5 * u);
  const only = { ...half, scheduledMs: half.scheduledMs.map((atMs) => atMs % SLOT_MS) };
  const fitter = new ArrivalFitter({ claimed: "exponential", slotMs: SLOT_MS, endMs: 30_000 });
  fitter.add({ ...only, dispatchedMs: only.scheduledMs } as StoredInvocations);
  assert.ok(countLow(fitter.derive().scheduled.pValues) <= 5);
});

Deno.test("what was never sent is no arrival, and few arrivals are not judged", () => {
  const few = arrivalsOf(1, (u) => u);
  const fit = fitOf({ ...few, dispatchedMs: few.scheduledMs.map(() => NaN) } as StoredInvocations);
  assert.equal(fit.judged, FUNCTIONS);
  assert.deepEqual(fit.dispatched, { pValues: [], mostDistance: null, worst: null });
  const none = fitOf({ ...few, count: 100 } as StoredInvocations);
  assert.equal(none.judged, 0);
  assert.equal(none.scheduled.mostDistance, null);
});

Deno.test("a slot is as long as the replay makes it; patterns claim nothing", () => {
  const replay = {
    windowStartMs: 120_000,
    measuredFromMs: 120_000,
    windowEndMs: 210_000,
    slotMs: 60_000,
    timeScale: 2,
    rateScale: 1,
    arrivals: "recorded",
  } as const;
  assert.deepEqual(claimedArrivalsOf({ replay, options: { iat: "exponential" } }), {
    claimed: "exponential",
    slotMs: 30_000,
    endMs: 45_000,
  });
  assert.equal(claimedArrivalsOf({ options: { iat: "exponential" } }), null);
  assert.equal(claimedArrivalsOf({ replay, options: {} }), null);
});
