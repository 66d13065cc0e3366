/** Hours of a day. */
export const HOURS_PER_DAY = 24;
export const MINUTES_PER_DAY = 1440;
const MINUTES_PER_HOUR = 60;
const DAYS_PER_WEEK = 7;

/** How a function's rate varies: hour by hour over the day, and day by day over the week. */
export interface LoadShape {
  /** A factor for each hour of the day, not negative, with a mean of 1. */
  readonly hourly: ArrayLike<number>;
  /** A factor for each day of the week, from Monday on. */
  readonly daily: ArrayLike<number>;
}

/** The same rate at any time. */
export const FLAT_SHAPE: LoadShape = {
  hourly: new Float64Array(HOURS_PER_DAY).fill(1),
  daily: new Float64Array(DAYS_PER_WEEK).fill(1),
};

/** A rate below this part of the mean counts as this, so that time can be divided by it. */
const LEAST_FACTOR = 0.02;

/**
 * The shape over a trace of some days, scaled to a mean of 1 over it, and its
 * inverse: at which minute a given part of the load has come.
 *
 * @example
 * ```ts
 * import { FLAT_SHAPE, TraceShape } from "./load_shape.ts";
 * const shape = new TraceShape(2);
 * shape.set(FLAT_SHAPE);
 * if (shape.at(0, 700) !== 1 || shape.minuteOf(0.25) !== 720) throw new Error("flat");
 * ```
 */
export class TraceShape {
  readonly days: number;
  readonly #hours: Float64Array;
  /** Sum of the factors of the hours before each one. */
  readonly #before: Float64Array;
  #current: LoadShape | null = null;

  constructor(days: number) {
    this.days = days;
    this.#hours = new Float64Array(days * HOURS_PER_DAY);
    this.#before = new Float64Array(days * HOURS_PER_DAY + 1);
  }

  /** Takes over the shape of a function. */
  set(shape: LoadShape): void {
    if (shape === this.#current) return;
    this.#current = shape;
    const hours = this.#hours;
    let sum = 0;
    for (let hour = 0; hour < hours.length; hour++) {
      const day = Math.floor(hour / HOURS_PER_DAY) % DAYS_PER_WEEK;
      hours[hour] = Math.max(
        LEAST_FACTOR,
        shape.hourly[hour % HOURS_PER_DAY] * shape.daily[day],
      );
      sum += hours[hour];
    }
    const scale = hours.length / sum;
    for (let hour = 0; hour < hours.length; hour++) {
      hours[hour] *= scale;
      this.#before[hour + 1] = this.#before[hour] + hours[hour];
    }
  }

  /** The factor at a minute of a day; in the middle of an hour it is the hour's, linear between. */
  at(day: number, minute: number): number {
    const position = day * HOURS_PER_DAY + (minute + 0.5) / MINUTES_PER_HOUR - 0.5;
    const last = this.#hours.length - 1;
    const hour = Math.min(last, Math.max(0, Math.floor(position)));
    const share = Math.min(1, Math.max(0, position - hour));
    return this.#hours[hour] + share * (this.#hours[Math.min(last, hour + 1)] - this.#hours[hour]);
  }

  /** The minute of the trace, not rounded, before which a part in [0, 1) of the load comes. */
  minuteOf(part: number): number {
    const target = part * this.#hours.length;
    let low = 0;
    let high = this.#hours.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#before[middle] <= target) low = middle;
      else high = middle - 1;
    }
    return (low + Math.min(1, (target - this.#before[low]) / this.#hours[low])) * MINUTES_PER_HOUR;
  }
}
