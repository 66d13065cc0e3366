import type { Alarm } from "../../lib/clock/alarm.ts";
import type { Clock, TimerHandle } from "../../lib/clock/clock.ts";
import { VirtualClock } from "../../lib/clock/virtual_clock.ts";

/**
 * A clock that takes itself for real, so that the generator watches itself, and
 * whose timers are as late as a test decides.
 */
export class LateClock implements Clock {
  readonly originUnixMs = 0;
  readonly isVirtual = false;
  readonly waitingMs = 0;
  readonly #virtual = new VirtualClock();
  readonly #lateMs: (dueMs: number) => number;
  #workedMs = 0;

  /** @param lateMs how late the timer that is due then is */
  constructor(lateMs: (dueMs: number) => number) {
    this.#lateMs = lateMs;
  }

  nowMs(): number {
    return this.#virtual.nowMs() + this.#workedMs;
  }

  /** Lets time pass, as work does: nothing happens meanwhile. */
  work(durationMs: number): void {
    this.#workedMs += durationMs;
  }

  at(dueMs: number, callback: () => void | Promise<void>): TimerHandle {
    return this.#virtual.at(this.#virtualMs(dueMs), callback);
  }

  alarm(callback: () => void): Alarm {
    const alarm = this.#virtual.alarm(callback);
    return {
      set: (dueMs) => alarm.set(this.#virtualMs(dueMs)),
      clear: () => alarm.clear(),
    };
  }

  #virtualMs(dueMs: number): number {
    return dueMs + this.#lateMs(dueMs) - this.#workedMs;
  }

  run(body: (stop: () => void) => void): Promise<void> {
    return this.#virtual.run(body);
  }
}
