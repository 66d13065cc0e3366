import type { Outcome } from "../model/record.ts";
import { countColdInvocations } from "./cold_invocation.ts";
import type { InvocationTable } from "./invocation_table.ts";
import { deriveOutcomeCounts } from "./outcome_count.ts";
import { deriveRankedQuantiles, type RankedQuantiles } from "./ranked_quantiles.ts";
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
  /** `null` where the records do not tell. */
  readonly coldInvocations: number | null;
}

/** Derives the figures of merit of all invocations of a table. */
export function deriveMerit(table: InvocationTable): Merit {
  const responseTimeMs = deriveResponseTimeMs(table);
  const transportLatencyMs = deriveTransportLatencyMs(table);
  return {
    invocations: table.count,
    outcomes: deriveOutcomeCounts(table),
    slowdown: deriveRankedQuantiles(table, deriveSlowdown(table, responseTimeMs)),
    slowdownFromDispatch: deriveRankedQuantiles(table, deriveSlowdown(table, transportLatencyMs)),
    responseTimeMs: deriveRankedQuantiles(table, responseTimeMs),
    transportLatencyMs: deriveRankedQuantiles(table, transportLatencyMs),
    coldInvocations: countColdInvocations(table),
  };
}
