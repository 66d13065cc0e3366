import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import {
  type DeciderFields,
  KnativeDecider,
} from "../../../lib/autoscale/knative/knative_decider.ts";

const UNIT: DeciderFields = { targetValue: 1, totalValue: 1 };

Deno.test("KnativeDecider aims at 70 of 100 requests per instance by default", () => {
  const decider = new KnativeDecider();
  assert.deepEqual(
    decider.decide({ tMs: 0, stable: 141, panic: 141, ready: 3 }),
    { desired: 3, excessBurstCapacity: 300 - 211 - 141 },
  );
});

Deno.test("KnativeDecider derives the target from the total where only that is given", () => {
  const decider = new KnativeDecider({ totalValue: 10 });
  assert.equal(decider.decide({ tMs: 0, stable: 14, panic: 14, ready: 2 }).desired, 2);
});

Deno.test("KnativeDecider panics at twice the capacity and does not scale down until it is over", () => {
  const decider = new KnativeDecider({ ...UNIT, stableWindowMs: 6000 });
  assert.equal(decider.decide({ tMs: 0, stable: 2, panic: 3, ready: 2 }).desired, 2);
  assert.equal(decider.panicking, false);
  assert.equal(decider.decide({ tMs: 2000, stable: 2, panic: 4, ready: 2 }).desired, 4);
  assert.equal(decider.panicking, true);
  // The load is gone, but the scale stays for a stable window.
  assert.equal(decider.decide({ tMs: 4000, stable: 1, panic: 1, ready: 4 }).desired, 4);
  assert.equal(decider.decide({ tMs: 8000, stable: 1, panic: 1, ready: 4 }).desired, 4);
  assert.equal(decider.panicking, true);
  assert.equal(decider.decide({ tMs: 10_000, stable: 1, panic: 1, ready: 4 }).desired, 2);
  assert.equal(decider.panicking, false);
});

Deno.test("KnativeDecider stays in panic for a stable window after the last crossing", () => {
  const decider = new KnativeDecider({ ...UNIT, stableWindowMs: 6000 });
  decider.decide({ tMs: 0, stable: 2, panic: 2, ready: 1 });
  decider.decide({ tMs: 5000, stable: 4, panic: 4, ready: 2 });
  assert.equal(decider.decide({ tMs: 11_000, stable: 0, panic: 0, ready: 4 }).desired, 4);
  assert.equal(decider.decide({ tMs: 11_001, stable: 0, panic: 0, ready: 4 }).desired, 2);
});

Deno.test("KnativeDecider starts in panic when it takes over more than one instance", () => {
  const taken = new KnativeDecider({ ...UNIT, initialReady: 5, createdMs: 1000 });
  assert.equal(taken.panicking, true);
  assert.equal(taken.decide({ tMs: 61_000, stable: 0, panic: 0, ready: 5 }).desired, 5);
  assert.equal(taken.decide({ tMs: 61_001, stable: 0, panic: 0, ready: 5 }).desired, 2);
  assert.equal(new KnativeDecider({ ...UNIT, initialReady: 1 }).panicking, false);
});

Deno.test("KnativeDecider keeps to the rates, but always moves by one", () => {
  const decider = new KnativeDecider({
    ...UNIT,
    maxScaleUpRate: 1.1,
    maxScaleDownRate: 1.1,
    panicThreshold: 100,
  });
  assert.equal(decider.decide({ tMs: 0, stable: 90, panic: 90, ready: 20 }).desired, 22);
  assert.equal(decider.decide({ tMs: 1, stable: 90, panic: 90, ready: 2 }).desired, 3);
  assert.equal(decider.decide({ tMs: 2, stable: 90, panic: 90, ready: 0 }).desired, 2);
  assert.equal(decider.decide({ tMs: 3, stable: 0, panic: 0, ready: 20 }).desired, 18);
  assert.equal(decider.decide({ tMs: 4, stable: 0, panic: 0, ready: 2 }).desired, 1);
  assert.equal(decider.decide({ tMs: 5, stable: 0, panic: 0, ready: 1 }).desired, 0);
});

Deno.test("KnativeDecider drops what no route leads to at once", () => {
  const decider = new KnativeDecider({ ...UNIT, reachable: false });
  assert.equal(decider.decide({ tMs: 0, stable: 20, panic: 20, ready: 20 }).desired, 20);
  assert.equal(decider.decide({ tMs: 2000, stable: 0, panic: 0, ready: 20 }).desired, 0);
});

Deno.test("KnativeDecider delays scale-down, not scale-up", () => {
  const decider = new KnativeDecider({ ...UNIT, scaleDownDelayMs: 6000, maxScaleDownRate: 10 });
  const decide = (tMs: number, load: number) =>
    decider.decide({ tMs, stable: load, panic: 0, ready: 4 }).desired;
  assert.equal(decide(0, 4), 4);
  assert.equal(decide(2000, 2), 4);
  assert.equal(decide(4000, 6), 6);
  assert.equal(decide(6000, 2), 6);
  assert.equal(decide(8000, 1), 6);
  assert.equal(decide(10_000, 1), 2);
  assert.equal(decide(12_000, 1), 1);
});

Deno.test("KnativeDecider goes to the activation scale at least, unless to zero", () => {
  const decider = new KnativeDecider({ ...UNIT, activationScale: 3 });
  assert.equal(decider.decide({ tMs: 0, stable: 0, panic: 0, ready: 0 }).desired, 0);
  assert.equal(decider.decide({ tMs: 2000, stable: 0.1, panic: 0.1, ready: 0 }).desired, 3);
});

Deno.test("KnativeDecider tells the excess burst capacity", () => {
  const excess = (targetBurstCapacity: number) =>
    new KnativeDecider({ targetValue: 7, totalValue: 10, targetBurstCapacity })
      .decide({ tMs: 0, stable: 5, panic: 4.5, ready: 2 }).excessBurstCapacity;
  assert.equal(excess(5), 10); // ⌊2 × 10 − 5 − 4.5⌋
  assert.equal(excess(30), -15);
  assert.equal(excess(0), 0);
  assert.equal(excess(-1), -1);
});

Deno.test("KnativeDecider refuses fields out of range, naming the field and the value", () => {
  const wrong: [DeciderFields, RegExp][] = [
    [{ maxScaleUpRate: 1 }, /maxScaleUpRate is 1; .* above 1\./],
    [{ maxScaleDownRate: 0.5 }, /maxScaleDownRate is 0\.5/],
    [{ targetValue: 0 }, /targetValue is 0/],
    [{ totalValue: -1 }, /totalValue is -1/],
    [{ targetUtilization: 1.5 }, /targetUtilization is 1\.5; .* above 0 and at most 1\./],
    [{ targetBurstCapacity: -2 }, /targetBurstCapacity .*is -2/],
    [{ panicThreshold: NaN }, /panicThreshold is NaN/],
    [{ stableWindowMs: 0 }, /stableWindowMs is 0/],
    [{ scaleDownDelayMs: -1 }, /scaleDownDelayMs is -1/],
    [{ activationScale: 1.5 }, /activationScale is 1\.5; give a whole number/],
    [{ initialReady: -1 }, /initialReady is -1/],
    [{ createdMs: Infinity }, /createdMs is Infinity/],
    [{ tickMs: 0 }, /tickMs is 0/],
  ];
  for (const [fields, message] of wrong) {
    assert.throws(
      () => new KnativeDecider(fields),
      (error) =>
        error instanceof LoaderError && error.code === "usage" && message.test(error.message),
    );
  }
});

Deno.test("KnativeDecider keeps to the rates for any load, and never falls in panic", () => {
  const sample = fc.record({
    stable: fc.double({ min: 0, max: 300, noNaN: true }),
    panic: fc.double({ min: 0, max: 300, noNaN: true }),
    ready: fc.integer({ min: 0, max: 60 }),
  });
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 60 }),
      fc.double({ min: 1.01, max: 20, noNaN: true }),
      fc.double({ min: 1.01, max: 20, noNaN: true }),
      (samples, maxScaleUpRate, maxScaleDownRate) => {
        const decider = new KnativeDecider({
          ...UNIT,
          maxScaleUpRate,
          maxScaleDownRate,
          stableWindowMs: 6000,
        });
        let before = { desired: 0, panicking: false };
        samples.forEach((input, index) => {
          const { desired } = decider.decide({ tMs: index * 2000, ...input });
          const ready = Math.max(1, input.ready);
          assert.ok(Number.isInteger(desired) && desired >= Math.floor(ready / maxScaleDownRate));
          if (decider.panicking) {
            if (before.panicking) assert.ok(desired >= before.desired);
          } else {
            assert.ok(desired <= Math.ceil(ready * maxScaleUpRate));
          }
          before = { desired, panicking: decider.panicking };
        });
      },
    ),
    { seed: 42 },
  );
});
