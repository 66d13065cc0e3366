import assert from "node:assert/strict";
import fc from "fast-check";
import { allocateMaxMax } from "../../lib/trace/allocation.ts";

const DEMANDS = [8, 1, 9, 2, 2, 8, 0, 0];
const ONE_MILLI = DEMANDS.map(() => 1);

Deno.test("allocateMaxMax: one milli-core an instance", () => {
  const cases: readonly [capacityMilli: number, granted: readonly number[]][] = [
    [100, [8, 1, 9, 2, 2, 8, 0, 0]],
    [30, [8, 1, 9, 2, 2, 8, 0, 0]],
    [29, [8, 0, 9, 2, 2, 8, 0, 0]],
    [27, [8, 0, 9, 1, 1, 8, 0, 0]],
    [21, [6, 0, 9, 0, 0, 6, 0, 0]],
    [4, [0, 0, 4, 0, 0, 0, 0, 0]],
    [0, [0, 0, 0, 0, 0, 0, 0, 0]],
    // What cannot be shared equally goes to the first of the equals.
    [22, [7, 0, 9, 0, 0, 6, 0, 0]],
    [26, [8, 0, 9, 1, 0, 8, 0, 0]],
  ];
  for (const [capacityMilli, granted] of cases) {
    assert.deepEqual(allocateMaxMax(DEMANDS, ONE_MILLI, capacityMilli, 0), granted);
  }
});

Deno.test("allocateMaxMax: six tenths of the capacity belong to the system by default", () => {
  assert.deepEqual(
    allocateMaxMax(DEMANDS, ONE_MILLI, 67.5),
    [8, 0, 9, 1, 1, 8, 0, 0],
  );
});

Deno.test("allocateMaxMax: CPU requests that differ", () => {
  // 3 × 1000 milli do not fit: 2 do, and of the 500 left the smaller gets all of 4 × 83.
  assert.deepEqual(allocateMaxMax([5, 4], [1000, 83], 2500, 0), [2, 4]);
  // Equal demands get equal numbers of instances: 2 × (1000 + 500) of 3400; 400 are too few for another.
  assert.deepEqual(allocateMaxMax([3, 3], [1000, 500], 3400, 0), [2, 2]);
  assert.deepEqual(allocateMaxMax([3, 3], [1000, 500], 3500, 0), [2, 3]);
});

Deno.test("allocateMaxMax: never above demand or capacity, larger demands never behind", () => {
  const instance = fc.integer({ min: 0, max: 30 });
  const arbitrary = fc.array(fc.tuple(instance, fc.constantFrom(83, 167, 333, 583, 1000, 2000)), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(arbitrary, fc.integer({ min: 0, max: 400_000 }), (pairs, capacityMilli) => {
      const demands = pairs.map(([demand]) => demand);
      const cpuMilli = pairs.map(([, cpu]) => cpu);
      const granted = allocateMaxMax(demands, cpuMilli, capacityMilli, 0);
      const sumMilli = (scales: readonly number[]) =>
        scales.reduce((sum, scale, i) => sum + scale * cpuMilli[i], 0);
      assert.equal(granted.length, demands.length);
      assert.ok(sumMilli(granted) <= capacityMilli);
      for (const [i, scale] of granted.entries()) {
        assert.ok(Number.isInteger(scale) && scale >= 0 && scale <= demands[i]);
      }
      if (sumMilli(demands) <= capacityMilli) assert.deepEqual(granted, demands);

      const equalCpu = demands.map(() => 100);
      const ranked = allocateMaxMax(demands, equalCpu, capacityMilli, 0);
      for (let i = 0; i < demands.length; i++) {
        for (let j = 0; j < demands.length; j++) {
          if (demands[i] > demands[j]) assert.ok(ranked[i] >= ranked[j]);
          if (demands[i] === demands[j]) assert.ok(Math.abs(ranked[i] - ranked[j]) <= 1);
        }
      }
    }),
    { seed: 42 },
  );
});

Deno.test("allocateMaxMax: wrong arguments are refused", () => {
  assert.throws(() => allocateMaxMax([1, 2], [1], 10), {
    code: "usage",
    message: "Expected a CPU request for each of 2 demands, got 1.",
  });
  const wrong: [number, number, number, number][] = [
    [1.5, 1, 1, 0],
    [-1, 1, 1, 0],
    [1, 0, 1, 0],
    [1, 1, -1, 0],
    [1, 1, NaN, 0],
    [1, 1, 1, 1.1],
  ];
  for (const [demand, cpuMilli, capacityMilli, share] of wrong) {
    assert.throws(() => allocateMaxMax([demand], [cpuMilli], capacityMilli, share), {
      code: "usage",
      message: /^Expected whole demands/,
    });
  }
});
