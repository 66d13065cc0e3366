import { deriveKey, Rng } from "../../base/rng.ts";

/**
 * When the parts of Knative's autoscaler act, against one another. Each part has a timer
 * of its own, which began when its process or the function's decider did: what a decision
 * knows depends on how these fall, and so do panic and the number of instances.
 */
export interface AutoscalerPhases {
  /**
   * What the autoscaler's clock, whose whole seconds divide the metric windows into buckets,
   * is ahead of the platform's.
   */
  readonly clockMs: number;
  /**
   * From the deployment to the activator's first report, above 0. One timer of the activator
   * is for all functions (`Run` in `pkg/activator/handler/concurrency_reporter.go`).
   */
  readonly reportMs: number;
  /**
   * From the deployment to the first tick of a function, above 0. Each has its own timer
   * (`runScalerTicker` in `pkg/autoscaler/scaling/multiscaler.go`).
   */
  readonly tickMs: (owner: { readonly functionId: string }) => number;
}

/** Periods that phases are parts of. */
export interface PhasePeriods {
  readonly granularityMs: number;
  readonly reportMs: number;
  readonly tickMs: number;
}

/** Reports and the clock may fall anywhere; these many places a period are exact in binary. */
const FINE_STEPS = 1024;

/** Fewer for ticks, so that many functions have few instants in common to decide at. */
const TICK_STEPS = 64;

/** Phases by chance: the same for the same seed, and for a function whatever others there are. */
export function seedPhases(seed: number, periods: PhasePeriods): AutoscalerPhases {
  const rng = new Rng();
  const key = deriveKey(seed, "simulator", "autoscaler phases");
  rng.seed(key, 0, 0);
  const clockMs = draw(rng, FINE_STEPS, periods.granularityMs) - periods.granularityMs / FINE_STEPS;
  const reportMs = draw(rng, FINE_STEPS, periods.reportMs);
  return {
    clockMs,
    reportMs,
    tickMs: ({ functionId }) => {
      rng.seed(deriveKey(seed, "simulator", "tick phase", functionId), 0, 0);
      return draw(rng, TICK_STEPS, periods.tickMs);
    },
  };
}

/** Reports and ticks at whole periods since the deployment, reports first. */
export function alignedPhases({ reportMs, tickMs }: PhasePeriods): AutoscalerPhases {
  return { clockMs: 0, reportMs, tickMs: () => tickMs };
}

/** One of so many parts of a period, above 0. */
function draw(rng: Rng, steps: number, periodMs: number): number {
  return (1 + Math.floor(rng.nextFloat() * steps)) / steps * periodMs;
}

/** Functions by their phase, in the order in which their ticks are. */
export class PhaseGroups {
  readonly #phasesMs: readonly number[];
  readonly #members: readonly Int32Array[];

  constructor(phasesMs: Float64Array) {
    const groups = new Map<number, number[]>();
    phasesMs.forEach((phaseMs, index) => {
      const those = groups.get(phaseMs);
      if (those === undefined) groups.set(phaseMs, [index]);
      else those.push(index);
    });
    const sorted = [...groups].sort(([a], [b]) => a - b);
    this.#phasesMs = sorted.map(([phaseMs]) => phaseMs);
    this.#members = sorted.map(([, members]) => Int32Array.from(members));
  }

  get size(): number {
    return this.#members.length;
  }

  phaseMs(group: number): number {
    return this.#phasesMs[group];
  }

  /** Indices of functions. */
  members(group: number): Int32Array {
    return this.#members[group];
  }
}
