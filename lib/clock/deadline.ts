import { anySignal } from "../base/signal.ts";
import type { Clock } from "./clock.ts";

/** Options of {@linkcode Deadline}. */
export interface DeadlineOptions {
  /** What {@linkcode Deadline.signal} aborts with when the time is over. */
  readonly reason?: unknown;
  /** Aborts it too, with its own reason. */
  readonly signal?: AbortSignal | null;
}

/**
 * A bound on a wait: a signal that aborts when its time on the clock is over, or as soon
 * as another does. Disposing of it stops the timer, and leaves the signal as it is.
 *
 * @example
 * ```ts
 * import { untilAborted } from "../base/signal.ts";
 * import { RealClock } from "./clock.ts";
 * import { Deadline } from "./deadline.ts";
 * using deadline = new Deadline(new RealClock(), 1, { reason: "too late" });
 * const { promise } = Promise.withResolvers<void>();
 * const how = await untilAborted(deadline.signal, promise).catch((reason) => reason);
 * if (how !== "too late" || !deadline.hasPassed) throw new Error("still waiting");
 * ```
 */
export class Deadline implements Disposable {
  readonly #late = new AbortController();
  readonly #timer: { cancel(): void };
  readonly signal: AbortSignal;

  constructor(clock: Clock, durationMs: number, { reason, signal }: DeadlineOptions = {}) {
    this.#timer = clock.at(clock.nowMs() + durationMs, () => this.#late.abort(reason));
    this.signal = anySignal(this.#late.signal, signal);
  }

  /** True if the time is over. */
  get hasPassed(): boolean {
    return this.#late.signal.aborted;
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }
}
