import { logGamma } from "./gamma_function.ts";

/** From this n·d² on both sides are never crossed in one sample: P(D ≥ d) = 2·P(D⁺ ≥ d). */
const ONE_SIDE_FROM = 4;
/** Up to these sample sizes the matrix power is cheap and exact: at any distance, and at small ones. */
const MATRIX_UP_TO = 140;
const MATRIX_WHERE_SMALL_UP_TO = 100_000;
/** More values than this: the sum over them gives way to its limit, whose error is below 1e-9. */
const SUM_UP_TO = 1_000_000;

/**
 * The probability that the Kolmogorov-Smirnov distance of a sample of `n` values
 * from its own continuous distribution is at least `d`, exact or to 1e-7.
 * The choice of the method follows Simard and L'Ecuyer, "Computing the
 * Two-Sided Kolmogorov-Smirnov Distribution", Journal of Statistical Software 39
 * (11), 2011; SciPy calls it `kstwo.sf(d, n)`.
 *
 * @param n number of values, at least 1
 * @param d distance
 *
 * @example
 * ```ts
 * import { kolmogorovTail } from "./kolmogorov.ts";
 * // One value u is min(u, 1 - u) from an end: its distance is at least 3/4 half of the time.
 * if (Math.abs(kolmogorovTail(1, 0.75) - 0.5) > 1e-12) throw new Error();
 * ```
 */
export function kolmogorovTail(n: number, d: number): number {
  const t = n * d;
  if (t <= 0.5) return 1;
  if (d >= 1) return 0;
  // Ruben and Gambino (1982): up to 1/n there is one way to be this near.
  if (t <= 1) return 1 - Math.exp(logGamma(n + 1) + n * Math.log((2 * t - 1) / n));
  if (d >= 0.5 || t * d >= ONE_SIDE_FROM) return 2 * smirnovTail(n, d);
  const small = n <= MATRIX_WHERE_SMALL_UP_TO && n * d ** 1.5 <= 1.4;
  return 1 - clamp(n <= MATRIX_UP_TO || small ? matrixCdf(n, d) : pelzGoodCdf(n, d));
}

/**
 * The probability that a sample's distribution function is above its own by at
 * least `d` somewhere: the sum of Birnbaum and Tingey (1951).
 */
function smirnovTail(n: number, d: number): number {
  // Maag and Dicaire (1971).
  if (n > SUM_UP_TO) return Math.exp(-((6 * n * d + 1) ** 2) / (18 * n));
  let sum = 0;
  let logChoose = 0;
  const last = Math.floor(n * (1 - d));
  for (let j = 0; j <= last; j++) {
    if (j > 0) logChoose += Math.log((n - j + 1) / j);
    const left = 1 - d - j / n;
    const right = d + j / n;
    if (left <= 0) continue;
    sum += Math.exp(logChoose + (n - j) * Math.log(left) + (j - 1) * Math.log(right));
  }
  return clamp(d * sum);
}

/**
 * Durbin's matrix to the n-th power: Marsaglia, Tsang and Wang, "Evaluating
 * Kolmogorov's Distribution", Journal of Statistical Software 8 (18), 2003.
 */
function matrixCdf(n: number, d: number): number {
  const k = Math.floor(n * d) + 1;
  const size = 2 * k - 1;
  const h = k - n * d;
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= Math.min(i + 1, size - 1); j++) matrix[i * size + j] = 1;
  }
  for (let i = 0; i < size; i++) {
    matrix[i * size] -= h ** (i + 1);
    matrix[(size - 1) * size + i] -= h ** (size - i);
  }
  matrix[(size - 1) * size] += 2 * h > 1 ? (2 * h - 1) ** size : 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      for (let g = 2; g <= i - j + 1; g++) matrix[i * size + j] /= g;
    }
  }
  // n!/n^n is spread over the n factors, so that nothing leaves the range of a double.
  const scale = Math.exp((logGamma(n + 1) - n * Math.log(n)) / n);
  for (let i = 0; i < matrix.length; i++) matrix[i] *= scale;
  return power(matrix, size, n)[(k - 1) * size + k - 1];
}

function power(matrix: Float64Array, size: number, exponent: number): Float64Array {
  if (exponent === 1) return matrix;
  const half = power(matrix, size, Math.floor(exponent / 2));
  const square = multiply(half, half, size);
  return exponent % 2 === 0 ? square : multiply(square, matrix, size);
}

function multiply(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const factor = a[i * size + k];
      if (factor === 0) continue;
      for (let j = 0; j < size; j++) product[i * size + j] += factor * b[k * size + j];
    }
  }
  return product;
}

/**
 * The limit distribution with the terms up to n^(−3/2): Pelz and Good,
 * "Approximating the Lower Tail-Areas of the Kolmogorov-Smirnov One-Sample
 * Statistic", Journal of the Royal Statistical Society B 38 (2), 1976.
 */
function pelzGoodCdf(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  const z2 = z * z;
  const z4 = z2 * z2;
  const z6 = z4 * z2;
  const z8 = z4 * z4;
  let k0 = 0;
  let k1 = 0;
  let k2 = 0;
  let k3 = 0;
  // exp(−π²k²/2z²) with z² below 4 is nothing from the 10th term on.
  for (let k = 0; k <= 10; k++) {
    const half = (Math.PI * (k + 0.5)) ** 2;
    const atHalf = 2 * Math.exp(-half / (2 * z2));
    k0 += atHalf;
    k1 += atHalf * (half - z2);
    k2 += atHalf * (6 * z6 + 2 * z4 + half * (2 * z4 - 5 * z2) + half ** 2 * (1 - 2 * z2));
    k3 += atHalf *
      (half ** 3 * (5 - 30 * z2) + half ** 2 * (212 * z4 - 60 * z2) +
        half * (135 * z4 - 96 * z6) - 30 * z6 - 90 * z8);
  }
  let k2Whole = 0;
  let k3Whole = 0;
  for (let k = 1; k <= 10; k++) {
    const whole = (Math.PI * k) ** 2;
    const atWhole = 2 * Math.exp(-whole / (2 * z2));
    k2Whole += atWhole * whole;
    k3Whole += atWhole * (3 * whole * z2 - whole ** 2);
  }
  const root = Math.sqrt(Math.PI / 2);
  return root / z * k0 +
    root / (6 * z4) * k1 / Math.sqrt(n) +
    root * (k2 / (72 * z6 * z) - k2Whole / (36 * z2 * z)) / n +
    root * (k3 / (6480 * z8 * z2) + k3Whole / (216 * z6)) / n ** 1.5;
}

/**
 * The probability that the distance of two samples of `m` and `n` values from
 * one continuous distribution is at least `steps` of 1/lcm(m, n): the share of
 * the paths over an m × n grid that leave the band about the diagonal. Takes
 * time in proportion to m·n and the band's width; every term is positive, so
 * small probabilities keep their precision.
 */
export function latticePathTail(m: number, n: number, steps: number): number {
  const divisor = greatestDivisor(m, n);
  const mStep = n / divisor;
  const nStep = m / divisor;
  // Part of the paths to (i, j) that have been outside, for one i after the other.
  const outside = new Float64Array(n + 1).fill(1);
  for (let i = 0; i <= m; i++) {
    const low = Math.max(0, Math.floor((i * mStep - steps) / nStep) + 1);
    const high = Math.min(n, Math.ceil((i * mStep + steps) / nStep) - 1);
    // What lies left of the band has just been left; what lies right of it is 1 from the start.
    if (low > 0) outside[low - 1] = 1;
    for (let j = low; j <= high; j++) {
      if (i + j === 0) outside[0] = 0;
      else {
        const below = i === 0 ? 0 : outside[j] * i;
        const left = j === 0 ? 0 : outside[j - 1] * j;
        outside[j] = (below + left) / (i + j);
      }
    }
  }
  return outside[n];
}

/** The greatest common divisor of two whole numbers. */
export function greatestDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

function clamp(probability: number): number {
  return Math.min(1, Math.max(0, probability));
}
