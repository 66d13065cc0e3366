/** What became of one size that was tried. */
export interface SizeTrial {
  readonly size: number;
  readonly fits: boolean;
  /** `false`: it was too large to try, and may fit all the same. */
  readonly wasTried: boolean;
  /** Why not, a phrase. */
  readonly reason: string | null;
}

/** What {@linkcode searchLargest} found. */
export interface LargestLoad {
  /** The largest size that was tried and fits; `null`: none of them. */
  readonly size: number | null;
  /** The smallest above it that does not, or was too large to try; `null`: the largest there is fits. */
  readonly next: SizeTrial | null;
  /** In the order of trying. */
  readonly trials: readonly SizeTrial[];
}

/** Options of {@linkcode searchLargest}. */
export interface LargestLoadSearch {
  /** Tried first. */
  readonly asked: number;
  /** No size is larger. */
  readonly most: number;
  readonly mostTrials: number;
  readonly attempt: (size: number) => Promise<SizeTrial>;
}

/**
 * Looks for the largest size that fits: doubles from the size that is asked for
 * while it fits, then bisects between what fits and what does not. It takes for
 * granted that what is larger than a size that does not fit does not either, and
 * what is larger than one that is too large to try is so too. It stops with a gap
 * between `size` and `next` after `mostTrials`.
 *
 * @example
 * ```ts
 * import { searchLargest } from "./largest_load.ts";
 * const attempt = (size: number) =>
 *   Promise.resolve({ size, fits: size <= 41, wasTried: true, reason: null });
 * const { size, next } = await searchLargest({ asked: 18, most: 200, mostTrials: 20, attempt });
 * if (size !== 41 || next?.size !== 42) throw new Error("41 fit, and 42 do not");
 * ```
 */
export async function searchLargest(search: LargestLoadSearch): Promise<LargestLoad> {
  const { most, mostTrials, attempt } = search;
  const trials: SizeTrial[] = [];
  let fitting = 0;
  let next: SizeTrial | null = null;
  let size = Math.min(search.asked, most);
  while (trials.length < mostTrials) {
    const trial = await attempt(size);
    trials.push(trial);
    if (trial.fits) fitting = size;
    else next = trial;
    if (fitting === (next?.size ?? most + 1) - 1) break;
    size = next === null
      ? Math.min(2 * fitting, most)
      : fitting + Math.floor((next.size - fitting) / 2);
  }
  return { size: fitting === 0 ? null : fitting, next, trials };
}
