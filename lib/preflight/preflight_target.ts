import type { Capacity } from "../model/platform.ts";
import type { PlatformName } from "../platform/registry.ts";
import { constant } from "../platform/simulator/distribution.ts";
import type { SimulatorOptions } from "../platform/simulator/simulator_options.ts";
import { simulatorOptions } from "../run/create_platform.ts";
import { localCores } from "../run/machine_facts.ts";
import type { MeasuredPlatform } from "./measured_platform.ts";
import type { Simulate } from "./rehearsal.ts";

/** How a platform is simulated, or why it cannot be. */
export type PreflightTarget =
  | {
    /** Its parameters, given the options of a run. */
    readonly simulate: Simulate;
    /** Where the parameters come from, a phrase. */
    readonly source: string;
  }
  | { readonly simulate: null; readonly reason: string };

/**
 * What an instance and a call take on the local platform: medians over runs of
 * this project's experiments at their defaults on two cores, as a twin measures
 * them (`--like` takes a run's own).
 */
const LOCAL_FIGURES: SimulatorOptions = {
  // A process of Deno with a gRPC server, computing; there is nothing to place or to fetch.
  schedulingMs: constant(0),
  imageMs: constant(0),
  startMs: constant(200),
  startUsesCpu: true,
  // Each way, with the lateness of economical pacing, which is about a millisecond.
  networkMs: constant(0.9),
  // What a call takes of its instance beside the work that it asks for.
  serviceOverheadMs: constant(1.4),
};

/**
 * What a start takes on Knative: the median of the container of the trace function,
 * its image on the node, until Knative calls it ready.
 */
const KNATIVE_FIGURES: SimulatorOptions = {
  schedulingMs: constant(0),
  imageMs: constant(0),
  startMs: constant(1500),
};

/** Nothing was measured before. */
const NOTHING: MeasuredPlatform = { simulation: {}, source: "" };

/** One entry for each platform of the registry. */
const TARGETS: {
  readonly [Name in PlatformName]: (
    capacity: Capacity,
    measured: MeasuredPlatform | null,
  ) => PreflightTarget;
} = {
  local: (capacity, measured) => {
    const { simulation } = measured ?? NOTHING;
    return {
      simulate: (options) => ({
        ...LOCAL_FIGURES,
        ...localMachine(capacity, simulation.nodeCores ?? localCores()),
        ...simulation,
        ...simulatorOptions(options),
      }),
      source: `this machine, with ${measured?.source ?? "what this project measured on its like"}`,
    };
  },
  endpoints: () => ({
    simulate: null,
    reason: "what serves at the endpoints, and how it scales, is not known here",
  }),
  knative: (capacity, measured) => {
    const { simulation } = measured ?? NOTHING;
    return {
      simulate: (options) => ({
        ...KNATIVE_FIGURES,
        ...clusterRoom(capacity),
        ...simulation,
        ...simulatorOptions(options),
      }),
      source: `the cluster's room as it is now, taken for one node, with ${
        measured?.source ?? "what this project measured on one"
      } and Knative's own defaults`,
    };
  },
  simulator: (_capacity, measured) => {
    const { simulation, source } = measured ?? NOTHING;
    return {
      simulate: (options) => ({ ...simulation, ...simulatorOptions(options) }),
      source: measured === null ? "as configured" : `with ${source}, and as configured`,
    };
  },
};

/**
 * How a platform is simulated: by what is known of it, then by what was measured
 * of it, then by the parameters that `--simulation` and the flags give.
 *
 * @param capacity of the platform itself
 */
export function preflightTargetOf(
  name: PlatformName,
  capacity: Capacity,
  measured: MeasuredPlatform | null,
): PreflightTarget {
  return TARGETS[name](capacity, measured);
}

/** Nodes are not told apart; what is not known is left open. */
function clusterRoom({ instances, cpuMilli, memoryMib }: Capacity): SimulatorOptions {
  return {
    nodes: 1,
    ...(cpuMilli === null ? {} : { nodeCores: Math.max(1, Math.floor(cpuMilli / 1000)) }),
    ...(instances === null ? {} : { nodeInstances: Math.max(1, instances) }),
    ...(memoryMib === null ? {} : { nodeMemoryMib: Math.max(1, memoryMib) }),
    cpu: "sharing",
    cpuLimitCores: 1,
    containerConcurrency: 1,
  };
}

/** @param cores those that functions get, which may be fewer than there are */
function localMachine(capacity: Capacity, cores: number): SimulatorOptions {
  return {
    nodes: 1,
    nodeCores: cores,
    nodeInstances: capacity.instances!,
    nodeMemoryMib: capacity.memoryMib!,
    cpu: "sharing",
    cpuOvercommit: capacity.cpuMilli! / Math.round(1000 * cores),
    // A function computes on one thread.
    cpuLimitCores: 1,
    instanceOverheadMib: capacity.instanceOverheadMib,
    containerConcurrency: 1,
    // As the local platform has it.
    startsAtOnce: 2 * localCores(),
  };
}
