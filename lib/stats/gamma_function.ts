/** Relative size of a term from which on a series or fraction is not continued. */
const NEGLIGIBLE = 1e-16;
/** More terms than any argument of practical size needs. */
const MOST_TERMS = 100_000;

/** Coefficients of Stirling's series, B₂ₖ / (2k(2k − 1)); NIST DLMF 5.11.1. */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];

/**
 * The natural logarithm of the gamma function of `x` > 0: Stirling's series,
 * after the recurrence Γ(x + 1) = x·Γ(x) has made the argument large enough.
 */
export function logGamma(x: number): number {
  let product = 1;
  while (x < 10) product *= x++;
  let series = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) series = series / (x * x) + STIRLING[k];
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series / x -
    Math.log(product);
}

/**
 * The regularised upper incomplete gamma function Q(a, x), for `a` > 0 and
 * `x` ≥ 0: the power series (NIST DLMF 8.11.4) for small `x`, the continued
 * fraction (8.9.2, by Lentz's method) for large, where it keeps the relative
 * precision of tiny results.
 */
export function upperGammaRatio(a: number, x: number): number {
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - scale * lowerSeries(a, x) : scale * upperFraction(a, x);
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < MOST_TERMS && term > sum * NEGLIGIBLE; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < MOST_TERMS; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    const factor = c * d;
    fraction *= factor;
    if (Math.abs(factor - 1) <= NEGLIGIBLE) break;
  }
  return fraction;
}

/** The cumulative distribution function of the standard normal distribution. */
export function normalCdf(z: number): number {
  // erfc(t) = Q(1/2, t²), so the small tail is computed directly.
  const tail = upperGammaRatio(0.5, z * z / 2) / 2;
  return z < 0 ? tail : 1 - tail;
}
