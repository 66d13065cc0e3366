import { checkField } from "../field_check.ts";
import {
  type AutoscalingFields,
  deriveTargetValue,
  KNATIVE_DEFAULTS,
  withDefaults,
} from "./knative_defaults.ts";
import { MaximumWindow } from "./metric_window.ts";

/** What a {@linkcode KnativeDecider} goes by; what is not given is as in `KNATIVE_DEFAULTS`. */
export type DeciderFields = Partial<
  Pick<
    AutoscalingFields,
    | "maxScaleUpRate"
    | "maxScaleDownRate"
    | "totalValue"
    | "targetUtilization"
    | "targetValue"
    | "targetBurstCapacity"
    | "panicThreshold"
    | "stableWindowMs"
    | "scaleDownDelayMs"
    | "activationScale"
    | "reachable"
    | "initialReady"
    | "createdMs"
    | "tickMs"
  >
>;

/** What a decision is made from. */
export interface DeciderInput {
  readonly tMs: number;
  /** Average load over the stable window. */
  readonly stable: number;
  /** Average load over the panic window. */
  readonly panic: number;
  /** Instances that are ready now. */
  readonly ready: number;
}

/** What a {@linkcode KnativeDecider} decides. */
export interface Decision {
  /** Instances that there should be. */
  readonly desired: number;
  /** Capacity beyond the present load and the target burst, in requests; negative: too little. */
  readonly excessBurstCapacity: number;
}

/**
 * How many instances a function should have, given its load: the same decisions
 * as Knative's autoscaler (`autoscaler.Scale` in
 * `pkg/autoscaler/scaling/autoscaler.go`). Bounds such as the largest scale and
 * the grace before zero come after it: see `function_scaler.ts`. It is equal to
 * release 0.42, where a scale-down delay holds for unreachable functions too.
 *
 * @example
 * ```ts
 * import { KnativeDecider } from "./knative_decider.ts";
 * const decider = new KnativeDecider({ targetValue: 1, totalValue: 1 });
 * const { desired } = decider.decide({ tMs: 2000, stable: 2.5, panic: 2.5, ready: 2 });
 * if (desired !== 3) throw new Error("2.5 requests need 3 instances");
 * ```
 */
export class KnativeDecider {
  readonly #fields: Required<DeciderFields>;
  readonly #delayed: MaximumWindow | undefined;
  /** The last time over the threshold; `undefined` when not in panic. */
  #panicSinceMs: number | undefined;
  /** The largest scale of this panic. */
  #panicScale: number;

  /** @throws {LoaderError} `usage` when a field is out of its range */
  constructor(fields: DeciderFields = {}) {
    const set = withDefaults<Required<DeciderFields>>(KNATIVE_DEFAULTS, fields);
    const targetValue = fields.targetValue ??
      deriveTargetValue(set.totalValue, set.targetUtilization);
    checkField("maxScaleUpRate", set.maxScaleUpRate, { above: 1 });
    checkField("maxScaleDownRate", set.maxScaleDownRate, { above: 1 });
    checkField("totalValue", set.totalValue, { above: 0 });
    checkField("targetUtilization", set.targetUtilization, { above: 0, most: 1 });
    checkField("targetValue", targetValue, { above: 0 });
    // Knative allows −1, for "unlimited", but nothing else below 0.
    if (set.targetBurstCapacity !== -1) {
      checkField("targetBurstCapacity (if not -1)", set.targetBurstCapacity, { least: 0 });
    }
    checkField("panicThreshold", set.panicThreshold, { above: 0 });
    checkField("stableWindowMs", set.stableWindowMs, { above: 0 });
    checkField("scaleDownDelayMs", set.scaleDownDelayMs, { least: 0 });
    checkField("activationScale", set.activationScale, { least: 0, integer: true });
    checkField("initialReady", set.initialReady, { least: 0, integer: true });
    checkField("createdMs", set.createdMs, {});
    checkField("tickMs", set.tickMs, { above: 0 });
    this.#fields = { ...set, targetValue };
    // A window of a single bucket is not the same as none: it would merge two
    // decisions of one tick.
    this.#delayed = set.scaleDownDelayMs > 0
      ? new MaximumWindow(set.scaleDownDelayMs, set.tickMs)
      : undefined;
    this.#panicSinceMs = set.initialReady > 1 ? set.createdMs : undefined;
    this.#panicScale = set.initialReady;
  }

  /** The last decision was made in panic: the scale does not fall. */
  get panicking(): boolean {
    return this.#panicSinceMs !== undefined;
  }

  /** Until then the panic lasts at least; `-Infinity` when there is none. */
  get panicUntilMs(): number {
    return this.#panicSinceMs === undefined
      ? -Infinity
      : this.#panicSinceMs + this.#fields.stableWindowMs;
  }

  /** Decides the scale; times must not decrease from call to call. */
  decide({ tMs, stable, panic, ready }: DeciderInput): Decision {
    const readyOrOne = Math.max(1, ready);
    const wantedByStable = Math.ceil(stable / this.#fields.targetValue);
    const wantedByPanic = Math.ceil(panic / this.#fields.targetValue);

    this.#updatePanic(tMs, wantedByPanic / readyOrOne >= this.#fields.panicThreshold);

    let desired = this.#limit(wantedByStable, readyOrOne);
    if (this.panicking) {
      this.#panicScale = Math.max(
        this.#panicScale,
        desired,
        this.#limit(wantedByPanic, readyOrOne),
      );
      desired = this.#panicScale;
    }
    if (this.#delayed !== undefined) desired = this.#delayed.record(tMs, desired);
    return { desired, excessBurstCapacity: this.#excessBurstCapacity(ready, panic) };
  }

  #updatePanic(tMs: number, overThreshold: boolean): void {
    if (overThreshold) {
      this.#panicSinceMs = tMs;
    } else if (
      this.#panicSinceMs !== undefined && this.panicUntilMs < tMs
    ) {
      this.#panicSinceMs = undefined;
      this.#panicScale = 0;
    }
  }

  /** Keeps a scale within what the rates allow, and above the activation scale. */
  #limit(wanted: number, readyOrOne: number): number {
    // Rounding outwards lets even a slow rate move by one instance.
    const most = Math.ceil(this.#fields.maxScaleUpRate * readyOrOne);
    const least = this.#fields.reachable
      ? Math.floor(readyOrOne / this.#fields.maxScaleDownRate)
      : 0;
    const limited = Math.min(Math.max(wanted, least), most);
    const activates = this.#fields.activationScale > 1 && wanted > 0;
    return activates ? Math.max(limited, this.#fields.activationScale) : limited;
  }

  #excessBurstCapacity(ready: number, panic: number): number {
    const target = this.#fields.targetBurstCapacity;
    if (target <= 0) return target;
    return Math.floor(ready * this.#fields.totalValue - target - panic);
  }
}
