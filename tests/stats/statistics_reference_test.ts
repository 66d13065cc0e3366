import assert from "node:assert/strict";
import { augmentedDickeyFuller } from "../../lib/stats/adf.ts";
import { kolmogorovSmirnovTest } from "../../lib/stats/goodness_of_fit.ts";
import { kolmogorovTail } from "../../lib/stats/kolmogorov.ts";
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

/** More of them: by SciPy 1.16.3 and statsmodels 0.14.6, on NumPy 2.4.6. */
interface ScipyReference extends StatisticsReference {
  /** `kstest(values, "uniform")`. */
  readonly ks_one: readonly {
    readonly values: readonly number[];
    readonly statistic: number;
    readonly p_value: number;
  }[];
  /** `kstwo.sf(d, n)`. */
  readonly ks_tail: readonly (readonly [n: number, d: number, probability: number])[];
  /** `ks_2samp(u, v)`. */
  readonly ks_two: readonly {
    readonly u: readonly number[];
    readonly v: readonly number[];
    readonly statistic: number;
    readonly p_value: number;
  }[];
  /** The same of (i + 1/2)/m and ((i + 1/2)/n)^power. */
  readonly ks_two_grids: readonly {
    readonly m: number;
    readonly n: number;
    readonly power: number;
    readonly statistic: number;
    readonly p_value: number;
  }[];
}

function readReference<T>(name: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(`../reference/${name}`, import.meta.url)));
}

const first = readReference<StatisticsReference>("statistics.json");
const scipy = readReference<ScipyReference>("statistics_scipy.json");

Deno.test("augmentedDickeyFuller has every result of statsmodels in the references", () => {
  for (const expected of [...first.adf, ...scipy.adf]) {
    const result = augmentedDickeyFuller(expected.series);
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

Deno.test("wassersteinDistance has every result of SciPy in the references", () => {
  for (
    const { u, v, u_weights, v_weights, distance } of [...first.wasserstein, ...scipy.wasserstein]
  ) {
    assertRelative(wassersteinDistance(u, v, u_weights, v_weights), distance, 1e-6);
  }
});

Deno.test("kolmogorovSmirnovTest of one sample has SciPy's results", () => {
  for (const { values, statistic, p_value } of scipy.ks_one) {
    const result = kolmogorovSmirnovTest(values, (x) => x);
    assertWithin(result.statistic, statistic, 1e-12);
    assertWithin(result.pValue, p_value, 1e-6);
  }
});

Deno.test("kolmogorovTail has SciPy's probabilities from 1 to 3,000,000 values", () => {
  for (const [n, d, probability] of scipy.ks_tail) {
    assertWithin(kolmogorovTail(n, d), probability, 1e-6);
    // Small ones are right in their size, too.
    if (n * d * d > 4) assertRelative(kolmogorovTail(n, d), probability, 1e-3);
  }
});

Deno.test("kolmogorovSmirnovTest of two samples has SciPy's results", () => {
  for (const { u, v, statistic, p_value } of scipy.ks_two) {
    const result = kolmogorovSmirnovTest(u, v);
    assertWithin(result.statistic, statistic, 1e-12);
    assertWithin(result.pValue, p_value, 1e-6);
  }
  for (const { m, n, power, statistic, p_value } of scipy.ks_two_grids) {
    const u = Float64Array.from({ length: m }, (_, i) => (i + 0.5) / m);
    const v = Float64Array.from({ length: n }, (_, i) => ((i + 0.5) / n) ** power);
    const result = kolmogorovSmirnovTest(u, v);
    assertWithin(result.statistic, statistic, 1e-12);
    assertWithin(result.pValue, p_value, 1e-6);
  }
});
