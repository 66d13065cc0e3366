import { LoaderError } from "../../base/error.ts";
import { Rng } from "../../base/rng.ts";
import { deriveJointIntervals, drawBlockWeights } from "../../stats/block_bootstrap.ts";
import { type BlockedRuns, BLOCKS_PER_RUN, createBlockedRuns, type CutRun } from "./blocked_run.ts";
import type { ComparedMetric } from "./compared_metric.ts";

/** Options of {@linkcode compareRuns}. */
export interface CompareOptions {
  /** Of the draws; 42 by default. */
  readonly seed?: number;
  /** Number of draws; 1000 by default. */
  readonly draws?: number;
  /** In (0, 1): of each interval, and of all of them together; 0.99 by default. */
  readonly confidence?: number;
}

/** Two values of a metric, and how far the second is from the first. */
export interface MetricComparison extends ComparedMetric {
  readonly a: number;
  readonly b: number;
  /** In parts of `a` where `by` is `ratio`, else `b` − `a`; `null`: they cannot be compared. */
  readonly change: number | null;
  /** Interval of the change; `null`: unknown. */
  readonly interval: ChangeInterval | null;
  /** Interval of the change that holds with those of all other metrics. */
  readonly jointInterval: ChangeInterval | null;
  /** True if 0 lies outside of `jointInterval`. */
  readonly isClear: boolean;
}

/** Bounds of a change. */
export interface ChangeInterval {
  readonly low: number;
  readonly high: number;
}

/** What comparing the runs of two sides came to. */
export interface RunComparison {
  readonly metrics: readonly MetricComparison[];
  /** True if invocations of both sides are the same: what both have in common cancels out. */
  readonly isPaired: boolean;
  /** Runs of each side. */
  readonly runs: readonly [a: number, b: number];
  /** True if whole runs are drawn too, so that the intervals tell what differs from run to run. */
  readonly drawsRuns: boolean;
}

/** With fewer runs of a side, drawing among them says less than it seems to. */
const LEAST_RUNS_DRAWN = 5;

/**
 * Compares runs of the same load on two sides, such as two platforms or versions, by
 * every metric that both have: how far the second side is from the first, with
 * intervals by a bootstrap of parts of the runs. Where the schedules of a pair of runs
 * are the same, both sides' parts are drawn together.
 *
 * @param a runs of the first side, repetitions of one another
 * @param b runs of the second side; the i-th is paired with the i-th of `a` where all schedules
 *   are the same
 * @throws LoaderError `input` when a side has no run, or one nothing that is measured
 */
export function compareRuns(
  a: readonly CutRun[],
  b: readonly CutRun[],
  { seed = 42, draws = 1000, confidence = 0.99 }: CompareOptions = {},
): RunComparison {
  for (const side of [a, b]) {
    if (side.length === 0) throw new LoaderError("input", "There is no run to compare.");
  }
  const isPaired = a.length === b.length &&
    a.every(({ run }, i) => run.manifest.scheduleHash === b[i].run.manifest.scheduleHash);
  const sides = [createBlockedRuns(a), createBlockedRuns(b)] as const;
  const drawsRuns = Math.min(a.length, b.length) >= LEAST_RUNS_DRAWN;
  const common = sides[0].metrics.flatMap((metric, indexA) => {
    const indexB = sides[1].metrics.findIndex(({ name }) => name === metric.name);
    return indexB < 0 ? [] : [{ metric, indexA, indexB }];
  });
  const changesOf = (weightsA: ArrayLike<number>, weightsB: ArrayLike<number>) => {
    const valuesA = sides[0].valuesAt(weightsA);
    const valuesB = sides[1].valuesAt(weightsB);
    return common.map(({ metric, indexA, indexB }) => ({
      a: valuesA[indexA],
      b: valuesB[indexB],
      change: scaleChange(metric, valuesA[indexA], valuesB[indexB]),
    }));
  };
  const found = changesOf(onesFor(sides[0]), onesFor(sides[1]));
  const replicates = found.map(() => new Float64Array(draws));
  const rng = Rng.fromSeed(seed, "compare");
  const drawA = new WeightDraw(rng, a.length, drawsRuns);
  const drawB = isPaired ? drawA : new WeightDraw(rng, b.length, drawsRuns);
  for (let draw = 0; draw < draws; draw++) {
    const weightsA = drawA.next();
    const weightsB = isPaired ? weightsA : drawB.next();
    for (const [i, { change }] of changesOf(weightsA, weightsB).entries()) {
      replicates[i][draw] = change;
    }
  }
  const intervals = deriveJointIntervals(
    { estimates: found.map(({ change }) => change), draws: replicates },
    confidence,
    drawsRuns ? Math.min(a.length, b.length) : BLOCKS_PER_RUN * Math.min(a.length, b.length),
  );
  return {
    isPaired,
    runs: [a.length, b.length],
    drawsRuns,
    metrics: common.map(({ metric }, i) => {
      const { low, high, jointLow, jointHigh } = intervals[i];
      const jointInterval = intervalOf(metric, jointLow, jointHigh);
      return {
        ...metric,
        a: found[i].a,
        b: found[i].b,
        change: Number.isFinite(found[i].change) ? changeOf(metric, found[i].change) : null,
        interval: intervalOf(metric, low, high),
        jointInterval,
        isClear: jointInterval !== null && (jointInterval.low > 0 || jointInterval.high < 0),
      };
    }),
  };
}

/** On the scale on which changes add up: the logarithm of a ratio. */
function scaleChange({ by }: ComparedMetric, a: number, b: number): number {
  if (by === "difference") return b - a;
  return a === b && a === 0 ? 0 : Math.log(b / a);
}

function changeOf({ by }: ComparedMetric, scaled: number): number {
  return by === "difference" ? scaled : Math.expm1(scaled);
}

function intervalOf(metric: ComparedMetric, low: number, high: number): ChangeInterval | null {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return null;
  return { low: changeOf(metric, low), high: changeOf(metric, high) };
}

function onesFor({ blocks }: BlockedRuns): Uint32Array {
  return new Uint32Array(blocks).fill(1);
}

/** Draws how often each part of each run counts. */
class WeightDraw {
  readonly #rng: Rng;
  readonly #runs: number;
  readonly #drawsRuns: boolean;
  readonly #part = new Uint32Array(BLOCKS_PER_RUN);
  readonly #ofRuns: Uint32Array;

  constructor(rng: Rng, runs: number, drawsRuns: boolean) {
    this.#rng = rng;
    this.#runs = runs;
    this.#drawsRuns = drawsRuns;
    this.#ofRuns = new Uint32Array(runs).fill(1);
  }

  next(): Uint32Array {
    const weights = new Uint32Array(this.#runs * BLOCKS_PER_RUN);
    if (this.#drawsRuns) drawBlockWeights(this.#rng, this.#runs, this.#ofRuns);
    for (let run = 0; run < this.#runs; run++) {
      for (let time = 0; time < this.#ofRuns[run]; time++) {
        drawBlockWeights(this.#rng, BLOCKS_PER_RUN, this.#part);
        for (let i = 0; i < BLOCKS_PER_RUN; i++) {
          weights[run * BLOCKS_PER_RUN + i] += this.#part[i];
        }
      }
    }
    return weights;
  }
}
