import type { Alarm, Clock, TimerHandle } from "../../lib/clock/clock.ts";
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

  /** @param lateMs how late the timer that is due then is */
  constructor(lateMs: (dueMs: number) => number) {
    this.#lateMs = lateMs;
  }

  nowMs(): number {
    return this.#virtual.nowMs();
  }

  at(dueMs: number, callback: () => void | Promise<void>): TimerHandle {
    return this.#virtual.at(dueMs + this.#lateMs(dueMs), callback);
  }

  alarm(callback: () => void): Alarm {
    const alarm = this.#virtual.alarm(callback);
    return {
      set: (dueMs) => alarm.set(dueMs + this.#lateMs(dueMs)),
      clear: () => alarm.clear(),
    };
  }

  run(body: (stop: () => void) => void): Promise<void> {
    return this.#virtual.run(body);
  }
}
