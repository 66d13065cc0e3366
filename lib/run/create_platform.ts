import type { Pacing } from "../base/clock.ts";
import { LoaderError } from "../base/error.ts";
import type { Platform } from "../model/platform.ts";
import type { Schedule } from "../model/schedule.ts";
import { createPlatform, type PlatformOptions } from "../platform/registry.ts";
import type { CommonOptions } from "./common_options.ts";
import { readSimulationOptions } from "./simulation_options.ts";

/**
 * The platform that the options ask for, with its options among the common ones.
 *
 * @param schedule of the one run that is made on it; `null`: not known, or of several
 * @throws LoaderError `usage` when they do not make one
 */
export async function createPlatformFromOptions(
  options: CommonOptions,
  schedule: Schedule | null = null,
): Promise<Platform> {
  switch (options.platform) {
    case "local":
      return await createPlatform("local", localOptions(options));
    case "endpoints":
      return await createPlatform("endpoints", endpointsOptions(options));
    case "simulator":
      return await createPlatform("simulator", { ...simulatorOptions(options), schedule });
  }
}

/** How the invocations are paced: on cores that the functions need too, sparingly. */
export function pacingOf({ pacing, platform }: CommonOptions): Pacing {
  if (pacing !== "automatic") return pacing;
  return platform === "local" ? "economical" : "precise";
}

function localOptions(options: CommonOptions): PlatformOptions["local"] {
  return {
    transport: options.transport,
    connections: options.connections,
    pacing: pacingOf(options),
    gatewayPort: options.gatewayPort,
    metricsPort: options.metricsPort,
    queueTimeoutMs: options.queueTimeout,
    scrapeEveryMs: options.scrapeInterval,
    scrapeTimeoutMs: options.scrapeInterval,
    capacity: options.maxInstances === null ? {} : { instances: options.maxInstances },
    autoscaling: autoscalingOptions(options),
  };
}

function autoscalingOptions(options: CommonOptions): PlatformOptions["local"]["autoscaling"] {
  return {
    stableWindowMs: options.stableWindow,
    panicWindowPercentage: options.panicWindow,
    tickMs: options.autoscalerTick,
    scaleToZeroGraceMs: options.scaleToZeroGrace,
    maxScale: options.maxScale,
  };
}

/**
 * What the options say of a simulated platform; what they leave open is left out.
 *
 * @throws LoaderError `input` when the simulation file is wrong
 */
export function simulatorOptions(options: CommonOptions): PlatformOptions["simulator"] {
  return {
    ...readSimulationOptions(options),
    seed: options.seed,
    queueTimeoutMs: options.queueTimeout,
    scrapeEveryMs: options.scrapeInterval,
    maxInstances: options.maxInstances,
    autoscaling: autoscalingOptions(options),
  };
}

function endpointsOptions(options: CommonOptions): PlatformOptions["endpoints"] {
  if (options.endpoints === null) {
    throw new LoaderError(
      "usage",
      "--platform endpoints needs --endpoints with the servers: host:port, or a YAML file.",
    );
  }
  return {
    transport: options.transport,
    connections: options.connections,
    pacing: pacingOf(options),
    endpoints: options.endpoints,
    scrapeEveryMs: options.scrapeInterval,
    scrapeTimeoutMs: options.scrapeInterval,
  };
}
