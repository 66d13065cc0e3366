/** How well something carries a load; `tight`: with less than a fifth to spare. */
export type FitWord = "fits" | "tight" | "does not fit" | "unknown";

/** From this part of a limit on, it is tight. */
export const TIGHT_SHARE = 0.8;

/** How near a load comes to a limit. */
export interface LimitReading {
  /** What is limited, as in `requested memory`. */
  readonly name: string;
  /** How near: 1 is at the limit. `null`: it is either crossed or not. */
  readonly share: number | null;
  readonly crossed: boolean;
  /** Since when it is crossed, in ms since run start; `null`: over the run as a whole. */
  readonly sinceMs: number | null;
  /** What there is to say of it, a phrase. */
  readonly phrase: string;
}

/** How well something carries a load, and why. */
export interface Fit {
  readonly word: FitWord;
  /** The limit that is hit first, or else comes nearest; where unknown, why. */
  readonly reason: string;
  readonly limits: readonly LimitReading[];
}

/** Judges by limits, of which there is at least one: the one that is crossed first decides. */
export function judgeLimits(limits: readonly LimitReading[]): Fit {
  const crossed = limits.filter((limit) => limit.crossed)
    .sort((a, b) => (a.sinceMs ?? Infinity) - (b.sinceMs ?? Infinity) || 0);
  if (crossed.length > 0) return { word: "does not fit", reason: crossed[0].phrase, limits };
  const nearest = limits.reduce((a, b) => (b.share ?? 0) > (a.share ?? 0) ? b : a);
  const word = (nearest.share ?? 0) >= TIGHT_SHARE ? "tight" : "fits";
  return { word, reason: nearest.phrase, limits };
}

/** What is not known may be anything, and so is worse than what is tight. */
const FROM_BEST_TO_WORST: readonly FitWord[] = ["fits", "tight", "unknown", "does not fit"];

/**
 * What is known of several things together: the worst; of none, that it fits.
 *
 * @example
 * ```ts
 * import { worstFit } from "./fit.ts";
 * if (worstFit(["tight", "unknown", "fits"]) !== "unknown") throw new Error("nobody knows");
 * ```
 */
export function worstFit(words: readonly FitWord[]): FitWord {
  const ranks = words.map((word) => FROM_BEST_TO_WORST.indexOf(word));
  return FROM_BEST_TO_WORST[Math.max(0, ...ranks)];
}
