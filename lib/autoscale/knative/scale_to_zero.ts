import { checkField } from "../field_check.ts";
import { KNATIVE_DEFAULTS, withDefaults } from "./knative_defaults.ts";

/** Options of {@linkcode ScaleToZero}; all have Knative's defaults. */
export interface ScaleToZeroOptions {
  /** Where false, the last instance stays for ever. */
  readonly enableScaleToZero?: boolean;
  /** A function stays active for at least this long. */
  readonly stableWindowMs?: number;
  /**
   * How long the activator must have been in the path before the last instances go, so
   * that every proxy knows by then that requests are to go through it.
   */
  readonly gracePeriodMs?: number;
  /** How long the last instances stay at least once the function is inactive. */
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
  /**
   * Capacity beyond the present load and the target burst, in requests. Where there is
   * some, requests go past the activator; below 0, the default, they go through it.
   */
  readonly excessBurstCapacity?: number;
}

/**
 * Holds a scale of zero back until it may be applied. As `handleScaleToZero` in
 * `pkg/reconciler/autoscaling/kpa/scaler.go`: a function that is
 *
 * - *activating* (wanted, none ready) keeps its scale until one is ready or the
 *   activation times out;
 * - *active* goes down to one until it has been active for the stable window,
 *   then becomes inactive;
 * - *inactive* gets none once the activator has been in the path for the grace
 *   period. Where it always is (a target burst capacity of −1, or one that the
 *   instances never reach), that is at once, which Knative calls its fast path.
 *
 * @example
 * ```ts
 * import { ScaleToZero } from "./scale_to_zero.ts";
 * const gate = new ScaleToZero({ stableWindowMs: 6000, gracePeriodMs: 1000 });
 * // There is room for more: requests go past the activator.
 * gate.apply({ tMs: 0, desired: 2, ready: 2, excessBurstCapacity: 5 });
 * if (gate.apply({ tMs: 6000, desired: 0, ready: 2 }) !== 2) throw new Error("no grace");
 * if (gate.apply({ tMs: 7000, desired: 0, ready: 2 }) !== 0) throw new Error("grace is over");
 * ```
 */
export class ScaleToZero {
  readonly #enabled: boolean;
  readonly #stableWindowMs: number;
  readonly #gracePeriodMs: number;
  readonly #retentionMs: number;
  readonly #activationTimeoutMs: number;
  #state: "activating" | "active" | "inactive";
  #sinceMs: number;
  /** Since when requests go through the activator; `undefined` while they do not. */
  #proxiedSinceMs: number | undefined;
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
    this.#gracePeriodMs = fields.gracePeriodMs;
    this.#retentionMs = fields.lastPodRetentionMs;
    this.#activationTimeoutMs = fields.activationTimeoutMs;
    this.#applied = fields.initialScale;
    this.#state = fields.initialScale > 0 ? "activating" : "inactive";
    this.#sinceMs = fields.createdMs;
    this.#proxiedSinceMs = fields.createdMs;
  }

  /** The scale to apply; times must not decrease from call to call. */
  apply({ tMs, desired, ready, excessBurstCapacity = -1 }: ScaleToZeroInput): number {
    const wanted = this.#enabled ? desired : Math.max(1, desired);
    if (wanted > 0) this.#enter(ready > 0 ? "active" : "activating", tMs);
    this.#applied = wanted > 0 ? wanted : this.#holdBack(tMs, ready);
    if (excessBurstCapacity >= 0 && this.#state !== "inactive") this.#proxiedSinceMs = undefined;
    else this.#proxiedSinceMs ??= tMs;
    return this.#applied;
  }

  /** An instance has become ready: a function that was activating is active since then. */
  noteReady(tMs: number): void {
    if (this.#state === "activating") this.#enter("active", tMs);
  }

  /** While nothing is wanted: before this time the scale to apply stays what it was last. */
  get heldUntilMs(): number {
    if (this.#state === "activating") return this.#sinceMs + this.#activationTimeoutMs;
    if (this.#state === "active") return this.#sinceMs + this.#stableWindowMs;
    return this.#zeroFromMs;
  }

  /** When an inactive function may get none. */
  get #zeroFromMs(): number {
    const proxiedSinceMs = this.#proxiedSinceMs ?? this.#sinceMs;
    return Math.max(
      this.#sinceMs + this.#retentionMs,
      Math.min(this.#sinceMs, proxiedSinceMs) + this.#gracePeriodMs,
    );
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
    return tMs < this.#zeroFromMs ? this.#applied : 0;
  }

  #enter(state: "activating" | "active" | "inactive", tMs: number): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#sinceMs = tMs;
  }
}
