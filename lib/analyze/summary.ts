import type { Outcome } from "../model/record.ts";
import { countColdInvocations } from "./cold_invocation.ts";
import { selectInvocations } from "./invocation_selection.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import { largest } from "./largest.ts";
import { deriveOutcomeCounts } from "./outcome_count.ts";
import { deriveRankedQuantiles, type RankedQuantiles } from "./ranked_quantiles.ts";
import { deriveResponseTimeMs } from "./response_time.ts";
import { deriveSlowdown } from "./slowdown.ts";
import { deriveTransportLatencyMs } from "./transport_latency.ts";

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
