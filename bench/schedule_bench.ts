/**
 * Schedule generation: invocations a second and memory, for busy functions
 * (200 × 500 a minute) and for many quiet ones (10,000 × 1 a minute), beside a
 * plain loop that only draws the same random numbers, as the yardstick of the
 * machine in the same run.
 *
 *     deno task bench:schedule
 */
import { Rng } from "../lib/base/rng.ts";
import { generateSchedule } from "../lib/schedule/trace_schedule.ts";
import type { Trace } from "../lib/model/trace.ts";
import { createFlatTrace } from "./flat_trace.ts";
import { median } from "./measured_process.ts";

const REPETITIONS = 5;
const MIB = 2 ** 20;

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
