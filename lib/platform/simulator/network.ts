import { Rng, type RngKey } from "../../base/rng.ts";
import type { VirtualClock } from "../../clock/virtual_clock.ts";
import { type Distribution, drawFrom } from "./distribution.ts";

/** One way between loader and gateway. */
export interface Network {
  /** Sends a call on its way; it arrives later, or at once where the way takes no time. */
  send(slot: number, call: number): void;
}

/** Told of what arrives. */
type OnArrival = (slot: number, call: number) => void;

/** A way on which each call takes as long as the distribution says. */
export function createNetwork(
  clock: VirtualClock,
  priority: number,
  delayMs: Distribution,
  key: RngKey,
  onArrival: OnArrival,
): Network {
  if (delayMs.kind !== "constant") {
    return new RandomNetwork(clock, priority, delayMs, key, onArrival);
  }
  if (delayMs.value === 0) return { send: onArrival };
  return clock.createDelayLine(priority, delayMs.value, onArrival);
}

/** Calls overtake each other. */
class RandomNetwork implements Network {
  readonly #clock: VirtualClock;
  readonly #priority: number;
  readonly #delayMs: Distribution;
  readonly #rng = new Rng();
  readonly #handler: number;
  /** What is under way, by a number of its own. */
  readonly #slots: number[] = [];
  readonly #calls: number[] = [];
  readonly #free: number[] = [];

  constructor(
    clock: VirtualClock,
    priority: number,
    delayMs: Distribution,
    key: RngKey,
    onArrival: OnArrival,
  ) {
    this.#clock = clock;
    this.#priority = priority;
    this.#delayMs = delayMs;
    this.#rng.seed(key, 0, 0);
    this.#handler = clock.register((number) => {
      this.#free.push(number);
      onArrival(this.#slots[number], this.#calls[number]);
    });
  }

  send(slot: number, call: number): void {
    const number = this.#free.pop() ?? this.#slots.length;
    this.#slots[number] = slot;
    this.#calls[number] = call;
    const dueMs = this.#clock.nowMs() + drawFrom(this.#delayMs, this.#rng);
    this.#clock.schedule(dueMs, this.#priority, this.#handler, number);
  }
}
