import assert from "node:assert/strict";
import { chiSquareTest, kolmogorovSmirnovTest } from "../../../lib/stats/goodness_of_fit.ts";
import { normalCdf } from "../../../lib/stats/gamma_function.ts";
import type { ApplicationModel } from "../../../lib/trace/synthesize/population.ts";
import { PUBLISHED_POPULATION } from "../../../lib/trace/synthesize/published_population.ts";
import {
  MEMORY_BURR_C,
  MEMORY_BURR_K,
  MEMORY_BURR_LAMBDA,
  RUNTIME_LOG_MEAN,
  RUNTIME_LOG_SIGMA,
} from "../../../lib/trace/published_figures.ts";
import { APPLICATION_SIZES, TRIGGERS } from "../../../lib/trace/synthesize/published.ts";
import { synthesizeTrace } from "../../../lib/trace/synthesize/synthesize.ts";

const SIZE = { functions: 20_000, days: 14, seed: 42 };

function generate(size = SIZE): readonly ApplicationModel[] {
  return Array.from(PUBLISHED_POPULATION.applications(size));
}

Deno.test("published: mean runtimes are log-normal", () => {
  const logSeconds = generate().flatMap(({ functions }) =>
    // Whole milliseconds: their rounding is left out where it would show.
    functions.map(({ runtimeMs }) => runtimeMs.mean / 1000).filter((mean) => mean > 0.1)
  ).map(Math.log);
  const cdf = (x: number) => normalCdf((x - RUNTIME_LOG_MEAN) / RUNTIME_LOG_SIGMA);
  const least = cdf(Math.log(0.1005));
  const { pValue } = kolmogorovSmirnovTest(logSeconds, (x) => (cdf(x) - least) / (1 - least));
  assert.ok(pValue > 0.001, `p = ${pValue}`);
});

Deno.test("published: memory of applications is Burr XII", () => {
  const applications = generate();
  // Whole MiB are spread over their width again.
  const memory = applications.map(({ memoryMib }, i) => memoryMib.mean - 0.5 + (i % 997) / 997);
  const { pValue } = kolmogorovSmirnovTest(
    memory,
    (x) => 1 - (1 + (Math.max(0, x) / MEMORY_BURR_LAMBDA) ** MEMORY_BURR_C) ** -MEMORY_BURR_K,
  );
  assert.ok(pValue > 0.001, `p = ${pValue}`);
});

Deno.test("published: applications have their sizes", () => {
  // The last one is cut.
  const sizes = generate().slice(0, -1).map(({ functions }) => functions.length);
  const classes = APPLICATION_SIZES.slice(0, 6);
  const observed = classes.map(([[fewest, most]]) =>
    sizes.filter((size) => size >= fewest && size <= most).length
  );
  const expected = classes.map(([, percent]) => percent / 100 * sizes.length);
  observed.push(sizes.length - observed.reduce((sum, count) => sum + count, 0));
  expected.push(sizes.length - expected.reduce((sum, count) => sum + count, 0));
  const { pValue } = chiSquareTest(observed, expected);
  assert.ok(pValue > 0.001, `p = ${pValue}`);
});

Deno.test("published: over two weeks triggers have their shares of the functions", () => {
  const triggers = generate().flatMap(({ functions }) => functions.map(({ trigger }) => trigger));
  for (const { trigger, functions } of TRIGGERS) {
    const share = 100 * triggers.filter((other) => other === trigger).length / triggers.length;
    // σ of a share of 20,000 is at most 0.35 percentage points.
    assert.ok(Math.abs(share - functions) < 1.2, `${trigger}: ${share} % of ${functions} %`);
  }
});

Deno.test("published: how often functions and applications are invoked in two weeks", () => {
  const { functions } = synthesizeTrace({ functions: 3000, days: 14, seed: 1 });
  const perDay = functions.map(({ invocationsPerSlot }) => invocationsPerSlot.total / 14);
  const perApp = new Map<string, number>();
  functions.forEach(({ appId }, i) => perApp.set(appId, (perApp.get(appId) ?? 0) + perDay[i]));
  const shareUpTo = (values: readonly number[], most: number) =>
    values.filter((value) => value <= most).length / values.length;
  // Functions: notebook figure 5a, green. Applications: 45 % and 81 %, ATC section 3.3.
  for (
    const [values, most, expected] of [
      [perDay, 1, 0.34],
      [perDay, 10, 0.55],
      [perDay, 24, 0.63],
      [perDay, 1440, 0.92],
      [[...perApp.values()], 24, 0.45],
      [[...perApp.values()], 1440, 0.81],
    ] as const
  ) {
    const share = shareUpTo(values, most);
    assert.ok(
      Math.abs(share - expected) < 0.04,
      `at most ${most} a day: ${share}, not ${expected}`,
    );
  }
  const busy = [...perApp.values()].filter((value) => value > 1440);
  const share = busy.reduce((sum, value) => sum + value, 0) /
    perDay.reduce((sum, value) => sum + value, 0);
  // 99.6 %, ATC section 3.3.
  assert.ok(share > 0.98, `applications above one a minute make ${share} of the invocations`);
});

Deno.test("published: a day has the share of seldom functions that day 1 of the dataset has", () => {
  const { functions } = synthesizeTrace({ functions: 8000 });
  const seldom = functions.filter(({ invocationsPerSlot }) => invocationsPerSlot.total < 10).length;
  // 17,001 of 46,412 functions of day 1 have fewer than 10 invocations.
  assert.ok(Math.abs(seldom / 8000 - 0.366) < 0.025, `${seldom / 8000}`);
});

Deno.test("published: fewer functions at the weekend, and half of the peak at night", () => {
  const { functions } = synthesizeTrace({ functions: 3000, days: 7 });
  const seen = (day: number) =>
    functions.filter((f) => f.invocationsPerSlot.sum(day * 1440, (day + 1) * 1440) > 0).length;
  const ratio = seen(5) / seen(4);
  assert.ok(Math.abs(ratio - 0.78) < 0.06, `Saturday ÷ Friday: ${ratio}`);
  // Each function counts alike, or the busiest would decide alone.
  const hours = new Float64Array(24);
  for (const { trigger, invocationsPerSlot } of functions) {
    if (trigger === "timer") continue;
    const { total } = invocationsPerSlot;
    invocationsPerSlot.forEach((minute, count) =>
      hours[Math.floor(minute / 60) % 24] += count / total
    );
  }
  const trough = Math.min(...hours) / Math.max(...hours);
  assert.ok(trough > 0.4 && trough < 0.62, `trough ÷ peak: ${trough}`);
});
