import assert from "node:assert/strict";
import {
  deriveVerdict,
  isOverloaded,
  judgeShare,
  leastObservations,
  NO_EVIDENCE,
  VERDICT_LIMITS,
} from "../../lib/invoke/verdict.ts";
import { UNKNOWN_MACHINE } from "../../lib/invoke/machine_watch.ts";
import { describeThrottling } from "../../lib/invoke/throttling.ts";
import type { Verdict } from "../../lib/store/schema/manifest.ts";

const FINE: Verdict["evidence"] = {
  ...NO_EVIDENCE,
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

/** Waits for the platform in seconds 4 to 6. */
function waits(invocations: number): Verdict["evidence"]["peerWaits"] {
  return { invocations, longestMs: 1900, seconds: [4, 5, 6] };
}

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
    [{ unsentForBound: 1 }, "GENERATOR-LIMITED", /1 invocations were never sent: .* own bound/],
    [{ unsentForPeer: 1 }, "VALID", null],
    [{ peerWaits: waits(10) }, "VALID", null],
    [
      { peerWaits: waits(11) },
      "PLATFORM-LIMITED",
      /^11 of 1000 measured invocations waited up to 1\.9 s for the platform, .* seconds 4 – 6\)\.$/,
    ],
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

Deno.test("too few observations are not judged by one of them, or two", () => {
  assert.deepEqual([0.01, 0.05, 0.3].map(leastObservations), [299, 59, 9]);
  // The number itself: 0.99^299 ≤ 5 % < 0.99^298.
  assert.ok(0.99 ** 299 <= 0.05 && 0.99 ** 298 > 0.05);
  const cases: [number, number, number, ReturnType<typeof judgeShare>][] = [
    [0, 60, 0.01, "within"],
    [1, 60, 0.01, "too few"],
    [2, 60, 0.01, "too few"],
    [3, 60, 0.01, "beyond"],
    [2, 199, 0.01, "too few"],
    [2, 200, 0.01, "within"],
    [3, 299, 0.01, "beyond"],
    // All of them, or most.
    [1, 1, 0.01, "beyond"],
    [2, 3, 0.01, "beyond"],
    [1, 2, 0.01, "too few"],
    [1, 10, 0.05, "too few"],
    [3, 10, 0.05, "beyond"],
    // A limit of 0 allows none, one of 1 all.
    [1, 1000, 0, "beyond"],
    [0, 0, 0, "within"],
    [5, 5, 1, "within"],
  ];
  for (const [beyond, observations, share, expected] of cases) {
    assert.equal(judgeShare(beyond, observations, share), expected, `${beyond} of ${observations}`);
  }
});

Deno.test("too few to judge is said, and the rest of the verdict stands", () => {
  const few = { ...FINE, dispatched: 60, lateDispatches: 1, measured: 60 };
  const verdict = deriveVerdict(few, VERDICT_LIMITS);
  assert.equal(verdict.verdict, "VALID");
  assert.deepEqual(verdict.reasons, [
    "1 of 60 dispatches came more than 5 ms after they were due. 60 dispatches are too few to " +
    "judge a share of 1 % by so few of them (299 would do); the rest of the verdict stands.",
  ]);
  // A limit that is crossed is the reason, not what could not be judged.
  const dropped = deriveVerdict({ ...few, dropped: 1 }, VERDICT_LIMITS);
  assert.deepEqual(dropped.reasons, ["1 invocations were dropped at the in-flight cap."]);
  const notOk = deriveVerdict({ ...few, measuredNotOk: 3 }, VERDICT_LIMITS);
  assert.equal(notOk.verdict, "PLATFORM-LIMITED");
  assert.equal(notOk.reasons.length, 2);
});

Deno.test("a limited generator's verdict names what the machine did, and what was waited for", () => {
  const means = {
    stolenPercent: 4,
    throttledMs: 100,
    cpuPeriods: null,
    throttledPeriods: null,
    threadWaitMs: 20,
    cpuPressurePercent: 30,
    memoryPressurePercent: 0,
    memoryLimitHits: 0,
    majorFaults: 0,
  };
  const sentencesOf = (
    causes: NonNullable<Verdict["evidence"]["machine"]>["causes"],
    change: Partial<Verdict["evidence"]> = {},
    known = means as NonNullable<Verdict["evidence"]["machine"]>["means"],
  ) =>
    deriveVerdict({
      ...FINE,
      lateDispatches: 100,
      machine: { limits: { cpuCores: 0.5, memoryMib: 64 }, means: known, causes },
      ...change,
    }, VERDICT_LIMITS).reasons.slice(1);
  assert.deepEqual(
    sentencesOf([
      { figure: "stolenPercent", mean: 12.4, seconds: [14, 15, 16, 17] },
      { figure: "throttledMs", mean: 48.6, seconds: [3, 4, 5, 6, 7, 8, 9] },
      { figure: "threadWaitMs", mean: 50, seconds: [3, 4] },
      { figure: "cpuPressurePercent", mean: 50, seconds: [3] },
      { figure: "memoryPressurePercent", mean: 2.5, seconds: [1, 3] },
      { figure: "memoryLimitHits", mean: 6, seconds: [1, 2] },
      { figure: "majorFaults", mean: 340, seconds: [0] },
    ]),
    [
      "The machine took 12 % of the CPU away in seconds 14 – 17 (its hypervisor's steal).",
      "The loader's container was throttled for 340 ms in seconds 3 – 9: its CPU limit is 0.5 cores.",
      "Programs waited for memory for 2.5 % of the time in seconds 1 and 3.",
      "The loader's container met its limit of memory of 64 MiB 12 times in seconds 1 – 2.",
      "The loader read 340 pages of its memory from a disk in second 0.",
    ],
  );
  assert.match(
    sentencesOf([{ figure: "threadWaitMs", mean: 50, seconds: [3, 4] }]).join(),
    /^The loader was ready to run and waited for a core for 100 ms in seconds 3 – 4/,
  );
  // Pressure on the machine is told where nothing tells what the loader itself waited for.
  const pressure = [{ figure: "cpuPressurePercent", mean: 50, seconds: [3] }] as const;
  assert.deepEqual(sentencesOf(pressure), []);
  assert.equal(sentencesOf(pressure, {}, { ...means, threadWaitMs: null }).length, 1);
  assert.deepEqual(
    sentencesOf([], { boundWaits: { invocations: 7, longestMs: 84.2, seconds: [2] } }),
    [
      "7 of 1000 measured invocations waited up to 85 ms for the loader's own bound of " +
      "connections (due in second 2).",
    ],
  );
  // Who is not limited needs no excuse.
  const fine = deriveVerdict({
    ...FINE,
    machine: {
      limits: { cpuCores: null, memoryMib: null },
      means,
      causes: [
        { figure: "throttledMs", mean: 50, seconds: [1] },
      ],
    },
  }, VERDICT_LIMITS);
  assert.deepEqual(fine.reasons, []);
});

Deno.test("periods of a CPU limit in which the loader was held back are named, none is not", () => {
  const machine = (cpuPeriods: number | null, throttledPeriods: number | null) => ({
    limits: { cpuCores: 0.5, memoryMib: null },
    means: { ...UNKNOWN_MACHINE, cpuPeriods, throttledPeriods },
    causes: [],
  });
  const of = (cpuPeriods: number | null, throttledPeriods: number | null) =>
    describeThrottling({ ...FINE, seconds: 10, machine: machine(cpuPeriods, throttledPeriods) });
  assert.equal(
    of(9.5, 8.2),
    "The loader's container was held back at its CPU limit of 0.5 cores in 82 of the 95 periods " +
      "of the measurement in which it wanted to run.",
  );
  assert.equal(of(10, 0), null);
  assert.equal(of(null, null), null);
  assert.equal(describeThrottling(FINE), null);
});
