import type { Verdict, VerdictWord } from "../model/manifest.ts";

/** From the best to the worst. */
const WORDS: readonly VerdictWord[] = ["VALID", "PLATFORM-LIMITED", "GENERATOR-LIMITED"];

/** A loader and the verdict on it; `null` where it measured nothing. */
export interface JudgedLoader {
  /** From 1. */
  readonly index: number;
  readonly verdict: Verdict | null;
}

/**
 * The verdict on a run that several loaders made: the worst of theirs, with all
 * of their reasons. A loader that did not keep its schedule is not made good by
 * others that did: its functions are measured by it alone. Of the evidence,
 * numbers of things are summed; quantiles, maxima and waiting are the largest of
 * any loader, which no quantile of all together exceeds; a second is busy in
 * which one of them was.
 *
 * @returns `null` where no loader measured anything
 */
export function mergeVerdicts(loaders: readonly JudgedLoader[]): Verdict | null {
  const judged = loaders.flatMap(({ index, verdict }) =>
    verdict === null ? [] : [{ index, verdict }]
  );
  if (judged.length === 0) return null;
  const [{ verdict: first }] = judged;
  if (loaders.length === 1) return first;
  const all = judged.map(({ verdict }) => verdict.evidence);
  type Key = keyof Verdict["evidence"];
  const sum = (key: Key): number => all.reduce((total, one) => total + Number(one[key]), 0);
  const largest = (key: Key): number | null => {
    const known = all.map((one) => one[key]).filter((value) => typeof value === "number");
    return known.length === 0 ? null : Math.max(...known);
  };
  return {
    verdict: WORDS[Math.max(...judged.map(({ verdict }) => WORDS.indexOf(verdict.verdict)))],
    reasons: judged.flatMap(({ index, verdict }) =>
      verdict.reasons.map((reason) => `Loader ${index}: ${reason}`)
    ),
    limits: first.limits,
    evidence: {
      dispatched: sum("dispatched"),
      dropped: sum("dropped"),
      lateDispatches: sum("lateDispatches"),
      dispatchLagP50Ms: largest("dispatchLagP50Ms"),
      dispatchLagP99Ms: largest("dispatchLagP99Ms"),
      dispatchLagMaxMs: largest("dispatchLagMaxMs"),
      loopDelayP99Ms: largest("loopDelayP99Ms"),
      loopDelayMaxMs: largest("loopDelayMaxMs"),
      loopProbes: sum("loopProbes"),
      lateLoopProbes: sum("lateLoopProbes"),
      busySeconds: [...new Set(all.flatMap(({ busySeconds }) => busySeconds))]
        .sort((a, b) => a - b),
      seconds: largest("seconds") ?? 0,
      waitingPercent: largest("waitingPercent"),
      measured: sum("measured"),
      measuredNotOk: sum("measuredNotOk"),
    },
  };
}
