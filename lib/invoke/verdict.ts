import type { Verdict, VerdictLimits } from "../model/manifest.ts";

/** The limits in force unless an option says otherwise. */
export const VERDICT_LIMITS: VerdictLimits = {
  dispatchLagP99Ms: 5,
  loopDelayP99Ms: 10,
  cpuPercent: 90,
  busySecondsShare: 0.05,
  notOkShare: 0.01,
};

/** Of a p99: the share of observations that may lie above a limit. */
const BEYOND_P99 = 0.01;

/**
 * Judges a run: GENERATOR-LIMITED when the load was not what was asked for,
 * else PLATFORM-LIMITED when more than a hundredth of the measured invocations
 * were not ok, else VALID.
 *
 * A p99 above its limit is decided by the share of observations above it, which
 * is the same thing and needs no minimum number of observations.
 *
 * @example
 * ```ts
 * import { deriveVerdict, VERDICT_LIMITS } from "./verdict.ts";
 * const verdict = deriveVerdict({
 *   dispatched: 100,
 *   dropped: 1,
 *   lateDispatches: 0,
 *   dispatchLagP50Ms: 0.4,
 *   dispatchLagP99Ms: null,
 *   dispatchLagMaxMs: 1.2,
 *   loopProbes: 500,
 *   lateLoopProbes: 0,
 *   loopDelayP99Ms: null,
 *   loopDelayMaxMs: 2,
 *   busySeconds: [],
 *   seconds: 10,
 *   waitingPercent: 0,
 *   measured: 101,
 *   measuredNotOk: 1,
 * }, VERDICT_LIMITS);
 * if (verdict.verdict !== "GENERATOR-LIMITED") throw new Error("a drop decides");
 * ```
 */
export function deriveVerdict(evidence: Verdict["evidence"], limits: VerdictLimits): Verdict {
  const generator: string[] = [];
  if (evidence.dropped > 0) {
    generator.push(`${evidence.dropped} invocations were dropped at the in-flight cap.`);
  }
  if (evidence.lateDispatches > evidence.dispatched * BEYOND_P99) {
    generator.push(
      `${evidence.lateDispatches} of ${evidence.dispatched} dispatches came more than ` +
        `${limits.dispatchLagP99Ms} ms after they were due.`,
    );
  }
  if (evidence.lateLoopProbes > evidence.loopProbes * BEYOND_P99) {
    generator.push(
      `The event loop was delayed by more than ${limits.loopDelayP99Ms} ms at ` +
        `${evidence.lateLoopProbes} of ${evidence.loopProbes} probes.`,
    );
  }
  if (evidence.busySeconds.length > evidence.seconds * limits.busySecondsShare) {
    generator.push(
      `The loader used more than ${limits.cpuPercent} % of a core in ` +
        `${evidence.busySeconds.length} of ${evidence.seconds} seconds.`,
    );
  }
  if (generator.length > 0) {
    return { verdict: "GENERATOR-LIMITED", reasons: generator, limits, evidence };
  }
  if (evidence.measuredNotOk > evidence.measured * limits.notOkShare) {
    const reason = `${evidence.measuredNotOk} of ${evidence.measured} measured invocations ` +
      "were not ok.";
    return { verdict: "PLATFORM-LIMITED", reasons: [reason], limits, evidence };
  }
  return { verdict: "VALID", reasons: [], limits, evidence };
}

/** Share of failed among returned invocations above which a platform is overloaded. */
export const OVERLOAD_SHARE = 0.3;

/**
 * Whether the platform was overloaded: among the invocations that returned, more
 * than 30 % were not ok.
 */
export function isOverloaded(outcomes: Readonly<Record<string, number>>): boolean {
  let returned = 0;
  for (const outcome of ["ok", "unsent", "connect_failed", "timed_out", "rejected", "failed"]) {
    returned += outcomes[outcome] ?? 0;
  }
  return returned - (outcomes.ok ?? 0) > OVERLOAD_SHARE * returned;
}
