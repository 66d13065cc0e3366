import type { VirtualClock } from "../../clock/virtual_clock.ts";
import { CALL, type CallTable, DISPATCHED_MS, doubleOf, integerOf } from "./call_table.ts";
import { PRIORITY } from "./priorities.ts";

/**
 * Gives up calls so long after their dispatch. Nearly all are over by then, so nothing is
 * kept of each: when the earliest deadline comes, those that are in flight then are put in
 * line, which serves until it ends, for all that come later are due later.
 */
export class CallDeadlines {
  readonly #clock: VirtualClock;
  readonly #calls: CallTable;
  readonly #timeoutMs: number;
  readonly #onExpired: (slot: number) => void;
  readonly #event: number;
  #isSet = false;
  /** Slots, and which call of each it was. */
  #line: readonly { readonly slot: number; readonly call: number }[] = [];
  #position = 0;

  /** @param timeoutMs `Infinity`: never */
  constructor(
    clock: VirtualClock,
    calls: CallTable,
    timeoutMs: number,
    onExpired: (slot: number) => void,
  ) {
    this.#clock = clock;
    this.#calls = calls;
    this.#timeoutMs = timeoutMs;
    this.#onExpired = onExpired;
    this.#event = clock.createEvent(PRIORITY.expiry, clock.register(() => this.#onDue()), 0);
  }

  /** A call is dispatched now, and in the table already. */
  add(): void {
    if ((this.#isSet && this.#calls.count > 1) || this.#timeoutMs === Infinity) return;
    this.#isSet = true;
    this.#clock.set(this.#event, this.#clock.nowMs() + this.#timeoutMs);
  }

  #onDue(): void {
    const nowMs = this.#clock.nowMs();
    this.#isSet = false;
    for (let slot = this.#first(); slot >= 0; slot = this.#first()) {
      const deadlineMs = this.#calls.doubles[doubleOf(slot) + DISPATCHED_MS] + this.#timeoutMs;
      if (deadlineMs > nowMs) {
        this.#isSet = true;
        this.#clock.set(this.#event, deadlineMs);
        return;
      }
      this.#onExpired(slot);
    }
  }

  /** The call in flight with the earliest deadline, −1 if there is none. */
  #first(): number {
    const { integers } = this.#calls;
    for (; this.#position < this.#line.length; this.#position++) {
      const { slot, call } = this.#line[this.#position];
      if (integers[integerOf(slot) + CALL] === call) return slot;
    }
    this.#line = this.#calls.inOrder().map((slot) => ({
      slot,
      call: integers[integerOf(slot) + CALL],
    }));
    this.#position = 0;
    return this.#line[0]?.slot ?? -1;
  }
}
