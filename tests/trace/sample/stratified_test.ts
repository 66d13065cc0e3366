import assert from "node:assert/strict";
import fc from "fast-check";
import { Rng } from "../../../lib/base/rng.ts";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";
import { functionKey, type Trace } from "../../../lib/model/trace.ts";
import { createSampler, sampleTrace } from "../../../lib/trace/sample/sample.ts";
import { SAMPLE_TARGETS } from "../../../lib/trace/sample/sample_measure.ts";
import { synthesizeTrace } from "../../../lib/trace/synthesize/synthesize.ts";
import { profileOf, traceOf } from "../../support/trace_files.ts";

const flat = (value: number) => ({ quantiles: [0, 1], values: [value, value], mean: value });

/** Functions of few different figures, some never invoked. */
function traceWithTies(functions: number): Trace {
  const rng = Rng.fromSeed(1, "ties");
  return traceOf(Array.from({ length: functions }, (_, i) =>
    profileOf({
      id: `f${i}`,
      invocationsPerSlot: SlotCounts.from([0, 0, 0, 0].map(() => rng.nextBelow(3))),
      runtimeMs: flat(10 ** rng.nextBelow(3)),
      memoryMib: flat(128),
    })));
}

const keysOf = (trace: Trace) => trace.functions.map(functionKey);

Deno.test("a sample of 4,000 functions is near to them in all that is asked for", () => {
  const trace = synthesizeTrace({ functions: 4000, seed: 42 });
  const sampler = createSampler(trace, { seed: 42 });
  const [small, large] = [50, 200].map((size) => sampler.take(size));
  assert.ok(keysOf(small).every((key) => keysOf(large).includes(key)));
  for (const { certificate, functions } of [small, large]) {
    const { figures, correlations, loads, shapes, periodicity } = certificate!;
    assert.equal(functions.length, certificate!.size);
    for (const { name, distance, optimum, optimumWithLoad, timesNearer } of figures) {
      // Of so few functions hardly any have much load: its bound takes that into account.
      const reachable = optimumWithLoad ?? optimum;
      assert.ok(distance <= SAMPLE_TARGETS.timesOptimum * reachable, `${name}: ${distance}`);
      assert.ok(timesNearer! > 2.5, `${name}: ${timesNearer} times nearer`);
    }
    for (const { figures: names, trace, sample } of correlations) {
      assert.ok(Math.abs(sample! - trace!) <= SAMPLE_TARGETS.correlation, names.join());
    }
    for (const { name, error, uniformError } of loads.slice(0, 2)) {
      assert.ok(Math.abs(error) <= 0.08, `${name}: ${error}`);
      assert.ok(Math.abs(error) < uniformError / 5, `${name}: ${error} and ${uniformError}`);
    }
    for (const { name, totalVariation } of shapes) assert.ok(totalVariation <= 0.1, name);
    // Two functions are of another class than would be nearest, at most.
    assert.ok(periodicity.distance <= periodicity.optimum + 2 / certificate!.size);
  }
});

Deno.test("each stratified sample holds every smaller one, whatever is asked for first", () => {
  const trace = traceWithTies(130);
  const [window, invoked] = [{ startMs: 60_000, lengthMs: 120_000 }, 112];
  const size = fc.integer({ min: 1, max: invoked });
  const position = new Map(keysOf(trace).map((key, i) => [key, i]));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3 }), size, size, (seed, a, b) => {
      const options = { seed, window, certify: false };
      const larger = keysOf(sampleTrace(trace, Math.max(a, b), options));
      const smaller = keysOf(sampleTrace(trace, Math.min(a, b), options));
      assert.equal(new Set(larger).size, Math.max(a, b));
      assert.equal(smaller.length, Math.min(a, b));
      assert.ok(smaller.every((key) => larger.includes(key)));
      const order = larger.map((key) => position.get(key)!);
      assert.deepEqual(order, order.toSorted((x, y) => x - y));
    }),
    { seed: 42, numRuns: 15 },
  );
});

Deno.test("the same seed takes the same sample, another one another", () => {
  const trace = traceWithTies(120);
  const take = (seed: number) => keysOf(sampleTrace(trace, 20, { seed, certify: false }));
  assert.deepEqual(take(3), take(3));
  assert.notDeepEqual(take(3), take(4));
});

Deno.test("all functions are a sample without error, and one function is a sample", () => {
  const trace = traceWithTies(60);
  const sampler = createSampler(trace, { seed: 1 });
  const invoked = trace.functions.filter(({ invocationsPerSlot }) => invocationsPerSlot.total > 0);
  const { functions, certificate } = sampler.take(invoked.length);
  assert.deepEqual(functions, invoked);
  assert.deepEqual(certificate!.figures.map(({ distance }) => distance), [0, 0, 0]);
  assert.ok(certificate!.loads.every(({ error }) => Math.abs(error) < 1e-12));
  assert.equal(sampler.take(1).functions.length, 1);
});

Deno.test("a figure that is the same everywhere is no distance and has no correlation", () => {
  const { certificate } = sampleTrace(traceWithTies(60), 10, { seed: 1 });
  const [, , memory] = certificate!.figures;
  assert.equal(memory.name, "memory");
  assert.deepEqual([memory.distance, memory.optimum, memory.timesOptimum], [0, 0, 1]);
  assert.equal(memory.timesNearer, null);
  assert.equal(certificate!.correlations[1].trace, null);
});
