import type { RunManifest } from "../store/schema/manifest.ts";

/**
 * Whether a run enters medians over repetitions, and if not, why not.
 *
 * - `VALID` and `PLATFORM-LIMITED` runs enter: what a platform did not answer is its
 *   answer, and ranks as infinitely slow.
 * - `GENERATOR-LIMITED` ones do not: theirs was another load.
 * - Those that did not come to their end do not: theirs was a part of it.
 */
export interface RunStanding {
  readonly isCounted: boolean;
  /** The verdict, or how the run ended where that is why it is left out. */
  readonly word: string;
}

/** Derives whether a run counts. */
export function deriveRunStanding(
  { status, verdict }: Pick<RunManifest, "status" | "verdict">,
): RunStanding {
  if (status === "running") return { isCounted: false, word: "broke off" };
  if (status !== "finished" && status !== "overloaded") return { isCounted: false, word: status };
  if (verdict === null) return { isCounted: false, word: "no verdict" };
  return { isCounted: verdict.verdict !== "GENERATOR-LIMITED", word: verdict.verdict };
}
