import {
  type AutoscalingFields,
  KNATIVE_DEFAULTS,
  LOADER_OVERRIDES,
  PARTIAL_PANIC_OVERRIDES,
} from "../../autoscale/knative_defaults.ts";

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

/**
 * The autoscaling of our functions on a cluster: Knative's defaults, what the
 * cluster sets otherwise (`config-autoscaler`), then what our annotations say.
 * Values that cannot be read are left at the default.
 */
export function deriveAutoscaling(
  configMap: Readonly<Record<string, string>>,
  { maxScale, partialPanic }: { readonly maxScale: number; readonly partialPanic: boolean },
): AutoscalingFields {
  const duration = (key: string, otherwise: number) =>
    parseGoDurationMs(configMap[key] ?? "") ?? otherwise;
  const number = (key: string, otherwise: number) => {
    const value = Number(configMap[key] ?? NaN);
    return Number.isNaN(value) ? otherwise : value;
  };
  return {
    ...KNATIVE_DEFAULTS,
    stableWindowMs: duration("stable-window", KNATIVE_DEFAULTS.stableWindowMs),
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
    enableScaleToZero: configMap["enable-scale-to-zero"] !== "false",
    ...LOADER_OVERRIDES,
    ...(partialPanic ? PARTIAL_PANIC_OVERRIDES : {}),
    maxScale,
  };
}
