import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import {
  ScaleToZero,
  type ScaleToZeroOptions,
} from "../../../lib/autoscale/knative/scale_to_zero.ts";

/**
 * An active function of two instances since 0 ms, with a stable window of 10 s, whose
 * requests go past the activator.
 */
function createActive(options: ScaleToZeroOptions = {}): ScaleToZero {
  const gate = new ScaleToZero({ stableWindowMs: 10_000, ...options });
  gate.apply({ tMs: 0, desired: 2, ready: 2, excessBurstCapacity: 0 });
  return gate;
}

Deno.test("ScaleToZero passes every other scale on", () => {
  const gate = new ScaleToZero();
  for (const desired of [1, 7, 3]) {
    assert.equal(gate.apply({ tMs: 0, desired, ready: 0 }), desired);
  }
});

Deno.test("ScaleToZero leaves a function at zero that was never wanted", () => {
  assert.equal(new ScaleToZero().apply({ tMs: 60_000, desired: 0, ready: 0 }), 0);
});

Deno.test("ScaleToZero keeps an active function at one until the stable window is over", () => {
  const gate = createActive();
  assert.equal(gate.apply({ tMs: 4000, desired: 0, ready: 2 }), 1);
  assert.equal(gate.apply({ tMs: 9999, desired: 0, ready: 1 }), 1);
});

Deno.test("ScaleToZero waits for the grace period of 30 s once inactive", () => {
  const gate = createActive();
  assert.equal(gate.apply({ tMs: 10_000, desired: 0, ready: 2 }), 2);
  assert.equal(gate.apply({ tMs: 39_999, desired: 0, ready: 2 }), 2);
  assert.equal(gate.apply({ tMs: 40_000, desired: 0, ready: 2 }), 0);
});

Deno.test("ScaleToZero waits for the retention where that is longer", () => {
  const gate = createActive({ gracePeriodMs: 1000, lastPodRetentionMs: 5000 });
  assert.equal(gate.apply({ tMs: 10_000, desired: 0, ready: 2 }), 2);
  assert.equal(gate.apply({ tMs: 14_999, desired: 0, ready: 2 }), 2);
  assert.equal(gate.apply({ tMs: 15_000, desired: 0, ready: 2 }), 0);
});

Deno.test("ScaleToZero has no grace where the activator has been in the path for as long", () => {
  const gate = new ScaleToZero({ stableWindowMs: 10_000, gracePeriodMs: 30_000, createdMs: 0 });
  gate.apply({ tMs: 5000, desired: 2, ready: 2 });
  // Active for long enough, but the activator is in the path since 0 ms only.
  assert.equal(gate.apply({ tMs: 20_000, desired: 0, ready: 2 }), 2);
  assert.equal(gate.heldUntilMs, 30_000);
  assert.equal(gate.apply({ tMs: 30_000, desired: 0, ready: 2 }), 0);
  gate.apply({ tMs: 40_000, desired: 1, ready: 1 });
  assert.equal(gate.apply({ tMs: 49_999, desired: 0, ready: 1 }), 1);
  assert.equal(gate.apply({ tMs: 50_000, desired: 0, ready: 1 }), 0);
});

Deno.test("ScaleToZero counts the grace from when requests go through the activator again", () => {
  const gate = createActive({ gracePeriodMs: 6000 });
  // More load than there is room for, while it is still wanted.
  gate.apply({ tMs: 12_000, desired: 2, ready: 2, excessBurstCapacity: -1 });
  assert.equal(gate.apply({ tMs: 15_000, desired: 0, ready: 2 }), 2);
  assert.equal(gate.apply({ tMs: 18_000, desired: 0, ready: 2 }), 0);
});

Deno.test("ScaleToZero keeps the last instances for their retention whatever the path", () => {
  const gate = new ScaleToZero({ stableWindowMs: 10_000, lastPodRetentionMs: 5000 });
  gate.apply({ tMs: 50_000, desired: 1, ready: 1 });
  assert.equal(gate.apply({ tMs: 60_000, desired: 0, ready: 1 }), 1);
  assert.equal(gate.apply({ tMs: 64_999, desired: 0, ready: 1 }), 1);
  assert.equal(gate.apply({ tMs: 65_000, desired: 0, ready: 1 }), 0);
});

Deno.test("ScaleToZero is active from when the first instance is ready", () => {
  const gate = new ScaleToZero({ stableWindowMs: 10_000, gracePeriodMs: 0 });
  gate.apply({ tMs: 0, desired: 1, ready: 0 });
  gate.noteReady(1500);
  gate.apply({ tMs: 2000, desired: 1, ready: 1 });
  assert.equal(gate.apply({ tMs: 11_499, desired: 0, ready: 1 }), 1);
  assert.equal(gate.apply({ tMs: 11_500, desired: 0, ready: 1 }), 0);
});

Deno.test("ScaleToZero begins again when the function is wanted within the grace", () => {
  const gate = createActive();
  gate.apply({ tMs: 10_000, desired: 0, ready: 1 });
  assert.equal(gate.apply({ tMs: 20_000, desired: 1, ready: 1, excessBurstCapacity: 0 }), 1);
  assert.equal(gate.apply({ tMs: 29_999, desired: 0, ready: 1, excessBurstCapacity: 0 }), 1);
  gate.apply({ tMs: 30_000, desired: 0, ready: 1 });
  assert.equal(gate.apply({ tMs: 59_999, desired: 0, ready: 1 }), 1);
  assert.equal(gate.apply({ tMs: 60_000, desired: 0, ready: 1 }), 0);
});

Deno.test("ScaleToZero keeps what is starting, until it is ready or times out", () => {
  const gate = new ScaleToZero({ activationTimeoutMs: 5000, stableWindowMs: 10_000 });
  gate.apply({ tMs: 0, desired: 3, ready: 0 });
  assert.equal(gate.apply({ tMs: 4999, desired: 0, ready: 0 }), 3);
  assert.equal(gate.apply({ tMs: 5000, desired: 0, ready: 0 }), 0);

  gate.apply({ tMs: 6000, desired: 1, ready: 0 });
  assert.equal(gate.apply({ tMs: 8000, desired: 0, ready: 1 }), 1);
  assert.equal(gate.apply({ tMs: 17_999, desired: 0, ready: 1 }), 1);
});

Deno.test("ScaleToZero never goes to zero where that is not enabled", () => {
  const gate = createActive({ enableScaleToZero: false });
  assert.equal(gate.apply({ tMs: 1e9, desired: 0, ready: 1 }), 1);
});

Deno.test("ScaleToZero refuses negative periods", () => {
  assert.throws(
    () => new ScaleToZero({ gracePeriodMs: -1 }),
    (error) => error instanceof LoaderError && /gracePeriodMs is -1/.test(error.message),
  );
});

Deno.test("ScaleToZero decides nothing else before the time that it names, while nothing is wanted", () => {
  const step = fc.record({
    gapMs: fc.integer({ min: 1, max: 20_000 }),
    desired: fc.constantFrom(0, 0, 1, 3),
    ready: fc.constantFrom(0, 1, 2),
    excessBurstCapacity: fc.constantFrom(-1, 0),
  });
  const options = fc.record({
    stableWindowMs: fc.constantFrom(6000, 10_000),
    gracePeriodMs: fc.constantFrom(0, 30_000),
    lastPodRetentionMs: fc.constantFrom(0, 45_000),
    activationTimeoutMs: fc.constantFrom(0, 15_000),
    initialScale: fc.constantFrom(0, 2),
  });
  let held = 0;
  fc.assert(
    fc.property(options, fc.array(step, { minLength: 1 }), (options, steps) => {
      const gate = new ScaleToZero(options);
      let tMs = 0;
      for (const { gapMs, ...input } of steps) {
        tMs += gapMs;
        gate.apply({ tMs, ...input });
      }
      const { ready } = steps[steps.length - 1];
      const applied = gate.apply({ tMs, desired: 0, ready });
      for (const { heldUntilMs } = gate; (tMs += 700) < heldUntilMs; held++) {
        assert.equal(gate.apply({ tMs, desired: 0, ready }), applied);
      }
    }),
    { seed: 42, numRuns: 500 },
  );
  assert.ok(held > 1000, "mostly it does hold something back");
});

Deno.test("ScaleToZero names the end of the window, then that of the grace period", () => {
  const gate = createActive();
  gate.apply({ tMs: 4000, desired: 0, ready: 2, excessBurstCapacity: 0 });
  assert.equal(gate.heldUntilMs, 10_000);
  gate.apply({ tMs: 10_500, desired: 0, ready: 2 });
  assert.equal(gate.heldUntilMs, 40_500);
});
