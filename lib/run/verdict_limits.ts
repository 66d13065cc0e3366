import type { VerdictLimits } from "../store/schema/manifest.ts";
import type { CommonOptions } from "./common_options.ts";

/** The limits of the verdict as the options have them. */
export function verdictLimits(options: CommonOptions): VerdictLimits {
  return {
    dispatchLagP99Ms: options.limitDispatchLag,
    loopDelayP99Ms: options.limitLoopDelay,
    cpuPercent: options.limitCpu,
    busySecondsShare: options.limitBusySeconds,
    notOkShare: options.limitNotOk,
    peerWaitShare: options.limitPeerWait,
  };
}
