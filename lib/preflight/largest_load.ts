import { untilAborted } from "../base/signal.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import type { CommonOptions } from "../run/common_options.ts";
import type { Experiment, LoadSize } from "../run/experiment.ts";
import type { PlannedLoad } from "../run/plan_block.ts";
import { derivePlan, holdsMoreThan } from "../schedule/plan.ts";
import { BEYOND_P99, judgePlatformFit } from "./platform_fit.ts";
import type { PreflightOptions, PreflightValues } from "./preflight_options.ts";
import { NoPlaceError, Rehearsal, type Simulate } from "./rehearsal.ts";
import { deriveRunExpectation } from "./run_expectation.ts";

/** Sizes that are tried at most: enough for any between one and millions. */
const MOST_TRIALS = 24;

/** What became of one size that was tried. */
export interface SizeTrial {
  readonly size: number;
  readonly fits: boolean;
  /** `false`: it was too large to try, and may fit all the same. */
  readonly wasTried: boolean;
  /** Why not, a phrase. */
  readonly reason: string | null;
}

/** What {@linkcode searchLargest} found. */
export interface LargestLoad {
  /** The largest size that was tried and fits; `null`: none of them. */
  readonly size: number | null;
  /** The smallest above it that does not, or was too large to try; `null`: the largest there is fits. */
  readonly next: SizeTrial | null;
  /** In the order of trying. */
  readonly trials: readonly SizeTrial[];
}

/** Options of {@linkcode searchLargest}. */
export interface LargestLoadSearch {
  /** Tried first. */
  readonly asked: number;
  /** No size is larger. */
  readonly most: number;
  readonly mostTrials: number;
  readonly attempt: (size: number) => Promise<SizeTrial>;
}

/**
 * Looks for the largest size that fits: doubles from the size that is asked for
 * while it fits, then bisects between what fits and what does not. It takes for
 * granted that what is larger than a size that does not fit does not either, and
 * what is larger than one that is too large to try is so too. It stops with a gap
 * between `size` and `next` after `mostTrials`.
 *
 * @example
 * ```ts
 * import { searchLargest } from "./largest_load.ts";
 * const attempt = (size: number) =>
 *   Promise.resolve({ size, fits: size <= 41, wasTried: true, reason: null });
 * const { size, next } = await searchLargest({ asked: 18, most: 200, mostTrials: 20, attempt });
 * if (size !== 41 || next?.size !== 42) throw new Error("41 fit, and 42 do not");
 * ```
 */
export async function searchLargest(search: LargestLoadSearch): Promise<LargestLoad> {
  const { most, mostTrials, attempt } = search;
  const trials: SizeTrial[] = [];
  let fitting = 0;
  let next: SizeTrial | null = null;
  let size = Math.min(search.asked, most);
  while (trials.length < mostTrials) {
    const trial = await attempt(size);
    trials.push(trial);
    if (trial.fits) fitting = size;
    else next = trial;
    if (fitting === (next?.size ?? most + 1) - 1) break;
    size = next === null
      ? Math.min(2 * fitting, most)
      : fitting + Math.floor((next.size - fitting) / 2);
  }
  return { size: fitting === 0 ? null : fitting, next, trials };
}

/** The largest load that fits, in what its experiment counts. */
export interface PreflightLargest extends LargestLoad {
  readonly unit: string;
  readonly asked: number;
}

/**
 * Looks for the largest load of an experiment that the simulated platform carries.
 *
 * @throws LoaderError `usage` or `input` for what the experiment would refuse too
 */
export async function findLargest<O extends OptionTable>(
  experiment: Experiment<O>,
  loadSize: LoadSize<OptionValues<O> & CommonOptions>,
  options: PreflightValues<O>,
  simulate: Simulate,
  signal: AbortSignal,
): Promise<PreflightLargest> {
  const asked = loadSize.asked(options);
  const attempt = async (size: number): Promise<SizeTrial> => {
    const sized = { ...options, ...loadSize.withSize(options, size) };
    const { runs } = await untilAborted(signal, experiment.plan(sized));
    await using rehearsal = new Rehearsal(sized, simulate, signal);
    // Schedules of a folder are those of the planned sizes alone.
    for (const run of runs) {
      signal.throwIfAborted();
      if (await holdsMoreThan(options.mostInvocations, run.schedule, signal)) {
        const reason = `not tried: the invocations of ${run.name} are ${moreThan(options)}`;
        return { size, fits: false, wasTried: false, reason };
      }
      const plan = await derivePlan(run.schedule, signal);
      const reason = plan.invocations === 0
        ? null
        : await findObstacle({ run, plan }, rehearsal, sized, signal);
      if (reason !== null) return { size, fits: false, wasTried: true, reason };
    }
    return { size, fits: true, wasTried: true, reason: null };
  };
  const most = await loadSize.most(options);
  const search = { asked, most, mostTrials: MOST_TRIALS, attempt };
  return { unit: loadSize.unit, asked, ...await searchLargest(search) };
}

/** Why a run does not fit, told as soon as it is clear; `null` if it does. */
async function findObstacle<O extends OptionTable>(
  load: PlannedLoad,
  rehearsal: Rehearsal,
  options: PreflightValues<O>,
  signal: AbortSignal,
): Promise<string | null> {
  const { limitSlowdown, limitNotOk } = options;
  const { invocations } = load.plan;
  try {
    const giveUp = {
      slowdown: limitSlowdown,
      mostSlow: BEYOND_P99 * invocations,
      mostNotOk: limitNotOk * invocations,
    };
    const rehearsed = await rehearsal.rehearse(load, giveUp);
    const expectation = await deriveRunExpectation(load, rehearsed, limitSlowdown, signal);
    const fit = judgePlatformFit(expectation, expectation.simulated!, rehearsed, options);
    return fit.word === "does not fit" ? fit.reason : null;
  } catch (error) {
    if (!(error instanceof NoPlaceError)) throw error;
    return error.message;
  }
}

/** What is said of a run that is too large to be simulated, a phrase. */
export function moreThan({ mostInvocations }: PreflightOptions): string {
  return `more than --most-invocations, ${mostInvocations.toLocaleString("en")}`;
}
