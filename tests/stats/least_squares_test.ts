import assert from "node:assert/strict";
import { LeastSquares } from "../../lib/stats/least_squares.ts";
import { assertRelative } from "./closeness.ts";

// Anscombe's first quartet ("Graphs in Statistical Analysis", 1973): slope
// 0.5001 with t = 4.24, residual sum of squares 13.76.
const X = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
const Y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];

Deno.test("LeastSquares has the published fit of Anscombe's quartet", () => {
  const fit = new LeastSquares(Y);
  fit.addColumn(new Array(11).fill(1));
  const t = fit.addColumn(X);
  assert.ok(t !== null);
  assertRelative(t, 4.2415, 1e-4);
  assertRelative(fit.residualSumOfSquares, 13.76269, 1e-6);
});

Deno.test("LeastSquares gives the t-statistic the sign of the coefficient", () => {
  const fit = new LeastSquares(Y.map((y) => -y));
  fit.addColumn(new Array(11).fill(1));
  const t = fit.addColumn(X);
  assert.ok(t !== null);
  assertRelative(t, -4.2415, 1e-4);
});

Deno.test("LeastSquares leaves a dependent column out", () => {
  const fit = new LeastSquares(Y);
  fit.addColumn(new Array(11).fill(1));
  fit.addColumn(X);
  const before = fit.residualSumOfSquares;
  assert.equal(fit.addColumn(X.map((x) => 3 * x - 1)), null);
  assert.equal(fit.addColumn(new Array(11).fill(0)), null);
  assert.equal(fit.rank, 2);
  assert.equal(fit.residualSumOfSquares, before);
});
