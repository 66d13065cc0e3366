import { LoaderError } from "../../base/error.ts";
import {
  FunctionScaler,
  type FunctionScalerOptions,
} from "../../autoscale/knative/function_scaler.ts";
import { INSTANCE_OVERHEAD_MIB } from "../local/capacity.ts";
import type { Schedule } from "../../model/schedule.ts";
import { LOCAL_DEFAULTS } from "../local/local_options.ts";
import { constant, type Distribution } from "./distribution.ts";
import type { Placement } from "./placement.ts";
import { checkPolicyName, type PolicyFactory } from "./policies.ts";

/** How busy instances of a node get its cores: they share them, or each has its own. */
export const CPU_MODELS = ["sharing", "dedicated"] as const;

/** See {@linkcode CPU_MODELS}. */
export type CpuModel = typeof CPU_MODELS[number];

/** Every parameter of the simulated platform. */
export interface SimulatorSettings {
  /** Root of the platform's own randomness. */
  readonly seed: number;
  /** Machines that instances run on, all alike. */
  readonly nodes: number;
  readonly nodeCores: number;
  readonly nodeMemoryMib: number;
  /** Most instances of a node. */
  readonly nodeInstances: number;
  /** Most instances at once; `null`: what the nodes hold. */
  readonly maxInstances: number | null;
  /** Instances that may be starting at the same time; `null`: any number. */
  readonly startsAtOnce: number | null;
  readonly placement: Placement;
  readonly cpu: CpuModel;
  /** With shared cores: requested CPU over the CPU that there is. */
  readonly cpuOvercommit: number;
  /** Most that one instance gets, in cores. */
  readonly cpuLimitCores: number;
  /** Memory of an instance beside what its function requests. */
  readonly instanceOverheadMib: number;
  /** Requests that one instance serves at the same time. */
  readonly containerConcurrency: number;
  /** The parts of a cold start, one after the other. */
  readonly schedulingMs: Distribution;
  readonly imageMs: Distribution;
  /** Whether a node keeps the images of functions that ran on it. */
  readonly imageCache: boolean;
  readonly startMs: Distribution;
  /** Whether a start computes, and so takes longer where cores are short. */
  readonly startUsesCpu: boolean;
  /** From the wish that an instance stops until its room is free. */
  readonly stopMs: Distribution;
  /** On each way between loader and gateway. */
  readonly networkMs: Distribution;
  /** Work of a request beside the requested runtime. */
  readonly serviceOverheadMs: Distribution;
  /** Work per requested runtime. */
  readonly serviceFactor: Distribution;
  /**
   * What a request waits for its turn of the cores before its work begins, for each
   * task that there is too many on each core of its node (`NodeCpu.excessPerCore`).
   */
  readonly wakeUpMs: Distribution;
  /** Longest wait of a request for an instance. */
  readonly queueTimeoutMs: number;
  /** Time between two concurrency reports of the gateway to Knative's autoscaler. */
  readonly reportMs: number;
  /** Settings of Knative's autoscaler. */
  readonly autoscaling: FunctionScalerOptions;
  /** What decides when instances come and go: `knative`, or a keep-alive policy by its name. */
  readonly policy: string;
  /** A keep-alive policy that has no name here. */
  readonly createPolicy: PolicyFactory | null;
  /** The schedule of the one run that is made, for policies that know the future. */
  readonly schedule: Schedule | null;
  /** Leaves out decisions of Knative's autoscaler that cannot differ from the last one. */
  readonly skipsIdleTicks: boolean;
  readonly scrapeIntervalMs: number;
}

/** Options of {@linkcode createSimulatorPlatform}; see {@linkcode SIMULATOR_DEFAULTS}. */
export type SimulatorOptions = Partial<SimulatorSettings>;

/**
 * What is not given. Where the local platform has the same thing, its figure;
 * nothing follows from the machine that simulates, so that results do not either.
 */
export const SIMULATOR_DEFAULTS: SimulatorSettings = {
  seed: 42,
  // One worker, as In-Vitro's trace mode; cores and memory of the machines that it was
  // developed on (CloudLab's xl170).
  nodes: 1,
  nodeCores: 10,
  nodeMemoryMib: 65_536,
  // The kubelet's room for pods in In-Vitro's cluster scripts.
  nodeInstances: 200,
  maxInstances: null,
  startsAtOnce: null,
  placement: "least-allocated",
  cpu: "sharing",
  // As Kubernetes: requests are never promised twice.
  cpuOvercommit: 1,
  cpuLimitCores: 1,
  instanceOverheadMib: INSTANCE_OVERHEAD_MIB,
  containerConcurrency: 1,
  // An instance of the local platform is placed at once, has no image to fetch, and is ready
  // after about 0.2 s on an idle core (docs/method.md), which it spends computing.
  schedulingMs: constant(0),
  imageMs: constant(0),
  imageCache: true,
  startMs: constant(200),
  startUsesCpu: true,
  stopMs: constant(0),
  // Half of a round trip within a data centre (J. Dean, "Numbers everyone should know", 2009).
  networkMs: constant(0.25),
  serviceOverheadMs: constant(0),
  serviceFactor: constant(1),
  wakeUpMs: constant(0),
  queueTimeoutMs: LOCAL_DEFAULTS.queueTimeoutMs,
  reportMs: LOCAL_DEFAULTS.reportMs,
  autoscaling: {},
  policy: "knative",
  createPolicy: null,
  schedule: null,
  skipsIdleTicks: true,
  scrapeIntervalMs: LOCAL_DEFAULTS.scrapeIntervalMs,
};

/** Bounds of a number, both included. */
type Bounds = readonly [least: number, most: number, kind: "whole" | "any"];

const BOUNDS: Readonly<Partial<Record<keyof SimulatorSettings, Bounds>>> = {
  seed: [0, Number.MAX_SAFE_INTEGER, "whole"],
  nodes: [0, 100_000, "whole"],
  nodeCores: [0.001, 100_000, "any"],
  nodeMemoryMib: [0, 1e9, "any"],
  nodeInstances: [0, 1e6, "whole"],
  maxInstances: [0, 1e8, "whole"],
  startsAtOnce: [1, 1e8, "whole"],
  cpuOvercommit: [0.001, 1e6, "any"],
  cpuLimitCores: [0.001, 1000, "any"],
  instanceOverheadMib: [0, 1e6, "any"],
  containerConcurrency: [1, 100_000, "whole"],
  queueTimeoutMs: [1, 86_400_000, "any"],
  reportMs: [10, 60_000, "any"],
  scrapeIntervalMs: [10, 86_400_000, "any"],
};

/**
 * Fills the defaults in and checks what is given.
 *
 * @throws LoaderError `usage` naming the option and the value
 */
export function settleSimulatorOptions(options: SimulatorOptions): SimulatorSettings {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const settings: SimulatorSettings = { ...SIMULATOR_DEFAULTS, ...given };
  for (const [name, bounds] of Object.entries(BOUNDS)) {
    const value = settings[name as keyof SimulatorSettings];
    if (value !== null) check(name, value, bounds);
  }
  if (settings.createPolicy === null) checkPolicyName(settings.policy);
  // It checks its own settings.
  new FunctionScaler(scalerOptionsOf(settings));
  return settings;
}

/** What Knative aims for follows from what an instance can take, where it is not given. */
export function scalerOptionsOf(
  { autoscaling, containerConcurrency }: SimulatorSettings,
): FunctionScalerOptions {
  return { totalValue: containerConcurrency, ...autoscaling };
}

function check(name: string, value: unknown, [least, most, kind]: Bounds): void {
  const fits = typeof value === "number" && value >= least && value <= most &&
    (kind === "any" || Number.isInteger(value));
  if (fits) return;
  throw new LoaderError(
    "usage",
    `The option ${name} of the simulator must be a ${
      kind === "whole" ? "whole number" : "number"
    } from ${least} to ${most}, not ${value}.`,
    { value },
  );
}
