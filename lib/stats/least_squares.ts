/** Columns that keep less than this part of their length are taken to depend on those before. */
const INDEPENDENT = 1e-10;

/**
 * Ordinary least squares by Householder reflections (Golub and Van Loan, Matrix
 * Computations, 5.3), a column at a time: after each the residual of the fit to
 * all columns so far is known, so nested models cost one factorisation.
 *
 * @example
 * ```ts
 * import { LeastSquares } from "./least_squares.ts";
 * const fit = new LeastSquares([1, 3, 2, 5]);
 * fit.addColumn([1, 1, 1, 1]);
 * if (Math.abs(fit.residualSumOfSquares - 8.75) > 1e-12) throw new Error();
 * fit.addColumn([0, 1, 2, 3]);
 * if (Math.abs(fit.residualSumOfSquares - 2.7) > 1e-12) throw new Error();
 * ```
 */
export class LeastSquares {
  /** The target, reflected: its first `rank` entries are explained, the rest is residual. */
  readonly #target: Float64Array;
  readonly #reflectors: Float64Array[] = [];

  constructor(target: ArrayLike<number>) {
    this.#target = Float64Array.from(target);
  }

  /** Number of independent columns so far. */
  get rank(): number {
    return this.#reflectors.length;
  }

  /** What the columns so far leave unexplained. */
  get residualSumOfSquares(): number {
    let sum = 0;
    for (let i = this.rank; i < this.#target.length; i++) sum += this.#target[i] ** 2;
    return sum;
  }

  /**
   * Adds a column to the model.
   *
   * @returns the t-statistic of its coefficient in the model so far (not a
   * number where no degree of freedom is left), or `null` when it depends
   * linearly on the columns before: then it is left out
   */
  addColumn(values: ArrayLike<number>): number | null {
    const column = Float64Array.from(values);
    const length = normFrom(column, 0);
    for (let k = 0; k < this.rank; k++) reflect(column, this.#reflectors[k], k);
    const pivot = this.rank;
    const rest = normFrom(column, pivot);
    if (pivot >= column.length || !(rest > length * INDEPENDENT)) return null;
    // The sign that adds to the pivot, so that nothing cancels.
    const diagonal = column[pivot] > 0 ? -rest : rest;
    column[pivot] -= diagonal;
    const reflector = column.subarray(pivot);
    const reflectorLength = normFrom(reflector, 0);
    for (let i = 0; i < reflector.length; i++) reflector[i] /= reflectorLength;
    this.#reflectors.push(reflector);
    reflect(this.#target, reflector, pivot);
    const variance = this.residualSumOfSquares / (this.#target.length - this.rank);
    return this.#target[pivot] * Math.sign(diagonal) / Math.sqrt(variance);
  }
}

/** Applies the reflection of a unit vector to the entries of `vector` from `start` on. */
function reflect(vector: Float64Array, reflector: Float64Array, start: number): void {
  let product = 0;
  for (let i = 0; i < reflector.length; i++) product += reflector[i] * vector[start + i];
  for (let i = 0; i < reflector.length; i++) vector[start + i] -= 2 * product * reflector[i];
}

function normFrom(vector: Float64Array, start: number): number {
  let sum = 0;
  for (let i = start; i < vector.length; i++) sum += vector[i] ** 2;
  return Math.sqrt(sum);
}
