import { OK_CODE, type StoredInvocations } from "../store/read/stored_invocations.ts";

/** Shares by which served may differ from requested and count as kept. */
export const TOLERANCES = [0.02, 0.05] as const;

/** Ratios are told apart by this share, up to {@linkcode MOST_RATIO} both ways. */
const BIN_WIDTH = 0.001;
const MOST_RATIO = 64;
const HALF_BINS = Math.ceil(Math.log(MOST_RATIO) / BIN_WIDTH);

/** How what was served compares with what was requested. */
export class RatioDistribution {
  readonly #bins = new Uint32Array(2 * HALF_BINS + 1);
  readonly #within = TOLERANCES.map(() => 0);
  #count = 0;

  /** Of how many invocations both are known. */
  get count(): number {
    return this.#count;
  }

  /** Takes in an invocation; what is unknown, or requested as 0, does not count. */
  add(served: number, requested: number): void {
    const ratio = served / requested;
    if (!(ratio >= 0) || !Number.isFinite(ratio)) return;
    this.#count++;
    for (const [i, tolerance] of TOLERANCES.entries()) {
      // A hair more, for 1.02 is not 1 + 0.02 in binary.
      if (Math.abs(ratio - 1) <= tolerance + 1e-9) this.#within[i]++;
    }
    const bin = Math.round(Math.log(ratio) / BIN_WIDTH);
    this.#bins[HALF_BINS + Math.max(-HALF_BINS, Math.min(HALF_BINS, bin))]++;
  }

  /** Shares within each of {@linkcode TOLERANCES}; `null` where nothing is known. */
  get sharesWithin(): readonly (number | null)[] {
    return this.#within.map((count) => this.#count === 0 ? null : count / this.#count);
  }

  /** The ratio at a quantile, to a thousandth; `null` where nothing is known. */
  quantile(q: number): number | null {
    if (this.#count === 0) return null;
    const rank = Math.max(1, Math.ceil(q * this.#count));
    let below = 0;
    for (const [bin, count] of this.#bins.entries()) {
      below += count;
      if (below >= rank) return Math.exp((bin - HALF_BINS) * BIN_WIDTH);
    }
    return null;
  }
}

/** Collects runtime and memory, as served against as requested, of what was measured and ok. */
export class ServedFit {
  /** The columns that it looks at. */
  readonly columns = [
    "phase",
    "outcome",
    "requested_runtime_ms",
    "served_runtime_ms",
    "requested_memory_mib",
    "served_memory_mib",
  ] as const;
  readonly runtime: RatioDistribution = new RatioDistribution();
  readonly memory: RatioDistribution = new RatioDistribution();

  /** Takes in invocations of a run, each once. */
  add(invocations: StoredInvocations): void {
    const { count, measured, outcome, requestedRuntimeMs, servedRuntimeMs } = invocations;
    const { requestedMemoryMib, servedMemoryMib } = invocations;
    for (let row = 0; row < count; row++) {
      if (measured[row] === 0 || outcome[row] !== OK_CODE) continue;
      this.runtime.add(servedRuntimeMs[row], requestedRuntimeMs[row]);
      this.memory.add(servedMemoryMib[row], requestedMemoryMib[row]);
    }
  }
}
