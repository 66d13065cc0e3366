import { LoaderError } from "./error.ts";

/** A timer that has been armed. */
export interface TimerHandle {
  /** Disarms the timer; harmless when it has fired already. */
  cancel(): void;
}

/**
 * Time, injected. Nothing outside this folder reads the time or starts a timer,
 * so that the same program runs on real and on virtual time.
 */
export interface Clock {
  /** Milliseconds since the origin of the clock, never decreasing. */
  nowMs(): number;
  /** The origin in milliseconds since 1970-01-01 UTC. */
  readonly originUnixMs: number;
  /**
   * Calls `callback` once, at `dueMs` or as soon after as can be. A callback
   * that returns a promise (a scrape) holds virtual time up until it settles.
   */
  at(dueMs: number, callback: () => void | Promise<void>): TimerHandle;
  /**
   * Calls `body`, then lets time pass until the `stop` that it was given is
   * called. An error thrown in `body` or by a timer rejects the promise.
   */
  run(body: (stop: () => void) => void): Promise<void>;
}

/**
 * The clock of this machine: monotonic, in steps of a few nanoseconds. Timers
 * are as precise as the runtime's, late by up to about a millisecond.
 */
export class RealClock implements Clock {
  readonly originUnixMs: number;
  readonly #originMs: number;
  #reject: ((reason: unknown) => void) | undefined;

  constructor() {
    this.#originMs = performance.now();
    this.originUnixMs = performance.timeOrigin + this.#originMs;
  }

  nowMs(): number {
    return performance.now() - this.#originMs;
  }

  at(dueMs: number, callback: () => void | Promise<void>): TimerHandle {
    let cancelled = false;
    let timer: ReturnType<typeof setTimeout>;
    const arm = () => {
      // A timer longer than 2^31 ms fires at once in every JavaScript runtime.
      timer = setTimeout(fire, Math.min(Math.max(0, Math.floor(dueMs - this.nowMs())), 0x7fffffff));
    };
    const fire = () => {
      if (cancelled) return;
      if (this.nowMs() < dueMs) return arm();
      try {
        const settled = callback();
        if (settled !== undefined) settled.catch((error) => this.#fail(error));
      } catch (error) {
        this.#fail(error);
      }
    };
    arm();
    return {
      cancel() {
        cancelled = true;
        clearTimeout(timer);
      },
    };
  }

  run(body: (stop: () => void) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#reject = reject;
      body(resolve);
    }).finally(() => this.#reject = undefined);
  }

  #fail(error: unknown): void {
    if (this.#reject === undefined) throw error;
    this.#reject(error);
  }
}

interface VirtualTimer {
  readonly dueMs: number;
  readonly sequence: number;
  callback: (() => void | Promise<void>) | undefined;
}

/**
 * Virtual time: jumps from timer to timer, in order of (due time, order of
 * arming), so that a run is repeatable to the byte and never waits.
 *
 * @example
 * ```ts
 * import { VirtualClock } from "./clock.ts";
 * const clock = new VirtualClock();
 * await clock.run((stop) => clock.at(86_400_000, stop));
 * if (clock.nowMs() !== 86_400_000) throw new Error("a day has passed");
 * ```
 */
export class VirtualClock implements Clock {
  readonly originUnixMs: number;
  #nowMs = 0;
  #sequence = 0;
  readonly #heap: VirtualTimer[] = [];

  constructor(originUnixMs = 0) {
    this.originUnixMs = originUnixMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  at(dueMs: number, callback: () => void | Promise<void>): TimerHandle {
    const timer: VirtualTimer = {
      dueMs: Math.max(dueMs, this.#nowMs),
      sequence: this.#sequence++,
      callback,
    };
    this.#push(timer);
    return {
      cancel() {
        timer.callback = undefined;
      },
    };
  }

  async run(body: (stop: () => void) => void): Promise<void> {
    let stopped = false;
    body(() => stopped = true);
    while (!stopped) {
      const timer = this.#pop();
      if (timer === undefined) {
        throw new LoaderError(
          "generator",
          `Nothing is left to happen at ${this.#nowMs} ms of virtual time, yet the run has not ended.`,
        );
      }
      const callback = timer.callback;
      if (callback === undefined) continue;
      this.#nowMs = timer.dueMs;
      const settled = callback();
      if (settled !== undefined) await settled;
    }
  }

  #push(timer: VirtualTimer): void {
    const heap = this.#heap;
    let child = heap.length;
    heap.push(timer);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!isBefore(timer, heap[parent])) break;
      heap[child] = heap[parent];
      child = parent;
    }
    heap[child] = timer;
  }

  #pop(): VirtualTimer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return last;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], last)) break;
      heap[parent] = heap[child];
      parent = child;
    }
    heap[parent] = last;
    return first;
  }
}

function isBefore(a: VirtualTimer, b: VirtualTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}

/**
 * Resolves after `durationMs` on the clock.
 *
 * @throws the signal's reason when it aborts first
 */
export function sleep(clock: Clock, durationMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.at(clock.nowMs() + durationMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** The time of day, for names and manifests only; measurements use a clock. */
export function wallClockDate(): Date {
  return new Date();
}
