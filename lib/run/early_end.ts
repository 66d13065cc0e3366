import { LoaderError } from "../base/error.ts";
import { RealClock, type TimerHandle } from "../clock/clock.ts";
import { formatDuration } from "../option/option.ts";

/** How a run ends before its time, other than by the user's wish or an error. */
export type EarlyStatus = "aborted" | "timed_out";

/** What ended a run before its time. */
export interface EarlyCause {
  readonly status: EarlyStatus;
  /** A sentence. */
  readonly reason: string;
}

/** Ends one run before its time: the first who asks for it does, and says why. */
export class EarlyEnd implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: TimerHandle | undefined;
  #cause: EarlyCause | null = null;

  /** @param timeoutMs after which the run is ended, of the time that passes for a user; `null`: never */
  constructor(timeoutMs: number | null) {
    if (timeoutMs === null) return;
    const clock = new RealClock();
    this.#timer = clock.at(clock.nowMs() + timeoutMs, () =>
      this.end({
        status: "timed_out",
        reason: `The run took longer than --run-timeout, ${formatDuration(timeoutMs)}.`,
      }));
  }

  /** Aborted when the run is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** `null`: nothing has ended it. */
  get cause(): EarlyCause | null {
    return this.#cause;
  }

  end(cause: EarlyCause): void {
    if (this.#cause !== null) return;
    this.#cause = cause;
    this.#controller.abort(new LoaderError("generator", cause.reason));
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }
}
