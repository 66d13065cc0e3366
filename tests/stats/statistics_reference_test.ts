import assert from "node:assert/strict";
import { adfTest } from "../../lib/stats/adf.ts";
import { wassersteinDistance } from "../../lib/stats/wasserstein.ts";
import { assertRelative, assertWithin } from "./closeness.ts";
import { readStatisticsReference } from "./statistics_reference.ts";

const reference = readStatisticsReference();
const ignore = reference === undefined;

Deno.test({
  name: "adfTest has every result of statsmodels in the reference",
  ignore,
  fn() {
    const cases = reference?.adf ?? [];
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
  },
});

Deno.test({
  name: "wassersteinDistance has every result of SciPy in the reference",
  ignore,
  fn() {
    const cases = reference?.wasserstein ?? [];
    assert.ok(cases.length > 0);
    for (const { u, v, u_weights, v_weights, distance } of cases) {
      assertRelative(wassersteinDistance(u, v, u_weights, v_weights), distance, 1e-6);
    }
  },
});
