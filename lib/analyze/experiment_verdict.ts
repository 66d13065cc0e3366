import { hasResult, type RunManifest, type VerdictWord } from "../store/schema/manifest.ts";
import type { StoredExperiment } from "../store/read/experiment_folder.ts";

/** From the best to the worst: of the last one, nothing can be learnt about the platform. */
const WORDS: readonly VerdictWord[] = ["VALID", "PLATFORM-LIMITED", "GENERATOR-LIMITED"];

/** What can be said of an experiment as a whole. */
export interface ExperimentVerdict {
  /** The worst verdict of its runs; `null` if none was judged. */
  readonly word: VerdictWord | null;
  /** Runs that were judged. */
  readonly judged: number;
  /** True if a run that was not judged, or not made, might still make it worse. */
  readonly isOpen: boolean;
}

/** Derives the verdict on an experiment from those on its runs. */
export function deriveExperimentVerdict(experiment: StoredExperiment): ExperimentVerdict {
  const { manifest, runs, missingRuns } = experiment;
  const ranks = runs.flatMap((run) =>
    run.manifest.verdict === null ? [] : [WORDS.indexOf(run.manifest.verdict.verdict)]
  );
  const word = ranks.length === 0 ? null : WORDS[Math.max(...ranks)];
  const hasEnded = hasResult(manifest.status);
  const isComplete = hasEnded && missingRuns.length === 0 && ranks.length === runs.length;
  return {
    word,
    judged: ranks.length,
    isOpen: word !== null && word !== WORDS.at(-1) && !isComplete,
  };
}

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
