import type { VerdictLimits } from "../store/schema/manifest.ts";
import type { CommonOptions } from "./common_options.ts";

/** The limits of the verdict as the options have them. */
export function verdictLimits(options: CommonOptions): VerdictLimits {
  return {
    dispatchLagP99Ms: options.limitDispatchLagMs,
    loopDelayP99Ms: options.limitLoopDelayMs,
    cpuPercent: options.limitCpuPercent,
    busySecondsShare: options.limitBusySeconds,
    notOkShare: options.limitNotOk,
    peerWaitShare: options.limitPeerWait,
  };
}
