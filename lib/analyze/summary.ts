import { dispatchLagMs, isJudged, type Outcome, OUTCOMES } from "../model/record.ts";
import type { Phase } from "../model/schedule.ts";
import { largest } from "../stats/quantile.ts";
import type { InvocationColumn } from "../store/read/invocation_batches.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import { type RankedQuantiles, RankedSketch } from "./ranked_quantiles.ts";

/** The summary of a set of invocations. */
export interface Summary {
  readonly invocations: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly slowdown: RankedQuantiles;
  /**
   * The same of what was due in the first third of the measured time, in which a run that
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

/** Columns that tell what was measured, of how it went and how long it took. */
export const SUMMARY_COLUMNS: readonly InvocationColumn[] = [
  "phase",
  "scheduled_ms",
  "dispatched_ms",
  "completed_ms",
  "requested_runtime_ms",
  "cold_start",
  "outcome",
];

/** Share of the time in which invocations are due that is told apart. */
const START_SHARE = 1 / 3;

/** When the first third of some time ends. */
export function endOfFirstThirdMs(fromMs: number, untilMs: number): number {
  return fromMs + START_SHARE * (untilMs - fromMs);
}

/** Derives a {@linkcode Summary} of invocations that come one after another, in bounded memory. */
export class SummaryBuilder {
  readonly #firstThirdUntilMs: number;
  #invocations = 0;
  readonly #outcomes = new Float64Array(OUTCOMES.length);
  readonly #slowdownFirstThird = new RankedSketch();
  readonly #slowdownRest = new RankedSketch();
  readonly #slowdownFromDispatch = new RankedSketch();
  readonly #responseTimeMs = new RankedSketch();
  readonly #transportLatencyMs = new RankedSketch();
  #cold = 0;
  #knownCold = 0;

  /** @param firstThirdUntilMs see {@linkcode endOfFirstThirdMs} */
  constructor(firstThirdUntilMs: number) {
    this.#firstThirdUntilMs = firstThirdUntilMs;
  }

  /** @param keep told the row number: whether it is one of them */
  add(table: StoredInvocations, keep: (row: number) => boolean = () => true): void {
    const { scheduledMs, dispatchedMs, completedMs, requestedRuntimeMs, outcome, coldStart } =
      table;
    for (let row = 0; row < table.count; row++) {
      if (!keep(row)) continue;
      const code = outcome[row];
      const responseTimeMs = completedMs[row] - scheduledMs[row];
      const transportLatencyMs = completedMs[row] - dispatchedMs[row];
      const leastRuntimeMs = Math.max(1, requestedRuntimeMs[row]);
      this.#invocations++;
      this.#outcomes[code]++;
      const slowdown = scheduledMs[row] < this.#firstThirdUntilMs
        ? this.#slowdownFirstThird
        : this.#slowdownRest;
      slowdown.add(code, responseTimeMs / leastRuntimeMs);
      this.#slowdownFromDispatch.add(code, transportLatencyMs / leastRuntimeMs);
      this.#responseTimeMs.add(code, responseTimeMs);
      this.#transportLatencyMs.add(code, transportLatencyMs);
      const cold = coldStart[row];
      if (Number.isNaN(cold)) continue;
      this.#knownCold++;
      this.#cold += cold;
    }
  }

  build(): Summary {
    const slowdown = new RankedSketch();
    slowdown.addAll(this.#slowdownFirstThird);
    slowdown.addAll(this.#slowdownRest);
    return {
      invocations: this.#invocations,
      outcomes: countsByOutcome(this.#outcomes),
      slowdown: slowdown.percentiles(),
      slowdownFirstThird: this.#slowdownFirstThird.percentiles(),
      slowdownRest: this.#slowdownRest.percentiles(),
      slowdownFromDispatch: this.#slowdownFromDispatch.percentiles(),
      responseTimeMs: this.#responseTimeMs.percentiles(),
      transportLatencyMs: this.#transportLatencyMs.percentiles(),
      coldInvocations: this.#knownCold === 0 ? null : this.#cold,
    };
  }
}

/** Derives the summary of all invocations of a table. */
export function deriveSummary(table: StoredInvocations): Summary {
  const { scheduledMs } = table;
  const lastMs = largest(scheduledMs) ?? 0;
  const firstMs = -(largest(scheduledMs.map((timeMs) => -timeMs)) ?? 0);
  const builder = new SummaryBuilder(endOfFirstThirdMs(firstMs, lastMs));
  builder.add(table);
  return builder.build();
}

/** What came of the invocations due in one minute of a run in one phase, warm-up included. */
export interface Minute
  extends Pick<Summary, "invocations" | "outcomes" | "slowdown" | "responseTimeMs"> {
  readonly coldInvocations: number | null;
  readonly phase: Phase;
  /** Minute since run start, from 0. */
  readonly minute: number;
  /** Distinct functions invoked. */
  readonly functions: number;
  /** `null` without a dispatch. */
  readonly dispatchLagMaxMs: number | null;
}

const MINUTE_MS = 60_000;

/** Measures of a minute are kept one by one up to so many: there may be ten thousand minutes. */
export const MOST_EXACT_OF_MINUTE = 1024;

/**
 * Derives the table of minutes of invocations that come one after another: every minute in
 * which one was due; two, where the phase changes within it, so that no figure mixes both.
 * Memory grows with the number of minutes alone.
 */
export class MinutesBuilder {
  readonly #minutes = new Map<number, MinuteInMaking>();

  add(table: StoredInvocations): void {
    const { scheduledMs, dispatchedMs, completedMs, requestedRuntimeMs, outcome, coldStart } =
      table;
    const { setUpMs, peerWaitMs, functionCode, measured } = table;
    let key = -1;
    let minute: MinuteInMaking | undefined;
    for (let row = 0; row < table.count; row++) {
      const scheduled = scheduledMs[row];
      const rowKey = 2 * Math.floor(scheduled / MINUTE_MS) + measured[row];
      if (rowKey !== key || minute === undefined) {
        key = rowKey;
        minute = this.#minuteOf(key);
      }
      const code = outcome[row];
      const responseTimeMs = completedMs[row] - scheduled;
      minute.outcomes[code]++;
      minute.functions.add(functionCode[row]);
      minute.slowdown.add(code, responseTimeMs / Math.max(1, requestedRuntimeMs[row]));
      minute.responseTimeMs.add(code, responseTimeMs);
      const lagMs = dispatchLagMs(scheduled, dispatchedMs[row], setUpMs[row], peerWaitMs[row]);
      if (lagMs > minute.dispatchLagMaxMs) minute.dispatchLagMaxMs = lagMs;
      if (Number.isNaN(coldStart[row])) continue;
      minute.knownCold++;
      minute.cold += coldStart[row];
    }
  }

  build(): Minute[] {
    return [...this.#minutes].sort(([a], [b]) => a - b).map(([key, minute]) => ({
      minute: Math.floor(key / 2),
      phase: key % 2 === 0 ? "warmup" : "measurement",
      invocations: minute.outcomes.reduce((sum, count) => sum + count, 0),
      outcomes: countsByOutcome(minute.outcomes),
      functions: minute.functions.size,
      slowdown: minute.slowdown.percentiles(),
      responseTimeMs: minute.responseTimeMs.percentiles(),
      coldInvocations: minute.knownCold === 0 ? null : minute.cold,
      dispatchLagMaxMs: minute.dispatchLagMaxMs === -Infinity ? null : minute.dispatchLagMaxMs,
    }));
  }

  #minuteOf(key: number): MinuteInMaking {
    let minute = this.#minutes.get(key);
    if (minute === undefined) {
      minute = {
        outcomes: new Float64Array(OUTCOMES.length),
        functions: new CodeSet(),
        slowdown: new RankedSketch(MOST_EXACT_OF_MINUTE),
        responseTimeMs: new RankedSketch(MOST_EXACT_OF_MINUTE),
        cold: 0,
        knownCold: 0,
        dispatchLagMaxMs: -Infinity,
      };
      this.#minutes.set(key, minute);
    }
    return minute;
  }
}

interface MinuteInMaking {
  readonly outcomes: Float64Array;
  readonly functions: CodeSet;
  readonly slowdown: RankedSketch;
  readonly responseTimeMs: RankedSketch;
  cold: number;
  knownCold: number;
  dispatchLagMaxMs: number;
}

/** Distinct codes, a bit each. */
class CodeSet {
  size = 0;
  #bits = new Uint8Array(16);

  add(code: number): void {
    const at = code >>> 3;
    if (at >= this.#bits.length) {
      const more = new Uint8Array(2 * at);
      more.set(this.#bits);
      this.#bits = more;
    }
    const bit = 1 << (code & 7);
    if ((this.#bits[at] & bit) !== 0) return;
    this.#bits[at] |= bit;
    this.size++;
  }
}

/** Derives the table of minutes of all invocations of a table; see {@linkcode MinutesBuilder}. */
export function deriveMinutes(table: StoredInvocations): Minute[] {
  const builder = new MinutesBuilder();
  builder.add(table);
  return builder.build();
}

/** Number of invocations of each outcome. */
export function deriveOutcomeCounts(table: StoredInvocations): Record<Outcome, number> {
  const counts = new Float64Array(OUTCOMES.length);
  for (const code of table.outcome) counts[code]++;
  return countsByOutcome(counts);
}

function countsByOutcome(counts: Float64Array): Record<Outcome, number> {
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
