import { setImmediate } from "node:timers/promises";
import type { Alarm } from "./alarm.ts";
import type { Clock, TimerHandle } from "./clock.ts";
import { ClockState } from "./clock_state.ts";
import { DelayLine } from "./delay_line.ts";
import { LoaderError } from "../base/error.ts";
import { EventHeap } from "./event_heap.ts";
import {
  ARGUMENT,
  BASE_ORDER,
  doubleOf,
  EventTable,
  HANDLER,
  IN_HEAP,
  integerOf,
  NOWHERE,
  ONCE,
  TIME,
  WHERE,
} from "./event_table.ts";
import { EventWheel } from "./event_wheel.ts";
import { LoopPauses } from "./loop_pauses.ts";

/** The priority of timers and alarms. Among events of one time, lower priorities come first. */
export const TIMER_PRIORITY = 128;

/** An event's order among those of its time: priority, then sequence. 2^44 events are two months of computing. */
const SEQUENCES = 2 ** 44;

/** The largest priority; order stays an exact whole number. */
export const LARGEST_PRIORITY = 255;

/** Events after which files are written and the time of day is looked at; a few milliseconds. */
const EVENTS_A_TURN = 32_768;

/** Something that happens again and again, of which one is next. */
interface EventSource {
  /** Lets the next happen, and says in the state when the one after it does. */
  happen(): void;
}

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
  readonly #state = new ClockState();
  #stopped = false;
  /** Of all runs together: some are short, and follow one another. */
  readonly #pauses = new LoopPauses();
  /** What happens soon, and what happens later or at the same time as too much else. */
  readonly #table = new EventTable();
  readonly #wheel = new EventWheel(this.#table);
  readonly #heap = new EventHeap();
  readonly #handlers: ((argument: number) => void | Promise<void>)[] = [];
  readonly #callbacks: (Callback | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #callHandler: number;
  /** What happens for every invocation: few enough to be looked through one by one. */
  readonly #sources: EventSource[] = [];

  constructor(originUnixMs = 0) {
    this.originUnixMs = originUnixMs;
    this.#callHandler = this.register((event) => this.#callbacks[event]!());
  }

  nowMs(): number {
    return this.#state.nowMs;
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
    const event = this.#createEvent(priority, handler, argument, 1);
    this.set(event, dueMs);
    return event;
  }

  /** Takes a scheduled event back, which must not have happened yet, or one made, for good. */
  cancel(event: number): void {
    this.#takeOut(event);
    this.#release(event);
  }

  /** Makes an event that {@linkcode VirtualClock.set} lets happen, again and again. */
  createEvent(priority: number, handler: number, argument: number): number {
    return this.#createEvent(priority, handler, argument, 0);
  }

  /** Lets an event happen at `dueMs` (now, if that is past); replaces what was set. */
  set(event: number, dueMs: number): void {
    const { nowMs } = this.#state;
    const timeMs = dueMs > nowMs ? dueMs : nowMs;
    const { doubles, integers } = this.#table;
    const order = doubles[doubleOf(event) + BASE_ORDER] + this.#state.nextSequence();
    if (integers[integerOf(event) + WHERE] !== NOWHERE) this.#takeOut(event);
    if (this.#wheel.insert(event, timeMs, order, nowMs)) return;
    doubles[doubleOf(event) + TIME] = timeMs;
    integers[integerOf(event) + WHERE] = IN_HEAP;
    this.#heap.set(event, timeMs, order);
  }

  /** When an event is to happen, `Infinity` where it is not set. */
  dueMsOf(event: number): number {
    const { doubles, integers } = this.#table;
    const isSet = integers[integerOf(event) + WHERE] !== NOWHERE;
    return isSet ? doubles[doubleOf(event) + TIME] : Infinity;
  }

  /** Takes back what was set. */
  clear(event: number): void {
    this.#takeOut(event);
  }

  /**
   * Makes a line on which pairs of numbers travel for `delayMs`, each, for every
   * invocation; the fewer lines a clock has, the faster it is.
   */
  createDelayLine(
    priority: number,
    delayMs: number,
    onArrival: (first: number, second: number) => void,
  ): DelayLine {
    const line = new DelayLine(this.#state, priority * SEQUENCES, delayMs, onArrival);
    this.#sources.push(line);
    return line;
  }

  at(dueMs: number, callback: Callback): TimerHandle {
    const event = this.schedule(dueMs, TIMER_PRIORITY, this.#callHandler, 0);
    this.#table.integers[integerOf(event) + ARGUMENT] = event;
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
    const alarm = new VirtualAlarm(this.#state, callback);
    this.#sources.push(alarm);
    return alarm;
  }

  async run(body: (stop: () => void) => void): Promise<void> {
    this.#stopped = false;
    body(() => this.#stopped = true);
    while (!this.#stopped) {
      const settled = this.#runTurn();
      // A promise that has settled already gives the event loop no turn.
      if (settled !== undefined) await settled;
      else if (!this.#stopped) await setImmediate();
      if (this.#pauses.isDue) await this.#pauses.take();
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
    const wheel = this.#wheel;
    const state = this.#state;
    let timeMs = wheel.topTimeMs;
    let order = wheel.topOrder;
    const heapMs = this.#heap.topTimeMs;
    const isInHeap = heapMs < timeMs || (heapMs === timeMs && this.#heap.topOrder < order);
    if (isInHeap) {
      timeMs = heapMs;
      order = this.#heap.topOrder;
    }
    const { sources, sourceMs, sourceOrder } = state;
    let source = -1;
    for (let i = 0; i < sources; i++) {
      if (sourceMs[i] < timeMs || (sourceMs[i] === timeMs && sourceOrder[i] < order)) {
        timeMs = sourceMs[i];
        order = sourceOrder[i];
        source = i;
      }
    }
    if (timeMs === Infinity) {
      throw new LoaderError(
        "generator",
        `Nothing is left to happen at ${this.nowMs()} ms of virtual time, yet the run has not ended.`,
      );
    }
    state.nowMs = timeMs;
    if (source >= 0) return this.#sources[source].happen();
    const event = isInHeap ? this.#heap.top : wheel.top;
    this.#takeOut(event);
    const { integers } = this.#table;
    const at = integerOf(event);
    const handler = this.#handlers[integers[at + HANDLER]];
    if (integers[at + ONCE] === 0) return handler(integers[at + ARGUMENT]);
    const settled = handler(integers[at + ARGUMENT]);
    this.#release(event);
    return settled;
  }

  #takeOut(event: number): void {
    const { integers } = this.#table;
    const at = integerOf(event) + WHERE;
    const where = integers[at];
    if (where >= 0) this.#wheel.remove(event);
    else if (where === IN_HEAP) {
      this.#heap.remove(event);
      integers[at] = NOWHERE;
    }
  }

  #createEvent(priority: number, handler: number, argument: number, once: 0 | 1): number {
    const event = this.#free.pop() ?? this.#table.add();
    const { doubles, integers } = this.#table;
    const at = integerOf(event);
    doubles[doubleOf(event) + BASE_ORDER] = priority * SEQUENCES;
    integers[at + HANDLER] = handler;
    integers[at + ARGUMENT] = argument;
    integers[at + ONCE] = once;
    return event;
  }

  #release(event: number): void {
    this.#callbacks[event] = undefined;
    this.#free.push(event);
  }
}

/** An alarm, which is set for every invocation. */
class VirtualAlarm implements Alarm {
  readonly #state: ClockState;
  readonly #source: number;
  readonly #callback: () => void;

  constructor(state: ClockState, callback: () => void) {
    this.#state = state;
    this.#source = state.addSource();
    this.#callback = callback;
  }

  set(dueMs: number): void {
    const { nowMs, sourceMs, sourceOrder } = this.#state;
    sourceMs[this.#source] = dueMs > nowMs ? dueMs : nowMs;
    sourceOrder[this.#source] = TIMER_PRIORITY * SEQUENCES + this.#state.nextSequence();
  }

  clear(): void {
    this.#state.sourceMs[this.#source] = Infinity;
  }

  happen(): void {
    this.clear();
    this.#callback();
  }
}
