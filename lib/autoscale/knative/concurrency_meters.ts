import { LoaderError } from "../../base/error.ts";

/** Numbers of a meter, side by side, so that an arrival touches one line of the cache. */
const ROW = 8;
const IN_FLIGHT = 0;
const CHANGED_MS = 1;
/** Sum over time of the requests in flight since the last report, in request milliseconds. */
const AREA = 2;
const REPORTED_MS = 3;
/** Most in flight since the last report. */
const PEAK = 4;
/** 1 while requests are counted. */
const IS_COUNTED = 5;

/**
 * Requests in flight of each of some functions, averaged over time since the last
 * report: two requests of 500 ms each in a report of one second make 1. A request
 * counts from its arrival, so also while it is buffered. As Knative's
 * `RequestStats` (`pkg/http/stats/request.go` of knative/networking); the
 * activator reports once a second. Functions are named by their index, from 0.
 *
 * The activator keeps no count of a function that is idle: after a report of zero it
 * begins anew with the next request, and the average of the first report is over the
 * time since that (`computeReport` and `getOrCreateStat` in
 * `pkg/activator/handler/concurrency_reporter.go`).
 *
 * @example
 * ```ts
 * import { ConcurrencyMeters } from "./concurrency_meters.ts";
 * const meters = new ConcurrencyMeters(2, 0);
 * meters.arrive(1, 0);
 * meters.leave(1, 500);
 * if (meters.report(1, 1000) !== 0.5) throw new Error("half a second of one request");
 * if (meters.report(0, 1000) !== 0) throw new Error("the other had none");
 * ```
 */
export class ConcurrencyMeters {
  readonly #rows: Float64Array;
  readonly #forgetsIdle: boolean;

  /** `forgetsIdle`: false where instances report themselves, idle or not. */
  constructor(functions: number, startMs: number, forgetsIdle = true) {
    this.#forgetsIdle = forgetsIdle;
    this.#rows = new Float64Array(functions * ROW);
    for (let at = 0; at < this.#rows.length; at += ROW) {
      this.#rows[at + CHANGED_MS] = startMs;
      this.#rows[at + REPORTED_MS] = startMs;
      this.#rows[at + IS_COUNTED] = forgetsIdle ? 0 : 1;
    }
  }

  /** False where the next request is the first since a report of zero. */
  isCounted(functionIndex: number): boolean {
    return this.#rows[functionIndex * ROW + IS_COUNTED] === 1;
  }

  /** Requests that have arrived and not left. */
  inFlight(functionIndex: number): number {
    return this.#rows[functionIndex * ROW + IN_FLIGHT];
  }

  /** Most that were in flight at the same time since the last report. */
  peak(functionIndex: number): number {
    return this.#rows[functionIndex * ROW + PEAK];
  }

  /**
   * A request arrives.
   *
   * @returns how many are in flight now
   */
  arrive(functionIndex: number, tMs: number): number {
    const rows = this.#rows;
    const at = functionIndex * ROW;
    if (rows[at + IS_COUNTED] === 0) this.#begin(at, tMs);
    else this.#advance(at, tMs);
    const inFlight = ++rows[at + IN_FLIGHT];
    if (inFlight > rows[at + PEAK]) rows[at + PEAK] = inFlight;
    return inFlight;
  }

  /**
   * A request is answered, rejected or gone.
   *
   * @throws {LoaderError} `platform` when none is in flight
   */
  leave(functionIndex: number, tMs: number): void {
    const at = functionIndex * ROW;
    if (this.#rows[at + IN_FLIGHT] === 0) throw noneInFlight(tMs);
    this.#advance(at, tMs);
    this.#rows[at + IN_FLIGHT]--;
  }

  /** The average since the last report, or since the first request; begins the next period. */
  report(functionIndex: number, tMs: number): number {
    const rows = this.#rows;
    const at = functionIndex * ROW;
    this.#advance(at, tMs);
    const periodMs = rows[at + CHANGED_MS] - rows[at + REPORTED_MS];
    const average = periodMs > 0 ? rows[at + AREA] / periodMs : 0;
    rows[at + REPORTED_MS] = rows[at + CHANGED_MS];
    rows[at + AREA] = 0;
    rows[at + PEAK] = rows[at + IN_FLIGHT];
    if (average === 0 && this.#forgetsIdle && rows[at + IN_FLIGHT] === 0) {
      rows[at + IS_COUNTED] = 0;
    }
    return average;
  }

  #begin(at: number, tMs: number): void {
    const rows = this.#rows;
    rows[at + IS_COUNTED] = 1;
    rows[at + CHANGED_MS] = rows[at + REPORTED_MS] = Math.max(tMs, rows[at + CHANGED_MS]);
    rows[at + AREA] = 0;
  }

  #advance(at: number, tMs: number): void {
    const rows = this.#rows;
    const changedMs = rows[at + CHANGED_MS];
    // Times from different sources may be out of order by a rounding error.
    if (tMs <= changedMs) return;
    rows[at + AREA] += rows[at + IN_FLIGHT] * (tMs - changedMs);
    rows[at + CHANGED_MS] = tMs;
  }
}

function noneInFlight(tMs: number): LoaderError {
  return new LoaderError(
    "platform",
    `A request left at ${tMs} ms while none was in flight; report each arrival before its end.`,
    { value: tMs },
  );
}
