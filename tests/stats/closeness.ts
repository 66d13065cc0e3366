import assert from "node:assert/strict";

/** Asserts that two numbers differ by at most `tolerance` of the expected one's size. */
export function assertRelative(actual: number, expected: number, tolerance: number): void {
  assertWithin(actual, expected, tolerance * Math.abs(expected));
}

/** Asserts that two numbers differ by at most `tolerance`. */
export function assertWithin(actual: number, expected: number, tolerance: number): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${actual} is not ${expected} ± ${tolerance}`,
  );
}
