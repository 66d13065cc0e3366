/**
 * Schedule generation: invocations a second and memory, for busy functions
 * (200 × 500 a minute) and for many quiet ones (10,000 × 1 a minute), beside a
 * plain loop that only draws the same random numbers, as the yardstick of the
 * machine in the same run.
 *
 *     deno task bench:schedule
 */
import { Rng } from "../../lib/base/rng.ts";
import { generateSchedule } from "../../lib/generate/trace_schedule.ts";
import type { Trace } from "../../lib/model/trace.ts";

const REPETITIONS = 5;
const MIB = 2 ** 20;

function createFlatTrace(functions: number, ratePerMinute: number, minutes: number): Trace {
  const invocationsPerMinute = new Uint32Array(minutes).fill(ratePerMinute);
  return {
    name: "benchmark",
    minutes,
    functions: Array.from({ length: functions }, (_, i) => ({
      id: `function-${i}`,
      appId: "app",
      ownerId: "owner",
      trigger: null,
      invocationsPerMinute,
      runtimeMs: {
        quantiles: [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1],
        values: [1, 2, 20, 50, 120, 900, 3000],
        mean: 90,
      },
      memoryMib: {
        quantiles: [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1],
        values: [20, 30, 60, 90, 120, 180, 220, 300],
        mean: 95,
      },
    })),
    repairs: [],
    hash: "",
  };
}

interface Figure {
  readonly perS: number;
  readonly peakMib: number;
}

function measure(trace: Trace, reuse: boolean): Figure {
  const schedule = generateSchedule(trace, { seed: 42 });
  const before = Deno.memoryUsage().rss;
  let peak = before;
  let invocations = 0;
  const startMs = performance.now();
  for (const chunk of schedule.chunks({ reuse })) {
    invocations += chunk.scheduledMs.length;
    peak = Math.max(peak, Deno.memoryUsage().rss);
  }
  const elapsedS = (performance.now() - startMs) / 1000;
  return { perS: invocations / elapsedS, peakMib: (peak - before) / MIB };
}

function measureYardstick(): number {
  const rng = Rng.fromSeed(42);
  const draws = 30_000_000;
  let sum = 0;
  const startMs = performance.now();
  for (let i = 0; i < draws; i++) sum += rng.nextFloat();
  const elapsedS = (performance.now() - startMs) / 1000;
  if (!(sum > 0)) throw new Error("The loop was optimised away.");
  return draws / 3 / elapsedS;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function report(name: string, figures: readonly Figure[]): void {
  const perS = median(figures.map((figure) => figure.perS));
  const peakMib = Math.max(...figures.map((figure) => figure.peakMib));
  console.log(
    `${name.padEnd(34)} ${(perS / 1e6).toFixed(1).padStart(6)} million/s` +
      `   memory beside the runtime's ${peakMib.toFixed(0).padStart(3)} MiB`,
  );
}

const busy = createFlatTrace(200, 500, 100);
const longer = createFlatTrace(200, 500, 400);
const quiet = createFlatTrace(10_000, 1, 200);
const repeat = (measureOnce: () => Figure): Figure[] =>
  Array.from({ length: REPETITIONS }, measureOnce);

report("200 × 500 a minute, 100 minutes", repeat(() => measure(busy, true)));
report("200 × 500 a minute, 400 minutes", repeat(() => measure(longer, true)));
report("10,000 × 1 a minute, 200 minutes", repeat(() => measure(quiet, true)));
report("200 × 500, a new buffer each chunk", repeat(() => measure(busy, false)));
const yardstick = median(Array.from({ length: REPETITIONS }, measureYardstick));
console.log(
  `${"yardstick: three draws, no more".padEnd(34)} ${
    (yardstick / 1e6).toFixed(1).padStart(6)
  } million/s`,
);
