import { PLACEMENTS } from "./placement.ts";
import { POLICY_NAMES } from "./policies.ts";
import { CPU_MODELS, type SimulatorSettings } from "./simulator_options.ts";

/** What the value of a parameter may be. */
export type ParameterKind =
  | { readonly kind: "whole" | "number"; readonly minimum: number; readonly maximum: number }
  | { readonly kind: "choice"; readonly choices: readonly string[] }
  | { readonly kind: "switch" }
  /** See `parseDistribution`. */
  | { readonly kind: "distribution" };

/** A parameter of the simulator that a user may set. */
export type SimulationParameter = ParameterKind & {
  /** The setting that it is. */
  readonly setting: keyof SimulatorSettings;
  /** Placeholder of its value in a help text. */
  readonly placeholder: string;
  /** See `Option.unit`. */
  readonly unit: string;
  readonly meaning: string;
};

function whole(minimum: number, maximum: number): ParameterKind {
  return { kind: "whole", minimum, maximum };
}

function number(minimum: number, maximum: number): ParameterKind {
  return { kind: "number", minimum, maximum };
}

function describe(
  setting: keyof SimulatorSettings,
  placeholder: string,
  meaning: string,
  kind: ParameterKind,
  unit = "",
): SimulationParameter {
  return { setting, placeholder, unit, meaning, ...kind };
}

const distribution: ParameterKind = { kind: "distribution" };
const TIME = "time|distribution";

/**
 * Parameters by name in camelCase; in files and on the command line the names
 * are in kebab-case.
 */
export const SIMULATION_PARAMETERS = {
  policy: describe("policy", "name", "what decides when instances come and go", {
    kind: "choice",
    choices: POLICY_NAMES,
  }),
  nodes: describe("nodes", "number", "machines that instances run on", whole(0, 100_000)),
  nodeCores: describe("nodeCores", "number", "cores of a node", number(0.001, 100_000)),
  nodeMemoryMib: describe("nodeMemoryMib", "MiB", "memory of a node", number(0, 1e9), "Mib"),
  nodeInstances: describe("nodeInstances", "number", "most instances of a node", whole(0, 1e6)),
  placement: describe("placement", PLACEMENTS.join("|"), "which node gets an instance", {
    kind: "choice",
    choices: PLACEMENTS,
  }),
  cpu: describe("cpu", CPU_MODELS.join("|"), "how instances get the cores of a node", {
    kind: "choice",
    choices: CPU_MODELS,
  }),
  cpuOvercommit: describe(
    "cpuOvercommit",
    "factor",
    "with shared cores: CPU that may be requested, over the CPU that there is",
    number(0.001, 1e6),
  ),
  cpuLimitCores: describe(
    "cpuLimitCores",
    "cores",
    "most CPU of one instance",
    number(0.001, 1000),
    "Cores",
  ),
  instanceOverheadMib: describe(
    "instanceOverheadMib",
    "MiB",
    "memory of an instance beside what its function requests",
    number(0, 1e6),
    "Mib",
  ),
  containerConcurrency: describe(
    "containerConcurrency",
    "number",
    "requests that an instance serves at the same time",
    whole(1, 100_000),
  ),
  startsAtOnce: describe(
    "startsAtOnce",
    "number",
    "instances that may be starting at the same time (default: any number)",
    whole(1, 1e8),
  ),
  schedulingDelayMs: describe(
    "schedulingMs",
    TIME,
    "cold start: finding a node",
    distribution,
    "Ms",
  ),
  imageDelayMs: describe("imageMs", TIME, "cold start: fetching the image", distribution, "Ms"),
  imageCache: describe("imageCache", "true|false", "whether a node fetches an image only once", {
    kind: "switch",
  }),
  startDelayMs: describe(
    "startMs",
    TIME,
    "cold start: the instance's own start",
    distribution,
    "Ms",
  ),
  startUsesCpu: describe(
    "startUsesCpu",
    "true|false",
    "whether that start computes, and takes longer where cores are short",
    { kind: "switch" },
  ),
  stopDelayMs: describe(
    "stopMs",
    TIME,
    "from an instance's stop until its room is free",
    distribution,
    "Ms",
  ),
  networkDelayMs: describe(
    "networkMs",
    TIME,
    "on each way between loader and gateway",
    distribution,
    "Ms",
  ),
  serviceFactor: describe(
    "serviceFactor",
    "factor|distribution",
    "work of a request, over the runtime that it asks for",
    distribution,
  ),
  serviceOverheadMs: describe(
    "serviceOverheadMs",
    TIME,
    "work of a request beside that",
    distribution,
    "Ms",
  ),
  wakeUpWaitMs: describe(
    "wakeUpMs",
    TIME,
    "until the work of a request begins, for each task too many on each core of its node",
    distribution,
    "Ms",
  ),
} as const satisfies Readonly<Record<string, SimulationParameter>>;

/** The name of a parameter. */
export type SimulationParameterName = keyof typeof SIMULATION_PARAMETERS;
