import { availableParallelism } from "node:os";
import { errorMessage } from "../../base/error.ts";
import type { Capacity } from "../../model/platform.ts";
import type { OptionValues } from "../../option/option.ts";
import { definePlatform, type DiagnosisContext } from "../definition.ts";
import { type Finding, okay, problem, warning } from "../finding.ts";
import { constant } from "../simulator/distribution.ts";
import type { SimulatorOptions } from "../simulator/simulator_options.ts";
import { loadTransport, type TransportChoice } from "../transport_choice.ts";
import {
  defaultStartsAtOnce,
  LOCAL_OPTIONS,
  LOCAL_TRAITS,
  type LocalOptions,
} from "./local_options.ts";

/** Processes of this machine behind a gateway of one's own. */
export const LOCAL = definePlatform<
  "local",
  typeof LOCAL_OPTIONS,
  Omit<LocalOptions, "createTransport"> & TransportChoice
>({
  name: "local",
  traits: LOCAL_TRAITS,
  options: LOCAL_OPTIONS,

  async create({ transport, connections, expiredCalls, ...options }) {
    const [{ createLocalPlatform }, createTransport] = await Promise.all([
      import("./local_platform.ts"),
      loadTransport({ transport, connections, expiredCalls }, true),
    ]);
    return createLocalPlatform({ ...options, createTransport });
  },

  diagnose: (options, context) => diagnoseLocal(options, context),

  model: {
    takesMeasured: true,
    describe: (capacity, measured) => ({
      parameters: {
        ...FIGURES,
        ...describeMachine(capacity, measured?.simulation.nodeCores ?? availableParallelism()),
      },
      source: `this machine, with ${measured?.source ?? "what this project measured on its like"}`,
    }),
  },
});

/** Looks whether this machine can run the functions too. */
async function diagnoseLocal(
  options: OptionValues<typeof LOCAL_OPTIONS>,
  { demandOn }: DiagnosisContext,
): Promise<Finding[]> {
  await using platform = await LOCAL.create(options);
  const { capacity } = platform;
  const room = `${capacity.instances} instances and ${
    capacity.memoryMib?.toLocaleString("en")
  } MiB at most`;
  const findings = (await demandOn(capacity))
    .filter(({ peak }) =>
      peak.instances > (capacity.instances ?? Infinity) ||
      peak.memoryMib > (capacity.memoryMib ?? Infinity)
    )
    .map(({ name, peak }) =>
      warning(
        "capacity",
        `${name} needs ${peak.instances} instances with ${
          Math.round(peak.memoryMib).toLocaleString("en")
        } MiB in its fullest minute, and there is room for ${room}; instances will wait for room.`,
      )
    );
  return [
    checkPort("--gateway-port", options.gatewayPort),
    checkPort("--metrics-port", options.metricsPort),
    ...findings.length > 0 ? findings : [okay("capacity", `There is room for ${room}.`)],
  ];
}

function checkPort(flag: string, port: number): Finding {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return okay("ports", port === 0 ? `${flag}: any free port.` : `${flag}: ${port} is free.`);
  } catch (error) {
    return problem(
      "ports",
      `${flag}: ${port} cannot be had (${errorMessage(error)}); give another, or 0 for any.`,
      `ss -ltnp "sport = :${port}"`,
    );
  }
}

/**
 * What an instance and a call take: medians over runs of this project's experiments at
 * their defaults on two cores, as a twin measures them (`--like` takes a run's own).
 */
const FIGURES: SimulatorOptions = {
  // A process of Deno with a gRPC server, computing; there is nothing to place or to fetch.
  schedulingMs: constant(0),
  imageMs: constant(0),
  startMs: constant(200),
  startUsesCpu: true,
  // Each way.
  networkMs: constant(0.9),
  // What a call takes of its instance beside the work that it asks for.
  serviceOverheadMs: constant(1.4),
};

/** @param cores those that functions get, which may be fewer than there are */
function describeMachine(capacity: Capacity, cores: number): SimulatorOptions {
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
    startsAtOnce: defaultStartsAtOnce(),
  };
}
