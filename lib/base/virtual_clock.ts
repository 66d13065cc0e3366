import { setImmediate } from "node:timers/promises";
import type { Alarm, Clock, TimerHandle } from "./clock.ts";
import { LoaderError } from "./error.ts";
import { EventHeap } from "./event_heap.ts";

/** The priority of timers and alarms. Among events of one time, lower priorities come first. */
export const TIMER_PRIORITY = 128;

/** An event's order among those of its time: priority, then sequence. 2^44 events are two months of computing. */
const SEQUENCES = 2 ** 44;

/** The largest priority; order stays an exact whole number. */
export const LARGEST_PRIORITY = 255;

/**
 * Events after which the event loop gets a turn, so that a wish to stop is heard
 * and files are written; a few milliseconds.
 */
const EVENTS_A_TURN = 32_768;

/** So few that looking through them costs less than the heap. */
const MOST_FREQUENT = 8;

/** What an event calls; a promise holds virtual time up until it settles. */
type Callback = () => void | Promise<void>;

/**
 * Virtual time: jumps from event to event, in order of (due time, priority,
 * order of scheduling), so that a run is repeatable to the byte and never waits.
 *
 * Timers and alarms are for everybody. What makes millions of events registers a
 * handler once and then schedules numbers for it, which allocates nothing.
 *
 * @example
 * ```ts
 * import { VirtualClock } from "./virtual_clock.ts";
 * const clock = new VirtualClock();
 * const seen: number[] = [];
 * const handler = clock.register((argument) => void seen.push(argument));
 * await clock.run((stop) => {
 *   clock.schedule(2000, 0, handler, 7);
 *   clock.at(86_400_000, stop);
 * });
 * if (clock.nowMs() !== 86_400_000 || seen[0] !== 7) throw new Error("a day has passed");
 * ```
 */
export class VirtualClock implements Clock {
  readonly originUnixMs: number;
  readonly isVirtual = true;
  readonly waitingMs = 0;
  #nowMs = 0;
  #sequence = 0;
  #stopped = false;
  readonly #heap = new EventHeap();
  readonly #handlers: ((argument: number) => void | Promise<void>)[] = [];
  // By event.
  readonly #handlerOf: ((argument: number) => void | Promise<void>)[] = [];
  #argument = new Int32Array(64);
  #order = new Float64Array(64);
  /** Whether the event is given back once it has happened. */
  #once = new Uint8Array(64);
  readonly #callbacks: (Callback | undefined)[] = [];
  #events = 0;
  readonly #free: number[] = [];
  readonly #callHandler: number;
  /** The event that is happening, unless it was set again meanwhile; −1 for none. */
  #current = -1;
  // The frequent events, by place: not in the heap, but looked through one by one.
  readonly #frequentMs = new Float64Array(MOST_FREQUENT).fill(Infinity);
  readonly #frequentOrder = new Float64Array(MOST_FREQUENT);
  readonly #frequentEvent = new Int32Array(MOST_FREQUENT);
  #frequents = 0;
  /** By event: its place among the frequent ones, −1: it is one for the heap. */
  #place = new Int8Array(64).fill(-1);

  constructor(originUnixMs = 0) {
    this.originUnixMs = originUnixMs;
    this.#callHandler = this.register((event) => this.#callbacks[event]!());
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Registers what events call; returns its number. */
  register(handler: (argument: number) => void): number {
    return this.#handlers.push(handler) - 1;
  }

  /**
   * Calls `handler(argument)` once, at `dueMs` (now, if that is past). The argument
   * is a 32-bit integer.
   *
   * @returns the event, for {@linkcode VirtualClock.cancel} until it has happened
   */
  schedule(dueMs: number, priority: number, handler: number, argument: number): number {
    const event = this.#createEvent(priority, handler, argument);
    this.#once[event] = 1;
    this.set(event, dueMs);
    return event;
  }

  /** Takes a scheduled event back, which must not have happened yet. */
  cancel(event: number): void {
    this.#heap.remove(event);
    this.#release(event);
  }

  /**
   * Makes an event that {@linkcode VirtualClock.set} lets happen, again and again.
   *
   * @param isFrequent of the few that happen for every invocation
   */
  createEvent(priority: number, handler: number, argument: number, isFrequent = false): number {
    const event = this.#createEvent(priority, handler, argument);
    this.#once[event] = 0;
    if (isFrequent && this.#frequents < MOST_FREQUENT) {
      this.#frequentEvent[this.#frequents] = event;
      this.#place[event] = this.#frequents++;
    }
    return event;
  }

  /** Lets an event happen at `dueMs` (now, if that is past); replaces what was set. */
  set(event: number, dueMs: number): void {
    const timeMs = dueMs > this.#nowMs ? dueMs : this.#nowMs;
    const order = this.#order[event] + this.#sequence++;
    const place = this.#place[event];
    if (place >= 0) {
      this.#frequentMs[place] = timeMs;
      this.#frequentOrder[place] = order;
      return;
    }
    if (event === this.#current) this.#current = -1;
    this.#heap.set(event, timeMs, order);
  }

  /** Takes back what was set. */
  clear(event: number): void {
    const place = this.#place[event];
    if (place >= 0) this.#frequentMs[place] = Infinity;
    else this.#heap.remove(event);
  }

  at(dueMs: number, callback: Callback): TimerHandle {
    const event = this.schedule(dueMs, TIMER_PRIORITY, this.#callHandler, 0);
    this.#argument[event] = event;
    let isOver = false;
    this.#callbacks[event] = () => {
      isOver = true;
      return callback();
    };
    return {
      cancel: () => {
        if (isOver) return;
        isOver = true;
        this.cancel(event);
      },
    };
  }

  alarm(callback: () => void): Alarm {
    const event = this.createEvent(TIMER_PRIORITY, this.register(callback), 0, true);
    return {
      set: (dueMs) => this.set(event, dueMs),
      clear: () => this.clear(event),
    };
  }

  async run(body: (stop: () => void) => void): Promise<void> {
    this.#stopped = false;
    body(() => this.#stopped = true);
    try {
      while (!this.#stopped) {
        const settled = this.#runTurn();
        if (settled !== undefined) await settled;
        else if (!this.#stopped) await setImmediate();
      }
    } finally {
      this.#endCurrent();
    }
  }

  /** Lets events happen until one returns a promise, the run has ended, or it was enough. */
  #runTurn(): void | Promise<void> {
    // Nothing but the loop: V8 optimizes it while it runs, and what comes after it, of which
    // it knows nothing then, would undo that every time.
    let left = EVENTS_A_TURN;
    let settled;
    do settled = this.#step(); while (settled === undefined && --left > 0 && !this.#stopped);
    return settled;
  }

  /** Lets the next event happen. */
  #step(): void | Promise<void> {
    const heap = this.#heap;
    const times = this.#frequentMs;
    let timeMs = heap.topTimeMs;
    let place = -1;
    for (let i = 0; i < this.#frequents; i++) {
      if (times[i] < timeMs || (times[i] === timeMs && this.#isBefore(i, place))) {
        timeMs = times[i];
        place = i;
      }
    }
    if (timeMs === Infinity) {
      throw new LoaderError(
        "generator",
        `Nothing is left to happen at ${this.#nowMs} ms of virtual time, yet the run has not ended.`,
      );
    }
    this.#nowMs = timeMs;
    if (place >= 0) {
      times[place] = Infinity;
      return this.#happen(this.#frequentEvent[place]);
    }
    const event = heap.top;
    // It stays at the top meanwhile: most events set themselves again, and then only move.
    this.#current = event;
    const settled = this.#happen(event);
    this.#endCurrent();
    return settled;
  }

  #happen(event: number): void | Promise<void> {
    return this.#handlerOf[event](this.#argument[event]);
  }

  /** Whether a frequent event comes before another one of its time, −1: the first of the heap. */
  #isBefore(place: number, other: number): boolean {
    const order = other < 0 ? this.#heap.topOrder : this.#frequentOrder[other];
    return this.#frequentOrder[place] < order;
  }

  #endCurrent(): void {
    const event = this.#current;
    if (event < 0) return;
    this.#current = -1;
    this.#heap.remove(event);
    if (this.#once[event] === 1) this.#release(event);
  }

  #createEvent(priority: number, handler: number, argument: number): number {
    const event = this.#free.pop() ?? this.#events++;
    if (event === this.#argument.length) this.#grow();
    this.#handlerOf[event] = this.#handlers[handler];
    this.#argument[event] = argument;
    this.#order[event] = priority * SEQUENCES;
    return event;
  }

  #release(event: number): void {
    this.#callbacks[event] = undefined;
    this.#free.push(event);
  }

  #grow(): void {
    const length = 2 * this.#argument.length;
    const argument = new Int32Array(length);
    const order = new Float64Array(length);
    const once = new Uint8Array(length);
    const place = new Int8Array(length).fill(-1);
    place.set(this.#place);
    argument.set(this.#argument);
    order.set(this.#order);
    once.set(this.#once);
    this.#argument = argument;
    this.#order = order;
    this.#once = once;
    this.#place = place;
  }
}
