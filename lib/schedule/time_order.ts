import { inSteps } from "./chunk_slices.ts";

const RADIX_BITS = 13;
const RADIX = 1 << RADIX_BITS;
const MASK = RADIX - 1;
/** What two digits hold: spans of up to 67 s. Longer ones have a third digit. */
const TWO_DIGITS = 2 ** (2 * RADIX_BITS);
const TOP_RADIX = 2 ** (32 - 2 * RADIX_BITS);
/** Below this many elements clearing the counters costs more than insertion. */
const INSERTION_SORT_BELOW = 96;
/** Elements that are put in their places between two steps: less than a tenth of a millisecond. */
const PLACES_A_STEP = 8192;

/**
 * Puts arrivals of many functions into order of (time, position), position
 * being that of the function's block, and moves arrivals of one function apart
 * that fall on the same microsecond: each takes the next free one, or, at the
 * end of the span, the last free one before it.
 *
 * Buffers are kept between calls, so that a long schedule needs constant memory.
 */
export class TimeOrder {
  #order = new Uint32Array(0);
  #spare = new Uint32Array(0);
  readonly #low = new Uint32Array(RADIX);
  readonly #high = new Uint32Array(RADIX);
  readonly #top = new Uint32Array(TOP_RADIX);

  /**
   * Sorts `timesUs[0, count)`, each below `spanUs`, which is below 2^32, given `positionOf[i]`, the
   * function of arrival i, never descending. Returns the permutation; `timesUs` keeps its
   * places, with ties moved. The result is valid until the next call.
   */
  sort(timesUs: Uint32Array, positionOf: Uint32Array, count: number, spanUs: number): Uint32Array {
    const steps = this.sortInSteps(timesUs, positionOf, count, spanUs);
    for (let step = steps.next();; step = steps.next()) if (step.done) return step.value;
  }

  /** As {@linkcode sort}, in steps of less than a tenth of a millisecond. */
  *sortInSteps(
    timesUs: Uint32Array,
    positionOf: Uint32Array,
    count: number,
    spanUs: number,
  ): Generator<null, Uint32Array> {
    if (this.#order.length < count) {
      this.#order = new Uint32Array(Math.ceil(count * 1.25));
      this.#spare = new Uint32Array(this.#order.length);
    }
    if (count < INSERTION_SORT_BELOW) this.#insertionSort(timesUs, count);
    else {
      yield* this.#radixSort(timesUs, count);
      if (spanUs > TWO_DIGITS) yield* this.#sortByTop(timesUs, count);
    }
    for (let place = 1; place < count;) {
      const until = Math.min(count, place + PLACES_A_STEP);
      place = this.#separate(timesUs, positionOf, count, spanUs, place, until);
      if (place < count) yield null;
    }
    return this.#order;
  }

  #insertionSort(timesUs: Uint32Array, count: number): void {
    const order = this.#order;
    for (let i = 0; i < count; i++) {
      let place = i;
      while (place > 0 && timesUs[order[place - 1]] > timesUs[i]) {
        order[place] = order[place - 1];
        place--;
      }
      order[place] = i;
    }
  }

  /** Least significant digit first, two digits; stable, hence the tie rule. */
  *#radixSort(timesUs: Uint32Array, count: number): Generator<null, void> {
    this.#low.fill(0);
    this.#high.fill(0);
    yield* inSteps(count, PLACES_A_STEP, (from, to) => this.#countDigits(timesUs, from, to));
    this.#sumDigits();
    yield* inSteps(count, PLACES_A_STEP, (from, to) => this.#placeByLow(timesUs, from, to));
    yield* inSteps(count, PLACES_A_STEP, (from, to) => this.#placeByHigh(timesUs, from, to));
  }

  #countDigits(timesUs: Uint32Array, from: number, to: number): void {
    const low = this.#low;
    const high = this.#high;
    for (let i = from; i < to; i++) {
      const time = timesUs[i];
      low[time & MASK]++;
      high[(time >>> RADIX_BITS) & MASK]++;
    }
  }

  /** From how many there are of a digit to where they begin. */
  #sumDigits(): void {
    const low = this.#low;
    const high = this.#high;
    let lowSum = 0;
    let highSum = 0;
    for (let digit = 0; digit < RADIX; digit++) {
      const lows = low[digit];
      const highs = high[digit];
      low[digit] = lowSum;
      high[digit] = highSum;
      lowSum += lows;
      highSum += highs;
    }
  }

  #placeByLow(timesUs: Uint32Array, from: number, to: number): void {
    const spare = this.#spare;
    const low = this.#low;
    for (let i = from; i < to; i++) spare[low[timesUs[i] & MASK]++] = i;
  }

  #placeByHigh(timesUs: Uint32Array, from: number, to: number): void {
    const spare = this.#spare;
    const order = this.#order;
    const high = this.#high;
    for (let i = from; i < to; i++) {
      const index = spare[i];
      order[high[(timesUs[index] >>> RADIX_BITS) & MASK]++] = index;
    }
  }

  /** The third digit, after the other two are in order. */
  *#sortByTop(timesUs: Uint32Array, count: number): Generator<null, void> {
    const top = this.#top.fill(0);
    yield* inSteps(count, PLACES_A_STEP, (from, to) => {
      for (let i = from; i < to; i++) top[timesUs[i] >>> (2 * RADIX_BITS)]++;
    });
    let sum = 0;
    for (let digit = 0; digit < TOP_RADIX; digit++) {
      const those = top[digit];
      top[digit] = sum;
      sum += those;
    }
    const sorted = this.#spare;
    yield* inSteps(count, PLACES_A_STEP, (from, to) => {
      for (let place = from; place < to; place++) {
        const index = this.#order[place];
        sorted[top[timesUs[index] >>> (2 * RADIX_BITS)]++] = index;
      }
    });
    this.#spare = this.#order;
    this.#order = sorted;
  }

  /** Moves those at [`place`, `until`) apart that fall together; returns where to go on. */
  #separate(
    timesUs: Uint32Array,
    positionOf: Uint32Array,
    count: number,
    spanUs: number,
    place: number,
    until: number,
  ): number {
    const order = this.#order;
    while (place < until) {
      const index = order[place];
      const before = order[place - 1];
      if (timesUs[index] !== timesUs[before] || positionOf[index] !== positionOf[before]) {
        place++;
        continue;
      }
      if (timesUs[index] + 1 < spanUs) {
        timesUs[index]++;
        this.#moveLater(timesUs, positionOf, count, place);
      } else {
        this.#moveEarlier(timesUs, positionOf, place);
        place++;
      }
    }
    return place;
  }

  /** Restores the order after the arrival at `place` has moved one microsecond later. */
  #moveLater(timesUs: Uint32Array, positionOf: Uint32Array, count: number, place: number): void {
    const order = this.#order;
    const index = order[place];
    while (place + 1 < count) {
      const next = order[place + 1];
      if (
        timesUs[next] > timesUs[index] ||
        (timesUs[next] === timesUs[index] && positionOf[next] >= positionOf[index])
      ) break;
      order[place] = next;
      place++;
    }
    order[place] = index;
  }

  /** Gives the arrival at `place` the last free microsecond of its function before it. */
  #moveEarlier(timesUs: Uint32Array, positionOf: Uint32Array, place: number): void {
    const order = this.#order;
    const index = order[place];
    let freeUs = timesUs[index];
    for (let p = place - 1; p >= 0 && timesUs[order[p]] >= freeUs; p--) {
      if (positionOf[order[p]] === positionOf[index]) freeUs--;
    }
    // The scan stops at the first arrival before `freeUs`; one of the same
    // function just there would have been counted, so `freeUs` is free.
    timesUs[index] = freeUs;
    while (place > 0) {
      const before = order[place - 1];
      if (
        timesUs[before] < freeUs ||
        (timesUs[before] === freeUs && positionOf[before] <= positionOf[index])
      ) break;
      order[place] = before;
      place--;
    }
    order[place] = index;
  }
}
