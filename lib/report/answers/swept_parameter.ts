import { formatNoun, formatNumber } from "../page/number_format.ts";

/** A parameter that runs may be compared along. */
export interface SweptParameter {
  /** Its name among the parameters of a run. */
  readonly name: string;
  /** What the figures are against. */
  readonly title: string;
  /** Label of the horizontal axis. */
  readonly axis: string;
  /** A value of it in words. */
  describe(value: number): string;
}

/** The parameters that are known; the first that a sweep varies is its axis. */
export const SWEPT_PARAMETERS: readonly SweptParameter[] = [
  {
    name: "functions",
    title: "the number of functions",
    axis: "number of functions",
    describe: (value) => formatNoun(value, "function"),
  },
  {
    name: "ratePerS",
    title: "rate",
    axis: "rate (invocations per second)",
    describe: (value) => `${formatNumber(value)} per second`,
  },
];

type Parameters = Readonly<Record<string, number | string>>;

/**
 * The parameter along which runs are compared: one that every run has as a
 * number, and if there are several, one that differs. `null` without any.
 */
export function chooseSweptParameter(
  parametersOfRuns: readonly Parameters[],
): SweptParameter | null {
  if (parametersOfRuns.length === 0) return null;
  const common = SWEPT_PARAMETERS.filter(({ name }) =>
    parametersOfRuns.every((parameters) => typeof parameters[name] === "number")
  );
  const differing = common.find(({ name }) =>
    new Set(parametersOfRuns.map((parameters) => parameters[name])).size > 1
  );
  return differing ?? common.at(0) ?? null;
}
