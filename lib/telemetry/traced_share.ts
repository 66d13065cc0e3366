import { deriveKey, Rng, type RngKey } from "../base/rng.ts";

/**
 * A share of the invocations of a schedule, chosen by the seed and their position alone: the
 * same seed has the same ones, on every platform, by every loader of several, in every run.
 *
 * @example
 * ```ts
 * import { TracedShare } from "./traced_share.ts";
 * const share = new TracedShare(42, 0.1);
 * const chosen = Array.from({ length: 1000 }, (_, index) => index).filter((i) => share.has(i));
 * if (chosen.length < 60 || chosen.length > 140) throw new Error("a tenth of them");
 * ```
 */
export class TracedShare {
  readonly #key: RngKey;
  readonly #share: number;
  readonly #rng = new Rng();

  /** @param share from 0 to 1 */
  constructor(seed: number, share: number) {
    this.#key = deriveKey(seed, "traced invocations");
    this.#share = share;
  }

  /** True if the invocation at this position in the whole schedule is one of them. */
  has(index: number): boolean {
    this.#rng.seed(this.#key, index, 0);
    return this.#rng.nextFloat() < this.#share;
  }
}
