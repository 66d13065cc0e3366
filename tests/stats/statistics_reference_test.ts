import assert from "node:assert/strict";
import { adfTest } from "../../lib/stats/adf.ts";
import { wassersteinDistance } from "../../lib/stats/wasserstein.ts";
import { assertRelative, assertWithin } from "./closeness.ts";

/** A series in the reference file and what statsmodels' `adfuller` says of it. */
interface AdfCase {
  readonly series: readonly number[];
  readonly statistic: number;
  readonly p_value: number;
  readonly used_lag: number;
  readonly observations: number;
  readonly critical_values: Readonly<Record<"1%" | "5%" | "10%", number>>;
  readonly best_aic: number;
}

/** Two samples in the reference file and their distance by SciPy. */
interface WassersteinCase {
  readonly u: readonly number[];
  readonly v: readonly number[];
  readonly u_weights: readonly number[] | null;
  readonly v_weights: readonly number[] | null;
  readonly distance: number;
}

/** Results of other implementations. */
interface StatisticsReference {
  readonly adf: readonly AdfCase[];
  readonly wasserstein: readonly WassersteinCase[];
}

const reference: StatisticsReference = JSON.parse(
  Deno.readTextFileSync(new URL("../reference/statistics.json", import.meta.url)),
);

Deno.test("adfTest has every result of statsmodels in the reference", () => {
  const cases = reference.adf;
  assert.ok(cases.length > 0);
  for (const expected of cases) {
    const result = adfTest(expected.series);
    assert.ok(result !== null);
    assert.equal(result.usedLag, expected.used_lag);
    assert.equal(result.observations, expected.observations);
    assertRelative(result.statistic, expected.statistic, 1e-6);
    assertWithin(result.pValue, expected.p_value, 1e-6);
    assertRelative(result.aic, expected.best_aic, 1e-6);
    for (const level of ["1%", "5%", "10%"] as const) {
      assertRelative(result.criticalValues[level], expected.critical_values[level], 1e-6);
    }
  }
});

Deno.test("wassersteinDistance has every result of SciPy in the reference", () => {
  const cases = reference.wasserstein;
  assert.ok(cases.length > 0);
  for (const { u, v, u_weights, v_weights, distance } of cases) {
    assertRelative(wassersteinDistance(u, v, u_weights, v_weights), distance, 1e-6);
  }
});
