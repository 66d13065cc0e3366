import { phaseAt, type PhaseSpan } from "../model/schedule.ts";
import type { Cell } from "../model/table.ts";
import { rankedQuantile } from "../stats/quantile.ts";
import { type ColdInvocation, type ColdWait, deriveColdWait } from "./cold_wait.ts";
import type { InstanceLife } from "./instance_life.ts";
import { selectMeasuredStarts } from "./instance_start.ts";
import { deriveStartParts, START_PARTS, type StartPart, type StartParts } from "./start_parts.ts";

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
