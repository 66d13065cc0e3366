import assert from "node:assert/strict";
import fc from "fast-check";
import { InFlightSweep } from "../../lib/analyze/concurrency.ts";
import { deriveOccupancy } from "../../lib/analyze/occupancy.ts";
import { invocationTable } from "../support/invocation_rows.ts";

const BINS = { binMs: 100, count: 12 };
const SPANS = [{ fromMs: 150, untilMs: 520 }, { fromMs: 700, untilMs: 1_000 }];

interface Call {
  readonly startMs: number;
  readonly endMs: number | null;
}

/** Calls as records have them: in the order in which they ended. */
const calls = fc.array(
  fc.record({
    startMs: fc.nat({ max: 1_000 }),
    length: fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 900 })),
    ends: fc.oneof({ arbitrary: fc.constant(true), weight: 20 }, fc.constant(false)),
  }).map(({ startMs, length, ends }): Call => ({ startMs, endMs: ends ? startMs + length : null })),
  { maxLength: 120 },
).map((all) => all.sort((a, b) => (a.endMs ?? a.startMs) - (b.endMs ?? b.startMs)));

function sweep(all: readonly Call[], window: number) {
  const table = invocationTable(
    all.map(({ startMs, endMs }) => ({
      scheduledMs: startMs,
      dispatchedMs: startMs,
      completedMs: endMs,
    })),
  );
  const made = new InFlightSweep(BINS, SPANS, window);
  made.add(table);
  return made.build(BINS);
}

/** In flight through each whole millisecond: calls begin and end on them. */
function levels(all: readonly Call[]): number[] {
  return Array.from(
    { length: BINS.count * BINS.binMs },
    (_, ms) => all.filter(({ startMs, endMs }) => startMs <= ms && (endMs ?? Infinity) > ms).length,
  );
}

Deno.test("in flight: mean and maximum of each bin are those of counting every millisecond", () => {
  fc.assert(
    fc.property(calls, (all) => {
      const { series: { mean, max }, within, missed } = sweep(all, 1000);
      const counted = levels(all);
      assert.equal(missed, 0);
      for (let bin = 0; bin < BINS.count; bin++) {
        const those = counted.slice(100 * bin, 100 * (bin + 1));
        assert.equal(max[bin], Math.max(...those));
        assert.ok(Math.abs(mean[bin] - those.reduce((a, b) => a + b, 0) / 100) < 1e-9);
      }
      const stays = all.filter(({ startMs, endMs }) => (endMs ?? Infinity) > startMs);
      const expected = deriveOccupancy({
        startsMs: Float64Array.from(stays, ({ startMs }) => startMs).sort(),
        endsMs: Float64Array.from(stays, ({ endMs }) => endMs ?? Infinity).sort(),
      }, SPANS)!;
      assert.ok(Math.abs(within!.mean - expected.mean) < 1e-9);
      assert.equal(within!.peak, expected.peak);
    }),
    { seed: 81, numRuns: 300 },
  );
});

Deno.test("in flight: with a window that is too small means are exact, maxima miss no more than told", () => {
  let missedSome = 0;
  fc.assert(
    fc.property(calls, fc.integer({ min: 4, max: 40 }), (all, window) => {
      const whole = sweep(all, 1000);
      const found = sweep(all, window);
      if (found.missed > 0) missedSome++;
      for (let bin = 0; bin < BINS.count; bin++) {
        assert.ok(Math.abs(found.series.mean[bin] - whole.series.mean[bin]) < 1e-9);
        const difference = whole.series.max[bin] - found.series.max[bin];
        assert.ok(difference >= 0 && difference <= found.missed, `${difference}`);
      }
      assert.ok(Math.abs(found.within!.mean - whole.within!.mean) < 1e-9);
      const difference = whole.within!.peak - found.within!.peak;
      assert.ok(difference >= 0 && difference <= found.missed);
    }),
    { seed: 82, numRuns: 500 },
  );
  assert.ok(missedSome > 20, "the small window was one");
});
