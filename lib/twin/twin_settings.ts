import { type Clockwork, derivePhase } from "../analyze/twin/clockwork.ts";
import { KNATIVE_DEFAULTS } from "../autoscale/knative/knative_defaults.ts";
import type { AutoscalerPhases } from "../platform/simulator/autoscaler_phases.ts";
import type { EmpiricalDistribution } from "../analyze/empirical_distribution.ts";
import type { TwinFacts } from "../analyze/twin/facts.ts";
import type { TwinParameters } from "../analyze/twin/parameters.ts";
import { constant, type Distribution, waitForTurn } from "../platform/simulator/distribution.ts";
import {
  SIMULATOR_DEFAULTS,
  type SimulatorOptions,
} from "../platform/simulator/simulator_options.ts";

/**
 * The settings of the simulator that make it the platform of a run: what the
 * platform was set to, from its facts, and what was measured of it. Where the cores of
 * the functions are not told apart, everybody has one: what contention there was is then
 * part of the measured times, and what is requested is all that is to share.
 */
export function deriveTwinSettings(
  facts: TwinFacts,
  parameters: TwinParameters,
): SimulatorOptions {
  const { capacity } = facts;
  const nodes = Math.max(1, facts.nodes ?? 1);
  const { containerConcurrency: given } = facts;
  const containerConcurrency = given === 0 ? MOST_CONCURRENCY : given ?? 1;
  return {
    nodes,
    cpu: "sharing",
    ...deriveCores(facts, parameters, nodes, containerConcurrency),
    nodeMemoryMib: (capacity.memoryMib ?? ENOUGH_MEMORY_MIB) / nodes,
    nodeInstances: Math.ceil((capacity.instances ?? ENOUGH_INSTANCES) / nodes),
    maxInstances: capacity.instances,
    startsAtOnce: facts.startsAtOnce ?? null,
    instanceOverheadMib: capacity.instanceOverheadMib,
    containerConcurrency,
    schedulingMs: parameters.reactionMs ?? constant(0),
    imageMs: constant(0),
    startMs: orElse(parameters.startMs, SIMULATOR_DEFAULTS.startMs),
    stopMs: orElse(parameters.stopMs, SIMULATOR_DEFAULTS.stopMs),
    networkMs: orElse(parameters.networkMs, SIMULATOR_DEFAULTS.networkMs),
    serviceFactor: constant(parameters.serviceFactor),
    serviceOverheadMs: orElse(parameters.serviceOverheadMs, SIMULATOR_DEFAULTS.serviceOverheadMs),
    wakeUpMs: waitForTurn(parameters.wakeUpMs),
    queueTimeoutMs: facts.queueTimeoutMs ?? SIMULATOR_DEFAULTS.queueTimeoutMs,
    reportMs: facts.reportMs ?? SIMULATOR_DEFAULTS.reportMs,
    autoscaling: {
      ...facts.autoscaling,
      ...(facts.graceIsPassed ? { scaleToZeroGraceMs: 0 } : {}),
    },
  };
}

/**
 * The phases that were recorded, on a simulator whose clock is the autoscaler's; `null`:
 * chance is to decide, since none were.
 */
export function derivePhases(
  { autoscaling, reportMs }: TwinFacts,
  clockwork: Clockwork | null,
): AutoscalerPhases | null {
  const { tickMs } = autoscaling;
  if (clockwork === null || typeof tickMs !== "number") return null;
  const [anyTicksMs] = clockwork.ticksMs.values();
  const reportsMs = clockwork.reportsMs.length > 0 ? clockwork.reportsMs : anyTicksMs;
  return {
    clockMs: 0,
    reportMs: derivePhase(reportsMs, reportMs ?? SIMULATOR_DEFAULTS.reportMs),
    tickMs: ({ functionId }) =>
      derivePhase(clockwork.ticksMs.get(functionId) ?? anyTicksMs, tickMs),
  };
}

/** After so long the buckets, the reports and the ticks of an autoscaler lie as before. */
export function deriveTurnMs({ autoscaling, reportMs }: TwinFacts): number {
  const tickMs = Number(autoscaling.tickMs);
  const others = [KNATIVE_DEFAULTS.granularityMs, reportMs ?? SIMULATOR_DEFAULTS.reportMs];
  let turnMs = tickMs;
  while (turnMs < LONGEST_TURN_MS && others.some((periodMs) => turnMs % periodMs !== 0)) {
    turnMs += tickMs;
  }
  return turnMs;
}

/** Of periods that have no common turn before that it is not worth while to wait for one. */
const LONGEST_TURN_MS = 60_000;

/** What may be requested is the platform's word, whatever of it the functions got. */
function deriveCores(
  { capacity, cpuLimitCores }: TwinFacts,
  { nodeCores }: TwinParameters,
  nodes: number,
  containerConcurrency: number,
): SimulatorOptions {
  const cpuMilli = capacity.cpuMilli ?? ENOUGH_CORES * 1000;
  if (nodeCores === null) {
    const cores = Math.max(LEAST_CORES, cpuMilli / 1000 / nodes);
    const excess = Math.min(MOST_EXCESS, ENOUGH_CORES / cores);
    return {
      nodeCores: cores * excess,
      cpuOvercommit: 1 / excess,
      // What a limit held up is part of the times, too.
      cpuLimitCores: Math.min(MOST_LIMIT_CORES, containerConcurrency),
      startUsesCpu: false,
    };
  }
  return {
    nodeCores,
    cpuOvercommit: cpuMilli / Math.round(nodes * nodeCores * 1000),
    cpuLimitCores: cpuLimitCores ?? Math.min(MOST_LIMIT_CORES, containerConcurrency),
    startUsesCpu: true,
  };
}

/** Above what any platform has, and below the simulator's bounds. */
const ENOUGH_CORES = 50_000;
const ENOUGH_MEMORY_MIB = 1e9;
const ENOUGH_INSTANCES = 1e6;

/** So many more cores than can be requested are enough, whatever instances request. */
const MOST_EXCESS = 1000;

/** The simulator's bounds. */
const LEAST_CORES = 0.001;
const MOST_LIMIT_CORES = 1000;
const MOST_CONCURRENCY = 100_000;

function orElse(measured: EmpiricalDistribution | null, otherwise: Distribution): Distribution {
  return measured ?? otherwise;
}
