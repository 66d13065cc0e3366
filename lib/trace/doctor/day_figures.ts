import { LEAST_DAILY, UNLIKE_DAY_FACTOR } from "./content_checks.ts";

const DAY_MS = 86_400_000;
const HOURS = 24;

/** One whole day of a trace. */
export interface DayFigures {
  /** From 0, counted from the trace's beginning. */
  readonly day: number;
  readonly invocations: number;
  /** Functions that are invoked in it. */
  readonly functions: number;
  /**
   * Correlation of its 24 hours with those of the mean day; `null` where there is
   * one day only, or no hour differs.
   */
  readonly likeness: number | null;
}

/** Whole slots to a day; `null` where the trace has less than two whole days. */
export function slotsPerDay(slotMs: number, slots: number): number | null {
  const perDay = DAY_MS / slotMs;
  return Number.isInteger(perDay) && slots >= 2 * perDay ? perDay : null;
}

/**
 * Gathers what functions do on each whole day.
 *
 * @example
 * ```ts
 * import { DayMeter } from "./day_figures.ts";
 * const days = new DayMeter(24, 48);
 * for (let slot = 0; slot < 24; slot++) days.add(slot, 2);
 * if (!days.endFunction()) throw new Error("silent on the second day");
 * ```
 */
export class DayMeter {
  readonly #slotsPerDay: number;
  readonly #ofFunction: Float64Array;
  readonly #invocations: Float64Array;
  readonly #functions: Float64Array;

  constructor(slotsPerDay: number, slots: number) {
    this.#slotsPerDay = slotsPerDay;
    const days = Math.floor(slots / slotsPerDay);
    this.#ofFunction = new Float64Array(days);
    this.#invocations = new Float64Array(days);
    this.#functions = new Float64Array(days);
  }

  /** Adds invocations of the function. */
  add(slot: number, count: number): void {
    const day = Math.floor(slot / this.#slotsPerDay);
    // What is beyond the last whole day is not compared.
    if (day < this.#ofFunction.length) this.#ofFunction[day] += count;
  }

  /** Ends the function; true if it was silent on some days by no chance. */
  endFunction(): boolean {
    let total = 0;
    let active = 0;
    for (let day = 0; day < this.#ofFunction.length; day++) {
      const count = this.#ofFunction[day];
      total += count;
      if (count > 0) active++;
      if (count > 0) this.#functions[day]++;
      this.#invocations[day] += count;
    }
    const isSilent = active > 0 && active < this.#ofFunction.length &&
      total / active >= LEAST_DAILY;
    this.#ofFunction.fill(0);
    return isSilent;
  }

  /** @param invocations in each slot, of all functions */
  finish(invocations: Float64Array): DayFigures[] {
    const days = this.#invocations.length;
    const shapes = Array.from({ length: days }, (_, day) => {
      const shape = new Float64Array(HOURS);
      for (let slot = 0; slot < this.#slotsPerDay; slot++) {
        const hour = Math.floor(slot * HOURS / this.#slotsPerDay);
        shape[hour] += invocations[day * this.#slotsPerDay + slot];
      }
      return shape;
    });
    const mean = Float64Array.from(
      { length: HOURS },
      (_, hour) => shapes.reduce((sum, shape) => sum + shape[hour], 0) / days,
    );
    return shapes.map((shape, day) => ({
      day,
      invocations: this.#invocations[day],
      functions: this.#functions[day],
      likeness: correlate(shape, mean),
    }));
  }
}

/** Days whose load is far from that of the median day. */
export function findUnlikeDays(days: readonly DayFigures[]): DayFigures[] {
  if (days.length < 2) return [];
  const sorted = days.map(({ invocations }) => invocations).sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1];
  return days.filter(({ invocations }) =>
    invocations > UNLIKE_DAY_FACTOR * median || invocations < median / UNLIKE_DAY_FACTOR
  );
}

/** Pearson's correlation; `null` where one of them does not vary. */
function correlate(a: Float64Array, b: Float64Array): number | null {
  const meanA = a.reduce((sum, value) => sum + value, 0) / a.length;
  const meanB = b.reduce((sum, value) => sum + value, 0) / b.length;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - meanA) * (b[i] - meanB);
    aa += (a[i] - meanA) ** 2;
    bb += (b[i] - meanB) ** 2;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : null;
}
