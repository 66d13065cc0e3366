import { type InstanceLife, selectMeasuredStarts } from "./instance_life.ts";
import { phaseAt, type PhaseSpan } from "../model/schedule.ts";
import type { Cell } from "../model/table.ts";
import { rankedQuantile } from "../stats/quantile.ts";
import { type ColdInvocation, type ColdWait, deriveColdWait } from "./cold_invocation.ts";

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
 * import { deriveStartParts } from "./cold_start_parts.ts";
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

/** A start, its parts, and the cold invocation that waited for it. */
export interface ColdStart {
  readonly life: InstanceLife;
  readonly parts: StartParts;
  /** `null`: it served none. */
  readonly cold: { readonly invocation: ColdInvocation; readonly wait: ColdWait } | null;
}

/** Joins starts to the cold invocations that they served. */
export function deriveColdStarts(
  lives: readonly InstanceLife[],
  coldInvocations: ReadonlyMap<string, ColdInvocation>,
): ColdStart[] {
  return lives.filter(hasStart).map((life) => {
    const invocation = coldInvocations.get(life.instance);
    const cold = invocation === undefined
      ? null
      : { invocation, wait: deriveColdWait(invocation, life) };
    return { life, parts: deriveStartParts(life), cold };
  });
}

/** Of an instance that another run's deployment left, the table has no start. */
function hasStart({ createdMs, readyMs }: InstanceLife): boolean {
  return createdMs !== readyMs;
}

/** Derives rows of the table `COLD_START_PARTS`. */
export function deriveColdStartRows(starts: readonly ColdStart[]): Cell[][] {
  return starts.map(({ life, parts: { startMs, partMs }, cold }) => [
    life.functionId,
    life.instance,
    cellOf(life.createdMs),
    cellOf(life.readyMs),
    cellOf(startMs),
    ...START_PARTS.map((part) => cellOf(partMs[part])),
    cellOf(life.steps?.platformStartMs ?? NaN),
    cellOf(heldUpMs(life)),
    cold === null ? null : cold.invocation.index,
    cold === null ? null : cellOf(cold.wait.beforeStartMs),
    cold === null ? null : cellOf(cold.wait.duringStartMs),
    cold === null ? null : cellOf(cold.wait.afterStartMs),
  ]);
}

/** Whole seconds are rounded down, and news may take a moment. */
const IN_TIME_MS = 2_000;

/** How much later than it should the news of ready came; NaN without the platform's own time. */
function heldUpMs({ readyMs, steps }: InstanceLife): number {
  return Math.max(0, readyMs - (steps?.platformReadyMs ?? NaN) - IN_TIME_MS);
}

function cellOf(value: number): Cell {
  return Number.isNaN(value) ? null : value;
}

/** The parts of starts, from the quickest start to the slowest; its size is bounded. */
export interface ColdStartSummary {
  /** Starts of the measurement phase that ended with an instance that was ready. */
  readonly starts: number;
  readonly startMs: Spread;
  /** Starts of which the news of ready was held up, so that their parts are too long. */
  readonly heldUp: number;
  /** Groups of starts of nearly equal length, by rank. */
  readonly groups: readonly ColdStartGroup[];
  /** What cold invocations waited; `null` without any. */
  readonly wait: Readonly<Record<keyof ColdWait, Spread>> | null;
  /** Cold invocations of the measurement phase that waited for these starts. */
  readonly coldInvocations: number;
}

/** How some values are spread. */
export interface Spread {
  /** `null` with too few values for one. */
  readonly median: number | null;
  readonly least: number;
  readonly most: number;
}

/** Starts that follow one another by rank. */
export interface ColdStartGroup {
  /** Ranks, the first inclusive, the last exclusive. */
  readonly fromRank: number;
  readonly untilRank: number;
  /** Mean of each part; 0 where unknown, for then the start is unexplained. */
  readonly partMs: Readonly<Record<StartPart, number>>;
}

/** Most groups: bars of a figure that can still be told apart. */
const MOST_GROUPS = 80;

/** Summarizes the starts of the measurement phase; `null` where none is known by its parts. */
export function deriveColdStartSummary(
  starts: readonly ColdStart[],
  phases: readonly PhaseSpan[],
): ColdStartSummary | null {
  const measured = new Set(selectMeasuredStarts(starts.map(({ life }) => life), phases));
  const ready = starts
    .filter(({ life, parts }) => measured.has(life) && !Number.isNaN(parts.startMs))
    .sort((a, b) => a.parts.startMs - b.parts.startMs);
  if (ready.length === 0) return null;
  const waits = ready.flatMap(({ cold }) =>
    cold !== null && phaseAt(phases, cold.invocation.dispatchedMs) === "measurement"
      ? [cold.wait]
      : []
  );
  return {
    starts: ready.length,
    startMs: spreadOf(ready.map(({ parts }) => parts.startMs)),
    heldUp: ready.filter(({ life }) => heldUpMs(life) > 0).length,
    groups: groupByRank(ready),
    wait: waits.length === 0 ? null : {
      beforeStartMs: spreadOf(waits.map(({ beforeStartMs }) => beforeStartMs)),
      duringStartMs: spreadOf(waits.map(({ duringStartMs }) => duringStartMs)),
      afterStartMs: spreadOf(waits.map(({ afterStartMs }) => afterStartMs)),
    },
    coldInvocations: waits.length,
  };
}

function groupByRank(ready: readonly ColdStart[]): ColdStartGroup[] {
  const count = Math.min(ready.length, MOST_GROUPS);
  return Array.from({ length: count }, (_, group) => {
    const fromRank = Math.floor(group * ready.length / count);
    const untilRank = Math.floor((group + 1) * ready.length / count);
    const those = ready.slice(fromRank, untilRank);
    const mean = (part: StartPart) =>
      those.reduce((sum, { parts }) => sum + (parts.partMs[part] || 0), 0) / those.length;
    const partMs = Object.fromEntries(START_PARTS.map((part) => [part, mean(part)]));
    return { fromRank, untilRank, partMs: partMs as Record<StartPart, number> };
  });
}

function spreadOf(values: readonly number[]): Spread {
  const known = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
  return {
    median: rankedQuantile(known, 0, 0.5),
    least: known.at(0) ?? NaN,
    most: known.at(-1) ?? NaN,
  };
}
