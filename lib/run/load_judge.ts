import type { VerdictLimits } from "../store/schema/manifest.ts";
import { LoaderError } from "../base/error.ts";
import {
  type CalibrationStep,
  deriveSustainedRatePerS,
  readCalibration,
  wasReached,
} from "./calibration.ts";
import { traitsOf } from "../platform/registry.ts";
import { type CommonOptions, verdictLimits } from "./common_options.ts";
import { describeCpuLimit, localCores } from "./machine_facts.ts";
import { cutWarnings, demandWarnings, expiryWarnings, type PlannedLoad } from "./plan_block.ts";

/** The steps of the calibration that count for a way of calling. */
export interface CalibratedSteps {
  /** Empty where nothing is known. */
  readonly steps: readonly CalibrationStep[];
  /** A sentence where there is a calibration that does not count. */
  readonly note: string | null;
}

/**
 * What this machine was calibrated for of what the options ask for.
 *
 * @throws LoaderError `input` or `usage` when the calibration cannot be read
 */
export function readCalibratedSteps(options: CommonOptions): CalibratedSteps {
  // On virtual time any load is generated, however long it takes.
  if (traitsOf(options.platform).isVirtual) return { steps: [], note: null };
  const { calibration, note } = readCalibration(options.calibration);
  if (calibration === null) return { steps: [], note };
  // What was measured is the usual way of calling.
  if (options.transport === "http2" && options.connections === "shared") {
    return { steps: calibration.steps, note };
  }
  return {
    steps: [],
    note: `This machine was not calibrated for --transport ${options.transport} with ` +
      `--connections ${options.connections}; the verdict of its run will tell.`,
  };
}

/** What a calibration says of the loads of an experiment. */
export interface CalibrationJudgement {
  /** A sentence for each load whose fullest second is beyond what held the limits. */
  readonly warnings: readonly string[];
  /** A sentence where a load is beyond what this machine reached at all, on average. */
  readonly refusal: string | null;
}

/** Whether this machine can generate the loads, as far as its calibration tells. */
export function judgeByCalibration(
  loads: readonly PlannedLoad[],
  steps: readonly CalibrationStep[],
  limits: VerdictLimits,
): CalibrationJudgement {
  const sustained = deriveSustainedRatePerS(steps, limits);
  const reached = Math.max(0, ...steps.map(({ dispatchedPerS }) => dispatchedPerS));
  // Where every rate that was tried was reached, the limit lies beyond them, nobody knows where.
  const hasLimit = steps.some((step) => !wasReached(step));
  const warnings: string[] = [];
  let refusal: string | null = null;
  for (const { run, plan } of loads) {
    if (hasLimit && plan.meanRatePerS > reached) {
      refusal ??= `${run.name} asks for ${Math.round(plan.meanRatePerS)} invocations a second on ` +
        `average, and this machine reached ${Math.round(reached)} when it was calibrated; ` +
        "lower the rate, use a larger machine, or have it tried with --beyond-limits flag.";
    }
    if (plan.peakRatePerS > sustained) {
      warnings.push(
        `${run.name} has up to ${plan.peakRatePerS} invocations in a second, and this machine ` +
          (hasLimit || sustained < steps.at(-1)!.ratePerS
            ? `kept its time up to ${Math.round(sustained)} when it was calibrated; expect ` +
              "GENERATOR-LIMITED."
            : `was calibrated only up to ${Math.round(sustained)}.`),
      );
    }
  }
  return { warnings, refusal };
}

/**
 * Judges loads before they are made: whether the platform has the cores for
 * them, and whether this machine can generate them, as far as it was calibrated.
 */
export class LoadJudge {
  /** Cores for functions where they are known. */
  readonly #cores: number | null;
  readonly #steps: readonly CalibrationStep[];
  readonly #note: string | null;
  readonly #options: CommonOptions;

  /** @throws LoaderError `input` or `usage` when the calibration cannot be read */
  constructor(options: CommonOptions) {
    this.#options = options;
    this.#cores = traitsOf(options.platform).sharesMachine ? localCores() : null;
    const { steps, note } = readCalibratedSteps(options);
    this.#steps = steps;
    this.#note = note;
  }

  /** Sentences that a person should know before the load. */
  warnings(loads: readonly PlannedLoad[]): string[] {
    const warnings = [
      ...new Set(loads.flatMap(({ run }) => run.notes ?? [])),
      ...cutWarnings(loads),
      ...demandWarnings(loads, this.#cores),
      ...expiryWarnings(loads, this.#options.timeoutMs),
    ];
    // On virtual time nothing is ever late.
    const limit = traitsOf(this.#options.platform).isVirtual ? null : describeCpuLimit();
    if (limit !== null) warnings.push(limit);
    if (this.#note !== null) warnings.push(this.#note);
    if (this.#steps.length > 0) warnings.push(...this.#judge(loads).warnings);
    return warnings;
  }

  /** @throws LoaderError `usage` when a load is beyond what this machine reached */
  refuseBeyondLimits(loads: readonly PlannedLoad[]): void {
    if (this.#steps.length === 0 || this.#options.beyondLimits === "flag") return;
    const { refusal } = this.#judge(loads);
    if (refusal !== null) throw new LoaderError("usage", refusal);
  }

  #judge(loads: readonly PlannedLoad[]) {
    return judgeByCalibration(loads, this.#steps, verdictLimits(this.#options));
  }
}
