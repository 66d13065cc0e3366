import assert from "node:assert/strict";
import fc from "fast-check";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";
import { functionKey, type Trace } from "../../../lib/model/trace.ts";
import { type SampleOptions, sampleTrace } from "../../../lib/trace/sample/sample.ts";
import { profileOf, traceOf } from "../../support/trace_files.ts";

const MINUTES = 4;

/** Functions f0, f1, …; every third is invoked in the last minute only. */
function traceOfSize(size: number): Trace {
  return traceOf(Array.from({ length: size }, (_, i) =>
    profileOf({
      id: `f${i}`,
      invocationsPerSlot: SlotCounts.from(i % 3 === 0 ? [0, 0, 0, 1] : [1, 0, 2, 0]),
    })));
}

function randomSample(trace: Trace, size: number, options: SampleOptions): Trace {
  return sampleTrace(trace, size, { ...options, method: "random", certify: false });
}

function keysOf(trace: Trace): string[] {
  return trace.functions.map(functionKey);
}

Deno.test("a random sample: smaller samples are part of larger ones, in the order of the trace", () => {
  const trace = traceOfSize(60);
  const position = new Map(keysOf(trace).map((key, index) => [key, index]));
  const window = fc.constantFrom(
    undefined,
    { startMs: 0, lengthMs: 60_000 },
    { startMs: 120_000, lengthMs: 90_000 },
  );
  const size = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(fc.integer(), size, size, window, (seed, a, b, window) => {
      const smaller = keysOf(randomSample(trace, Math.min(a, b), { seed, window }));
      const larger = keysOf(randomSample(trace, Math.max(a, b), { seed, window }));
      assert.equal(smaller.length, Math.min(a, b));
      assert.equal(new Set(larger).size, Math.max(a, b));
      assert.ok(smaller.every((key) => larger.includes(key)));
      const order = larger.map((key) => position.get(key)!);
      assert.deepEqual(order, order.toSorted((x, y) => x - y));
    }),
    { seed: 42 },
  );
});

Deno.test("a random sample: only functions invoked in the window", () => {
  const trace = traceOfSize(30);
  const first = randomSample(trace, 20, { seed: 1, window: { startMs: 0, lengthMs: 60_000 } });
  assert.ok(first.functions.every(({ invocationsPerSlot }) => invocationsPerSlot.sum(0, 1) > 0));
  const last = randomSample(trace, 10, { seed: 1, window: { startMs: 180_000, lengthMs: 60_000 } });
  assert.ok(last.functions.every(({ invocationsPerSlot }) => invocationsPerSlot.sum(3, 4) > 0));
});

Deno.test("a random sample: a rank does not depend on the other functions", () => {
  const trace = traceOfSize(40);
  const sample = randomSample(trace, 10, { seed: 7 });
  const without = traceOf(
    trace.functions.filter((profile) =>
      sample.functions.includes(profile) || Number(profile.id.slice(1)) % 2 === 0
    ),
  );
  assert.deepEqual(keysOf(randomSample(without, 10, { seed: 7 })), keysOf(sample));
});

Deno.test("a random sample: every function is equally likely", () => {
  const trace = traceOfSize(10);
  const counts = new Map<string, number>();
  const draws = 2000;
  for (let seed = 0; seed < draws; seed++) {
    for (const key of keysOf(randomSample(trace, 3, { seed }))) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  // Binomial(2000, 0.3): σ is 20.5, and five of them are never seen by chance.
  for (const key of keysOf(trace)) {
    assert.ok(Math.abs((counts.get(key) ?? 0) - 0.3 * draws) < 103, `${key}: ${counts.get(key)}`);
  }
});

Deno.test("a random sample: says what it is and keeps the rest", () => {
  const trace = { ...traceOfSize(5), hash: "abc" };
  const sample = randomSample(trace, 2, { seed: 1 });
  assert.equal(sample.name, "test, random 2");
  assert.equal(sample.hash, "abc");
  assert.equal(sample.slots, MINUTES);
});

Deno.test("a random sample: too few functions, wrong size, wrong window", () => {
  const trace = traceOfSize(30);
  const cases: readonly [size: number, window: [number, number] | undefined, message: string][] = [
    [
      31,
      undefined,
      "A sample of 31 functions is too large: the trace test has 30 that are invoked in its 4 minutes.",
    ],
    [
      11,
      [3, 1],
      "A sample of 11 functions is too large: the trace test has 10 that are invoked in minutes 3 to 4.",
    ],
    [
      1,
      [1, 1],
      "No functions are left: none of the 30 of the trace test is invoked in minutes 1 to 2; " +
      "choose another window.",
    ],
    [
      1,
      [3, 2],
      "The trace test has 4 minutes, the window asks for minutes 3 to 5; " +
      "start earlier or shorten the duration.",
    ],
    [2.5, undefined, "The size of a sample must be a whole number from 1, got 2.5."],
  ];
  for (const [size, window, message] of cases) {
    assert.throws(
      () =>
        randomSample(trace, size, {
          seed: 1,
          window: window && { startMs: window[0] * 60_000, lengthMs: window[1] * 60_000 },
        }),
      { code: "usage", message },
    );
  }
});
