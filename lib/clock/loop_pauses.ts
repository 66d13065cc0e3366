/**
 * How long work may keep the event loop from its turn: a wish to stop is heard,
 * and a file written, a few of these later at most.
 */
const LONGEST_HOLD_MS = 50;

/**
 * Pauses in long work that never waits for anything: now and then the event loop
 * gets a turn, so that signals are heard and files are written.
 *
 * @example
 * ```ts
 * import { LoopPauses } from "./loop_pauses.ts";
 * const stop = new AbortController();
 * const pauses = new LoopPauses(stop.signal);
 * let sum = 0;
 * for (let i = 0; i < 1_000_000; i++) {
 *   sum += i;
 *   if (i % 1000 === 0 && pauses.isDue) await pauses.take();
 * }
 * if (sum !== 499_999_500_000) throw new Error("it goes on where it was");
 * ```
 */
export class LoopPauses {
  readonly #signal: AbortSignal | undefined;
  #sinceMs = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** True if it is time for a pause. Asking costs 0.1 µs. */
  get isDue(): boolean {
    return performance.now() - this.#sinceMs >= LONGEST_HOLD_MS;
  }

  /**
   * Lets the event loop have its turn, about a millisecond.
   *
   * @throws the signal's reason when it has aborted
   */
  async take(): Promise<void> {
    // An immediate would not do: while one is due the runtime does not wait, and looks for
    // signals in each 61st turn only (Tokio's `event_interval`).
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    this.#sinceMs = performance.now();
    this.#signal?.throwIfAborted();
  }
}
