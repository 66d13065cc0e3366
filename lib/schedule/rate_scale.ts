/**
 * Scales a count of one minute: the whole part of the factor multiplies, its
 * fraction takes of the invocations one after the other an equal share. So from
 * any minute to any other the sum differs from `factor` times the counts by less
 * than one, and what comes of a minute depends on nothing but the counts up to it.
 *
 * @param before counts of all minutes before
 * @param offset in [0, 1), where the sharing begins, of its own for each function
 *
 * @example
 * ```ts
 * import { scaleCount } from "./rate_scale.ts";
 * const scaled = [0, 1, 2, 3].map((before) => scaleCount(1, before, 0.5, 0));
 * if (scaled.join() !== "0,1,0,1") throw new Error("every other one");
 * ```
 */
export function scaleCount(count: number, before: number, factor: number, offset: number): number {
  const whole = Math.floor(factor);
  const fraction = factor - whole;
  const shared = Math.floor((before + count) * fraction + offset) -
    Math.floor(before * fraction + offset);
  return count * whole + shared;
}

/** Significant digits of a rate or a sum of invocations; beyond them it is a rounding error. */
const DIGITS = 12;

/** A number without what floating-point arithmetic has added to it: 0.1 + 0.2 is 0.3. */
export function withoutRoundingError(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/**
 * The rate of each step of a climb from `start` by `step`, from the step's number,
 * so that no rounding error adds up or makes a climb miss its end.
 *
 * @example
 * ```ts
 * import { rateOfStep } from "./rate_scale.ts";
 * if (rateOfStep(0.1, 0.1, 2) !== 0.3) throw new Error("not 0.30000000000000004");
 * ```
 */
export function rateOfStep(start: number, step: number, k: number): number {
  return withoutRoundingError(start + k * step);
}

/**
 * How many whole invocations are due when so many are asked for, fractions
 * included, since the beginning of a pattern: a span gets the difference between
 * its end and its beginning, so that what is left of one span counts in the next.
 */
export function wholeInvocations(asked: number): number {
  return Math.floor(withoutRoundingError(asked) + 0.5);
}
