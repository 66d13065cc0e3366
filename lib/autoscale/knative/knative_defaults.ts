/** How the values of a window are averaged; the names are those of Knative's annotation. */
export type AggregationAlgorithm = "linear" | "weighted-exponential";

/** All that an autoscaling policy goes by. Knative's own names are in parentheses. */
export interface AutoscalingFields {
  /** At most this many times the ready instances per decision, above 1 (`max-scale-up-rate`). */
  readonly maxScaleUpRate: number;
  /** At least the ready instances divided by this, above 1 (`max-scale-down-rate`). */
  readonly maxScaleDownRate: number;
  /** The load that one instance can hold, in requests (`container-concurrency-target-default`). */
  readonly totalValue: number;
  /** The part of `totalValue` to aim for, in (0, 1] (`container-concurrency-target-percentage`). */
  readonly targetUtilization: number;
  /** The load per instance to aim for; where not given: `totalValue` × `targetUtilization`. */
  readonly targetValue: number;
  /**
   * Spare capacity wanted, in requests; −1 for unlimited, which keeps the
   * activator in the path always (`target-burst-capacity`).
   */
  readonly targetBurstCapacity: number;
  /**
   * Panic when the load of the panic window is this many times what the ready
   * instances are to take (`panic-threshold-percentage` / 100).
   */
  readonly panicThreshold: number;
  /** The window that decisions outside panic go by (`stable-window`). */
  readonly stableWindowMs: number;
  /** The panic window in percent of the stable one, in [1, 100] (`panic-window-percentage`). */
  readonly panicWindowPercentage: number;
  /** A lower scale is taken once it has been enough for this long (`scale-down-delay`). */
  readonly scaleDownDelayMs: number;
  /** The least scale above zero; 0 or 1 for no such floor (`activation-scale`). */
  readonly activationScale: number;
  /** True if a route leads here; where none does, no rate slows scale-down. */
  readonly reachable: boolean;
  /** Ready instances when the policy starts; above 1 it starts in panic, so as to keep them. */
  readonly initialReady: number;
  /** When the policy starts, on the time line of its decisions. */
  readonly createdMs: number;
  /** Width of a bucket of the metric windows. */
  readonly granularityMs: number;
  /** Time between decisions. */
  readonly tickMs: number;
  /** How windows are averaged (`metric-aggregation-algorithm`). */
  readonly algorithm: AggregationAlgorithm;
  /** Where false, the last instance stays (`enable-scale-to-zero`). */
  readonly enableScaleToZero: boolean;
  /** How long the last instances of an inactive function stay (`scale-to-zero-grace-period`). */
  readonly scaleToZeroGraceMs: number;
  /** The same as a wish; the longer counts (`scale-to-zero-pod-retention-period`). */
  readonly lastPodRetentionMs: number;
  /** How long an instance may take to become ready when it is wanted no more. */
  readonly activationTimeoutMs: number;
  /** Instances to start with, kept until all have been ready once (`initial-scale`). */
  readonly initialScale: number;
  /** The least scale of a reachable function (`min-scale`). */
  readonly minScale: number;
  /** The largest scale; 0 is unlimited (`max-scale`). */
  readonly maxScale: number;
}

/**
 * Knative's own settings: the values of
 * `config/core/configmaps/autoscaler.yaml` of knative/serving, the same since
 * release 0.42; others are cited where they stand.
 */
export const KNATIVE_DEFAULTS: AutoscalingFields = {
  maxScaleUpRate: 1000,
  maxScaleDownRate: 2,
  totalValue: 100,
  targetUtilization: 0.7,
  targetValue: 70,
  targetBurstCapacity: 211,
  panicThreshold: 2,
  stableWindowMs: 60_000,
  panicWindowPercentage: 10,
  scaleDownDelayMs: 0,
  activationScale: 0,
  reachable: true,
  initialReady: 0,
  createdMs: 0,
  // BucketSize in pkg/autoscaler/config/config.go.
  granularityMs: 1000,
  // tickInterval in pkg/autoscaler/scaling/multiscaler.go.
  tickMs: 2000,
  algorithm: "linear",
  enableScaleToZero: true,
  scaleToZeroGraceMs: 30_000,
  lastPodRetentionMs: 0,
  // ProgressDeadlineDefault (600 s) in pkg/deployment/config.go and
  // activationTimeoutBuffer (30 s) in pkg/reconciler/autoscaling/kpa/scaler.go.
  activationTimeoutMs: 630_000,
  initialScale: 1,
  minScale: 0,
  maxScale: 0,
};

/**
 * What the loader's deployments set otherwise: concurrency 1 per instance, all
 * of it used, the activator always in the path, at most 200 instances, none at
 * first.
 */
export const LOADER_OVERRIDES = {
  totalValue: 1,
  targetUtilization: 1,
  targetValue: 1,
  targetBurstCapacity: -1,
  panicWindowPercentage: 10,
  panicThreshold: 2,
  initialScale: 0,
  minScale: 0,
  maxScale: 200,
} satisfies Partial<AutoscalingFields>;

/** What *partial panic* sets beyond {@linkcode LOADER_OVERRIDES}. */
export const PARTIAL_PANIC_OVERRIDES = {
  panicWindowPercentage: 100,
  panicThreshold: 10,
} satisfies Partial<AutoscalingFields>;

/** The least target that Knative accepts: `TargetMin` in `pkg/apis/autoscaling/register.go`. */
const TARGET_MIN = 0.01;

/**
 * The load per instance to aim for, from the load that an instance can hold:
 * `ResolveMetricTarget` in `pkg/reconciler/autoscaling/resources/target.go`.
 */
export function deriveTargetValue(totalValue: number, targetUtilization: number): number {
  return Math.max(TARGET_MIN, totalValue * targetUtilization);
}

/** The fields as given, with defaults for those that are missing or undefined. */
export function withDefaults<Fields extends object>(
  defaults: Fields,
  given: Partial<Fields>,
): Fields {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.assign({ ...defaults }, Object.fromEntries(set));
}
