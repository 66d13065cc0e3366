import {
  dispatchLagMs,
  type InvocationRow,
  isJudged,
  isRanked,
  type Outcome,
  OUTCOMES,
} from "../model/record.ts";
import type { Cell } from "../model/table.ts";
import type { RunObserver } from "../run/run_observer.ts";
import { GENERATOR, INSTANCES } from "../store/schema/tables.ts";
import { BoundedCounts, LiveHistogram } from "./live_histogram.ts";
import { LIVE_QUANTILES, type LiveSample, type LiveTotals } from "./live_message.ts";

/** Seconds that the quantiles of a moment are of. */
export const RECENT_SECONDS = 30;

/** Upper bounds of the histograms for Prometheus: 0.1 ms to 1 s of lag, 1 ms to 10 min of response. */
export const LAG_BOUNDS_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000];
export const RESPONSE_BOUNDS_MS = [
  ...[1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000],
  ...[120_000, 300_000, 600_000],
];

const SECOND_COLUMN = positions(GENERATOR.columns);
const INSTANCE_COLUMN = positions(INSTANCES.columns);

function positions<N extends string>(columns: readonly { name: N }[]): Record<N, number> {
  return Object.fromEntries(columns.map(({ name }, i) => [name, i])) as Record<N, number>;
}

/**
 * Counts what a run does as it does it, and tells it once a second. An invocation is a
 * few additions and leaves no garbage; everything else is done once a second.
 */
export class RunCounters implements RunObserver {
  readonly #outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<
    Outcome,
    number
  >;
  /** Of what ended in each of the last seconds; the next one's place is at `#position`. */
  readonly #seconds: LiveHistogram[];
  #position = 0;
  readonly #recent = new LiveHistogram();
  readonly #measured = new LiveHistogram();
  readonly #lag = new BoundedCounts(LAG_BOUNDS_MS);
  readonly #response = new BoundedCounts(RESPONSE_BOUNDS_MS);
  #current: LiveHistogram;
  #notOk = 0;
  #lastTimeMs = 0;
  /** `null` while the platform has told of none. */
  #ready: Set<string> | null = null;
  readonly #tell: (sample: LiveSample, totals: LiveTotals) => void;

  /** @param tell called once a second */
  constructor(tell: (sample: LiveSample, totals: LiveTotals) => void) {
    this.#tell = tell;
    this.#seconds = Array.from({ length: RECENT_SECONDS }, () => new LiveHistogram());
    this.#current = this.#seconds[0];
  }

  onInvocation(row: InvocationRow): void {
    const { outcome, scheduledMs, dispatchedMs } = row;
    this.#outcomes[outcome]++;
    if (outcome === "ok") {
      const responseMs = row.completedMs - scheduledMs;
      this.#current.record(responseMs);
      if (row.phase === "measurement") this.#measured.record(responseMs);
      this.#response.record(responseMs);
    } else {
      if (isJudged(outcome)) this.#notOk++;
      if (isRanked(outcome)) {
        this.#current.recordInfinite();
        if (row.phase === "measurement") this.#measured.recordInfinite();
      }
    }
    // Not a number where it was never sent.
    const lagMs = dispatchLagMs(scheduledMs, dispatchedMs, row.setUpMs, row.peerWaitMs);
    if (lagMs === lagMs) this.#lag.record(lagMs);
  }

  onInstance(row: readonly Cell[]): void {
    const ready = this.#ready ??= new Set();
    const instance = String(row[INSTANCE_COLUMN.instance]);
    const event = row[INSTANCE_COLUMN.event];
    if (event === "ready") ready.add(instance);
    else if (event === "stopping" || event === "gone") ready.delete(instance);
  }

  onSecond(row: readonly Cell[]): void {
    const timeMs = row[SECOND_COLUMN.time_ms] as number;
    this.#recent.add(this.#current);
    this.#tell({
      timeMs,
      lengthMs: timeMs - this.#lastTimeMs,
      due: row[SECOND_COLUMN.scheduled] as number,
      dispatched: row[SECOND_COLUMN.dispatched] as number,
      completed: row[SECOND_COLUMN.completed] as number,
      inFlight: row[SECOND_COLUMN.in_flight] as number,
      lagMaxMs: row[SECOND_COLUMN.dispatch_lag_max_ms] as number | null,
      loopDelayMaxMs: row[SECOND_COLUMN.loop_delay_max_ms] as number | null,
      cpuPercent: row[SECOND_COLUMN.cpu_percent] as number | null,
      phase: String(row[SECOND_COLUMN.phase]),
      ready: this.#ready?.size ?? null,
      recentMs: LIVE_QUANTILES.map((q) => this.#recent.quantile(q)),
      notOk: this.#notOk,
    }, this.#totals());
    this.#lastTimeMs = timeMs;
    this.#notOk = 0;
    this.#position = (this.#position + 1) % RECENT_SECONDS;
    this.#current = this.#seconds[this.#position];
    this.#recent.subtract(this.#current);
    this.#current.clear();
  }

  #totals(): LiveTotals {
    return {
      outcomes: this.#outcomes,
      responseMs: LIVE_QUANTILES.map((q) => this.#measured.quantile(q)),
      lag: this.#lag.buckets(),
      response: this.#response.buckets(),
    };
  }
}
