import type { InstanceLife } from "./instance_life.ts";

/** The parts of a start, in their order. */
export const START_PARTS = [
  "scheduling",
  "sandbox",
  "image",
  "containers",
  "readiness",
  "unexplained",
] as const;

/** See {@linkcode START_PARTS}. */
export type StartPart = typeof START_PARTS[number];

/** What the start of an instance took; NaN where unknown. */
export interface StartParts {
  /** From its creation until it was ready. */
  readonly startMs: number;
  /** Parts of it that together are all of it, where it is known. */
  readonly partMs: Readonly<Record<StartPart, number>>;
}

/**
 * Splits the start of an instance by the steps that its platform told. A step
 * that was not told leaves the parts on both sides of it unknown; what they took
 * is then unexplained, as is all of a start without steps. Steps are told on
 * several ways, one of which may be slower: a step told after a later one counts
 * as made with it, so that no part is negative.
 *
 * @example
 * ```ts
 * import { deriveStartParts } from "./start_parts.ts";
 * const life = { functionId: "f", instance: "i", stoppedMs: NaN, detail: null };
 * const { partMs } = deriveStartParts({ ...life, createdMs: 10, readyMs: 25 });
 * if (partMs.unexplained !== 15) throw new Error("no step explains any of it");
 * ```
 */
export function deriveStartParts({ createdMs, readyMs, steps }: InstanceLife): StartParts {
  const startMs = readyMs - createdMs;
  let latestMs = Number.isNaN(readyMs) ? Infinity : readyMs;
  const notAfter = (stepMs: number): number => {
    if (Number.isNaN(stepMs)) return NaN;
    return latestMs = Math.max(createdMs, Math.min(stepMs, latestMs));
  };
  // Backwards, for a step that was told late is the rule, and one told early is none.
  const startedMs = notAfter(steps?.startedMs ?? NaN);
  const preparedMs = notAfter(steps?.preparedMs ?? NaN);
  const scheduledMs = notAfter(steps?.scheduledMs ?? NaN);
  const imageMs = imageOf(preparedMs, startedMs, steps?.pullingMs, steps?.pulledMs);
  const known = {
    scheduling: scheduledMs - createdMs,
    sandbox: preparedMs - scheduledMs,
    image: imageMs,
    containers: startedMs - preparedMs - imageMs,
    readiness: readyMs - startedMs,
  };
  const explainedMs = Object.values(known)
    .reduce((sum, ms) => Number.isNaN(ms) ? sum : sum + ms, 0);
  return { startMs, partMs: { ...known, unexplained: startMs - explainedMs } };
}

/** Nothing was pulled where nothing was told of it, if anything was of its containers. */
function imageOf(
  preparedMs: number,
  startedMs: number,
  pullingMs = NaN,
  pulledMs = NaN,
): number {
  const spanMs = startedMs - preparedMs;
  if (Number.isNaN(spanMs) || Number.isNaN(pullingMs)) return Number.isNaN(spanMs) ? NaN : 0;
  return Number.isNaN(pulledMs) ? NaN : Math.min(Math.max(0, pulledMs - pullingMs), spanMs);
}
