import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import { FixedKeepAlive } from "../../../lib/autoscale/keep_alive/fixed_keep_alive.ts";
import { GreedyDual } from "../../../lib/autoscale/keep_alive/greedy_dual.ts";
import { simulateKeepAlive } from "./keep_alive_simulation.ts";

Deno.test("GreedyDual's priority is clock + frequency · cost / size", () => {
  // Worth 1000/100 = 10, 500/500 = 1 and 2000/200 = 10 an invocation.
  const policy = new GreedyDual({ memoryMib: [100, 500, 200], coldStartMs: [1000, 500, 2000] });
  policy.onArrival(0, 0, true);
  assert.equal(policy.evictionPriority(0, 1), 10);
  for (let i = 0; i < 4; i++) policy.onArrival(1, 2, i === 0);
  assert.equal(policy.evictionPriority(1, 3), 4);
  policy.onArrival(2, 4, true);
  policy.onArrival(2, 5, false);
  assert.equal(policy.evictionPriority(2, 6), 20);
  // Function 1 goes: the clock is what it was worth.
  policy.onEviction(1, 4);
  policy.onLastGone(1, 7);
  assert.equal(policy.clock, 4);
  // What is used after it stands the higher for it; frequencies of others are kept.
  policy.onArrival(0, 8, false);
  assert.equal(policy.evictionPriority(0, 9), 4 + 2 * 10);
  // Function 1 comes again and begins at 1.
  policy.onArrival(1, 10, true);
  assert.equal(policy.evictionPriority(1, 11), 4 + 1);
});

Deno.test("GreedyDual keeps everything until memory is needed, and starts nothing ahead", () => {
  const policy = new GreedyDual({ memoryMib: [100], coldStartMs: [1000] });
  policy.onArrival(0, 5, true);
  assert.equal(policy.keepUntilMs(0, 1000), Infinity);
  assert.ok(Number.isNaN(policy.prewarmAtMs(0, 1000)));
});

Deno.test("GreedyDual's clock never falls, and the last evicted is never above what stays", () => {
  const steps = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 80 });
  fc.assert(
    fc.property(steps, (invoked) => {
      const policy = new GreedyDual({
        memoryMib: [64, 128, 256, 512, 1024],
        coldStartMs: [3000, 100, 900, 1500, 700],
      });
      // Room for two idle instances, the lowest priority goes first.
      const idle: { functionIndex: number; priority: number }[] = [];
      let clock = 0;
      invoked.forEach((functionIndex, tMs) => {
        const held = idle.findIndex((instance) => instance.functionIndex === functionIndex);
        policy.onArrival(functionIndex, tMs, held < 0);
        if (held >= 0) idle.splice(held, 1);
        else if (idle.length === 2) {
          idle.sort((a, b) => a.priority - b.priority);
          const [gone] = idle.splice(0, 1);
          policy.onEviction(gone.functionIndex, gone.priority);
          policy.onLastGone(gone.functionIndex, tMs);
          assert.ok(policy.clock >= clock);
          assert.ok(idle[0].priority >= policy.clock);
          clock = policy.clock;
        }
        const priority = policy.evictionPriority(functionIndex, tMs);
        assert.ok(priority > policy.clock);
        idle.push({ functionIndex, priority });
      });
    }),
    { seed: 42 },
  );
});

Deno.test("GreedyDual keeps the small, the frequent and the slow to start, where LRU does not", () => {
  // Function 0 is called every 10 s; between two of its calls come two large rare ones,
  // for which least-recently-used throws it out each time.
  const rare = [1, 2, 3, 4].map((offset) => ({
    arrivalsMs: Array.from({ length: 10 }, (_, i) => i * 20_000 + offset * 4000),
    serviceMs: new Array<number>(10).fill(100),
    coldStartMs: 500,
    memoryMib: 500,
  }));
  const functions = [{
    arrivalsMs: Array.from({ length: 20 }, (_, i) => i * 10_000),
    serviceMs: new Array<number>(20).fill(100),
    coldStartMs: 2000,
    memoryMib: 100,
  }, ...rare];
  const coldWith = (policy: GreedyDual | FixedKeepAlive) =>
    simulateKeepAlive({ functions, policy, untilMs: 1e6, capacityMib: 1000 }).cold;
  const greedyDual = coldWith(
    new GreedyDual({
      memoryMib: functions.map(({ memoryMib }) => memoryMib),
      coldStartMs: functions.map(({ coldStartMs }) => coldStartMs),
    }),
  );
  // Every rare call is cold, and only the first frequent one.
  assert.equal(greedyDual, 40 + 1);
  assert.equal(coldWith(new FixedKeepAlive(1000)), 40 + 20);
});

Deno.test("GreedyDual ages what was frequent once and is no more", () => {
  const policy = new GreedyDual({ memoryMib: [100, 100], coldStartMs: [100, 100] });
  for (let i = 0; i < 50; i++) policy.onArrival(0, i, i === 0);
  const once = policy.evictionPriority(0, 50);
  // Another comes and goes until the clock has passed what the first was worth.
  for (let i = 0; i < 60; i++) {
    policy.onArrival(1, 100 + i, true);
    const priority = policy.evictionPriority(1, 100 + i);
    if (priority > once) return;
    policy.onEviction(1, priority);
    policy.onLastGone(1, 100 + i);
  }
  assert.fail("50 uses outlive any number of later ones");
});

Deno.test("GreedyDual refuses figures that are none", () => {
  assert.throws(() => new GreedyDual({ memoryMib: [100], coldStartMs: [1, 2] }), LoaderError);
  assert.throws(() => new GreedyDual({ memoryMib: [0], coldStartMs: [1] }), LoaderError);
  assert.throws(() => new GreedyDual({ memoryMib: [100], coldStartMs: [-1] }), LoaderError);
});
