import { LoaderError } from "../base/error.ts";
import { type CalibrationStep, judgeByCalibration, readCalibration } from "./calibration.ts";
import type { CommonOptions } from "./common_options.ts";
import { pacingOf } from "./create_platform.ts";
import { localCores } from "./machine_facts.ts";
import { demandWarnings, type PlannedLoad } from "./plan_block.ts";
import { verdictLimits } from "./verdict_limits.ts";

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
    this.#cores = options.platform === "local" ? localCores() : null;
    // On virtual time any load is generated, however long it takes.
    const { calibration, note } = options.platform === "simulator"
      ? { calibration: null, note: null }
      : readCalibration(options.calibration);
    // What was measured is the usual way of calling.
    const isCalibratedWay = options.transport === "http2" && options.connections === "shared";
    this.#steps = isCalibratedWay ? calibration?.steps[pacingOf(options)] ?? [] : [];
    this.#note = isCalibratedWay || calibration === null
      ? note
      : `This machine was not calibrated for --transport ${options.transport} with ` +
        `--connections ${options.connections}.`;
  }

  /** Sentences that a person should know before the load. */
  warnings(loads: readonly PlannedLoad[]): string[] {
    const warnings = demandWarnings(loads, this.#cores);
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
