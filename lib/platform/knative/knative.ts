import type { Capacity } from "../../model/platform.ts";
import { definePlatform } from "../definition.ts";
import { constant } from "../simulator/distribution.ts";
import type { SimulatorOptions } from "../simulator/simulator_options.ts";
import { loadTransport, type TransportChoice } from "../transport_choice.ts";
import { KNATIVE_OPTIONS, KNATIVE_TRAITS, type KnativeOptions } from "./knative_options.ts";

/** Knative Serving on a Kubernetes cluster. */
export const KNATIVE = definePlatform<
  "knative",
  typeof KNATIVE_OPTIONS,
  Omit<KnativeOptions, "createTransport"> & TransportChoice
>({
  name: "knative",
  traits: KNATIVE_TRAITS,
  options: KNATIVE_OPTIONS,

  async create({ transport, connections, expiredCalls, onDeployment, ...options }) {
    const [{ createKnativePlatform }, createTransport] = await Promise.all([
      import("./knative_platform.ts"),
      loadTransport({ transport, connections, expiredCalls }, false),
    ]);
    return await createKnativePlatform({
      onProgress: ({ functions, applied, ready, failed }) =>
        onDeployment?.(
          `${ready} of ${functions} functions are ready, ${applied - ready} are coming up` +
            (failed === 0 ? "" : `, ${failed} failed`),
        ),
      ...options,
      createTransport,
    });
  },

  async diagnose(options, context) {
    // Loaded when asked for: the library of Kubernetes is large.
    const { diagnoseCluster } = await import("./doctor/diagnose_cluster.ts");
    return await diagnoseCluster(options, context);
  },

  model: {
    takesMeasured: false,
    describe: (capacity, measured) => ({
      parameters: { ...FIGURES, ...describeRoom(capacity) },
      source: `the cluster's room as it is now, taken for one node, with ${
        measured?.source ?? "what this project measured on one"
      } and Knative's own defaults`,
    }),
  },
});

/**
 * What a start takes: the median of the container of the trace function, its image on the
 * node, until Knative calls it ready.
 */
const FIGURES: SimulatorOptions = {
  schedulingMs: constant(0),
  imageMs: constant(0),
  startMs: constant(1500),
};

/** Nodes are not told apart; what is not known is left open. */
function describeRoom({ instances, cpuMilli, memoryMib }: Capacity): SimulatorOptions {
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
