import { isJudged, type Outcome, OUTCOMES } from "../model/record.ts";
import { countColdInvocations } from "./cold_invocation.ts";
import { groupInvocations, selectInvocations } from "./invocation_selection.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import { largest } from "../stats/quantile.ts";
import { deriveRankedQuantiles, type RankedQuantiles } from "./ranked_quantiles.ts";
import {
  deriveDispatchLagMs,
  deriveResponseTimeMs,
  deriveSlowdown,
  deriveTransportLatencyMs,
} from "./invocation_times.ts";
import type { Phase } from "../model/schedule.ts";

/** The summary of a set of invocations. */
export interface Summary {
  readonly invocations: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly slowdown: RankedQuantiles;
  /**
   * The same of what was due in the first third of the time, in which a run that
   * begins without instances starts them, and in the rest.
   */
  readonly slowdownFirstThird: RankedQuantiles;
  readonly slowdownRest: RankedQuantiles;
  /** Slowdown with transport latency in place of response time. */
  readonly slowdownFromDispatch: RankedQuantiles;
  readonly responseTimeMs: RankedQuantiles;
  readonly transportLatencyMs: RankedQuantiles;
  /** `null` where the records do not tell. */
  readonly coldInvocations: number | null;
}

/** Share of the time between the first and the last arrival that is told apart. */
const START_SHARE = 1 / 3;

/** Derives the summary of all invocations of a table. */
export function deriveSummary(table: StoredInvocations): Summary {
  const responseTimeMs = deriveResponseTimeMs(table);
  const transportLatencyMs = deriveTransportLatencyMs(table);
  const [firstThird, rest] = divideByTime(table, START_SHARE);
  return {
    invocations: table.count,
    outcomes: deriveOutcomeCounts(table),
    slowdown: deriveRankedQuantiles(table, deriveSlowdown(table, responseTimeMs)),
    slowdownFirstThird: deriveSlowdownQuantiles(firstThird),
    slowdownRest: deriveSlowdownQuantiles(rest),
    slowdownFromDispatch: deriveRankedQuantiles(table, deriveSlowdown(table, transportLatencyMs)),
    responseTimeMs: deriveRankedQuantiles(table, responseTimeMs),
    transportLatencyMs: deriveRankedQuantiles(table, transportLatencyMs),
    coldInvocations: countColdInvocations(table),
  };
}

function deriveSlowdownQuantiles(table: StoredInvocations): RankedQuantiles {
  return deriveRankedQuantiles(table, deriveSlowdown(table, deriveResponseTimeMs(table)));
}

/** What was due in the first `share` of the time between the first and last arrival, and the rest. */
function divideByTime(
  table: StoredInvocations,
  share: number,
): [StoredInvocations, StoredInvocations] {
  const { scheduledMs } = table;
  const lastMs = largest(scheduledMs) ?? 0;
  const firstMs = -(largest(scheduledMs.map((timeMs) => -timeMs)) ?? 0);
  const boundMs = firstMs + share * (lastMs - firstMs);
  return [
    selectInvocations(table, (row) => scheduledMs[row] < boundMs),
    selectInvocations(table, (row) => scheduledMs[row] >= boundMs),
  ];
}

/** The summary of one minute of a run in one phase, warm-up included. */
export interface Minute extends Summary {
  readonly phase: Phase;
  /** Minute since run start, from 0. */
  readonly minute: number;
  /** Distinct functions invoked. */
  readonly functions: number;
  /** `null` without a dispatch. */
  readonly dispatchLagMaxMs: number | null;
}

const MINUTE_MS = 60_000;

/**
 * Derives the table of minutes: every minute in which an invocation was due; two, where
 * the phase changes within it, so that no figure mixes both.
 */
export function deriveMinutes(table: StoredInvocations): Minute[] {
  const keyOf = (row: number) =>
    2 * Math.floor(table.scheduledMs[row] / MINUTE_MS) + table.measured[row];
  return groupInvocations(table, keyOf).map(({ key, invocations }) => ({
    minute: Math.floor(key / 2),
    phase: key % 2 === 0 ? "warmup" : "measurement",
    functions: new Set(invocations.functionCode).size,
    dispatchLagMaxMs: largest(deriveDispatchLagMs(invocations)),
    ...deriveSummary(invocations),
  }));
}

/** Number of invocations of each outcome. */
export function deriveOutcomeCounts(table: StoredInvocations): Record<Outcome, number> {
  const counts = new Array<number>(OUTCOMES.length).fill(0);
  for (const code of table.outcome) counts[code]++;
  return Object.fromEntries(OUTCOMES.map((outcome, code) => [outcome, counts[code]])) as Record<
    Outcome,
    number
  >;
}

/** Outcomes that count as not ok: those that are judged (see {@linkcode isJudged}) and not `ok`. */
export const NOT_OK_OUTCOMES = OUTCOMES.filter((outcome) => isJudged(outcome) && outcome !== "ok");

/** Invocations that are judged: all but those that the user stopped. */
export function countJudged(outcomes: Readonly<Record<Outcome, number>>): number {
  return outcomes.ok + countNotOk(outcomes);
}

/** Invocations that are judged and not ok. */
export function countNotOk(outcomes: Readonly<Record<Outcome, number>>): number {
  return NOT_OK_OUTCOMES.reduce((sum, outcome) => sum + outcomes[outcome], 0);
}
