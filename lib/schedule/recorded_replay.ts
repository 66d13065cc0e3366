import { MEMORY_LIMITS_MIB, RUNTIME_LIMITS_MS } from "../model/schedule.ts";
import type { RecordedInvocations } from "../model/trace.ts";
import { US_PER_MS } from "./arrivals.ts";

/** Where the invocations of a slot go, and how many there are. */
export interface RecordedSlot {
  readonly slot: number;
  readonly slotUs: number;
  /** Number of recorded invocations in the slot. */
  readonly recorded: number;
  /** How often the invocation after so many is replayed. */
  readonly copiesOf: (before: number) => number;
  /** Columns that are filled from `from` on; what is not recorded is left as it is. */
  readonly timesUs: Uint32Array;
  readonly runtimeMs: Uint32Array;
  readonly memoryMib: Uint32Array;
  readonly from: number;
}

/** Replays the invocations of a function as they were recorded, slot after slot. */
export class RecordedReplay {
  readonly #invocations: RecordedInvocations;
  #next: number;

  /** @param first number of invocations before the first slot that is taken */
  constructor(invocations: RecordedInvocations, first: number) {
    this.#invocations = invocations;
    this.#next = first;
  }

  /**
   * Takes the next slot's invocations. Where a higher rate asks for one more than
   * once, its copies lie evenly between it and the next one (or the slot's end).
   */
  take(slot: RecordedSlot): void {
    const { arrivalMs, runtimeMs, memoryMib } = this.#invocations;
    const end = this.#next + slot.recorded;
    let to = slot.from;
    for (let i = this.#next; i < end; i++) {
      const copies = slot.copiesOf(i);
      if (copies === 0) continue;
      const timeUs = offsetUs(arrivalMs[i], slot);
      const untilUs = i + 1 < end ? offsetUs(arrivalMs[i + 1], slot) : slot.slotUs;
      for (let copy = 0; copy < copies; copy++, to++) {
        slot.timesUs[to] = timeUs + Math.floor((untilUs - timeUs) * copy / copies);
        if (runtimeMs !== null) slot.runtimeMs[to] = roundWithin(runtimeMs[i], RUNTIME_LIMITS_MS);
        if (memoryMib !== null) slot.memoryMib[to] = roundWithin(memoryMib[i], MEMORY_LIMITS_MIB);
      }
    }
    this.#next = end;
  }
}

/** A recorded instant on the grid of whole microseconds of its slot. */
function offsetUs(arrivalMs: number, { slot, slotUs }: RecordedSlot): number {
  const timeUs = Math.round(arrivalMs * US_PER_MS - slot * slotUs);
  return Math.min(Math.max(timeUs, 0), slotUs - 1);
}

/** Half up, as what is drawn is rounded. */
function roundWithin(
  value: number,
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
): number {
  return Math.floor(Math.min(Math.max(value, minimum), maximum) + 0.5);
}
