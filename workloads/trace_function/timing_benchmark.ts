/**
 * Finds `COLD_ITER_PER_1MS` and `WARM_ITER_PER_1MS` of a node, and checks how
 * well 10, 100 and 1000 ms are met with them. Run it on an idle node and put
 * the two figures into the environment of the function server:
 *
 *     deno run workloads/trace_function/timing_benchmark.ts
 */
import { burstRate, COLD_BELOW_MS, warmUpSpin } from "./calibration.ts";
import { spinUnits, UNITS_PER_TURN } from "./spin.ts";

const REPETITIONS = [10, 20, 50];
const CHECKED_RUNTIMES_MS = [10, 100, 1000];
const CHECKS = 5;

/** Length of the bursts from which each constant is found. */
const COLD_BURST_MS = 10;
const WARM_BURST_MS = 60;

function timeSpinMs(runtimeMs: number, iterationsPerMs: number): number {
  const startMs = performance.now();
  let left = Math.round(runtimeMs * iterationsPerMs);
  let chain = 1;
  while (left > 0) {
    const units = Math.min(UNITS_PER_TURN, left);
    chain = spinUnits(units, chain);
    left -= units;
  }
  if (!(chain > 0)) throw new RangeError("The chain of square roots left the positive numbers.");
  return performance.now() - startMs;
}

if (import.meta.main) {
  warmUpSpin(50);
  let cold = 0;
  let warm = 0;
  for (const repetitions of REPETITIONS) {
    cold = Math.round(burstRate(repetitions, COLD_BURST_MS));
    warm = Math.round(burstRate(repetitions, WARM_BURST_MS));
    console.log(`${repetitions} repetitions: cold ${cold}, warm ${warm} iterations per ms`);
  }
  for (const runtimeMs of CHECKED_RUNTIMES_MS) {
    const rate = runtimeMs < COLD_BELOW_MS ? cold : warm;
    const timesMs = Array.from({ length: CHECKS }, () => timeSpinMs(runtimeMs, rate));
    timesMs.sort((a, b) => a - b);
    const medianMs = timesMs[CHECKS >> 1];
    const errorPercent = (medianMs / runtimeMs - 1) * 100;
    console.log(
      `${runtimeMs} ms asked for: median ${medianMs.toFixed(2)} ms (${errorPercent.toFixed(1)} %)`,
    );
  }
  console.log(`COLD_ITER_PER_1MS=${cold}\nWARM_ITER_PER_1MS=${warm}`);
}
