import { Rng, type RngKey } from "../../base/rng.ts";
import type { VirtualClock } from "../../clock/virtual_clock.ts";
import type { NodeCpu } from "./cpu.ts";
import { type Distribution, drawFrom } from "./distribution.ts";
import { PRIORITY } from "./priorities.ts";
import type { SimulatedInstance } from "./simulated_function.ts";
import { SlotLinks } from "./slot_list.ts";

/** What a {@linkcode RunQueue} needs. */
export interface RunQueueOptions {
  readonly clock: VirtualClock;
  /** Most calls in flight. */
  readonly slots: number;
  /** Wait for each task that there is too many on each core. */
  readonly wakeUpMs: Distribution;
  /** What one request takes of the cores. */
  readonly limitMilli: number;
  readonly key: RngKey;
  /** It is a request's turn. */
  readonly onTurn: (slot: number) => void;
}

/**
 * Requests that were given to an instance, and wait for their turn of its node's
 * cores. A scheduler lets the tasks of a core run for a quantum each, one after the
 * other: who wakes up waits for those before it, however little it has to do then,
 * and a request wakes threads up several times. While it waits it takes nothing of
 * the cores; as soon as a part of them is idle, it is the turn of whoever waits longest.
 */
export class RunQueue {
  readonly #clock: VirtualClock;
  readonly #wakeUpMs: Distribution;
  readonly #limitMilli: number;
  readonly #rng = new Rng();
  readonly #onTurn: (slot: number) => void;
  readonly #handler: number;
  // By slot.
  readonly #cpu: NodeCpu<SimulatedInstance>[] = [];
  readonly #links: SlotLinks;
  /** Happens when the wait is over; −1: never needed so far. */
  readonly #event: Int32Array;
  readonly #sinceMs: Float64Array;
  readonly #waitedMs: Float64Array;

  constructor({ clock, slots, wakeUpMs, limitMilli, key, onTurn }: RunQueueOptions) {
    this.#clock = clock;
    this.#wakeUpMs = wakeUpMs;
    this.#limitMilli = limitMilli;
    this.#rng.seed(key, 0, 0);
    this.#onTurn = onTurn;
    this.#handler = clock.register((slot) => this.#giveTurn(slot));
    this.#links = new SlotLinks(slots);
    this.#event = new Int32Array(slots).fill(-1);
    this.#sinceMs = new Float64Array(slots);
    this.#waitedMs = new Float64Array(slots);
  }

  /**
   * A request is given to an instance on these cores.
   *
   * @returns whether it has to wait; if not, it is its turn now
   */
  enter(slot: number, cpu: NodeCpu<SimulatedInstance>): boolean {
    const excess = cpu.excessPerCore(this.#limitMilli);
    const waitMs = excess === 0 ? 0 : excess * drawFrom(this.#wakeUpMs, this.#rng);
    this.#waitedMs[slot] = 0;
    if (waitMs === 0) return false;
    const nowMs = this.#clock.nowMs();
    if (this.#event[slot] < 0) {
      this.#event[slot] = this.#clock.createEvent(PRIORITY.arrival, this.#handler, slot);
    }
    this.#clock.set(this.#event[slot], nowMs + waitMs);
    this.#sinceMs[slot] = nowMs;
    this.#cpu[slot] = cpu;
    cpu.waiting.append(this.#links, slot);
    return true;
  }

  /** A request that waits does so no longer. */
  leave(slot: number): void {
    this.#clock.clear(this.#event[slot]);
    this.#take(slot);
  }

  /** Something has left these cores: what is idle of them is for those that wait. */
  useIdle(cpu: NodeCpu<SimulatedInstance>): void {
    while (cpu.waiting.size > 0 && cpu.hasIdle) {
      const slot = cpu.waiting.head;
      this.#clock.clear(this.#event[slot]);
      this.#giveTurn(slot);
    }
  }

  /** What the last request of a slot has waited. */
  waitedMs(slot: number): number {
    return this.#waitedMs[slot];
  }

  #giveTurn(slot: number): void {
    this.#take(slot);
    this.#onTurn(slot);
  }

  #take(slot: number): void {
    this.#waitedMs[slot] = this.#clock.nowMs() - this.#sinceMs[slot];
    this.#cpu[slot].waiting.remove(this.#links, slot);
  }
}
