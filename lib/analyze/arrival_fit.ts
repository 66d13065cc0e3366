import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import type { RunManifest } from "../store/schema/manifest.ts";
import { kolmogorovSmirnovDistance, kolmogorovSmirnovTest } from "../stats/goodness_of_fit.ts";

/** Arrivals of a function that are kept at most, drawn by their index alone. */
const MOST_KEPT = 1_000;

/** A function with fewer arrivals than this is not judged. */
const LEAST_JUDGED = 10;

/** Functions with a lower p-value than this are counted. */
export const FIT_LEVEL = 0.01;

/** How the arrivals of a run's functions lie within their slots. */
export interface ArrivalFit {
  /** What the schedule claims: the distribution of inter-arrival times within a slot. */
  readonly claimed: "exponential" | "uniform" | "equidistant";
  readonly slotMs: number;
  /** Functions with enough arrivals, and those with too few. */
  readonly judged: number;
  readonly unjudged: number;
  readonly arrivals: number;
  readonly kept: number;
  readonly scheduled: FitOfTimes;
  readonly dispatched: FitOfTimes;
  /** Over functions, the largest distance between scheduled and dispatched arrivals. */
  readonly mostApart: number | null;
}

/** How times of arrivals compare with a Poisson process given the counts of the slots. */
export interface FitOfTimes {
  /** Of the functions that are judged, ascending. */
  readonly pValues: readonly number[];
  readonly mostDistance: number | null;
  /** The function with the lowest p-value. */
  readonly worst: string | null;
}

interface Kept {
  /** Of its arrivals one in so many is kept: 2 to the power of this. */
  halvings: number;
  arrivals: number;
  readonly hashes: number[];
  readonly scheduled: number[];
  readonly dispatched: number[];
}

/**
 * Collects where in their slots the arrivals of each function lie, in memory that does not
 * grow with their number: of more than 1,000 a part is kept that is chosen by the index of
 * an invocation alone, which a part of independent arrivals does not change.
 *
 * Given the count of a slot, the arrivals of a Poisson process lie in it independently and
 * evenly, in a slot that a window cuts short as in a whole one; so the positions of all
 * slots of a function are one sample for a test of Kolmogorov and Smirnov.
 */
export class ArrivalFitter {
  /** The columns that it looks at. */
  readonly columns = ["index", "function_id", "scheduled_ms", "dispatched_ms"] as const;
  readonly #functions = new Map<string, Kept>();
  readonly #slotMs: number;
  readonly #endMs: number;
  readonly #claimed: ArrivalFit["claimed"];

  constructor({ slotMs, endMs, claimed }: ClaimedArrivals) {
    this.#slotMs = slotMs;
    this.#endMs = endMs;
    this.#claimed = claimed;
  }

  /** Takes in invocations of the run, each once. */
  add({ count, index, functionCode, functionIds, scheduledMs, dispatchedMs }: StoredInvocations) {
    for (let row = 0; row < count; row++) {
      const id = functionIds[functionCode[row]];
      let kept = this.#functions.get(id);
      if (kept === undefined) {
        kept = { halvings: 0, arrivals: 0, hashes: [], scheduled: [], dispatched: [] };
        this.#functions.set(id, kept);
      }
      kept.arrivals++;
      const hash = hashOf(index[row]);
      if (hash >>> (32 - kept.halvings) !== 0 && kept.halvings > 0) continue;
      const fromMs = Math.floor(scheduledMs[row] / this.#slotMs) * this.#slotMs;
      const lengthMs = Math.min(this.#slotMs, this.#endMs - fromMs);
      kept.hashes.push(hash);
      kept.scheduled.push((scheduledMs[row] - fromMs) / lengthMs);
      kept.dispatched.push((dispatchedMs[row] - fromMs) / lengthMs);
      if (kept.hashes.length > MOST_KEPT) halve(kept);
    }
  }

  /** What the arrivals came to. */
  derive(): ArrivalFit {
    const all = [...this.#functions];
    const judged = all.filter(([, { scheduled }]) => scheduled.length >= LEAST_JUDGED);
    const apart = judged.map(([, { scheduled, dispatched }]) => {
      const sent = dispatched.filter((at) => !Number.isNaN(at));
      return sent.length === 0 ? 0 : kolmogorovSmirnovDistance(scheduled, sent);
    });
    return {
      claimed: this.#claimed,
      slotMs: this.#slotMs,
      judged: judged.length,
      unjudged: all.length - judged.length,
      arrivals: all.reduce((sum, [, { arrivals }]) => sum + arrivals, 0),
      kept: all.reduce((sum, [, { hashes }]) => sum + hashes.length, 0),
      scheduled: fitOf(judged.map(([id, { scheduled }]) => [id, scheduled])),
      dispatched: fitOf(judged.map(([id, { dispatched }]) => [id, dispatched])),
      mostApart: apart.length === 0 ? null : Math.max(...apart),
    };
  }
}

/** What a run's schedule claims of its arrivals. */
export interface ClaimedArrivals {
  readonly claimed: ArrivalFit["claimed"];
  /** In the time of the run. */
  readonly slotMs: number;
  readonly endMs: number;
}

const CLAIMS: readonly unknown[] = ["exponential", "uniform", "equidistant"];

/** What the schedule of a run claims; `null` where no trace is replayed, or it is not told. */
export function claimedArrivalsOf(
  { replay, options }: Pick<RunManifest, "replay" | "options">,
): ClaimedArrivals | null {
  const claimed = Object(options).iat;
  if (replay === undefined || !CLAIMS.includes(claimed)) return null;
  const { slotMs, timeScale, windowStartMs, windowEndMs } = replay;
  return {
    claimed,
    slotMs: slotMs / timeScale,
    endMs: (windowEndMs - windowStartMs) / timeScale,
  };
}

/** Keeps one in two, by the next bit of their hashes. */
function halve(kept: Kept): void {
  kept.halvings++;
  let to = 0;
  for (let i = 0; i < kept.hashes.length; i++) {
    if (kept.hashes[i] >>> (32 - kept.halvings) !== 0) continue;
    kept.hashes[to] = kept.hashes[i];
    kept.scheduled[to] = kept.scheduled[i];
    kept.dispatched[to++] = kept.dispatched[i];
  }
  kept.hashes.length = kept.scheduled.length = kept.dispatched.length = to;
}

/** Mixes the bits of an index: the finalizer of MurmurHash3 (Appleby, 2011, public domain). */
function hashOf(index: number): number {
  let hash = index >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function fitOf(functions: readonly (readonly [string, readonly number[]])[]): FitOfTimes {
  const tests = functions.flatMap(([id, positions]) => {
    const known = positions.filter((at) => !Number.isNaN(at));
    if (known.length < LEAST_JUDGED) return [];
    // What was sent late may lie behind its slot.
    return [{ id, ...kolmogorovSmirnovTest(known, (at) => Math.min(1, Math.max(0, at))) }];
  }).sort((a, b) => a.pValue - b.pValue);
  return {
    pValues: tests.map(({ pValue }) => pValue),
    mostDistance: tests.length === 0 ? null : Math.max(...tests.map(({ statistic }) => statistic)),
    worst: tests.at(0)?.id ?? null,
  };
}
