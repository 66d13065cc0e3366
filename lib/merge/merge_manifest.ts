import { deriveVerdict } from "../invoke/verdict.ts";
import type { LoaderPart, RunManifest, Verdict, WaitEvidence } from "../store/schema/manifest.ts";
import { type Outcome, OUTCOMES } from "../model/record.ts";
import type { ShardRun } from "./shard_set.ts";

/**
 * The manifest of a run that several loaders made, from those of its parts; the rows of its
 * tables are to be counted.
 *
 * @param parts by loader, the first first
 * @param command what the user typed to merge them
 */
export function mergeRunManifests(
  parts: readonly Pick<ShardRun, "manifest">[],
  command: readonly string[],
): RunManifest {
  const manifests = parts.map(({ manifest }) => manifest);
  const [{ shard, ...first }] = manifests;
  const loaders = manifests.map((manifest): LoaderPart => ({
    index: manifest.shard.index,
    command: manifest.command,
    status: manifest.status,
    plan: manifest.plan,
    verdict: manifest.verdict,
    machine: manifest.machine,
    loaderPeakMemoryMib: manifest.loaderPeakMemoryMib,
  }));
  return {
    ...first,
    status: manifests.some(({ status }) => status === "overloaded") ? "overloaded" : "finished",
    error: null,
    command,
    options: { ...first.options, shard: null },
    plan: shard.whole,
    versions: mergeFacts(manifests.map(({ versions }) => versions)),
    machine: mergeFacts(manifests.map(({ machine }) => machine)),
    createdAt: manifests.map(({ createdAt }) => createdAt).sort()[0],
    runStartUnixMs: shard.startAtUnixMs ?? first.runStartUnixMs,
    firstDispatchAfterMs: largestOf(manifests.map((manifest) => manifest.firstDispatchAfterMs)),
    endedAt: manifests.map(({ endedAt }) => endedAt).toSorted().at(-1) ?? null,
    outcomes: sumOutcomes(manifests),
    // Each loader checked its own functions alone; what it found stands in its own manifest.
    warmupCheck: manifests.length === 1 ? first.warmupCheck : null,
    verdict: mergeVerdicts(loaders),
    notes: mergeNotes(manifests),
    tableRows: undefined,
    loaderPeakMemoryMib: largestOf(manifests.map((manifest) => manifest.loaderPeakMemoryMib)),
    loaders,
  };
}

/** Facts that are the same everywhere as they are, others one after the other. */
function mergeFacts<T extends string | number>(
  facts: readonly Readonly<Record<string, T>>[],
): Record<string, T | string> {
  const names = new Set(facts.flatMap((one) => Object.keys(one)));
  return Object.fromEntries([...names].map((name) => {
    const values = [...new Set(facts.map((one) => one[name]))];
    return [name, values.length === 1 ? values[0] : values.map((v) => v ?? "unknown").join(" / ")];
  }));
}

/** What every loader notes, once; the rest with the loader that does. */
function mergeNotes(manifests: readonly ShardRun["manifest"][]): string[] {
  const notes = new Map<string, number[]>();
  for (const { shard, notes: own } of manifests) {
    for (const note of own) notes.set(note, [...notes.get(note) ?? [], shard.index]);
  }
  return [...notes].map(([note, indexes]) =>
    indexes.length === manifests.length ? note : `Loader ${indexes.join(", ")}: ${note}`
  );
}

function sumOutcomes(manifests: readonly RunManifest[]): Record<Outcome, number> | null {
  if (manifests.some(({ outcomes }) => outcomes === null)) return null;
  return Object.fromEntries(
    OUTCOMES.map((outcome) => [
      outcome,
      manifests.reduce((sum, { outcomes }) => sum + (outcomes?.[outcome] ?? 0), 0),
    ]),
  ) as Record<Outcome, number>;
}

/** A loader and the verdict on it; `null` where it measured nothing. */
export interface JudgedLoader {
  /** From 1. */
  readonly index: number;
  readonly verdict: Verdict | null;
}

/**
 * The verdict on a run that several loaders made, from the evidence of all: numbers
 * of things are summed; quantiles, maxima and waiting are the largest of any loader,
 * which no quantile of all together exceeds; a second is busy in which one of them
 * was.
 *
 * The platform is judged by the sums: it served all of them, and what failed of one
 * loader's small part is as small a part of the whole. The generator is judged loader
 * by loader, and by the sums too: a loader that did not keep its schedule is not made
 * good by others that did, since its functions are measured by it alone.
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
  const { limits } = first;
  const evidence = sumEvidence(judged.map(({ verdict }) => verdict.evidence));
  if (judged.some(({ verdict }) => verdict.verdict === "GENERATOR-LIMITED")) {
    const reasons = judged.flatMap(({ index, verdict }) =>
      verdict.reasons.map((reason) => `Loader ${index}: ${reason}`)
    );
    return { verdict: "GENERATOR-LIMITED", reasons, limits, evidence };
  }
  // Seconds in which any was busy are of different loaders: each was judged by its own.
  const { verdict, reasons } = deriveVerdict({ ...evidence, busySeconds: [] }, limits);
  return { verdict, reasons, limits, evidence };
}

function sumEvidence(all: readonly Verdict["evidence"][]): Verdict["evidence"] {
  type Key = keyof Verdict["evidence"];
  const sum = (key: Key): number => all.reduce((total, one) => total + Number(one[key]), 0);
  const largest = (key: Key): number | null =>
    largestOf(all.flatMap((one) => {
      const value = one[key];
      return typeof value === "number" ? [value] : [];
    }));
  return {
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
    busySeconds: unionOf(all.map(({ busySeconds }) => busySeconds)),
    seconds: largest("seconds") ?? 0,
    waitingPercent: largest("waitingPercent"),
    measured: sum("measured"),
    measuredNotOk: sum("measuredNotOk"),
    unsentForPeer: sum("unsentForPeer"),
    unsentForBound: sum("unsentForBound"),
    peerWaits: sumWaits(all.map(({ peerWaits }) => peerWaits)),
    boundWaits: sumWaits(all.map(({ boundWaits }) => boundWaits)),
    setUpP50Ms: largest("setUpP50Ms"),
    setUpP99Ms: largest("setUpP99Ms"),
    // Of different machines: each loader has its own.
    machine: null,
  };
}

function sumWaits(all: readonly WaitEvidence[]): WaitEvidence {
  return {
    invocations: all.reduce((sum, { invocations }) => sum + invocations, 0),
    longestMs: largestOf(all.flatMap(({ longestMs }) => longestMs ?? [])),
    seconds: unionOf(all.map(({ seconds }) => seconds)),
  };
}

function unionOf(seconds: readonly (readonly number[])[]): number[] {
  return [...new Set(seconds.flat())].sort((a, b) => a - b);
}

/** Of those that are known; `null` without any. */
function largestOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
