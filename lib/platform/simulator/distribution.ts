import type { Rng } from "../../base/rng.ts";

/** How long something takes, in milliseconds, or a factor. Never negative. */
export type Distribution =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "exponential"; readonly mean: number }
  /** The logarithm is normal around that of the median with this standard deviation. */
  | { readonly kind: "log-normal"; readonly median: number; readonly sigma: number }
  /** Observed: linear between the values at these quantiles, which ascend from 0 to 1. */
  | {
    readonly kind: "quantiles";
    readonly quantiles: readonly number[];
    readonly values: readonly number[];
  };

/** Always the same value. */
export function constant(value: number): Distribution {
  return { kind: "constant", value };
}

/**
 * How long a call waits for a turn of the run queue, so long on average: it depends on
 * where in its quantum each task before is, seen from outside on chance.
 */
export function waitForTurn(meanMs: number): Distribution {
  return meanMs === 0 ? constant(0) : { kind: "exponential", mean: meanMs };
}

/** The mean of a distribution. */
export function meanOf(distribution: Distribution): number {
  switch (distribution.kind) {
    case "constant":
      return distribution.value;
    case "exponential":
      return distribution.mean;
    case "log-normal":
      return distribution.median * Math.exp(distribution.sigma ** 2 / 2);
    case "quantiles": {
      const { quantiles, values } = distribution;
      let mean = 0;
      for (let i = 1; i < quantiles.length; i++) {
        mean += (quantiles[i] - quantiles[i - 1]) * (values[i] + values[i - 1]) / 2;
      }
      return mean;
    }
  }
}

/**
 * Draws a value. The functions of `Math` that it uses are V8's own software, not
 * the machine's, so that the same stream gives the same values everywhere.
 */
export function drawFrom(distribution: Distribution, rng: Rng): number {
  switch (distribution.kind) {
    case "constant":
      return distribution.value;
    case "exponential":
      return -Math.log(1 - rng.nextFloat()) * distribution.mean;
    case "log-normal":
      return distribution.median * Math.exp(distribution.sigma * drawNormal(rng));
    case "quantiles":
      return interpolate(distribution.quantiles, distribution.values, rng.nextFloat());
  }
}

/** Box and Muller's transform (Annals of Mathematical Statistics 29, 1958). */
function drawNormal(rng: Rng): number {
  const radius = Math.sqrt(-2 * Math.log(1 - rng.nextFloat()));
  return radius * Math.cos(2 * Math.PI * rng.nextFloat());
}

function interpolate(
  quantiles: readonly number[],
  values: readonly number[],
  quantile: number,
): number {
  let i = 1;
  while (i < quantiles.length - 1 && quantiles[i] < quantile) i++;
  const share = (quantile - quantiles[i - 1]) / (quantiles[i] - quantiles[i - 1]);
  return values[i - 1] + share * (values[i] - values[i - 1]);
}

const CALL = /^([a-z-]+)\(([^()]*)\)$/;

/**
 * Parses a distribution: `200ms` (or `200`, always), `exponential(200ms)` (the
 * mean), `log-normal(200ms, 0.3)` (the median and the standard deviation of the
 * logarithm), or `quantiles(0: 150ms, 0.5: 200ms, 1: 900ms)`. The unit is one of
 * ms, s and min; without one it is ms, or nothing for a factor.
 *
 * @throws Error whose message is a sentence that quotes the text
 *
 * @example
 * ```ts
 * import { meanOf, parseDistribution } from "./distribution.ts";
 * if (meanOf(parseDistribution("quantiles(0: 100ms, 1: 0.3s)")) !== 200) throw new Error();
 * ```
 */
export function parseDistribution(text: string): Distribution {
  const fail = (what: string) => new Error(`${JSON.stringify(text)} ${what}.`);
  const call = CALL.exec(text.trim());
  if (call === null) return constant(parseAmount(text, fail));
  const [, name, list] = call;
  const items = list.split(",").map((item) => item.trim());
  switch (name) {
    case "exponential":
      if (items.length !== 1) throw fail("needs one mean, as in exponential(200ms)");
      return { kind: "exponential", mean: parseAmount(items[0], fail) };
    case "log-normal":
      if (items.length !== 2) {
        throw fail("needs a median and a sigma, as in log-normal(200ms, 0.3)");
      }
      return {
        kind: "log-normal",
        median: parseAmount(items[0], fail),
        sigma: parseAmount(items[1], fail),
      };
    case "quantiles":
      return parseQuantiles(items, fail);
  }
  throw fail("names none of exponential, log-normal and quantiles");
}

/** The text that {@linkcode parseDistribution} reads. */
export function formatDistribution(distribution: Distribution): string {
  switch (distribution.kind) {
    case "constant":
      return String(distribution.value);
    case "exponential":
      return `exponential(${distribution.mean})`;
    case "log-normal":
      return `log-normal(${distribution.median}, ${distribution.sigma})`;
    case "quantiles": {
      const { quantiles, values } = distribution;
      return `quantiles(${quantiles.map((quantile, i) => `${quantile}: ${values[i]}`).join(", ")})`;
    }
  }
}

function parseQuantiles(
  items: readonly string[],
  fail: (what: string) => Error,
): Distribution {
  const pairs = items.map((item) => item.split(":").map((part) => part.trim()));
  if (pairs.length < 2 || pairs.some((pair) => pair.length !== 2)) {
    throw fail("needs pairs, as in quantiles(0: 150ms, 0.5: 200ms, 1: 900ms)");
  }
  const quantiles = pairs.map(([quantile]) => parseAmount(quantile, fail));
  const values = pairs.map(([, value]) => parseAmount(value, fail));
  if (quantiles[0] !== 0 || quantiles.at(-1) !== 1) throw fail("does not go from 0 to 1");
  for (let i = 1; i < pairs.length; i++) {
    if (!(quantiles[i] > quantiles[i - 1])) throw fail("has quantiles that do not ascend");
    if (values[i] < values[i - 1]) throw fail("has values that descend");
  }
  return { kind: "quantiles", quantiles, values };
}

const AMOUNT = /^(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(ms|s|min)?$/;
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000 };

function parseAmount(text: string, fail: (what: string) => Error): number {
  const match = AMOUNT.exec(text.trim());
  if (match === null) throw fail("has no number of at least 0, such as 200ms, where one belongs");
  const amount = Number(match[1]) * UNITS_MS[match[2] ?? "ms"];
  if (!Number.isFinite(amount)) throw fail("has a number that is too large");
  return amount;
}
