import { isJudged, type Outcome, OUTCOMES } from "../model/record.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";

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
