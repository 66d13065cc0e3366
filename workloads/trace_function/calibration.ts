import process from "node:process";
import { spinUnits, UNITS_PER_TURN } from "./spin.ts";

/** How many units of work this machine does in a millisecond. */
export interface SpinCalibration {
  /** For runs below {@linkcode COLD_BELOW_MS}. */
  readonly coldIterationsPerMs: number;
  /** For longer runs. */
  readonly warmIterationsPerMs: number;
}

/** Runs shorter than this use the cold constant. */
export const COLD_BELOW_MS = 1000;

/** Time for the just-in-time compiler to reach its best code; it takes about 3 ms here. */
const COMPILE_MS = 20;

/**
 * Finds both constants in about a quarter of a second, from short (cold) and
 * longer (warm) bursts.
 */
export function calibrateQuickly(): SpinCalibration {
  warmUpSpin(COMPILE_MS);
  return {
    coldIterationsPerMs: Math.round(burstRate(15, 6)),
    warmIterationsPerMs: Math.round(burstRate(9, 15)),
  };
}

/** Spins for `durationMs`, so that the compiler has done its work before it counts. */
export function warmUpSpin(durationMs: number): void {
  spinRate(durationMs);
}

/**
 * Units a millisecond of CPU: the upper quartile of several bursts, since what shares
 * the caches can only make a burst slower. Time without a core does not count: with
 * two busy processes for each core, wall-clock time gave half the rate, CPU time 98 %.
 */
export function burstRate(bursts: number, burstMs: number): number {
  const rates = Array.from({ length: bursts }, () => spinRate(burstMs)).sort((a, b) => a - b);
  return rates[Math.floor(0.75 * (bursts - 1))];
}

/** Units a millisecond of CPU over one burst. */
function spinRate(burstMs: number): number {
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  let chain = 1;
  let units = 0;
  let elapsedMs = 0;
  while (elapsedMs < burstMs) {
    chain = spinUnits(UNITS_PER_TURN, chain);
    units += UNITS_PER_TURN;
    elapsedMs = performance.now() - startMs;
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  // Where the system counts too coarsely it is nothing.
  const cpuMs = (user + system) / 1000 || elapsedMs;
  // Always true; it keeps the compiler from dropping the work.
  return chain > 0 ? units / cpuMs : 0;
}
