import type { SlotCounts } from "../../model/slot_counts.ts";
import { blockSlotsOf, BlockStatistic, type PoissonVerdict } from "./poisson_agreement.ts";
import type { SlotSpan } from "./slot_span.ts";

/** What the counts of one function tell. */
export interface FunctionFigures {
  readonly invocations: number;
  /** Slots in which it is invoked. */
  readonly invokedSlots: number;
  /** The largest count of a slot. */
  readonly most: number;
  /** Index of dispersion of its counts within blocks, see {@linkcode BlockStatistic}. */
  readonly dispersion: number | null;
  readonly poisson: PoissonVerdict;
  /**
   * Slots from one invocation to the next where it is invoked as by a timer, 1 for
   * each slot or more often; `null`: it is not.
   */
  readonly timerSlots: number | null;
  /** Equal for equal counts. */
  readonly fingerprint: number;
}

/** A timer is told from chance by at least so many invoked slots. */
const LEAST_INVOKED_SLOTS = 6;

/** Counts that vary less than this, as a part of what a Poisson process does, are a timer's. */
const TIMER_DISPERSION = 0.25;

/** Autocorrelation of a timer at its period, and by how much it stands out from its neighbours. */
const TIMER_CORRELATION = 0.5;
const TIMER_PROMINENCE = 0.25;

/**
 * Measures the counts of functions, one after the other, in one pass over the
 * slots with invocations. What is kept between two functions is room, no state.
 *
 * @example
 * ```ts
 * import { SlotCounts } from "../../model/slot_counts.ts";
 * import { FunctionMeter } from "./function_figures.ts";
 * const counts = SlotCounts.from(Array.from({ length: 60 }, (_, i) => i % 5 === 0 ? 1 : 0));
 * const meter = new FunctionMeter({ fromSlot: 0, toSlot: 60 }, 60_000);
 * if (meter.measure(counts).timerSlots !== 5) throw new Error("every five minutes");
 * ```
 */
export class FunctionMeter {
  readonly #span: SlotSpan;
  readonly #blockSlots: number;
  /** Counts of one function by slot of the span; 0 everywhere between two functions. */
  readonly #counts: Uint32Array;
  /** The slots of the span in which it is invoked. */
  readonly #slots: Uint32Array;
  /** How often each distance from one invoked slot to the next; 0 between two functions. */
  readonly #gaps: Uint32Array;

  constructor(span: SlotSpan, slotMs: number) {
    this.#span = span;
    this.#blockSlots = blockSlotsOf(slotMs);
    const slots = Math.max(0, span.toSlot - span.fromSlot);
    this.#counts = new Uint32Array(slots);
    this.#slots = new Uint32Array(slots);
    this.#gaps = new Uint32Array(slots + 1);
  }

  /**
   * Measures one function.
   *
   * @param visit is called for each slot of the span, from 0, that has invocations
   */
  measure(
    counts: SlotCounts,
    visit?: (slot: number, count: number) => void,
  ): FunctionFigures {
    const { fromSlot, toSlot } = this.#span;
    const blockSlots = this.#blockSlots;
    const length = toSlot - fromSlot;
    const statistic = new BlockStatistic();
    let invocations = 0;
    let invokedSlots = 0;
    let most = 0;
    let squares = 0;
    let fingerprint = 0;
    let block = 0;
    let blockTotal = 0;
    let blockSquares = 0;
    let blockPlaces = 0;
    for (const cursor = counts.cursor(); cursor.slot < toSlot; cursor.next()) {
      if (cursor.slot < fromSlot) continue;
      const { count } = cursor;
      const slot = cursor.slot - fromSlot;
      const slotBlock = Math.floor(slot / blockSlots);
      if (slotBlock !== block) {
        statistic.add(
          Math.min(blockSlots, length - block * blockSlots),
          blockTotal,
          blockSquares,
          blockPlaces,
        );
        block = slotBlock;
        blockTotal = 0;
        blockSquares = 0;
        blockPlaces = 0;
      }
      blockTotal += count;
      blockSquares += count * count;
      blockPlaces += count * (slot - slotBlock * blockSlots);
      invocations += count;
      squares += count * count;
      if (count > most) most = count;
      fingerprint = mix(mix(fingerprint, slot), count);
      this.#counts[slot] = count;
      if (invokedSlots > 0) this.#gaps[slot - this.#slots[invokedSlots - 1]]++;
      this.#slots[invokedSlots++] = slot;
      visit?.(slot, count);
    }
    statistic.add(
      Math.min(blockSlots, length - block * blockSlots),
      blockTotal,
      blockSquares,
      blockPlaces,
    );
    const { dispersion } = statistic;
    const figures = {
      invocations,
      invokedSlots,
      most,
      dispersion,
      poisson: statistic.judge(),
      timerSlots: statistic.isJudged && dispersion !== null && dispersion <= TIMER_DISPERSION
        ? 1
        : this.#findTimer(invokedSlots, invocations, squares),
      fingerprint,
    };
    this.#clear(invokedSlots);
    return figures;
  }

  /** The commonest gap, where the autocorrelation has a peak there; `null` else. */
  #findTimer(invokedSlots: number, invocations: number, squares: number): number | null {
    if (invokedSlots < LEAST_INVOKED_SLOTS) return null;
    let gap = 0;
    for (let i = 1; i < invokedSlots; i++) {
      const candidate = this.#slots[i] - this.#slots[i - 1];
      if (this.#gaps[candidate] > this.#gaps[gap]) gap = candidate;
    }
    // The neighbour of a gap of 1 is the function itself, which is alike.
    if (gap < 2) return null;
    const length = this.#counts.length;
    const mean = invocations / length;
    const variance = squares / length - mean * mean;
    if (!(variance > 0)) return null;
    const correlationAt = (lag: number) => {
      let sum = 0;
      for (let i = 0; i < invokedSlots; i++) {
        const other = this.#slots[i] + lag;
        if (other >= length) break;
        sum += this.#counts[this.#slots[i]] * this.#counts[other];
      }
      return (sum / (length - lag) - mean * mean) / variance;
    };
    const peak = correlationAt(gap);
    if (peak < TIMER_CORRELATION) return null;
    const beside = Math.max(correlationAt(gap - 1), correlationAt(gap + 1));
    return peak - beside >= TIMER_PROMINENCE ? gap : null;
  }

  #clear(invokedSlots: number): void {
    for (let i = 0; i < invokedSlots; i++) {
      this.#counts[this.#slots[i]] = 0;
      if (i > 0) this.#gaps[this.#slots[i] - this.#slots[i - 1]] = 0;
    }
  }
}

/** A step of a hash of 32 bits (the finalizer of MurmurHash3 has these constants). */
function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  return Math.imul(mixed, 0xc2b2ae35) ^ (mixed >>> 16);
}
