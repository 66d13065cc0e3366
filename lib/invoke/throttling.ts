import type { Verdict } from "../store/schema/manifest.ts";

/**
 * A sentence on the periods of its container's CPU limit in which the loader was held back;
 * `null` where there were none, or nothing is known of it.
 *
 * @example
 * ```ts
 * import { describeThrottling } from "./throttling.ts";
 * import { NO_EVIDENCE } from "./verdict.ts";
 * if (describeThrottling(NO_EVIDENCE) !== null) throw new Error("nothing is known");
 * ```
 */
export function describeThrottling({ machine, seconds }: Verdict["evidence"]): string | null {
  if (machine === null) return null;
  const { limits: { cpuCores }, means: { cpuPeriods, throttledPeriods } } = machine;
  const throttled = Math.round((throttledPeriods ?? 0) * seconds);
  if (throttled === 0) return null;
  const limit = cpuCores === null ? "" : ` of ${Number(cpuCores.toPrecision(2))} cores`;
  const all = cpuPeriods === null ? "" : ` of the ${Math.round(cpuPeriods * seconds)}`;
  return `The loader's container was held back at its CPU limit${limit} in ${throttled}${all} ` +
    "periods of the measurement in which it wanted to run.";
}
