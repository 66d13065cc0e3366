import { type Outcome, OUTCOMES } from "../model/record.ts";
import type { InvocationTable } from "./invocation_table.ts";

/** Number of invocations of each outcome. */
export function deriveOutcomeCounts(table: InvocationTable): Record<Outcome, number> {
  const counts = new Array<number>(OUTCOMES.length).fill(0);
  for (const code of table.outcome) counts[code]++;
  return Object.fromEntries(OUTCOMES.map((outcome, code) => [outcome, counts[code]])) as Record<
    Outcome,
    number
  >;
}
