import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import { planInstances } from "../../../lib/autoscale/keep_alive/instance_plan.ts";

/** Invocations in order of arrival, few enough to try every plan, with ties. */
const FUTURE = fc.record({
  invocations: fc.array(
    fc.record({
      gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40 })),
      serviceMs: fc.integer({ min: 1, max: 60 }),
    }),
    { maxLength: 7 },
  ),
  coldStartMs: fc.integer({ min: 0, max: 50 }),
});

Deno.test("planInstances wastes the least of all plans without a cold start", () => {
  fc.assert(
    fc.property(FUTURE, ({ invocations, coldStartMs }) => {
      const { arrivalsMs, serviceMs } = columnsOf(invocations);
      const plan = planInstances({ arrivalsMs, serviceMs, coldStartMs });
      assert.equal(plan.wastedMs, leastWaste(arrivalsMs, serviceMs, coldStartMs));
    }),
    { seed: 42, numRuns: 500 },
  );
});

/** Tries every way to serve the arrivals by earlier completions or by starts. */
function leastWaste(
  arrivalsMs: readonly number[],
  serviceMs: readonly number[],
  coldStartMs: number,
): number {
  const isTaken = arrivalsMs.map(() => false);
  const wasteFrom = (arrival: number): number => {
    if (arrival === arrivalsMs.length) return 0;
    let least = coldStartMs + wasteFrom(arrival + 1);
    for (let i = 0; i < arrival; i++) {
      const waitMs = arrivalsMs[arrival] - arrivalsMs[i] - serviceMs[i];
      if (isTaken[i] || waitMs < 0) continue;
      isTaken[i] = true;
      least = Math.min(least, waitMs + wasteFrom(arrival + 1));
      isTaken[i] = false;
    }
    return least;
  };
  return wasteFrom(0);
}

function columnsOf(
  invocations: readonly { readonly gapMs: number; readonly serviceMs: number }[],
): { arrivalsMs: number[]; serviceMs: number[] } {
  let tMs = 0;
  return {
    arrivalsMs: invocations.map(({ gapMs }) => tMs += gapMs),
    serviceMs: invocations.map(({ serviceMs }) => serviceMs),
  };
}

Deno.test("planInstances keeps idle ones until the last of them is due", () => {
  // Two end at 100 and 110, two arrive at 120 and 130: whichever serves first, both stay to 130.
  const plan = planInstances({
    arrivalsMs: [50, 60, 120, 130],
    serviceMs: [50, 50, 1000, 1000],
    coldStartMs: 40,
  });
  assert.deepEqual([...plan.startedForMs], [50, 60]);
  assert.deepEqual([...plan.keepUntilMs], [130, 130, NaN, NaN]);
  assert.equal(plan.wastedMs, 40 + 40 + 30 + 10);
});

Deno.test("planInstances starts ahead for each of several arrivals at one instant", () => {
  const plan = planInstances({ arrivalsMs: [7, 7, 7], serviceMs: [1, 1, 1], coldStartMs: 10 });
  assert.deepEqual([...plan.startedForMs], [7, 7, 7]);
});

Deno.test("planInstances of no arrivals is empty", () => {
  const plan = planInstances({ arrivalsMs: [], serviceMs: [], coldStartMs: 10 });
  assert.equal(plan.startedForMs.length + plan.keepUntilMs.length + plan.wastedMs, 0);
});

Deno.test("planInstances refuses a future that is not in order", () => {
  const coldStartMs = 10;
  for (
    const [arrivalsMs, serviceMs] of [
      [[1, 2], [1]],
      [[2, 1], [1, 1]],
      [[1, NaN], [1, 1]],
      [[1], [0]],
    ]
  ) {
    assert.throws(() => planInstances({ arrivalsMs, serviceMs, coldStartMs }), LoaderError);
  }
});
