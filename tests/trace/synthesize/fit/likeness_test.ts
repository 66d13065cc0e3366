import assert from "node:assert/strict";
import { join } from "node:path";
import { LoaderError } from "../../../../lib/base/error.ts";
import { SlotCounts } from "../../../../lib/model/slot_counts.ts";
import type { Trace } from "../../../../lib/model/trace.ts";
import { readTrace } from "../../../../lib/trace/read_trace.ts";
import { synthesizeTrace } from "../../../../lib/trace/synthesize/synthesize.ts";
import { fitPopulation } from "../../../../lib/trace/synthesize/fit/fitted_population.ts";
import {
  compareWithSource,
  type Likeness,
  type LikenessFigure,
} from "../../../../lib/trace/synthesize/fit/likeness.ts";
import { PUBLISHED_POPULATION } from "../../../../lib/trace/synthesize/published_population.ts";
import { runScript, temporaryFolder } from "../../../support/script.ts";

function find(likeness: Likeness, figure: string, distance: RegExp): LikenessFigure {
  const found = likeness.figures.find((other) =>
    other.figure === figure && distance.test(other.distance)
  );
  assert.ok(found !== undefined, figure);
  return found;
}

Deno.test("a fitted trace is nearer to its source than two halves of it are to each other", () => {
  const source = synthesizeTrace({ functions: 2000, seed: 7 });
  const size = { functions: 2000, days: 1, seed: 1 };
  const likeness = compareWithSource(source, fitPopulation(source), size);
  for (const figure of ["invocations a day", "mean runtime", "mean memory"]) {
    for (const distance of [/Wasserstein/, /Kolmogorov/]) {
      const { reached, betweenHalves } = find(likeness, figure, distance);
      assert.ok(reached < betweenHalves / 3, `${figure}: ${reached}, halves ${betweenHalves}`);
    }
  }
  for (
    const [figure, times] of [
      ["invocations a day and mean runtime", 1],
      ["share of minutes with invocations", 1],
      ["variance ÷ mean of the counts of minutes", 1],
      ["triggers", 1],
      ["shape of the day, each function counting alike", 1],
      ["shape of the day of the load", 1],
      ["autocorrelation of the counts over 1 min", 1.5],
      ["autocorrelation of the counts over 10 min", 1.5],
      ["autocorrelation of the counts over 60 min", 1.5],
      ["periodic, irregular and bursty functions", 1.5],
    ] as const
  ) {
    const { reached, betweenHalves95 } = find(likeness, figure, /./);
    assert.ok(
      reached < times * betweenHalves95,
      `${figure}: ${reached}, halves ${betweenHalves95}`,
    );
  }
});

Deno.test("the distances see what is not alike", async () => {
  const source = await readTrace("data/azure_2019_synthetic");
  const size = { functions: 200, days: 1, seed: 1 };
  const { figures } = compareWithSource(source, PUBLISHED_POPULATION, size);
  for (const { figure, distance, reached, betweenHalves95 } of figures) {
    // Triggers and days are of one model, and rates and runtimes independent, in both.
    if (/triggers|shape/.test(figure) || /rank/.test(distance)) continue;
    assert.ok(reached > betweenHalves95, `${figure} (${distance}): ${reached}, ${betweenHalves95}`);
  }
});

Deno.test("rank correlations of the source come through, whatever their form", () => {
  const source = synthesizeTrace({ functions: 1200, seed: 3 });
  // Runtime falls with the rate up to the median and rises beyond: no correlation, all dependence.
  const functions = source.functions.map((profile) => {
    const perDay = profile.invocationsPerSlot.total;
    const mean = 10 + Math.abs(Math.log10(perDay) - 1.5) * 1000;
    return { ...profile, runtimeMs: { quantiles: [0, 1], values: [mean / 2, mean * 1.5], mean } };
  });
  const made = synthesizeTrace({ functions: 1200, seed: 4, like: { ...source, functions } });
  const differences = made.functions.map(({ invocationsPerSlot, runtimeMs }) =>
    Math.abs(runtimeMs.mean - 10 - Math.abs(Math.log10(invocationsPerSlot.total) - 1.5) * 1000)
  ).sort((a, b) => a - b);
  assert.ok(differences[600] < 100, `median ${differences[600]} ms`);
});

Deno.test("a fitted trace repeats itself, grows at its end, and has more days than its source", () => {
  const source = synthesizeTrace({ functions: 80, seed: 7 });
  const few = synthesizeTrace({ functions: 100, days: 3, seed: 1, like: source });
  assert.equal(synthesizeTrace({ functions: 100, days: 3, seed: 1, like: source }).hash, few.hash);
  const many = synthesizeTrace({ functions: 200, days: 3, seed: 1, like: source });
  for (const [i, { id, invocationsPerSlot }] of few.functions.entries()) {
    assert.equal(many.functions[i].id, id);
    assert.ok(many.functions[i].invocationsPerSlot.equals(invocationsPerSlot));
  }
  assert.ok(few.functions.every(({ invocationsPerSlot }) => invocationsPerSlot.total > 0));
  const sourceIds = new Set(source.functions.map(({ id }) => id));
  assert.ok(
    few.functions.every(({ id }) => !sourceIds.has(id)),
    "no function is one of the source",
  );
});

/** A trace of one function, by slots. */
function traceOf(slotMs: number, counts: readonly number[]): Trace {
  const constant = { quantiles: [0, 1], values: [5, 5], mean: 5 };
  return {
    name: "made",
    slotMs,
    slots: counts.length,
    functions: [{
      id: "f",
      appId: "a",
      ownerId: "o",
      trigger: null,
      invocationsPerSlot: SlotCounts.from(counts),
      runtimeMs: constant,
      memoryMib: constant,
    }],
    repairs: [],
    hash: "",
  };
}

Deno.test("fitPopulation takes seconds for minutes, and says what it cannot take", () => {
  const seconds = traceOf(1000, Array.from({ length: 3600 }, (_, i) => i % 7 === 0 ? 1 : 0));
  const { functions } = synthesizeTrace({ functions: 1, like: seconds });
  const expected = 3600 / 7 * 24;
  assert.ok(Math.abs(functions[0].invocationsPerSlot.total / expected - 1) < 0.02);
  const wrong: [Trace, RegExp][] = [
    [traceOf(300_000, [1, 2, 3]), /no minutes can be made/],
    [traceOf(60_000, [1, 2, 3]), /has 3 minutes/],
    [traceOf(60_000, new Array(60).fill(0)), /nothing to be like/],
  ];
  for (const [trace, message] of wrong) {
    assert.throws(
      () => fitPopulation(trace),
      (error) => error instanceof LoaderError && message.test(error.message),
    );
  }
});

Deno.test("compareWithSource leaves out what a short source does not tell", () => {
  const short = traceOf(60_000, Array.from({ length: 50 }, (_, i) => i % 3));
  const { figures, source } = compareWithSource(
    short,
    fitPopulation(short),
    { functions: 5, days: 1, seed: 1 },
  );
  assert.equal(source.minutes, 50);
  const names = figures.map(({ figure }) => figure).join("; ");
  assert.match(names, /over 10 min/);
  assert.doesNotMatch(names, /over 60 min|shape of the day/);
  assert.ok(figures.every(({ reached }) => Number.isFinite(reached)));
});

Deno.test("trace:synthesize --like writes the trace and how like it is", async () => {
  await using folder = await temporaryFolder();
  const output = join(folder.path, "made");
  const args = ["--like", "data/azure_2019_synthetic", "--functions", "50", "--output", output];
  const { status: code, stdout, stderr } = await runScript("scripts/trace_synthesize.ts", args);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /invocations a day: .*Wasserstein/);
  const trace = await readTrace(output, { defects: "refuse" });
  assert.equal(trace.functions.length, 50);
  const likeness: Likeness = JSON.parse(Deno.readTextFileSync(join(output, "likeness.json")));
  assert.equal(likeness.source.functions, 200);
  assert.deepEqual(likeness.made, { functions: 50, days: 1, seed: 42 });
});
