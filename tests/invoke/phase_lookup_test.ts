import assert from "node:assert/strict";
import fc from "fast-check";
import { PhaseLookup } from "../../lib/invoke/phase_lookup.ts";
import { phaseAt, type PhaseSpan } from "../../lib/model/schedule.ts";

Deno.test("PhaseLookup: the same as phaseAt, in whatever order it is asked", () => {
  const spans = fc.array(
    fc.record({
      fromMs: fc.integer({ min: 0, max: 20 }),
      phase: fc.constantFrom<PhaseSpan["phase"]>("warmup", "measurement"),
    }),
    { maxLength: 5 },
  ).map((list) => list.toSorted((a, b) => a.fromMs - b.fromMs));
  const instants = fc.array(
    fc.oneof(fc.integer({ min: -2, max: 22 }), fc.double({ min: 0, max: 22, noNaN: true })),
    { minLength: 1, maxLength: 50 },
  );
  fc.assert(
    fc.property(spans, instants, (phases, times) => {
      const lookup = new PhaseLookup(phases);
      for (const timeMs of times) assert.equal(lookup.phaseAt(timeMs), phaseAt(phases, timeMs));
    }),
    { seed: 62 },
  );
});
