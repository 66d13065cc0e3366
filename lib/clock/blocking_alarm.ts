import { setImmediate } from "node:timers";
import type { Alarm } from "./alarm.ts";
import { timeoutOf } from "./timeout.ts";
import { turnsBetweenWaits, type Waiter } from "./waiter.ts";

/** How long before it is due an alarm's timer wakes: timers of an idle machine are never later. */
const MARGIN_MS = 2;

/**
 * A turn of the event loop that was shorter did nothing but wait: an empty one
 * takes 1 µs to 3 µs, one with a write or a read of ours at least 6 µs. What is
 * longer counts as work, so that the CPU of the work is told too high rather
 * than too low.
 */
const EMPTY_TURN_MS = 0.004;

/** What the alarms of a clock know together: none blocks the thread for longer than another allows. */
export class AlarmGroup {
  readonly nowMs: () => number;
  /** CPU time that waiting for them has used so far. */
  waitingMs = 0;
  readonly #set = new Set<BlockingAlarm>();

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** The alarm has been set, to `Infinity` where it is to ring no more. */
  note(alarm: BlockingAlarm): void {
    if (alarm.dueMs < Infinity) this.#set.add(alarm);
    else this.#set.delete(alarm);
  }

  /** When the first of them is due. */
  earliestDueMs(): number {
    let earliestMs = Infinity;
    for (const { dueMs } of this.#set) earliestMs = Math.min(earliestMs, dueMs);
    return earliestMs;
  }
}

/**
 * An alarm that is woken shortly before it is due by a timer, which may be late, and then blocks
 * the thread until it is due, or until the event loop has something to do: that gets its turns,
 * then it blocks again.
 */
export class BlockingAlarm implements Alarm {
  readonly #group: AlarmGroup;
  readonly #ring: () => void;
  readonly #waiter: Waiter;
  readonly #turnsBetweenWaits = turnsBetweenWaits();
  readonly #wake = () => this.#onWake();
  readonly #turn = () => this.#onTurn();
  #dueMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** A turn of the loop is under way, to see whether it is time. */
  #isTurning = false;
  #turnMs = 0;
  /** Turns since it last blocked. */
  #turns = 0;

  constructor(group: AlarmGroup, waiter: Waiter, ring: () => void) {
    this.#group = group;
    this.#waiter = waiter;
    this.#ring = ring;
  }

  /** `Infinity`: not at all. */
  get dueMs(): number {
    return this.#dueMs;
  }

  set(dueMs: number): void {
    this.#dueMs = dueMs;
    this.#group.note(this);
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isTurning) this.#arm(this.#group.nowMs());
  }

  clear(): void {
    this.set(Infinity);
  }

  #arm(nowMs: number): void {
    const aheadMs = this.#dueMs - nowMs - MARGIN_MS;
    this.#isTurning = aheadMs < 1;
    if (this.#isTurning) {
      this.#turnMs = nowMs;
      setImmediate(this.#turn);
    } else if (aheadMs < Infinity) {
      this.#timer = setTimeout(this.#wake, timeoutOf(aheadMs));
    }
  }

  #onWake(): void {
    this.#timer = undefined;
    this.#arm(this.#group.nowMs());
  }

  #onTurn(): void {
    let nowMs = this.#group.nowMs();
    const turnMs = nowMs - this.#turnMs;
    if (turnMs < EMPTY_TURN_MS) this.#group.waitingMs += turnMs;
    if (nowMs < this.#dueMs && ++this.#turns > this.#turnsBetweenWaits) {
      this.#turns = 0;
      this.#waiter.wait(Math.min(this.#group.earliestDueMs() - nowMs, MARGIN_MS + 1));
      nowMs = this.#group.nowMs();
    }
    // It may have been set anew meanwhile, to a time farther off.
    if (nowMs < this.#dueMs) return this.#arm(nowMs);
    this.#isTurning = false;
    this.#turns = 0;
    this.#dueMs = Infinity;
    this.#group.note(this);
    this.#ring();
  }
}
