import type { InstanceLife } from "../instance_life.ts";
import { OK_CODE, type StoredInvocations } from "../../store/read/stored_invocations.ts";

/**
 * Where the time of an invocation goes, from when it was due; every millisecond is in one.
 * The requested runtime is the same in run and twin and has no place here.
 */
export const TIME_PARTS = [
  "lateness",
  "reaction",
  "start",
  "queue",
  "ways",
  "firstService",
  "service",
] as const;

/** See {@linkcode TIME_PARTS}. */
export type TimePart = (typeof TIME_PARTS)[number];

/** Times of parts in ms. */
export type PartTimes = Readonly<Record<TimePart, number>>;

/** What the tables of a run tell of it. */
export interface TimedRun {
  readonly invocations: StoredInvocations;
  /** `null` where the platform told nothing. */
  readonly instanceLives: readonly InstanceLife[] | null;
}

/** From the mean response time of a twin to that of its run, over the same invocations. */
export interface Waterfall {
  /** The slowest part of the run's invocations that it is of: 1 is all. */
  readonly slowest: number;
  readonly invocations: number;
  readonly twinMs: number;
  readonly runMs: number;
  /** Run minus twin, on average; together they are `runMs` − `twinMs`. */
  readonly partsMs: PartTimes;
}

/** The parts of the slowest that are looked at. */
const SLOWEST = [1, 0.1, 0.01] as const;

/** Fewer invocations are no tail. */
const LEAST_INVOCATIONS = 10;

/**
 * Attributes what a run took beyond its twin, invocation by invocation: of those of the
 * measurement phase that both served, all, the slowest tenth of the run and its slowest
 * hundredth, where these are enough. They are chosen by the run alone, in whose tail bad
 * luck gathers that a twin does not have at the same place: of a faultless twin too the
 * slowest would be quicker.
 */
export function deriveWaterfalls(run: TimedRun, twin: TimedRun): Waterfall[] {
  const [ofRun, ofTwin] = [run, twin].map(listTimedInvocations);
  const both = [...ofRun]
    .filter(([index]) => ofTwin.has(index))
    .map(([index, timed]) => ({ run: timed, twin: ofTwin.get(index)! }))
    .sort((a, b) => b.run.responseMs - a.run.responseMs);
  return SLOWEST
    .map((slowest) => ({ slowest, pairs: both.slice(0, Math.floor(slowest * both.length)) }))
    .filter(({ pairs }) => pairs.length >= LEAST_INVOCATIONS)
    .map(({ slowest, pairs }) => ({
      slowest,
      invocations: pairs.length,
      twinMs: meanOf(pairs, ({ twin }) => twin.responseMs),
      runMs: meanOf(pairs, ({ run }) => run.responseMs),
      partsMs: Object.fromEntries(
        TIME_PARTS.map((part) => [
          part,
          meanOf(pairs, ({ run, twin }) => run.partsMs[part] - twin.partsMs[part]),
        ]),
      ) as Record<TimePart, number>,
    }));
}

interface TimedInvocation {
  readonly responseMs: number;
  readonly partsMs: PartTimes;
}

/** Measured invocations that were served, by their position in the schedule. */
function listTimedInvocations({ invocations, instanceLives }: TimedRun) {
  const lives = new Map(instanceLives?.map((life) => [life.instance, life]));
  const timed = new Map<number, TimedInvocation>();
  const lastEndMs = new Map<number, number>();
  for (const row of listByEnd(invocations)) {
    const code = invocations.instanceCode[row];
    const beforeMs = lastEndMs.get(code);
    lastEndMs.set(code, invocations.completedMs[row]);
    if (invocations.measured[row] !== 1) continue;
    timed.set(invocations.index[row], {
      responseMs: invocations.completedMs[row] - invocations.scheduledMs[row],
      partsMs: divide(invocations, row, lives.get(invocations.instances[code]), beforeMs),
    });
  }
  return timed;
}

/** Rows that were served and of which is known where, in the order of their ends. */
function listByEnd(
  { count, outcome, instanceCode, servedRuntimeMs, completedMs }: StoredInvocations,
): number[] {
  return Array.from({ length: count }, (_, row) => row)
    .filter((row) =>
      outcome[row] === OK_CODE && instanceCode[row] >= 0 &&
      !Number.isNaN(servedRuntimeMs[row])
    )
    .sort((a, b) => completedMs[a] - completedMs[b]);
}

/**
 * An invocation waits from its dispatch: for the reaction to it until an instance is created,
 * for the start of that, and for the end of the one before it on its instance (`beforeMs`). What
 * is left until it is served are the ways (gateway, proxies, network) and the wait for a core.
 */
function divide(
  table: StoredInvocations,
  row: number,
  life: InstanceLife | undefined,
  beforeMs: number | undefined,
): PartTimes {
  const dispatchedMs = table.dispatchedMs[row];
  const servedMs = Math.min(table.servedRuntimeMs[row], table.completedMs[row] - dispatchedMs);
  const servedFromMs = table.completedMs[row] - servedMs;
  let atMs = dispatchedMs;
  const waitUntil = (timeMs: number | undefined): number => {
    if (timeMs === undefined || !(timeMs > atMs)) return 0;
    const fromMs = atMs;
    atMs = Math.min(timeMs, servedFromMs);
    return atMs - fromMs;
  };
  const isFirst = beforeMs === undefined;
  // Only the first can have waited for its instance: it is there for those after it.
  const reaction = isFirst ? waitUntil(life?.createdMs) : 0;
  const start = isFirst ? waitUntil(life?.readyMs) : 0;
  const queue = waitUntil(beforeMs);
  const beyondMs = servedMs - table.requestedRuntimeMs[row];
  return {
    lateness: dispatchedMs - table.scheduledMs[row],
    reaction,
    start,
    queue,
    ways: servedFromMs - atMs,
    firstService: isFirst ? beyondMs : 0,
    service: isFirst ? 0 : beyondMs,
  };
}

function meanOf<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((sum, value) => sum + of(value), 0) / values.length;
}
