import { checkField } from "../field_check.ts";
import { KNATIVE_DEFAULTS, withDefaults } from "./knative_defaults.ts";

/** Options of {@linkcode ScaleToZero}; all have Knative's defaults. */
export interface ScaleToZeroOptions {
  /** Where false, the last instance stays for ever. */
  readonly enableScaleToZero?: boolean;
  /** A function stays active for at least this long. */
  readonly stableWindowMs?: number;
  /** How long the last instances stay once the function is inactive. */
  readonly gracePeriodMs?: number;
  /** The same again as a wish of the user's; the longer of the two counts. */
  readonly lastPodRetentionMs?: number;
  /** How long an instance may take to become ready while nobody wants it any more. */
  readonly activationTimeoutMs?: number;
  /** Instances that the function is deployed with. */
  readonly initialScale?: number;
  /** When it is deployed; 0 when not given. */
  readonly createdMs?: number;
}

/** What a {@linkcode ScaleToZero} is asked with. */
export interface ScaleToZeroInput {
  readonly tMs: number;
  /** The scale that was decided on, within its bounds. */
  readonly desired: number;
  /** Instances that are ready now. */
  readonly ready: number;
}

/**
 * Holds a scale of zero back until it may be applied. As `handleScaleToZero` in
 * `pkg/reconciler/autoscaling/kpa/scaler.go`: a function that is
 *
 * - *activating* (wanted, none ready) keeps its scale until one is ready or the
 *   activation times out;
 * - *active* goes down to one until it has been active for the stable window,
 *   then becomes inactive;
 * - *inactive* keeps its scale for the grace period, then gets none.
 *
 * Knative takes a short cut through the grace period where its activator has
 * been in the path for as long already; here the period is always waited for.
 *
 * @example
 * ```ts
 * import { ScaleToZero } from "./scale_to_zero.ts";
 * const gate = new ScaleToZero({ stableWindowMs: 6000, gracePeriodMs: 1000 });
 * gate.apply({ tMs: 0, desired: 2, ready: 2 });
 * if (gate.apply({ tMs: 6000, desired: 0, ready: 2 }) !== 2) throw new Error("no grace");
 * if (gate.apply({ tMs: 7000, desired: 0, ready: 2 }) !== 0) throw new Error("grace is over");
 * ```
 */
export class ScaleToZero {
  readonly #enabled: boolean;
  readonly #stableWindowMs: number;
  readonly #inactiveMs: number;
  readonly #activationTimeoutMs: number;
  #state: "activating" | "active" | "inactive";
  #sinceMs: number;
  #applied: number;

  /** @throws {LoaderError} `usage` when a field is out of its range */
  constructor(options: ScaleToZeroOptions = {}) {
    const fields = withDefaults<Required<ScaleToZeroOptions>>({
      enableScaleToZero: KNATIVE_DEFAULTS.enableScaleToZero,
      stableWindowMs: KNATIVE_DEFAULTS.stableWindowMs,
      gracePeriodMs: KNATIVE_DEFAULTS.scaleToZeroGraceMs,
      lastPodRetentionMs: KNATIVE_DEFAULTS.lastPodRetentionMs,
      activationTimeoutMs: KNATIVE_DEFAULTS.activationTimeoutMs,
      initialScale: 0,
      createdMs: 0,
    }, options);
    checkField("stableWindowMs", fields.stableWindowMs, { above: 0 });
    checkField("gracePeriodMs", fields.gracePeriodMs, { least: 0 });
    checkField("lastPodRetentionMs", fields.lastPodRetentionMs, { least: 0 });
    checkField("activationTimeoutMs", fields.activationTimeoutMs, { least: 0 });
    checkField("initialScale", fields.initialScale, { least: 0, integer: true });
    checkField("createdMs", fields.createdMs, {});
    this.#enabled = fields.enableScaleToZero;
    this.#stableWindowMs = fields.stableWindowMs;
    this.#inactiveMs = Math.max(fields.gracePeriodMs, fields.lastPodRetentionMs);
    this.#activationTimeoutMs = fields.activationTimeoutMs;
    this.#applied = fields.initialScale;
    this.#state = fields.initialScale > 0 ? "activating" : "inactive";
    this.#sinceMs = fields.createdMs;
  }

  /** The scale to apply; times must not decrease from call to call. */
  apply({ tMs, desired, ready }: ScaleToZeroInput): number {
    const wanted = this.#enabled ? desired : Math.max(1, desired);
    this.#applied = wanted > 0 ? wanted : this.#holdBack(tMs, ready);
    if (wanted > 0) this.#enter(ready > 0 ? "active" : "activating", tMs);
    return this.#applied;
  }

  /** While nothing is wanted: before this time the scale to apply stays what it was last. */
  get heldUntilMs(): number {
    if (this.#state === "activating") return this.#sinceMs + this.#activationTimeoutMs;
    if (this.#state === "active") return this.#sinceMs + this.#stableWindowMs;
    return this.#sinceMs + this.#inactiveMs;
  }

  #holdBack(tMs: number, ready: number): number {
    if (this.#state === "activating") {
      if (ready > 0) {
        this.#enter("active", tMs);
      } else {
        if (tMs - this.#sinceMs < this.#activationTimeoutMs) return this.#applied;
        this.#enter("inactive", tMs);
        return 0;
      }
    }
    if (this.#state === "active") {
      if (tMs - this.#sinceMs < this.#stableWindowMs) return 1;
      this.#enter("inactive", tMs);
    }
    return tMs - this.#sinceMs < this.#inactiveMs ? this.#applied : 0;
  }

  #enter(state: "activating" | "active" | "inactive", tMs: number): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#sinceMs = tMs;
  }
}
