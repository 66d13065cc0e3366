import { LoaderError } from "../base/error.ts";
import type { Rng } from "../base/rng.ts";
import type { IatDistribution } from "../model/schedule.ts";

/** Microseconds in a millisecond: arrivals lie on the grid of whole microseconds. */
export const US_PER_MS = 1000;

/**
 * Fills `out[from, from + count)` with the arrival times of one function within
 * one slot, in whole microseconds in [0, `slotUs`), in no particular order.
 *
 * - `exponential`: independent uniforms, which is a Poisson process given its
 *   count (Ross, Introduction to Probability Models, theorem 5.2)
 * - `uniform`: gaps drawn from U(0,1), scaled to fill the slot
 * - `equidistant`: i·slot/n
 *
 * `phaseUs` rotates them modulo the slot. Two arrivals may fall on the same
 * microsecond; the merge separates them.
 */
export function generateArrivals(
  distribution: IatDistribution,
  rng: Rng,
  count: number,
  slotUs: number,
  phaseUs: number,
  out: Uint32Array,
  from: number,
): void {
  if (count > slotUs) {
    throw new LoaderError(
      "input",
      `${count} invocations of one function do not fit into a slot of ${slotUs} microseconds.`,
    );
  }
  switch (distribution) {
    case "exponential":
      for (let i = 0; i < count; i++) out[from + i] = Math.floor(rng.nextFloat() * slotUs);
      break;
    case "uniform":
      generateUniformGaps(rng, count, slotUs, out, from);
      break;
    case "equidistant":
      for (let i = 0; i < count; i++) out[from + i] = Math.floor((i * slotUs) / count);
      break;
  }
  if (phaseUs === 0) return;
  for (let i = from; i < from + count; i++) {
    const shifted = out[i] + phaseUs;
    out[i] = shifted >= slotUs ? shifted - slotUs : shifted;
  }
}

let gaps = new Float64Array(1024);

function generateUniformGaps(
  rng: Rng,
  count: number,
  slotUs: number,
  out: Uint32Array,
  from: number,
): void {
  if (gaps.length < count) gaps = new Float64Array(2 * count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    gaps[i] = rng.nextFloat();
    sum += gaps[i];
  }
  // All gaps zero is possible for a single arrival; it then stands at the start.
  const scale = sum === 0 ? 0 : slotUs / sum;
  let arrivalUs = 0;
  for (let i = 0; i < count; i++) {
    // Rounding may carry the last one to the end of the slot itself.
    out[from + i] = Math.min(Math.floor(arrivalUs), slotUs - 1);
    arrivalUs += gaps[i] * scale;
  }
}
