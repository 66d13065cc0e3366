import type { VerdictWord } from "../store/schema/manifest.ts";
import type { StoredExperiment } from "../store/read/experiment_folder.ts";

/** From the best to the worst: of the last one, nothing can be learnt about the platform. */
const WORDS: readonly VerdictWord[] = ["VALID", "PLATFORM-LIMITED", "GENERATOR-LIMITED"];

/** What can be said of an experiment as a whole. */
export interface ExperimentVerdict {
  /** The worst verdict of its runs; `null` if none was judged. */
  readonly word: VerdictWord | null;
  /** Runs that were judged. */
  readonly judged: number;
  /** Whether a run that was not judged, or not made, might still make it worse. */
  readonly isOpen: boolean;
}

/** Derives the verdict on an experiment from those on its runs. */
export function deriveExperimentVerdict(experiment: StoredExperiment): ExperimentVerdict {
  const { manifest, runs, missingRuns } = experiment;
  const ranks = runs.flatMap((run) =>
    run.manifest.verdict === null ? [] : [WORDS.indexOf(run.manifest.verdict.verdict)]
  );
  const word = ranks.length === 0 ? null : WORDS[Math.max(...ranks)];
  const hasEnded = manifest.status === "finished" || manifest.status === "overloaded";
  const isComplete = hasEnded && missingRuns.length === 0 && ranks.length === runs.length;
  return {
    word,
    judged: ranks.length,
    isOpen: word !== null && word !== WORDS.at(-1) && !isComplete,
  };
}
