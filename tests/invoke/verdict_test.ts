import assert from "node:assert/strict";
import { deriveVerdict, isOverloaded, VERDICT_LIMITS } from "../../lib/invoke/verdict.ts";
import type { Verdict } from "../../lib/model/manifest.ts";

const FINE: Verdict["evidence"] = {
  dispatched: 1000,
  dropped: 0,
  lateDispatches: 0,
  dispatchLagP50Ms: 0.5,
  dispatchLagP99Ms: 2,
  dispatchLagMaxMs: 4,
  loopProbes: 1000,
  lateLoopProbes: 0,
  loopDelayP99Ms: 2,
  loopDelayMaxMs: 5,
  busySeconds: [],
  seconds: 100,
  waitingPercent: null,
  measured: 1000,
  measuredNotOk: 0,
};

Deno.test("deriveVerdict: each limit at its edge and just beyond it", () => {
  const six = [1, 2, 3, 4, 5, 6];
  const cases: [Partial<Verdict["evidence"]>, Verdict["verdict"], RegExp | null][] = [
    [{}, "VALID", null],
    [{ dropped: 1 }, "GENERATOR-LIMITED", /1 invocations were dropped/],
    [{ lateDispatches: 10 }, "VALID", null],
    [{ lateDispatches: 11 }, "GENERATOR-LIMITED", /11 of 1000 dispatches .* 5 ms/],
    [{ lateLoopProbes: 10 }, "VALID", null],
    [{ lateLoopProbes: 11 }, "GENERATOR-LIMITED", /event loop .* 10 ms at 11 of 1000/],
    [{ busySeconds: six.slice(1) }, "VALID", null],
    [{ busySeconds: six }, "GENERATOR-LIMITED", /90 % of a core in 6 of 100 seconds/],
    [{ measuredNotOk: 10 }, "VALID", null],
    [{ measuredNotOk: 11 }, "PLATFORM-LIMITED", /11 of 1000 measured invocations were not ok/],
    // A limited generator says nothing about the platform.
    [{ measuredNotOk: 500, dropped: 1 }, "GENERATOR-LIMITED", /dropped/],
    [{ dispatched: 0, loopProbes: 0, seconds: 0, measured: 0 }, "VALID", null],
  ];
  for (const [change, word, reason] of cases) {
    const verdict = deriveVerdict({ ...FINE, ...change }, VERDICT_LIMITS);
    assert.equal(verdict.verdict, word, JSON.stringify(change));
    if (reason === null) assert.deepEqual(verdict.reasons, []);
    else assert.match(verdict.reasons.join(" "), reason);
  }
});

Deno.test("deriveVerdict: other limits judge otherwise", () => {
  const strict = { ...VERDICT_LIMITS, notOkShare: 0 };
  assert.equal(deriveVerdict({ ...FINE, measuredNotOk: 1 }, strict).verdict, "PLATFORM-LIMITED");
});

Deno.test("isOverloaded: more than 30 % of what returned failed", () => {
  const outcomes = (ok: number, failed: number, extra = {}) => ({ ok, failed, ...extra });
  assert.equal(isOverloaded(outcomes(70, 30)), false);
  assert.equal(isOverloaded(outcomes(69, 31)), true);
  assert.equal(isOverloaded(outcomes(0, 0)), false);
  // What was dropped or cancelled has not returned.
  assert.equal(isOverloaded(outcomes(70, 30, { dropped: 900, cancelled: 900 })), false);
  assert.equal(isOverloaded({ ok: 1, timed_out: 1, rejected: 1, connect_failed: 1 }), true);
  assert.equal(isOverloaded(outcomes(69, 0, { unsent: 31 })), true);
});
