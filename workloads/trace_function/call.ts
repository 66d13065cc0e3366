import { COLD_BELOW_MS, type SpinCalibration } from "./calibration.ts";
import { spinUnits, UNITS_PER_TURN } from "./spin.ts";
import { type BlockPool, TouchedMemory } from "./touched_memory.ts";

/**
 * The work of one call, in turns of some 50 µs to 1 ms: first half of the
 * requested memory is allocated and touched, then a fixed amount of CPU work
 * is done, less what the allocation took. The work is fixed, not the time:
 * contention stretches it as it would stretch real work.
 */
export class Call {
  readonly #startMs = performance.now();
  readonly #runtimeMs: number;
  readonly #calibration: SpinCalibration;
  readonly #memory: TouchedMemory;
  #allocationMs = 0;
  /** `null` while allocating. */
  #unitsLeft: number | null = null;
  #chain = 1;

  constructor(
    runtimeMs: number,
    memoryMib: number,
    calibration: SpinCalibration,
    pool: BlockPool,
  ) {
    this.#runtimeMs = runtimeMs;
    this.#calibration = calibration;
    this.#memory = new TouchedMemory(memoryMib * 1024 * 1024 / 2, pool);
  }

  /** Microseconds since the call began. */
  get durationUs(): number {
    return Math.round((performance.now() - this.#startMs) * 1000);
  }

  /** Memory touched so far. */
  get memoryKib(): number {
    return this.#memory.touchedKib;
  }

  /**
   * Works a turn.
   *
   * @returns whether the call is done
   * @throws RangeError when the memory cannot be allocated
   */
  workOneTurn(): boolean {
    if (this.#unitsLeft === null) {
      const startMs = performance.now();
      const allocated = this.#memory.touchMore();
      this.#allocationMs += performance.now() - startMs;
      if (allocated) this.#unitsLeft = this.#spinUnits();
      return false;
    }
    const units = Math.min(UNITS_PER_TURN, this.#unitsLeft);
    this.#chain = spinUnits(units, this.#chain);
    this.#unitsLeft -= units;
    // The chain is always positive; asking keeps the compiler from dropping it.
    return this.#unitsLeft === 0 && this.#chain > 0;
  }

  /** Gives the memory back. */
  free(): void {
    this.#memory.free();
  }

  #spinUnits(): number {
    const rate = this.#runtimeMs < COLD_BELOW_MS
      ? this.#calibration.coldIterationsPerMs
      : this.#calibration.warmIterationsPerMs;
    return Math.max(0, Math.round((this.#runtimeMs - this.#allocationMs) * rate));
  }
}
