import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import { Oracle } from "../../../lib/autoscale/keep_alive/oracle.ts";
import { type SimulatedFunction, simulateKeepAlive } from "./keep_alive_simulation.ts";
import { createPolicies, FUNCTIONS } from "./keep_alive_workload.ts";

/** A microsecond: what a start or a wait may exceed the plan by. */
const STEP_MS = 1e-3;

const oracleOf = (functions: readonly SimulatedFunction[]) =>
  new Oracle({
    arrivalsMs: functions.map(({ arrivalsMs }) => arrivalsMs),
    serviceMs: functions.map(({ serviceMs }) => serviceMs),
    coldStartMs: functions.map(({ coldStartMs }) => coldStartMs),
  });

Deno.test("Oracle is never cold and wastes what it planned, whichever instance serves", () => {
  fc.assert(
    fc.property(
      FUNCTIONS,
      fc.constantFrom("latest idle" as const, "earliest idle" as const),
      (functions, take) => {
        const policy = oracleOf(functions);
        const { cold, wastedMs } = simulateKeepAlive({ functions, policy, take, untilMs: 1e9 });
        assert.equal(cold, 0);
        wastedMs.forEach((wasted, functionIndex) => {
          const planned = policy.wastedMs(functionIndex);
          const { length } = functions[functionIndex].arrivalsMs;
          assert.ok(Math.abs(wasted - planned) <= length * STEP_MS, `${wasted}, not ${planned}`);
        });
      },
    ),
    { seed: 42, numRuns: 150 },
  );
});

Deno.test("Oracle is never colder than another policy, nor wastes more than one that is not cold", () => {
  let notCold = 0;
  fc.assert(
    fc.property(FUNCTIONS, (functions) => {
      const bound = simulateKeepAlive({ functions, policy: oracleOf(functions), untilMs: 1e8 });
      for (const policy of createPolicies(functions)) {
        const other = simulateKeepAlive({ functions, policy, untilMs: 1e8 });
        assert.ok(bound.cold <= other.cold, policy.name);
        if (other.cold > 0) continue;
        if (functions.some(({ arrivalsMs }) => arrivalsMs.length > 0)) notCold++;
        const total = (wasted: readonly number[]) => wasted.reduce((a, b) => a + b, 0);
        assert.ok(total(bound.wastedMs) <= total(other.wastedMs) + 36 * STEP_MS, policy.name);
      }
    }),
    { seed: 42, numRuns: 60 },
  );
  // The comparison of waste has taken place.
  assert.ok(notCold > 20, `${notCold} without a cold start`);
});

Deno.test("Oracle with arrivals farther apart than a cold start has nothing idle", () => {
  const functions = [{
    arrivalsMs: [1000, 10_000, 60_000],
    serviceMs: [500, 500, 500],
    coldStartMs: 700,
    memoryMib: 128,
  }];
  const policy = oracleOf(functions);
  [300, 9300, 59_300].forEach((startMs, i) => {
    const aheadMs = startMs - policy.plannedStartsMs(0)[i];
    assert.ok(aheadMs > 0 && aheadMs < STEP_MS);
  });
  assert.equal(policy.wastedMs(0), 3 * 700);
  assert.equal(simulateKeepAlive({ functions, policy, untilMs: 1e6 }).cold, 0);
});

Deno.test("Oracle keeps an instance that is ready early for the arrival it was started for", () => {
  const policy = new Oracle({
    arrivalsMs: [[1000, 9000]],
    serviceMs: [[50, 50]],
    coldStartMs: [500],
  });
  const isKeptUntil = (nowMs: number, untilMs: number) => {
    const keptMs = policy.keepUntilMs(0, nowMs) - untilMs;
    assert.ok(keptMs > 0 && keptMs < STEP_MS, `${keptMs} ms more than until ${untilMs}`);
  };
  isKeptUntil(900, 1000);
  policy.onCompletion(0, 1050, 50);
  assert.equal(policy.keepUntilMs(0, 1050), 1050);
  isKeptUntil(8700, 9000);
});

Deno.test("Oracle is ready in time whatever the rounding, also of another time 0", () => {
  const times = fc.double({ min: 0, max: 1e8, noNaN: true });
  fc.assert(
    fc.property(times, times, fc.double({ min: 0, max: 1e5, noNaN: true }), (
      arrivalMs,
      zeroMs,
      coldStartMs,
    ) => {
      const policy = new Oracle({
        arrivalsMs: [[arrivalMs]],
        serviceMs: [[1]],
        coldStartMs: [coldStartMs],
      });
      const readyMs = zeroMs + policy.plannedStartsMs(0)[0] + coldStartMs;
      assert.ok(readyMs <= zeroMs + arrivalMs && readyMs > zeroMs + arrivalMs - STEP_MS);
      assert.ok(zeroMs + policy.keepUntilMs(0, readyMs - zeroMs) > zeroMs + arrivalMs);
    }),
    { seed: 42, numRuns: 1000 },
  );
});

Deno.test("Oracle keeps nothing beyond what it was told of", () => {
  const policy = new Oracle({ arrivalsMs: [[]], serviceMs: [[]], coldStartMs: [100] });
  policy.onArrival(0, 5, true);
  policy.onCompletion(0, 10, 5);
  assert.equal(policy.keepUntilMs(0, 10), 10);
  assert.equal(policy.keepUntilMs(0, 20), 20);
});

Deno.test("Oracle refuses columns of different lengths", () => {
  assert.throws(
    () => new Oracle({ arrivalsMs: [[1]], serviceMs: [[1], []], coldStartMs: [1] }),
    LoaderError,
  );
  assert.throws(
    () => new Oracle({ arrivalsMs: [[1]], serviceMs: [[1]], coldStartMs: [-1] }),
    LoaderError,
  );
});
