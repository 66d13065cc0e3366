import type { Pacing } from "../clock/clock.ts";
import { LoaderError } from "../base/error.ts";
import type { Platform } from "../model/platform.ts";
import type { Schedule } from "../model/schedule.ts";
import { DEFAULT_TEMPLATE } from "../platform/knative/knative_options.ts";
import type { ServiceSettings } from "../platform/knative/deploy/service_template.ts";
import { createPlatform, type PlatformOptions } from "../platform/registry.ts";
import type { CommonOptions } from "./common_options.ts";
import { tendsPlatform } from "./shard/shard.ts";
import { readSimulationOptions } from "./simulation_options.ts";

/** What a platform tells while it deploys and serves. */
export interface PlatformListener {
  /** How far a deployment is, a phrase. */
  onDeployment?(progress: string): void;
  /** Something a person should know that stops nothing. */
  onNote?(sentence: string): void;
}

/**
 * The platform that the options ask for, with its options among the common ones.
 *
 * @param schedule of the one run that is made on it; `null`: not known, or of several
 * @throws LoaderError `usage` when they do not make one
 */
export async function createPlatformFromOptions(
  options: CommonOptions,
  schedule: Schedule | null = null,
  listener: PlatformListener = {},
): Promise<Platform> {
  switch (options.platform) {
    case "local":
      return await createPlatform("local", localOptions(options));
    case "endpoints":
      return await createPlatform("endpoints", endpointsOptions(options));
    case "simulator":
      return await createPlatform("simulator", { ...simulatorOptions(options), schedule });
    case "knative":
      return await createPlatform("knative", knativeOptions(options, listener));
  }
}

/** How the invocations are paced: on cores that the functions need too, sparingly. */
export function pacingOf({ pacing, platform }: CommonOptions): Pacing {
  if (pacing !== "automatic") return pacing;
  return platform === "local" ? "economical" : "precise";
}

/** What the options say of the platform on this machine. */
export function localOptions(options: CommonOptions): PlatformOptions["local"] {
  return {
    transport: options.transport,
    connections: options.connections,
    expiredCalls: options.expiredCalls,
    pacing: pacingOf(options),
    gatewayPort: options.gatewayPort,
    metricsPort: options.metricsPort,
    queueTimeoutMs: options.queueTimeoutMs,
    scrapeIntervalMs: options.scrapeIntervalMs,
    scrapeTimeoutMs: options.scrapeIntervalMs,
    capacity: options.maxInstances === null ? {} : { instances: options.maxInstances },
    autoscaling: autoscalingOptions(options),
  };
}

function autoscalingOptions(options: CommonOptions): PlatformOptions["local"]["autoscaling"] {
  return {
    stableWindowMs: options.stableWindowMs,
    panicWindowPercentage: options.panicWindowPercent,
    tickMs: options.autoscalerTickMs,
    scaleToZeroGraceMs: options.scaleToZeroGraceMs,
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
    queueTimeoutMs: options.queueTimeoutMs,
    scrapeIntervalMs: options.scrapeIntervalMs,
    maxInstances: options.maxInstances,
    autoscaling: autoscalingOptions(options),
  };
}

/**
 * What the options say of servers that are already there.
 *
 * @throws LoaderError `usage` when they name none
 */
export function endpointsOptions(options: CommonOptions): PlatformOptions["endpoints"] {
  if (options.endpoints === null) {
    throw new LoaderError(
      "usage",
      "--platform endpoints needs --endpoints with the servers: host:port, or a YAML file.",
    );
  }
  return {
    transport: options.transport,
    connections: options.connections,
    expiredCalls: options.expiredCalls,
    pacing: pacingOf(options),
    endpoints: options.endpoints,
    scrapeIntervalMs: options.scrapeIntervalMs,
    scrapeTimeoutMs: options.scrapeIntervalMs,
  };
}

/** What the options say of a function's Knative Service: the same to a run and to the doctor. */
export function serviceOptions(
  options: CommonOptions,
): ServiceSettings & { readonly template: string } {
  return {
    template: options.template ?? DEFAULT_TEMPLATE,
    image: options.image,
    requests: options.requests,
    cpuLimit: options.limits,
    maxScale: options.maxScale,
    scalingMetric: options.scalingMetric,
    partialPanic: options.partialPanic,
  };
}

/** What the options say of Knative. */
export function knativeOptions(
  options: CommonOptions,
  { onDeployment, onNote }: PlatformListener,
): PlatformOptions["knative"] {
  const { kubeconfig, context, namespace, gateway, prometheus } = options;
  const tends = tendsPlatform(options.shard);
  return {
    transport: options.transport,
    connections: options.connections,
    expiredCalls: options.expiredCalls,
    pacing: pacingOf(options),
    kubeconfig,
    context,
    namespace,
    gateway,
    prometheus,
    ...serviceOptions(options),
    deployTimeoutMs: options.deployTimeoutMs,
    deployAtOnce: options.deployAtOnce,
    allowPartial: options.allowPartial,
    recoverSettings: tends && options.clusterSettings,
    restartActivator: tends && options.restartActivator,
    restartPrometheus: tends && options.restartPrometheus,
    scrapeIntervalMs: options.scrapeIntervalMs,
    scrapeTimeoutMs: options.scrapeIntervalMs,
    onProgress: ({ functions, applied, ready, failed }) =>
      onDeployment?.(
        `${ready} of ${functions} functions are ready, ${applied - ready} are coming up` +
          (failed === 0 ? "" : `, ${failed} failed`),
      ),
    onNote: (sentence) => onNote?.(sentence),
  };
}
