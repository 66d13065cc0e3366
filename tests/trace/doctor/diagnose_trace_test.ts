import assert from "node:assert/strict";
import fc from "fast-check";
import { join } from "node:path";
import { formatJson } from "../../../lib/base/json.ts";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";
import type { FunctionProfile, Percentiles, Trace } from "../../../lib/model/trace.ts";
import { createPlotter } from "../../../lib/report/plot/plotter.ts";
import { renderTracePage } from "../../../lib/report/trace/trace_page.ts";
import { describeDiagnosis } from "../../../lib/report/trace/diagnosis_text.ts";
import { diagnoseTrace } from "../../../lib/trace/doctor/diagnose_trace.ts";
import { summarizeDiagnosis } from "../../../lib/trace/doctor/diagnosis_summary.ts";
import { spanOfWindow } from "../../../lib/trace/doctor/slot_span.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { PROJECT } from "../../support/script.ts";
import { profileOf, traceOf } from "../../support/trace_files.ts";

Deno.test("totals are those of the counts, and Little's law", () => {
  const trace = traceOf([
    profileOf({
      id: "f",
      invocationsPerSlot: SlotCounts.from([6, 0, 0]),
      runtimeMs: { quantiles: [0, 1], values: [20_000, 40_000], mean: 30_000 },
    }),
    profileOf({
      id: "g",
      invocationsPerSlot: SlotCounts.from([0, 6, 6]),
      // Asked for 60 s, not the 100 s of the trace.
      runtimeMs: { quantiles: [0, 1], values: [100_000, 100_000], mean: 100_000 },
    }),
  ]);
  const { totals, load } = diagnoseTrace(trace);
  assert.equal(totals.invocations, 18);
  assert.equal(totals.applications, 1);
  assert.ok(Math.abs(totals.meanRatePerS - 0.1) < 1e-12);
  assert.deepEqual(load.invocations, Float64Array.of(6, 6, 6));
  assert.deepEqual(load.concurrency, Float64Array.of(3, 6, 6));
  assert.equal(totals.offeredConcurrency, 5);
  assert.equal(totals.peakConcurrency, 6);
  assert.ok(Math.abs(totals.recordedConcurrency - (6 * 30 + 12 * 100) / 180) < 1e-12);
});

Deno.test("a window is looked at as a trace of that window is", async () => {
  const trace = await readTrace(join(PROJECT, "data/azure_2019_synthetic"));
  const span = spanOfWindow(trace, { startMs: 540 * 60_000, lengthMs: 3_600_000 });
  assert.deepEqual(span, { fromSlot: 540, toSlot: 600 });
  const part = diagnoseTrace(trace, span);
  const cut = diagnoseTrace({
    ...trace,
    slots: 60,
    functions: trace.functions.map((profile) => ({
      ...profile,
      invocationsPerSlot: SlotCounts.from(profile.invocationsPerSlot.toArray().slice(540, 600)),
    })),
  });
  assert.deepEqual(part.totals, cut.totals);
  assert.deepEqual(part.columns, cut.columns);
  assert.deepEqual(part.load, cut.load);
  assert.throws(
    () => spanOfWindow(trace, { startMs: 1440 * 60_000, lengthMs: 0 }),
    /more than 0 minutes/,
  );
});

Deno.test("the golden diagnosis of the sample trace does not change", async () => {
  const trace = await readTrace(join(PROJECT, "data/azure_2019_synthetic"));
  const text = formatJson(summarizeDiagnosis(diagnoseTrace(trace))) + "\n";
  const golden = new URL("../../golden/trace_diagnosis.json", import.meta.url);
  if (Deno.env.get("UPDATE_GOLDEN") === "1") await Deno.writeTextFile(golden, text);
  assert.equal(text, await Deno.readTextFile(golden));
});

const value = fc.oneof(
  fc.constantFrom(0, 1, 1e-9, 60_000, 1e12),
  fc.double({ min: 0, max: 1e7, noNaN: true }),
);
const percentiles: fc.Arbitrary<Percentiles> = fc.record({
  quantiles: fc.constant([0, 0.25, 0.5, 1]),
  values: fc.tuple(value, value, value, value),
  mean: value,
});
const count = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.nat(50) },
  { weight: 1, arbitrary: fc.nat(0xffffffff) },
);
const name = fc.constantFrom("", "a", "b", "c/d");

function traces(slots: number): fc.Arbitrary<Trace> {
  const profile: fc.Arbitrary<FunctionProfile> = fc.record({
    id: name,
    appId: name,
    ownerId: name,
    trigger: fc.constantFrom(null, "timer", "http"),
    invocationsPerSlot: fc.array(count, { minLength: slots, maxLength: slots })
      .map((counts) => SlotCounts.from(counts)),
    recorded: fc.option(
      fc.array(value, { maxLength: 20 }).map((arrivals) => ({
        arrivalMs: Float64Array.from(arrivals).sort(),
        runtimeMs: Float32Array.from(arrivals),
        memoryMib: null,
      })),
      { nil: undefined },
    ),
    runtimeMs: percentiles,
    memoryMib: percentiles,
  });
  return fc.record({
    name: fc.constant("<any>"),
    slotMs: fc.constantFrom(1_000, 60_000, 3_600_000, 86_400_000, 37),
    slots: fc.constant(slots),
    functions: fc.array(profile, { maxLength: 25 }),
    repairs: fc.constant([]),
    hash: fc.constant(""),
    startMs: fc.option(fc.constant(1.6e12), { nil: undefined }),
  });
}

Deno.test("no trace throws, and none makes a page with a figure that is no number", async () => {
  const plotter = await createPlotter();
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 3, 61, 130).chain(traces), (trace) => {
      const diagnosis = diagnoseTrace(trace);
      const page = renderTracePage(diagnosis, ["doctor"], plotter).page;
      const svgs = page.match(/<svg[\s\S]*?<\/svg>/g) ?? [];
      for (const svg of svgs) {
        const wrong = svg.match(/[^ ]{0,30}="[^"]*(NaN|Infinity|undefined)[^"]{0,30}/);
        assert.equal(wrong, null, wrong?.[0]);
      }
      assert.doesNotMatch(page, /NaN|undefined|Infinity|<any>/);
      assert.doesNotMatch(describeDiagnosis(diagnosis), /NaN|undefined|Infinity/);
      JSON.parse(formatJson(summarizeDiagnosis(diagnosis)));
    }),
    { seed: 3, numRuns: 60 },
  );
});
