import assert from "node:assert/strict";
import fc from "fast-check";
import type { InstanceLife } from "../../lib/analyze/instance_life.ts";
import {
  deriveOccupancy,
  listInstanceStays,
  listMeasuredSpans,
} from "../../lib/analyze/occupancy.ts";
import type { RunManifest } from "../../lib/store/schema/manifest.ts";
import type { PhaseSpan } from "../../lib/model/schedule.ts";

function spansOf(phases: readonly PhaseSpan[], durationMs: number) {
  return listMeasuredSpans({ phases, plan: { durationMs } } as RunManifest);
}

Deno.test("measured are the spans of the measurement phase, up to the schedule's end", () => {
  assert.deepEqual(spansOf([{ fromMs: 0, phase: "measurement" }], 50), [{
    fromMs: 0,
    untilMs: 50,
  }]);
  assert.deepEqual(
    spansOf([
      { fromMs: 0, phase: "warmup" },
      { fromMs: 10, phase: "measurement" },
      { fromMs: 20, phase: "warmup" },
      { fromMs: 30, phase: "measurement" },
    ], 50),
    [{ fromMs: 10, untilMs: 20 }, { fromMs: 30, untilMs: 50 }],
  );
  assert.deepEqual(spansOf([{ fromMs: 0, phase: "warmup" }], 50), []);
});

Deno.test("occupancy: of what is there within the spans alone", () => {
  const stays = {
    // Three in a warm-up until 100, one that stays, one in the drain from 200.
    startsMs: Float64Array.of(0, 0, 0, 200),
    endsMs: Float64Array.of(50, 60, Infinity, Infinity),
  };
  assert.deepEqual(deriveOccupancy(stays, [{ fromMs: 100, untilMs: 200 }]), { mean: 1, peak: 1 });
  assert.deepEqual(deriveOccupancy(stays, [{ fromMs: 0, untilMs: 100 }]), { mean: 2.1, peak: 3 });
  assert.equal(deriveOccupancy(stays, []), null);
});

Deno.test("occupancy: its mean is the sum of the parts within, its peak the most at an instant", () => {
  const stay = fc.record({ fromMs: fc.integer({ min: 0, max: 50 }), forMs: fc.nat(30) });
  fc.assert(
    fc.property(fc.array(stay, { minLength: 1 }), fc.nat(40), (those, fromMs) => {
      const untilMs = fromMs + 20;
      const ends = those.map(({ fromMs, forMs }) => fromMs + forMs);
      const occupancy = deriveOccupancy({
        startsMs: Float64Array.from(those, ({ fromMs }) => fromMs).sort(),
        endsMs: Float64Array.from(ends).sort(),
      }, [{ fromMs, untilMs }])!;
      let areaMs = 0;
      let peak = 0;
      for (let ms = fromMs; ms < untilMs; ms++) {
        const there = those.filter((s) => s.fromMs <= ms && ms < s.fromMs + s.forMs).length;
        areaMs += there;
        peak = Math.max(peak, there);
      }
      assert.ok(Math.abs(occupancy.mean - areaMs / 20) < 1e-9);
      assert.equal(occupancy.peak, peak);
    }),
    { seed: 91 },
  );
});

Deno.test("occupancy: instances are starting until they are ready, and ready until they stop", () => {
  const life = (createdMs: number, readyMs: number, stoppedMs: number): InstanceLife => ({
    ...{ functionId: "f", instance: "i", detail: null },
    ...{ createdMs, readyMs, stoppedMs },
  });
  // The third never became ready, the last was stopped before it was.
  const lives = [life(0, 5, 20), life(1, 7, NaN), life(2, NaN, NaN), life(3, 9, 6)];
  const list = (state: "starting" | "ready") => {
    const { startsMs, endsMs } = listInstanceStays(lives, state);
    return [[...startsMs], [...endsMs]];
  };
  assert.deepEqual(list("starting"), [[0, 1, 2, 3], [5, 6, 7, Infinity]]);
  assert.deepEqual(list("ready"), [[5, 7], [20, Infinity]]);
});
