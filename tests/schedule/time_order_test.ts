import assert from "node:assert/strict";
import fc from "fast-check";
import { TimeOrder } from "../../lib/schedule/time_order.ts";

/** Sorts blocks of arrivals, one a function, and returns [time, function] in order. */
function order(blocks: readonly (readonly number[])[], spanUs: number): [number, number][] {
  const times = Uint32Array.from(blocks.flat());
  const positionOf = Uint32Array.from(blocks.flatMap((block, i) => block.map(() => i)));
  const permutation = new TimeOrder().sort(times, positionOf, times.length, spanUs);
  return Array.from({ length: times.length }, (_, i) => [
    times[permutation[i]],
    positionOf[permutation[i]],
  ]);
}

/** What the rule says: each tie takes the next free one, at the end the last free before it. */
function separateByRule(times: readonly number[], spanUs: number): number[] {
  const taken = new Set<number>();
  for (const time of times.toSorted((a, b) => a - b)) {
    let free = time;
    while (taken.has(free) && free < spanUs) free++;
    if (free >= spanUs) {
      free = spanUs - 1;
      while (taken.has(free)) free--;
    }
    taken.add(free);
  }
  return [...taken].sort((a, b) => a - b);
}

Deno.test("TimeOrder: orders by (time, function) and separates ties as the rule says", () => {
  // Narrow spans make ties, also at the end of the span; sizes fall on both sides of radix sort.
  const blocks = fc.tuple(fc.integer({ min: 60, max: 400 }), fc.integer({ min: 1, max: 6 }))
    .chain(([spanUs, functions]) =>
      fc.tuple(
        fc.constant(spanUs),
        fc.array(
          fc.array(fc.integer({ min: 0, max: spanUs - 1 }), { maxLength: 60 }),
          { minLength: functions, maxLength: functions },
        ),
      )
    );
  fc.assert(
    fc.property(blocks, ([spanUs, blocks]) => {
      const found = order(blocks, spanUs);
      for (let i = 1; i < found.length; i++) {
        const [a, b] = [found[i - 1], found[i]];
        assert.ok(a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]), JSON.stringify([a, b]));
      }
      for (let fn = 0; fn < blocks.length; fn++) {
        const times = found.filter(([, position]) => position === fn).map(([time]) => time);
        assert.deepEqual(times, separateByRule(blocks[fn], spanUs));
      }
    }),
    { seed: 21, numRuns: 300 },
  );
});

Deno.test("TimeOrder: a span that is full to the last microsecond", () => {
  assert.deepEqual(order([[9, 9, 9, 9, 9, 9, 9, 9, 9, 9]], 10).map(([time]) => time), [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
  ]);
});

Deno.test("TimeOrder: times up to a minute in microseconds", () => {
  const times = [59_999_999, 0, 8191, 8192, 1 << 25, (1 << 25) - 1];
  const blocks = Array.from({ length: 40 }, (_, i) => times.map((time) => (time + i * 7) % 6e7));
  const found = order(blocks, 60_000_000).map(([time]) => time);
  assert.deepEqual(found, found.toSorted((a, b) => a - b));
  assert.equal(found.length, 240);
});
