import type { Outcome } from "../model/record.ts";
import { countColdInvocations } from "./cold_invocation.ts";
import { deriveDispatchLagMs } from "./dispatch_lag.ts";
import type { InvocationTable } from "./invocation_table.ts";
import { deriveOutcomeCounts } from "./outcome_count.ts";
import { largest } from "./largest.ts";
import {
  derivePercentiles,
  deriveRankedQuantiles,
  type PercentileValues,
  type RankedQuantiles,
} from "./ranked_quantiles.ts";
import { deriveResponseTimeMs } from "./response_time.ts";
import { deriveSlowdown } from "./slowdown.ts";
import { deriveTransportLatencyMs } from "./transport_latency.ts";

/** The figures of merit of a set of invocations. */
export interface Merit {
  readonly invocations: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly slowdown: RankedQuantiles;
  /** Slowdown with transport latency in place of response time. */
  readonly slowdownFromDispatch: RankedQuantiles;
  readonly responseTimeMs: RankedQuantiles;
  readonly transportLatencyMs: RankedQuantiles;
  readonly dispatchLagMs: PercentileValues;
  /** `null` without a dispatch. */
  readonly dispatchLagMaxMs: number | null;
  /** `null` where the records do not tell. */
  readonly coldInvocations: number | null;
}

/** Derives the figures of merit of all invocations of a table. */
export function deriveMerit(table: InvocationTable): Merit {
  const responseTimeMs = deriveResponseTimeMs(table);
  const transportLatencyMs = deriveTransportLatencyMs(table);
  const dispatchLagMs = deriveDispatchLagMs(table);
  return {
    invocations: table.count,
    outcomes: deriveOutcomeCounts(table),
    slowdown: deriveRankedQuantiles(table, deriveSlowdown(table, responseTimeMs)),
    slowdownFromDispatch: deriveRankedQuantiles(table, deriveSlowdown(table, transportLatencyMs)),
    responseTimeMs: deriveRankedQuantiles(table, responseTimeMs),
    transportLatencyMs: deriveRankedQuantiles(table, transportLatencyMs),
    dispatchLagMs: derivePercentiles(dispatchLagMs),
    dispatchLagMaxMs: largest(dispatchLagMs),
    coldInvocations: countColdInvocations(table),
  };
}
