import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import {
  FunctionScaler,
  type FunctionScalerOptions,
} from "../../../lib/autoscale/knative/function_scaler.ts";
import { PARTIAL_PANIC_OVERRIDES } from "../../../lib/autoscale/knative/knative_defaults.ts";

/**
 * Runs a scaler over the concurrency of each second, with instances that are
 * ready as soon as they are wanted.
 *
 * @returns the scale wanted at each tick, every 2 s
 */
function scalesOver(options: FunctionScalerOptions, concurrencyPerSecond: number[]): number[] {
  const scaler = new FunctionScaler(options);
  const scales: number[] = [];
  let ready = options.initialScale ?? 0;
  concurrencyPerSecond.forEach((concurrency, index) => {
    const tMs = (index + 1) * 1000;
    scaler.recordConcurrency(tMs, concurrency);
    if (tMs % scaler.tickMs !== 0) return;
    ready = scaler.tick(tMs, ready).desired;
    scales.push(ready);
  });
  return scales;
}

function seconds(count: number, concurrency: number): number[] {
  return new Array(count).fill(concurrency);
}

Deno.test("FunctionScaler follows a steady load with one instance per request", () => {
  assert.deepEqual(scalesOver({}, seconds(10, 3)), [3, 3, 3, 3, 3]);
});

Deno.test("FunctionScaler wants an instance at once when a request meets none", () => {
  const scaler = new FunctionScaler();
  assert.equal(scaler.tick(2000, 0).desired, 0);
  assert.equal(scaler.poke(2345).desired, 1);
  assert.equal(scaler.tick(4000, 0).desired, 1);
});

Deno.test("FunctionScaler counts the request that poked once", () => {
  const scaler = new FunctionScaler();
  scaler.poke(100);
  scaler.recordConcurrency(900, 0.9);
  assert.equal(scaler.tick(950, 0).stable, 1);
});

Deno.test("FunctionScaler counts a request at once where something is wanted, and decides when it is due", () => {
  const scaler = new FunctionScaler();
  const decision = scaler.poke(100);
  scaler.recordConcurrency(1000, 1);
  scaler.recordConcurrency(2000, 0);
  assert.equal(scaler.poke(3000, 1), decision);
  assert.equal(scaler.tick(3500, 1).stable, 0.5); // 1, 0, 0 and 1
});

Deno.test("FunctionScaler passes over a poke where something is wanted and instances report themselves", () => {
  const scaler = new FunctionScaler({ targetBurstCapacity: 0 });
  const decision = scaler.poke(100);
  assert.equal(scaler.poke(200), decision);
  assert.equal(scaler.tick(300, 0).stable, 1);
});

Deno.test("FunctionScaler goes by the report again after the one that a poke is taken off", () => {
  const scaler = new FunctionScaler();
  scaler.poke(0);
  scaler.recordConcurrency(1000, 4);
  scaler.recordConcurrency(2000, 5);
  assert.equal(scaler.tick(2000, 1).stable, 3); // 1, 3 and 5
});

Deno.test("FunctionScaler goes to zero after the stable window and the grace period", () => {
  // Room for one more than the burst: requests go past the activator.
  const options = { totalValue: 2, targetValue: 1, targetBurstCapacity: 0 };
  const scales = scalesOver(
    { ...options, stableWindowMs: 10_000, scaleToZeroGraceMs: 6000 },
    [...seconds(10, 1), ...seconds(30, 0)],
  );
  // The load of second 10 leaves the window of 10 s at 20 s; then there are 6 s of grace.
  const zeroFromMs = (scales.indexOf(0) + 1) * 2000;
  assert.equal(zeroFromMs, 26_000);
  assert.ok(scales.slice(0, scales.indexOf(0)).every((scale) => scale === 1));
  assert.ok(scales.slice(scales.indexOf(0)).every((scale) => scale === 0));
});

Deno.test("FunctionScaler goes to zero without a grace where the activator has long been in the path", () => {
  const scales = scalesOver(
    { stableWindowMs: 10_000, scaleToZeroGraceMs: 6000 },
    [...seconds(10, 1), ...seconds(30, 0)],
  );
  assert.equal((scales.indexOf(0) + 1) * 2000, 20_000);
});

Deno.test("FunctionScaler comes back from zero on a poke, long after", () => {
  const scaler = new FunctionScaler({ stableWindowMs: 6000, scaleToZeroGraceMs: 1000 });
  scaler.poke(0);
  let desired = 1;
  for (let tMs = 1000; tMs <= 40_000; tMs += 1000) {
    scaler.recordConcurrency(tMs, 0);
    if (tMs % 2000 === 0) desired = scaler.tick(tMs, desired).desired;
  }
  assert.equal(desired, 0);
  assert.equal(scaler.poke(40_500).desired, 1);
});

Deno.test("FunctionScaler falls silent after one zero only where the activator reports alone", () => {
  const stableAt7s = (targetBurstCapacity: number) => {
    const scaler = new FunctionScaler({ targetBurstCapacity });
    scaler.recordConcurrency(1000, 4);
    for (let tMs = 2000; tMs <= 7000; tMs += 1000) scaler.recordConcurrency(tMs, 0);
    return scaler.tick(7000, 4).stable;
  };
  assert.equal(stableAt7s(-1), 2);
  assert.equal(stableAt7s(0), 0.571428);
});

Deno.test("FunctionScaler panics on a burst, and less easily with partial panic", () => {
  const burst = [...seconds(60, 1), ...seconds(6, 10)];
  assert.equal(scalesOver({}, burst).at(-1), 10);
  // The panic window is then as long as the stable one: (54 + 60) / 60.
  assert.equal(scalesOver(PARTIAL_PANIC_OVERRIDES, burst).at(-1), 2);
});

Deno.test("FunctionScaler starts with the initial scale and lets go of it once it was ready", () => {
  const scaler = new FunctionScaler({ initialScale: 4, stableWindowMs: 6000 });
  assert.equal(scaler.tick(2000, 0).desired, 4);
  assert.equal(scaler.tick(4000, 3).desired, 4);
  assert.equal(scaler.tick(6000, 4).desired, 2);
  assert.equal(scaler.tick(8000, 2).desired, 1);
});

Deno.test("FunctionScaler averages by decay where asked to", () => {
  const options: FunctionScalerOptions = { algorithm: "weighted-exponential" };
  const scaler = new FunctionScaler(options);
  scaler.recordConcurrency(1000, 10);
  assert.equal(scaler.tick(1000, 1).stable, 2);
});

Deno.test("FunctionScaler derives the target from total and utilization", () => {
  const scaler = new FunctionScaler({ totalValue: 10, targetUtilization: 0.5 });
  scaler.recordConcurrency(1000, 20);
  assert.equal(scaler.tick(2000, 4).desired, 4);
});

Deno.test("FunctionScaler keeps at least one panic bucket in short windows", () => {
  const scaler = new FunctionScaler({ stableWindowMs: 2000, panicWindowPercentage: 1 });
  scaler.recordConcurrency(1000, 1);
  scaler.recordConcurrency(2000, 3);
  const { stable, panic } = scaler.tick(2000, 2);
  assert.deepEqual({ stable, panic }, { stable: 2, panic: 3 });
});

Deno.test("FunctionScaler refuses bounds that contradict each other, and percentages out of range", () => {
  const wrong: [FunctionScalerOptions, RegExp][] = [
    [{ minScale: 5, maxScale: 4 }, /minScale \(5\) is above maxScale \(4\)/],
    [{ minScale: -1 }, /minScale is -1/],
    [{ maxScale: 1.5 }, /maxScale is 1\.5/],
    [{ panicWindowPercentage: 0 }, /panicWindowPercentage is 0/],
    [{ panicWindowPercentage: 101 }, /panicWindowPercentage is 101/],
    [{ initialScale: -1 }, /initialScale is -1/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(
      () => new FunctionScaler(options),
      (error) =>
        error instanceof LoaderError && error.code === "usage" && message.test(error.message),
    );
  }
});

Deno.test("FunctionScaler stays within its bounds, and a poke always wants an instance", () => {
  const step = fc.record({
    concurrency: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 500, noNaN: true })),
    ready: fc.integer({ min: 0, max: 30 }),
    poke: fc.boolean(),
    gapMs: fc.integer({ min: 1, max: 20_000 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 5, max: 20 }),
      fc.integer({ min: 0, max: 30 }),
      (steps, minScale, maxScale, initialScale) => {
        const scaler = new FunctionScaler({
          minScale,
          maxScale,
          initialScale,
          stableWindowMs: 10_000,
          scaleToZeroGraceMs: 2000,
        });
        let tMs = 0;
        for (const { concurrency, ready, poke, gapMs } of steps) {
          tMs += gapMs;
          scaler.recordConcurrency(tMs, concurrency);
          const ticked = scaler.tick(tMs, ready);
          assert.ok(ticked.desired >= minScale && ticked.desired <= maxScale);
          assert.ok(ticked.stable >= 0 && ticked.panic >= 0);
          if (!poke) continue;
          const poked = scaler.poke(tMs, ready);
          assert.ok(poked.desired >= Math.max(1, minScale) && poked.desired <= maxScale);
        }
      },
    ),
    { seed: 42 },
  );
});

Deno.test("FunctionScaler tells the averages without deciding", () => {
  const observed = new FunctionScaler();
  const unobserved = new FunctionScaler();
  for (const [index, concurrency] of [4, 0, 7, 2, 0, 0, 9].entries()) {
    const tMs = (index + 1) * 1000;
    observed.recordConcurrency(tMs, concurrency);
    unobserved.recordConcurrency(tMs, concurrency);
    const { stable, panic } = observed.observe(tMs);
    assert.deepEqual(observed.observe(tMs), { stable, panic });
    const decision = unobserved.tick(tMs, 3);
    assert.deepEqual([decision.stable, decision.panic], [stable, panic]);
    assert.deepEqual(observed.tick(tMs, 3), decision);
  }
});

Deno.test("FunctionScaler names no time while something is wanted, then the end of what holds it", () => {
  const scaler = new FunctionScaler({
    stableWindowMs: 10_000,
    scaleToZeroGraceMs: 6000,
    targetBurstCapacity: 0,
  });
  scaler.recordConcurrency(1000, 1);
  scaler.tick(2000, 1);
  assert.equal(scaler.heldUntilMs, -Infinity);
  // The load has left the window; the function was active for as long, and has its grace.
  assert.equal(scaler.tick(12_000, 1).desired, 1);
  assert.equal(scaler.heldUntilMs, 18_000);
  assert.equal(scaler.tick(17_999, 1).desired, 1);
  assert.equal(scaler.tick(18_000, 1).desired, 0);
});

Deno.test("FunctionScaler decides nothing else before the time that it names", () => {
  const history = fc.array(
    fc.record({ concurrency: fc.constantFrom(0, 0, 0.3, 1, 6), ready: fc.nat(3) }),
    { minLength: 1, maxLength: 40 },
  );
  const options = fc.record({
    stableWindowMs: fc.constantFrom(6000, 10_000),
    scaleToZeroGraceMs: fc.constantFrom(0, 5000, 30_000),
    minScale: fc.constantFrom(0, 0, 2),
    initialScale: fc.constantFrom(0, 3),
    enableScaleToZero: fc.constantFrom(true, true, false),
    algorithm: fc.constantFrom("linear", "weighted-exponential"),
  });
  let held = 0;
  fc.assert(
    fc.property(options, history, fc.nat(3), (options, history, ready) => {
      const [every, skipping] = [new FunctionScaler(options), new FunctionScaler(options)];
      let tMs = 0;
      const tickBoth = (ready: number) => {
        const decision = every.tick(tMs, ready);
        assert.deepEqual(skipping.tick(tMs, ready), decision);
        return decision;
      };
      for (const { concurrency, ready } of history) {
        tMs += 1000;
        for (const scaler of [every, skipping]) scaler.recordConcurrency(tMs, concurrency);
        tickBoth(ready);
      }
      // Until the windows are empty.
      for (let i = 0; i < 7; i++) {
        tMs += 2000;
        tickBoth(ready);
      }
      const { desired } = tickBoth(ready);
      const { heldUntilMs } = skipping;
      for (tMs += 2000; tMs < heldUntilMs; tMs += 2000, held++) {
        assert.equal(every.tick(tMs, ready).desired, desired);
      }
      // Nor do the ticks that were left out matter to the ones after.
      for (let i = 0; i < 20; i++, tMs += 2000) tickBoth(ready);
    }),
    { seed: 42, numRuns: 500 },
  );
  assert.ok(held > 500, `only ${held} ticks were known beforehand`);
});
