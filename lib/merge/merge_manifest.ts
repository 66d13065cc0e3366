import type { LoaderPart, RunManifest } from "../store/schema/manifest.ts";
import { type Outcome, OUTCOMES } from "../model/record.ts";
import { mergeVerdicts } from "./merge_verdict.ts";
import type { ShardRun } from "./shard_set.ts";

/**
 * The manifest of a run that several loaders made, from those of its parts.
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
    firstDispatchAfterMs: largest(manifests.map((manifest) => manifest.firstDispatchAfterMs)),
    endedAt: manifests.map(({ endedAt }) => endedAt).toSorted().at(-1) ?? null,
    outcomes: sumOutcomes(manifests),
    // Each loader checked its own functions alone; what it found stands in its own manifest.
    warmupCheck: manifests.length === 1 ? first.warmupCheck : null,
    verdict: mergeVerdicts(loaders),
    notes: mergeNotes(manifests),
    loaderPeakMemoryMib: largest(manifests.map((manifest) => manifest.loaderPeakMemoryMib)),
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

function largest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
