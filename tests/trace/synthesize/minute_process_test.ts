import assert from "node:assert/strict";
import fc from "fast-check";
import { deriveKey } from "../../../lib/base/rng.ts";
import { kolmogorovSmirnovTest } from "../../../lib/stats/goodness_of_fit.ts";
import {
  FLAT_SHAPE,
  type LoadShape,
  MINUTES_PER_DAY,
  TraceShape,
} from "../../../lib/trace/synthesize/load_shape.ts";
import {
  DayGenerator,
  type DenseProcess,
  type MinuteProcess,
  type SparseProcess,
} from "../../../lib/trace/synthesize/minute_process.ts";

const SPARSE: SparseProcess = {
  kind: "sparse",
  invocations: 10,
  times: 10,
  gaps: { cv: 1 },
  countSigma: 0,
  shape: FLAT_SHAPE,
};
const DENSE: DenseProcess = {
  kind: "dense",
  spanMinutes: Infinity,
  gapMinutes: 0,
  gaps: { cv: 1 },
  countMean: 20,
  leastCount: 0,
  countSigma: 0,
  countCorrelation: 0,
  shape: FLAT_SHAPE,
};

/** The counts of all days, one after the other. */
function generate(process: MinuteProcess, days: number, name = "f"): Uint32Array {
  const generator = new DayGenerator(new TraceShape(days));
  const counts = new Uint32Array(days * MINUTES_PER_DAY);
  for (let day = 0; day < days; day++) {
    const part = counts.subarray(day * MINUTES_PER_DAY, (day + 1) * MINUTES_PER_DAY);
    const sum = generator.generate(process, deriveKey(42, name), day, part);
    assert.equal(sum, sumOf(part));
  }
  return counts;
}

function sumOf(counts: Iterable<number>): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}

/** The time of each invocation in minutes, at the middle of its minute. */
function timesOf(counts: Uint32Array): number[] {
  return Array.from(counts).flatMap((count, minute) => new Array(count).fill(minute + 0.5));
}

Deno.test("sparse functions have their invocations exactly, in any number of days", () => {
  const cases = fc.record({
    times: fc.integer({ min: 1, max: 300 }),
    more: fc.integer({ min: 0, max: 5000 }),
    gapCv: fc.constantFrom(0, 0.3, 1, 2, 10),
    countSigma: fc.constantFrom(0, 0.5, 2),
    days: fc.integer({ min: 1, max: 4 }),
    hourly: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 24, maxLength: 24 }),
  });
  fc.assert(
    fc.property(cases, ({ times, more, gapCv, countSigma, days, hourly }) => {
      const shape = { hourly, daily: FLAT_SHAPE.daily };
      const process = {
        ...SPARSE,
        invocations: times + more,
        times,
        gaps: { cv: gapCv },
        countSigma,
        shape,
      };
      assert.equal(sumOf(generate(process, days)), times + more);
    }),
    { seed: 42 },
  );
});

Deno.test("sparse functions are invoked at any time alike, or as their shape says", () => {
  const hourly = Float64Array.from({ length: 24 }, (_, hour) => hour < 12 ? 0.5 : 1.5);
  for (const gapCv of [0, 1, 4]) {
    const flat: number[] = [];
    const shaped: number[] = [];
    for (let i = 0; i < 1500; i++) {
      // One of each function, for those of one depend on each other.
      flat.push(timesOf(generate({ ...SPARSE, gaps: { cv: gapCv } }, 1, `flat ${i}`))[i % 10]);
      const shape = { hourly, daily: FLAT_SHAPE.daily };
      shaped.push(
        timesOf(generate({ ...SPARSE, gaps: { cv: gapCv }, shape }, 1, `shaped ${i}`))[i % 10],
      );
    }
    assert.ok(kolmogorovSmirnovTest(flat, (x) => x / 1440).pValue > 0.001, `cv ${gapCv}`);
    const cdf = (x: number) => x < 720 ? x / 2880 : 0.25 + (x - 720) / 960;
    assert.ok(kolmogorovSmirnovTest(shaped, cdf).pValue > 0.001, `cv ${gapCv}, shaped`);
  }
});

Deno.test("gaps of a sparse function have the variability asked for", () => {
  for (const [gapCv, low, high] of [[0, 0, 0.05], [0.5, 0.4, 0.6], [1, 0.85, 1.15], [3, 2, 3.5]]) {
    const times = timesOf(
      generate({ ...SPARSE, invocations: 250, times: 250, gaps: { cv: gapCv } }, 14),
    );
    const gaps = times.slice(1).map((time, i) => time - times[i]);
    const mean = sumOf(gaps) / gaps.length;
    const variance = sumOf(gaps.map((gap) => (gap - mean) ** 2)) / gaps.length;
    const cv = Math.sqrt(variance) / mean;
    assert.ok(cv >= low && cv <= high, `${gapCv}: ${cv}`);
  }
});

Deno.test("dense functions keep their rate, with gaps and without, whatever their shape", () => {
  const hourly = Float64Array.from(
    { length: 24 },
    (_, hour) => 1 + 0.7 * Math.sin(hour / 24 * 2 * Math.PI),
  );
  const shapes: LoadShape[] = [FLAT_SHAPE, { hourly, daily: [1, 1, 1, 1, 1, 0.4, 0.4] }];
  for (const shape of shapes) {
    for (
      const [spanMinutes, gapMinutes, gapCv] of [[Infinity, 0, 1], [10, 5, 1], [3, 40, 2], [
        1.5,
        8,
        0.5,
      ]]
    ) {
      for (const leastCount of [0, 1] as const) {
        const process = {
          ...DENSE,
          shape,
          spanMinutes,
          gapMinutes,
          gaps: { cv: gapCv },
          leastCount,
        };
        const sums = Array.from({ length: 30 }, (_, i) => sumOf(generate(process, 7, `rate ${i}`)));
        const share = gapMinutes === 0 ? 1 : spanMinutes / (spanMinutes + gapMinutes);
        const expected = 7 * 1440 * 20 * share;
        const ratios = sums.map((sum) => sum / expected);
        const ratio = sumOf(ratios) / ratios.length;
        const variance = sumOf(ratios.map((other) => (other - ratio) ** 2)) / (ratios.length - 1);
        // Where a factor changes within a gap, and at midnight, a little is lost or won.
        const tolerance = 4 * Math.sqrt(variance / ratios.length) + 0.01;
        assert.ok(
          Math.abs(ratio - 1) < tolerance,
          `${spanMinutes}/${gapMinutes} ${gapCv}: ${ratio}, not 1 ± ${tolerance}`,
        );
      }
    }
  }
});

Deno.test("the mean of a dense function wanders with the correlation asked for", () => {
  const counts = generate(
    { ...DENSE, countMean: 2000, countSigma: 0.4, countCorrelation: 0.9 },
    14,
  );
  const logs = Array.from(counts, (count) => Math.log(count));
  const mean = sumOf(logs) / logs.length;
  const covariance = (lag: number) =>
    sumOf(logs.slice(lag).map((log, i) => (log - mean) * (logs[i] - mean))) / (logs.length - lag);
  assert.ok(Math.abs(Math.sqrt(covariance(0)) - 0.4) < 0.03, `σ ${Math.sqrt(covariance(0))}`);
  for (const lag of [1, 3]) {
    const correlation = covariance(lag) / covariance(0);
    assert.ok(Math.abs(correlation - 0.9 ** lag) < 0.03, `lag ${lag}: ${correlation}`);
  }
});

Deno.test("periodic functions are on time, across midnight", () => {
  for (
    const [periodMinutes, offsetMinutes] of [[7, 3], [1440, 100], [0.25, 0.1], [61.5, 60], [1, 0]]
  ) {
    const process = { kind: "periodic", periodMinutes, offsetMinutes, invocations: 2 } as const;
    const counts = generate(process, 3);
    const expected = new Uint32Array(counts.length);
    for (let k = 0; offsetMinutes + k * periodMinutes < counts.length; k++) {
      expected[Math.floor(offsetMinutes + k * periodMinutes)] += 2;
    }
    assert.deepEqual(counts, expected, `${periodMinutes}`);
  }
});
