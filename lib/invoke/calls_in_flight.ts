import type { CallColumns } from "../model/platform.ts";
import type { ScheduleChunk } from "../model/schedule.ts";

/** Columns for `slots` calls in flight. */
export function createCallColumns(slots: number): CallColumns {
  return {
    functionIndex: new Uint32Array(slots),
    runtimeMs: new Uint32Array(slots),
    memoryMib: new Uint32Array(slots),
    deadlineMs: new Float64Array(slots),
    dispatchedMs: new Float64Array(slots),
    setUpMs: new Float64Array(slots),
    peerWaitMs: new Float64Array(slots),
    boundWaitMs: new Float64Array(slots),
    completedMs: new Float64Array(slots),
    servedRuntimeUs: new Float64Array(slots),
    servedMemoryKib: new Float64Array(slots),
    instance: new Array<string | null>(slots).fill(null),
    coldStart: new Array<boolean | null>(slots).fill(null),
    statusMessage: new Array<string | null>(slots).fill(null),
    traceparent: new Array<string | null>(slots).fill(null),
  };
}

/** What a slot holds: no call, one that was handed to the transport, or one whose dispatch is told. */
const STAGE = { free: 0, handedOver: 1, told: 2 } as const;

/**
 * The slots of calls in flight, given out from the lowest on: which invocation is in
 * each, and whether its dispatch has been told to whoever watches it.
 */
export class CallsInFlight {
  readonly columns: CallColumns;
  // By slot: the invocation in it.
  /** Its position in the whole schedule. */
  readonly index: Float64Array;
  readonly scheduledMs: Float64Array;
  readonly #stage: Uint8Array;
  readonly #freeSlots: Uint32Array;
  #free: number;
  /** No slot above it has ever been taken. */
  #highestSlot = -1;
  #untold = 0;
  #requestedMemoryMib = 0;

  /** @param most calls in flight */
  constructor(most: number) {
    this.columns = createCallColumns(most);
    this.index = new Float64Array(most);
    this.scheduledMs = new Float64Array(most);
    this.#stage = new Uint8Array(most);
    this.#freeSlots = Uint32Array.from({ length: most }, (_, i) => most - 1 - i);
    this.#free = most;
  }

  get count(): number {
    return this.#freeSlots.length - this.#free;
  }

  get isFull(): boolean {
    return this.#free === 0;
  }

  /** Memory that the calls in flight asked for. */
  get requestedMemoryMib(): number {
    return this.#requestedMemoryMib;
  }

  /** Puts an invocation of a chunk into a free slot, of which there must be one. */
  take(chunk: ScheduleChunk, position: number, index: number, deadlineMs: number): number {
    const slot = this.#freeSlots[--this.#free];
    const calls = this.columns;
    this.index[slot] = index;
    this.scheduledMs[slot] = chunk.scheduledMs[position];
    this.#stage[slot] = STAGE.handedOver;
    this.#untold++;
    if (slot > this.#highestSlot) this.#highestSlot = slot;
    calls.functionIndex[slot] = chunk.functionIndex[position];
    calls.runtimeMs[slot] = chunk.runtimeMs[position];
    calls.memoryMib[slot] = chunk.memoryMib[position];
    calls.deadlineMs[slot] = deadlineMs;
    calls.dispatchedMs[slot] = NaN;
    calls.setUpMs[slot] = NaN;
    calls.peerWaitMs[slot] = NaN;
    calls.boundWaitMs[slot] = NaN;
    calls.servedRuntimeUs[slot] = NaN;
    calls.servedMemoryKib[slot] = NaN;
    calls.instance[slot] = null;
    calls.coldStart[slot] = null;
    calls.statusMessage[slot] = null;
    this.#requestedMemoryMib += calls.memoryMib[slot];
    return slot;
  }

  release(slot: number): void {
    this.#requestedMemoryMib -= this.columns.memoryMib[slot];
    this.#stage[slot] = STAGE.free;
    this.#freeSlots[this.#free++] = slot;
  }

  isFree(slot: number): boolean {
    return this.#stage[slot] === STAGE.free;
  }

  wasSent(slot: number): boolean {
    return !Number.isNaN(this.columns.dispatchedMs[slot]);
  }

  /** True if the call's dispatch, or that there was none, has not been told yet. */
  isUntold(slot: number): boolean {
    return this.#stage[slot] === STAGE.handedOver;
  }

  /** Notes that it has been told. */
  setTold(slot: number): void {
    this.#stage[slot] = STAGE.told;
    this.#untold--;
  }

  /** Looks for calls that were dispatched and not told yet. */
  forEachUntold(tell: (slot: number) => void): void {
    for (let slot = 0; slot <= this.#highestSlot && this.#untold > 0; slot++) {
      if (this.isUntold(slot) && this.wasSent(slot)) tell(slot);
    }
  }

  /** Visits every call in flight, which may be released meanwhile. */
  forEach(visit: (slot: number) => void): void {
    for (let slot = 0; slot <= this.#highestSlot; slot++) {
      if (!this.isFree(slot)) visit(slot);
    }
  }
}
