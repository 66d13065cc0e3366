import type { EmpiricalDistribution } from "../analyze/empirical_distribution.ts";
import type { TwinFacts } from "../analyze/twin_facts.ts";
import type { TwinParameters } from "../analyze/twin_parameters.ts";
import { constant, type Distribution } from "../platform/simulator/distribution.ts";
import {
  SIMULATOR_DEFAULTS,
  type SimulatorOptions,
} from "../platform/simulator/simulator_options.ts";

/**
 * The settings of the simulator that make it the platform of a run: what the
 * platform was set to, from its facts, and what was measured of it. Where the
 * platform does not tell its cores, there are enough for everybody: what contention
 * there was is then part of the measured times.
 */
export function deriveTwinSettings(
  facts: TwinFacts,
  parameters: TwinParameters,
): SimulatorOptions {
  const { capacity, autoscaling } = facts;
  const nodes = facts.nodes ?? 1;
  const nodeCores = parameters.nodeCores ?? ENOUGH_CORES;
  const isShared = parameters.nodeCores !== null;
  return {
    nodes,
    nodeCores,
    nodeMemoryMib: (capacity.memoryMib ?? ENOUGH_MEMORY_MIB) / nodes,
    nodeInstances: Math.ceil((capacity.instances ?? ENOUGH_INSTANCES) / nodes),
    maxInstances: capacity.instances,
    startsAtOnce: facts.startsAtOnce ?? null,
    instanceOverheadMib: capacity.instanceOverheadMib,
    cpu: "sharing",
    // What may be requested is the platform's word, whatever of it the functions got.
    cpuOvercommit: (capacity.cpuMilli ?? ENOUGH_CORES * 1000) /
      Math.round(nodes * nodeCores * 1000),
    cpuLimitCores: facts.cpuLimitCores ?? 1,
    containerConcurrency: facts.containerConcurrency ?? 1,
    schedulingMs: constant(0),
    imageMs: constant(0),
    startMs: orElse(parameters.startMs, SIMULATOR_DEFAULTS.startMs),
    startUsesCpu: isShared,
    stopMs: orElse(parameters.stopMs, SIMULATOR_DEFAULTS.stopMs),
    networkMs: orElse(parameters.networkMs, SIMULATOR_DEFAULTS.networkMs),
    serviceFactor: constant(parameters.serviceFactor),
    serviceOverheadMs: orElse(parameters.serviceOverheadMs, SIMULATOR_DEFAULTS.serviceOverheadMs),
    wakeUpMs: deriveWait(parameters.wakeUpMs),
    queueTimeoutMs: facts.queueTimeoutMs ?? SIMULATOR_DEFAULTS.queueTimeoutMs,
    reportMs: facts.reportMs ?? SIMULATOR_DEFAULTS.reportMs,
    autoscaling,
  };
}

/** Above what any platform has, and below the simulator's bounds. */
const ENOUGH_CORES = 50_000;
const ENOUGH_MEMORY_MIB = 1e9;
const ENOUGH_INSTANCES = 1e6;

function orElse(measured: EmpiricalDistribution | null, otherwise: Distribution): Distribution {
  return measured ?? otherwise;
}

/**
 * How long a call waits for a turn of the run queue, so long on average: it depends on
 * where in its quantum each task before is, seen from outside on chance.
 */
export function deriveWait(meanMs: number): Distribution {
  return meanMs === 0 ? constant(0) : { kind: "exponential", mean: meanMs };
}
