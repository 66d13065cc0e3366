import type { Platform } from "../model/platform.ts";
import { createPlatform } from "../platform/registry.ts";
import type { CommonOptions } from "./common_options.ts";

/** The platform that the options ask for, with its options among the common ones. */
export async function createPlatformFromOptions(options: CommonOptions): Promise<Platform> {
  return await createPlatform(options.platform, {
    gatewayPort: options.gatewayPort,
    metricsPort: options.metricsPort,
    queueTimeoutMs: options.queueTimeout,
    scrapeEveryMs: options.scrapeInterval,
    scrapeTimeoutMs: options.scrapeInterval,
    capacity: options.maxInstances === null ? {} : { instances: options.maxInstances },
    autoscaling: {
      stableWindowMs: options.stableWindow,
      panicWindowPercentage: options.panicWindow,
      tickMs: options.autoscalerTick,
      scaleToZeroGraceMs: options.scaleToZeroGrace,
      maxScale: options.maxScale,
    },
  });
}
