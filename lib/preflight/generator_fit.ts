import { deriveSustainedRatePerS } from "../run/calibration.ts";
import { traitsOf } from "../platform/registry.ts";
import { type CommonOptions, verdictLimits } from "../run/common_options.ts";
import { type Fit, judgeLimits, type LimitReading } from "./fit.ts";
import { judgeByCalibration, readCalibratedSteps } from "../run/load_judge.ts";
import type { PlannedLoad } from "../run/plan_block.ts";

/** How well this machine can make the loads. */
export interface GeneratorFit extends Fit {
  /** Invocations due in the fullest second of all runs. */
  readonly peakRatePerS: number;
  /** The highest rate at which the machine kept its time; `null`: never measured. */
  readonly sustainedRatePerS: number | null;
  /** Most invocations in flight; `null` where no run was simulated. */
  readonly peakInFlight: number | null;
  readonly maxInFlight: number;
}

/** Calls in flight as a simulation has them. */
export interface InFlight {
  readonly peak: number;
  /** Invocations that found the cap reached. */
  readonly dropped: number;
}

/**
 * Judges whether this machine can generate the loads: their fullest second
 * against the calibration, the calls in flight against the cap.
 *
 * @param inFlight `null` where no run was simulated
 * @throws LoaderError `input` or `usage` when the calibration cannot be read
 */
export function judgeGeneratorFit(
  loads: readonly PlannedLoad[],
  inFlight: InFlight | null,
  options: CommonOptions,
): GeneratorFit {
  const peakRatePerS = Math.max(0, ...loads.map(({ plan }) => plan.peakRatePerS));
  const limits = verdictLimits(options);
  const { steps, note } = readCalibratedSteps(options);
  const sustained = steps.length === 0 ? null : deriveSustainedRatePerS(steps, limits);
  const { warnings, refusal } = steps.length === 0
    ? { warnings: [], refusal: null }
    : judgeByCalibration(loads, steps, limits);
  const readings: LimitReading[] = [];
  if (inFlight !== null) readings.push(readInFlight(inFlight, options.maxInFlight));
  if (sustained !== null) readings.push(readRate(peakRatePerS, sustained, refusal));
  const fit = readings.length === 0 ? null : judgeLimits(readings);
  const figures = {
    peakRatePerS,
    sustainedRatePerS: sustained,
    peakInFlight: inFlight?.peak ?? null,
    maxInFlight: options.maxInFlight,
  };
  if (fit !== null && fit.word === "does not fit") return { ...figures, ...fit };
  if (traitsOf(options.platform).isVirtual) {
    const reason = "time is virtual: any load is made";
    return { ...figures, word: "fits", reason, limits: readings };
  }
  if (sustained === null) {
    const reason = note ?? 'not calibrated yet: "deno task calibrate" takes a minute';
    return { ...figures, word: "unknown", reason, limits: readings };
  }
  return warnings.length === 0
    ? { ...figures, ...fit! }
    : { ...figures, word: "tight", reason: warnings[0], limits: readings };
}

function readRate(peakRatePerS: number, sustained: number, refusal: string | null): LimitReading {
  return {
    name: "rate",
    share: sustained === 0 ? Infinity : peakRatePerS / sustained,
    crossed: refusal !== null,
    sinceMs: null,
    phrase: refusal ??
      `up to ${peakRatePerS} invocations in a second, of ${Math.round(sustained)} at which it ` +
        "kept its time when it was calibrated",
  };
}

function readInFlight({ peak, dropped }: InFlight, cap: number): LimitReading {
  const level = `up to ${peak} calls in flight of ${cap} (--max-in-flight)`;
  return {
    name: "calls in flight",
    share: peak / cap,
    crossed: dropped > 0,
    sinceMs: null,
    phrase: dropped > 0 ? `${level}, and ${dropped} invocations are dropped` : level,
  };
}
