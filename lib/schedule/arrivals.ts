import { LoaderError } from "../base/error.ts";
import type { Rng } from "../base/rng.ts";
import type { IatDistribution } from "../model/schedule.ts";
import { inSteps, ROWS_A_STEP } from "./chunk_slices.ts";

/** Microseconds in a millisecond: arrivals lie on the grid of whole microseconds. */
export const US_PER_MS = 1000;

/**
 * Fills `out[from, from + count)` with the arrival times of one function within
 * one span, in whole microseconds in [0, `spanUs`), in no particular order.
 *
 * - `exponential`: independent uniforms, which is a Poisson process given its
 *   count (Ross, Introduction to Probability Models, theorem 5.2)
 * - `uniform`: gaps drawn from U(0,1), scaled to fill the span
 * - `equidistant`: i·span/n
 *
 * `shiftUs` rotates them modulo the span. Two arrivals may fall on the same
 * microsecond; the merge separates them.
 */
export function generateArrivals(
  distribution: IatDistribution,
  rng: Rng,
  count: number,
  spanUs: number,
  shiftUs: number,
  out: Uint32Array,
  from: number,
): void {
  checkRoom(count, spanUs);
  switch (distribution) {
    case "exponential":
      for (let i = 0; i < count; i++) out[from + i] = Math.floor(rng.nextFloat() * spanUs);
      break;
    case "uniform":
      generateUniformGaps(rng, count, spanUs, out, from);
      break;
    case "equidistant":
      for (let i = 0; i < count; i++) out[from + i] = Math.floor((i * spanUs) / count);
      break;
  }
  if (shiftUs === 0) return;
  for (let i = from; i < from + count; i++) {
    const shifted = out[i] + shiftUs;
    out[i] = shifted >= spanUs ? shifted - spanUs : shifted;
  }
}

/** As {@linkcode generateArrivals}, in steps where they are independent of one another. */
export function* generateArrivalsInSteps(
  ...[distribution, rng, count, spanUs, shiftUs, out, from]: Parameters<typeof generateArrivals>
): Generator<null, void> {
  if (distribution !== "exponential") {
    return generateArrivals(distribution, rng, count, spanUs, shiftUs, out, from);
  }
  checkRoom(count, spanUs);
  yield* inSteps(
    count,
    ROWS_A_STEP,
    (first, end) =>
      generateArrivals(distribution, rng, end - first, spanUs, shiftUs, out, from + first),
  );
}

function checkRoom(count: number, spanUs: number): void {
  if (count <= spanUs) return;
  throw new LoaderError(
    "input",
    `${count} invocations of one function do not fit into a span of ${spanUs} microseconds.`,
  );
}

let gaps = new Float64Array(1024);

function generateUniformGaps(
  rng: Rng,
  count: number,
  spanUs: number,
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
  const scale = sum === 0 ? 0 : spanUs / sum;
  let arrivalUs = 0;
  for (let i = 0; i < count; i++) {
    // Rounding may carry the last one to the end of the span itself.
    out[from + i] = Math.min(Math.floor(arrivalUs), spanUs - 1);
    arrivalUs += gaps[i] * scale;
  }
}
