import {
  type AutoscalingFields,
  deriveTargetValue,
  KNATIVE_DEFAULTS,
  LOADER_OVERRIDES,
  PARTIAL_PANIC_OVERRIDES,
} from "../../../autoscale/knative/knative_defaults.ts";

/** Milliseconds of each unit of a duration as Go writes it (`time.ParseDuration`). */
const UNITS_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};

/**
 * Parses a duration as Go writes it, such as `1m30s`; `null` when it is none.
 *
 * @example
 * ```ts
 * import { parseGoDurationMs } from "./autoscaler_settings.ts";
 * if (parseGoDurationMs("1m0.5s") !== 60_500) throw new Error("misread");
 * ```
 */
export function parseGoDurationMs(text: string): number | null {
  if (text === "0") return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ms|h|m|s))+$/.test(text)) return null;
  let sumMs = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    sumMs += Number(number) * UNITS_MS[unit];
  }
  return sumMs;
}

/** Prefix of the annotations of a revision that its autoscaling goes by. */
const PREFIX = "autoscaling.knative.dev/";

/**
 * Time between two reports of the activator to the autoscaler: `reportInterval` in
 * `cmd/activator/main.go`.
 */
export const ACTIVATOR_REPORT_MS = 1000;

/** What the loader says of the autoscaling of each function. */
interface LoaderSettings {
  /** 0: as the template and the cluster say. */
  readonly minScale?: number;
  /** `null`: not given; the target of every function is then one request at a time. */
  readonly containerConcurrency?: number | null;
  readonly maxScale: number;
  readonly partialPanic: boolean;
}

/**
 * The autoscaling of our functions on a cluster: Knative's defaults, what the
 * cluster sets otherwise (`config-autoscaler`), what the template's annotations say
 * and last what the loader's do. Values that cannot be read are left as they were.
 *
 * @param annotations of the template's revision
 */
export function deriveAutoscaling(
  configMap: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
  { minScale = 0, containerConcurrency = null, maxScale, partialPanic }: LoaderSettings,
): AutoscalingFields {
  const read = <T>(key: string, name: string, parse: (text: string) => T | null, otherwise: T) =>
    parse(annotations[PREFIX + name] ?? "") ?? parse(configMap[key] ?? "") ?? otherwise;
  const duration = (key: string, otherwise: number, name = key) =>
    read(key, name, parseGoDurationMs, otherwise);
  const number = (key: string, otherwise: number, name = key) =>
    read(key, name, parseNumber, otherwise);
  const targetUtilization =
    parsePercentage(annotations[`${PREFIX}target-utilization-percentage`] ?? "") ??
      asShare(
        number("container-concurrency-target-percentage", KNATIVE_DEFAULTS.targetUtilization),
      );
  const totalValue = containerConcurrency ?? LOADER_OVERRIDES.totalValue;
  return {
    ...KNATIVE_DEFAULTS,
    ...LOADER_OVERRIDES,
    totalValue,
    targetUtilization,
    targetValue: deriveTargetValue(totalValue, targetUtilization),
    targetBurstCapacity: number("target-burst-capacity", KNATIVE_DEFAULTS.targetBurstCapacity),
    stableWindowMs: duration("stable-window", KNATIVE_DEFAULTS.stableWindowMs, "window"),
    scaleToZeroGraceMs: duration(
      "scale-to-zero-grace-period",
      KNATIVE_DEFAULTS.scaleToZeroGraceMs,
    ),
    lastPodRetentionMs: duration(
      "scale-to-zero-pod-retention-period",
      KNATIVE_DEFAULTS.lastPodRetentionMs,
    ),
    scaleDownDelayMs: duration("scale-down-delay", KNATIVE_DEFAULTS.scaleDownDelayMs),
    maxScaleUpRate: number("max-scale-up-rate", KNATIVE_DEFAULTS.maxScaleUpRate),
    maxScaleDownRate: number("max-scale-down-rate", KNATIVE_DEFAULTS.maxScaleDownRate),
    activationScale: number("activation-scale", KNATIVE_DEFAULTS.activationScale),
    minScale: minScale === 0 ? number("min-scale", KNATIVE_DEFAULTS.minScale) : minScale,
    enableScaleToZero: configMap["enable-scale-to-zero"] !== "false",
    ...(partialPanic ? PARTIAL_PANIC_OVERRIDES : {}),
    maxScale,
  };
}

function parseNumber(text: string): number | null {
  const value = Number(text);
  return text === "" || Number.isNaN(value) ? null : value;
}

function parsePercentage(text: string): number | null {
  const percent = parseNumber(text);
  return percent === null ? null : percent / 100;
}

/** In the cluster's settings Knative takes what is above 1 for percent: `NewConfigFromMap` in `pkg/autoscaler/config/config.go`. */
function asShare(value: number): number {
  return value > 1 ? value / 100 : value;
}
