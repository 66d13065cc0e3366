import { type AbortCondition, formatWatched } from "../analyze/abort_condition.ts";
import { dispatchLagMs, type InvocationRow, isJudged, isRanked } from "../model/record.ts";
import type { Cell } from "../model/table.ts";
import { GENERATOR } from "../store/schema/tables.ts";
import type { EarlyCause } from "./early_end.ts";
import type { RunObserver } from "./run_observer.ts";

/** What of a run under way is ranked, from a row; NaN: nothing. */
const RANKED_OF: Readonly<Record<string, (row: InvocationRow) => number>> = {
  lag: ({ scheduledMs, dispatchedMs, setUpMs, peerWaitMs }) =>
    dispatchLagMs(scheduledMs, dispatchedMs, setUpMs, peerWaitMs),
  response_time: (row) => ofAnswer(row, row.completedMs - row.scheduledMs),
  transport_latency: (row) => ofAnswer(row, row.completedMs - row.dispatchedMs),
  slowdown: (row) =>
    ofAnswer(row, (row.completedMs - row.scheduledMs) / Math.max(1, row.requestedRuntimeMs)),
};

/** What is not ok counts as infinite, and what the user stopped does not. */
function ofAnswer({ outcome }: InvocationRow, value: number): number {
  return outcome === "ok" ? value : isRanked(outcome) ? Infinity : NaN;
}

const SECOND = Object.fromEntries(GENERATOR.columns.map(({ name }, i) => [name, i])) as Record<
  typeof GENERATOR.columns[number]["name"],
  number
>;

/**
 * Watches a run for conditions on which it is to end: once a second, by what has ended in the
 * second, whenever it was due; seconds of the warm-up are not looked at. One in which there is nothing to judge by neither
 * counts nor begins the count anew.
 */
export class AbortWatch implements RunObserver {
  readonly #conditions: readonly AbortCondition[];
  readonly #heldMs: number[];
  readonly #onHeld: (cause: EarlyCause) => void;
  /** Of the second, by metric. */
  readonly #ranked: ReadonlyMap<string, number[]>;
  #ended = 0;
  #notOk = 0;
  #known = 0;
  #cold = 0;
  #lastMs = 0;
  #isOver = false;

  /** @param onHeld told once, when the first of the conditions has held for long enough */
  constructor(conditions: readonly AbortCondition[], onHeld: (cause: EarlyCause) => void) {
    this.#conditions = conditions;
    this.#onHeld = onHeld;
    this.#heldMs = conditions.map(() => 0);
    const ranked = conditions.filter(({ quantile }) => quantile !== null);
    this.#ranked = new Map(ranked.map(({ metric }) => [metric, []]));
  }

  onInvocation(row: InvocationRow): void {
    if (this.#isOver) return;
    for (const [metric, values] of this.#ranked) {
      const value = RANKED_OF[metric](row);
      if (!Number.isNaN(value)) values.push(value);
    }
    if (!isJudged(row.outcome)) return;
    this.#ended++;
    if (row.outcome !== "ok") this.#notOk++;
    if (row.coldStart === null) return;
    this.#known++;
    if (row.coldStart) this.#cold++;
  }

  onInstance(): void {}

  onSecond(row: readonly Cell[]): void {
    if (this.#isOver) return;
    const timeMs = row[SECOND.time_ms] as number;
    if (row[SECOND.phase] === "measurement") {
      for (const [i, condition] of this.#conditions.entries()) {
        this.#judge(i, condition, row, timeMs);
      }
    }
    this.#lastMs = timeMs;
    for (const values of this.#ranked.values()) values.length = 0;
    this.#ended =
      this.#notOk =
      this.#known =
      this.#cold =
        0;
  }

  #judge(i: number, condition: AbortCondition, row: readonly Cell[], timeMs: number): void {
    const value = this.#valueOf(condition, row);
    if (value === null || this.#isOver) return;
    const holds = condition.sign === ">" ? value > condition.bound : value < condition.bound;
    this.#heldMs[i] = holds ? this.#heldMs[i] + timeMs - this.#lastMs : 0;
    // A second is a little shorter where the one before was late.
    if (Math.round(this.#heldMs[i] / 1000) * 1000 < condition.forMs || !holds) return;
    this.#isOver = true;
    this.#onHeld({
      status: "aborted",
      reason: `Aborted at ${Math.round(timeMs / 1000)} s, because of --abort-when ` +
        `${JSON.stringify(condition.text)}: ${formatWatched(condition, value)} in the last second.`,
    });
  }

  /** Of the second; `null`: there is nothing to judge by. */
  #valueOf({ metric, quantile }: AbortCondition, row: readonly Cell[]): number | null {
    if (quantile !== null) return nearestRank(this.#ranked.get(metric)!, quantile);
    switch (metric) {
      case "not_ok":
        return this.#ended === 0 ? null : this.#notOk / this.#ended;
      case "cold":
        return this.#known === 0 ? null : this.#cold / this.#known;
      case "rate": {
        const due = row[SECOND.scheduled] as number;
        return due === 0 ? null : (row[SECOND.dispatched] as number) / due;
      }
      default:
        return row[SECOND.in_flight] as number;
    }
  }
}

function nearestRank(values: number[], q: number): number | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(1, Math.ceil(q * sorted.length * (1 - Number.EPSILON))) - 1];
}
