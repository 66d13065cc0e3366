/** A series in the reference file and what statsmodels' `adfuller` says of it. */
export interface AdfCase {
  readonly series: readonly number[];
  readonly statistic: number;
  readonly p_value: number;
  readonly used_lag: number;
  readonly observations: number;
  readonly critical_values: Readonly<Record<"1%" | "5%" | "10%", number>>;
  readonly best_aic: number;
}

/** Two samples in the reference file and their distance by SciPy. */
export interface WassersteinCase {
  readonly u: readonly number[];
  readonly v: readonly number[];
  readonly u_weights: readonly number[] | null;
  readonly v_weights: readonly number[] | null;
  readonly distance: number;
}

/** Results of other implementations. */
export interface StatisticsReference {
  readonly adf: readonly AdfCase[];
  readonly wasserstein: readonly WassersteinCase[];
}

/** The reference file, or `undefined` where the shared folder is absent. */
export function readStatisticsReference(): StatisticsReference | undefined {
  const url = new URL("../../../shared/data/reference/statistics.json", import.meta.url);
  try {
    return JSON.parse(Deno.readTextFileSync(url));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.warn(
      "Not compared with statsmodels and SciPy: ../shared/data/reference/statistics.json is absent.",
    );
    return undefined;
  }
}
