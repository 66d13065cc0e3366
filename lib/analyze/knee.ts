import type { Verdict } from "../store/schema/manifest.ts";
import { countJudged, countNotOk, type Summary } from "./summary.ts";

/** What is looked at of a run to tell whether its rate is kept. */
export interface RateResult {
  /** True if too many of its invocations failed. */
  readonly isOverloaded: boolean;
  readonly summary: Pick<Summary, "outcomes" | "slowdownRest" | "slowdown">;
}

/** Largest share that may not be ok at a rate that is kept; the verdict's limit too. */
const MOST_NOT_OK = 0.01;

/**
 * Whether a platform keeps a rate: at most 1 in 100 invocations is not ok, and of the last
 * two thirds of the measured time, in which a queue that grows has grown, 90 of 100 take at
 * most so many times what they ask for (half of them, where there are too few for that).
 *
 * @param mostSlowdown that bound
 */
export function isRateKept({ isOverloaded, summary }: RateResult, mostSlowdown: number): boolean {
  const { outcomes, slowdownRest, slowdown } = summary;
  if (isOverloaded || countNotOk(outcomes) > MOST_NOT_OK * countJudged(outcomes)) return false;
  const { p90, p50 } = slowdownRest.all;
  const found = p90 ?? p50 ?? slowdown.all.p50;
  return found !== null && found <= mostSlowdown;
}

/** A busier generator than its limits allow in more than this share is late. */
const MOST_LATE = 0.01;

/**
 * Whether a generator made the load when it was due. One that dropped calls because too many
 * were in flight may have: a platform that keeps up leaves no so many.
 */
export function wasInTime({ verdict, limits, evidence }: Verdict): boolean {
  if (verdict !== "GENERATOR-LIMITED") return true;
  const { dropped, dispatched, lateDispatches, loopProbes, lateLoopProbes } = evidence;
  return dropped > 0 && lateDispatches <= MOST_LATE * dispatched &&
    lateLoopProbes <= MOST_LATE * loopProbes &&
    evidence.busySeconds.length <= limits.busySecondsShare * evidence.seconds;
}

/** A rate, and whether a run kept it. */
export interface TriedRate {
  readonly ratePerS: number;
  readonly isKept: boolean;
}

/** Between which rates a platform stops keeping up. */
export interface Knee {
  /** The highest that was kept below the lowest that was not; `null`: none. */
  readonly keptPerS: number | null;
  /** The lowest that was not kept in any try; `null`: all were kept. */
  readonly lostPerS: number | null;
}

/**
 * Finds the knee among rates that were tried. A rate that was kept in one of several
 * tries counts as kept.
 *
 * @example
 * ```ts
 * import { deriveKnee } from "./knee.ts";
 * const tried = [[20, true], [40, true], [80, false], [56, false], [80, false]] as const;
 * const { keptPerS, lostPerS } = deriveKnee(
 *   tried.map(([ratePerS, isKept]) => ({ ratePerS, isKept })),
 * );
 * if (keptPerS !== 40 || lostPerS !== 56) throw new Error("between 40 and 56");
 * ```
 */
export function deriveKnee(tried: readonly TriedRate[]): Knee {
  const kept = new Set(tried.filter(({ isKept }) => isKept).map(({ ratePerS }) => ratePerS));
  const lost = tried.map(({ ratePerS }) => ratePerS).filter((rate) => !kept.has(rate));
  const lostPerS = lost.length === 0 ? null : Math.min(...lost);
  const below = [...kept].filter((rate) => lostPerS === null || rate < lostPerS);
  return { keptPerS: below.length === 0 ? null : Math.max(...below), lostPerS };
}
