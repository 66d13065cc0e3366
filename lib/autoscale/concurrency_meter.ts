import { LoaderError } from "../base/error.ts";

/**
 * Requests in flight, averaged over time since the last report: two requests of
 * 500 ms each in a report of one second make 1. A request counts from its
 * arrival, so also while it is buffered. As Knative's `RequestStats`
 * (`pkg/http/stats/request.go` of knative/networking); the activator reports
 * once a second.
 *
 * @example
 * ```ts
 * import { ConcurrencyMeter } from "./concurrency_meter.ts";
 * const meter = new ConcurrencyMeter(0);
 * meter.arrive(0);
 * meter.leave(500);
 * if (meter.report(1000) !== 0.5) throw new Error("half a second of one request");
 * ```
 */
export class ConcurrencyMeter {
  #inFlight = 0;
  #changedMs: number;
  #reportedMs: number;
  /** Sum over time of the requests in flight since the last report, in request milliseconds. */
  #area = 0;

  constructor(startMs: number) {
    this.#changedMs = startMs;
    this.#reportedMs = startMs;
  }

  /** Requests that have arrived and not left. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** A request arrives. */
  arrive(tMs: number): void {
    this.#advance(tMs);
    this.#inFlight++;
  }

  /**
   * A request is answered, rejected or gone.
   *
   * @throws {LoaderError} `platform` when none is in flight
   */
  leave(tMs: number): void {
    if (this.#inFlight === 0) {
      throw new LoaderError(
        "platform",
        `A request left at ${tMs} ms while none was in flight; report each arrival before its end.`,
        { value: tMs },
      );
    }
    this.#advance(tMs);
    this.#inFlight--;
  }

  /** The average since the last report, or since the start; begins the next period. */
  report(tMs: number): number {
    this.#advance(tMs);
    const periodMs = this.#changedMs - this.#reportedMs;
    const average = periodMs > 0 ? this.#area / periodMs : 0;
    this.#reportedMs = this.#changedMs;
    this.#area = 0;
    return average;
  }

  #advance(tMs: number): void {
    // Times from different sources may be out of order by a rounding error.
    if (tMs <= this.#changedMs) return;
    this.#area += this.#inFlight * (tMs - this.#changedMs);
    this.#changedMs = tMs;
  }
}
