import {
  FunctionScaler,
  type FunctionScalerOptions,
} from "../../autoscale/knative/function_scaler.ts";
import { LoaderError } from "../../base/error.ts";
import type { Schedule } from "../../model/schedule.ts";
import {
  choiceOption,
  createOption,
  integerOption,
  numberOption,
  type Option,
  type OptionTable,
  type OptionText,
  type OptionValues,
  switchOption,
  textOption,
} from "../../option/option.ts";
import { settleOptions } from "../../option/settle_options.ts";
import { INSTANCE_OVERHEAD_MIB } from "../local/capacity.ts";
import {
  deriveAutoscaling,
  OWN_SCALING_OPTIONS,
  type OwnScaling,
  REPORT_OPTION,
  SCRAPE_OPTIONS,
  SERVING_OPTIONS,
} from "../shared_options.ts";
import type { AutoscalerPhases } from "./autoscaler_phases.ts";
import {
  constant,
  type Distribution,
  formatDistribution,
  parseDistribution,
} from "./distribution.ts";
import { PLACEMENTS } from "./placement.ts";
import { checkPolicyName, KNATIVE, POLICY_NAMES, type PolicyFactory } from "./policies.ts";

/** How busy instances of a node get its cores: they share them, or each has its own. */
export const CPU_MODELS = ["sharing", "dedicated"] as const;

/** See {@linkcode CPU_MODELS}. */
export type CpuModel = typeof CPU_MODELS[number];

/** A time or a factor that may differ from case to case; see {@linkcode parseDistribution}. */
function distributionOption(
  placeholder: string,
  text: OptionText<Distribution>,
): Option<Distribution> {
  return createOption(placeholder, text, { kind: "text" }, parseDistribution, formatDistribution);
}

/** A time, by {@linkcode distributionOption}. */
function timeOption(text: Omit<OptionText<Distribution>, "unit">): Option<Distribution> {
  return distributionOption("time|distribution", { unit: "Ms", ...text });
}

/** A switch whose default is on: it takes `true` or `false`. */
function booleanOption(text: OptionText<boolean>): Option<boolean> {
  return { ...switchOption(text), placeholder: "true|false", show: String };
}

/**
 * What the simulated platform is like. Where the local platform has the same thing, its
 * figure; nothing follows from the machine that simulates, so that results do not either.
 */
export const SIMULATION_PARAMETERS = {
  policy: {
    ...choiceOption(POLICY_NAMES, {
      meaning: "what decides when instances come and go",
      default: KNATIVE,
    }),
    placeholder: "name",
  },
  // One worker, as In-Vitro's trace mode; cores and memory of the machines that it was
  // developed on (CloudLab's xl170).
  nodes: integerOption("number", {
    meaning: "machines that instances run on",
    default: 1,
    minimum: 0,
    maximum: 100_000,
  }),
  nodeCores: numberOption("number", {
    meaning: "cores of a node",
    default: 10,
    minimum: 0.001,
    maximum: 100_000,
  }),
  nodeMemoryMib: numberOption("MiB", {
    unit: "Mib",
    meaning: "memory of a node",
    default: 65_536,
    minimum: 0,
    maximum: 1e9,
  }),
  nodeInstances: integerOption("number", {
    meaning: "most instances of a node",
    // The kubelet's room for pods in In-Vitro's cluster scripts.
    default: 200,
    minimum: 0,
    maximum: 1e6,
  }),
  placement: choiceOption(PLACEMENTS, {
    meaning: "which node gets an instance",
    default: "least-allocated",
  }),
  cpu: choiceOption(CPU_MODELS, {
    meaning: "how instances get the cores of a node",
    default: "sharing",
  }),
  cpuOvercommit: numberOption("factor", {
    meaning: "with shared cores: CPU that may be requested, over the CPU that there is",
    // As Kubernetes: requests are never promised twice.
    default: 1,
    minimum: 0.001,
    maximum: 1e6,
  }),
  cpuLimitCores: numberOption("cores", {
    unit: "Cores",
    meaning: "most CPU of one instance",
    default: 1,
    minimum: 0.001,
    maximum: 1000,
  }),
  instanceOverheadMib: numberOption("MiB", {
    unit: "Mib",
    meaning: "memory of an instance beside what its function requests",
    default: INSTANCE_OVERHEAD_MIB,
    minimum: 0,
    maximum: 1e6,
  }),
  containerConcurrency: integerOption("number", {
    meaning: "requests that an instance serves at the same time",
    default: 1,
    minimum: 1,
    maximum: 100_000,
  }),
  startsAtOnce: integerOption<number | null>("number", {
    meaning: "instances that may be starting at the same time (default: any number)",
    default: null,
    minimum: 1,
    maximum: 1e8,
  }),
  // An instance of the local platform is placed at once, has no image to fetch, and is ready
  // after about 0.2 s on an idle core (docs/method.md), which it spends computing.
  schedulingMs: timeOption({
    bareName: "schedulingDelay",
    meaning: "cold start: finding a node",
    default: constant(0),
  }),
  imageMs: timeOption({
    bareName: "imageDelay",
    meaning: "cold start: fetching the image",
    default: constant(0),
  }),
  imageCache: booleanOption({
    meaning: "whether a node fetches an image only once",
    default: true,
  }),
  startMs: timeOption({
    bareName: "startDelay",
    meaning: "cold start: the instance's own start",
    default: constant(200),
  }),
  startUsesCpu: booleanOption({
    meaning: "whether that start computes, and takes longer where cores are short",
    default: true,
  }),
  stopMs: timeOption({
    bareName: "stopDelay",
    meaning: "from an instance's stop until its room is free",
    default: constant(0),
  }),
  networkMs: timeOption({
    bareName: "networkDelay",
    meaning: "on each way between loader and gateway",
    // Half of a round trip within a data centre (J. Dean, "Numbers everyone should know", 2009).
    default: constant(0.25),
  }),
  serviceFactor: distributionOption("factor|distribution", {
    meaning: "work of a request, over the runtime that it asks for",
    default: constant(1),
  }),
  serviceOverheadMs: timeOption({
    meaning: "work of a request beside that",
    default: constant(0),
  }),
  /** See `NodeCpu.excessPerCore`. */
  wakeUpMs: timeOption({
    bareName: "wakeUpWait",
    meaning: "until the work of a request begins, for each task too many on each core of its node",
    default: constant(0),
  }),
};

/** What programs alone set. */
const PROGRAM_OPTIONS = {
  seed: integerOption("number", {
    meaning: "root of the platform's own randomness",
    default: 42,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
  }),
  reportMs: REPORT_OPTION,
  skipsIdleTicks: booleanOption({
    meaning: "leave out decisions of Knative's autoscaler that cannot differ from the last one",
    default: true,
  }),
};

const { maxInstances, queueTimeoutMs } = OWN_SCALING_OPTIONS;

/** The options that are settings as they are. */
const PLAIN_OPTIONS = {
  ...SIMULATION_PARAMETERS,
  maxInstances,
  queueTimeoutMs,
  ...SCRAPE_OPTIONS,
  ...PROGRAM_OPTIONS,
};

/** Every parameter of the simulated platform. */
export interface SimulatorSettings extends OptionValues<typeof PLAIN_OPTIONS> {
  /** Settings of Knative's autoscaler. */
  readonly autoscaling: FunctionScalerOptions;
  /** When Knative's autoscaler acts; `null`: by chance, from the seed. */
  readonly phases: AutoscalerPhases | null;
  /** A keep-alive policy that has no name here. */
  readonly createPolicy: PolicyFactory | null;
  /** The schedule of the one run that is made, for policies that know the future. */
  readonly schedule: Schedule | null;
}

/** Options of {@linkcode createSimulatorPlatform}: a user's, and those of programs alone. */
export type SimulatorOptions = Partial<SimulatorSettings> & OwnScaling;

/** The same as a user gives them: what is `null` is not given, a file may give more. */
export type GivenSimulatorOptions =
  & { readonly [Name in keyof SimulatorOptions]?: SimulatorOptions[Name] | null }
  & { readonly simulation?: string | null };

/**
 * Fills the defaults in and checks what is given.
 *
 * @throws LoaderError `usage` naming the option and the value
 */
export function settleSimulatorOptions(options: SimulatorOptions): SimulatorSettings {
  const settings: SimulatorSettings = {
    ...settleOptions("the simulator", PLAIN_OPTIONS, options, false),
    autoscaling: deriveAutoscaling(options),
    phases: options.phases ?? null,
    createPolicy: options.createPolicy ?? null,
    schedule: options.schedule ?? null,
  };
  if (settings.createPolicy === null) checkPolicyName(settings.policy);
  if (settings.policy !== KNATIVE && (options.minScale ?? 0) > 0) {
    throw new LoaderError(
      "usage",
      `--min-scale: ${options.minScale} is for Knative's autoscaler; the policy ` +
        `${settings.policy} decides itself how many instances stay, so leave one of them out.`,
      { value: options.minScale },
    );
  }
  // It checks its own settings.
  new FunctionScaler(scalerOptionsOf(settings));
  return settings;
}

/** What is not given. */
export const SIMULATOR_DEFAULTS: SimulatorSettings = settleSimulatorOptions({});

/** What Knative aims for follows from what an instance can take, where it is not given. */
export function scalerOptionsOf(
  { autoscaling, containerConcurrency }: SimulatorSettings,
): FunctionScalerOptions {
  return { totalValue: containerConcurrency, ...autoscaling };
}

/** Parameters that are not given, with their defaults told: a file comes between the two. */
type Open<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer T> ? Option<T | null> : never;
};

function leaveOpen<T>(option: Option<T>): Option<T | null> {
  const shown = option.show(option.defaults.local);
  return {
    ...option,
    meaning: option.meaning + (shown === null ? "" : ` (default: ${shown})`),
    defaults: { local: null, cluster: null },
    show: () => null,
  };
}

/** The parameters as options of a user, and the file that gives them too. */
export const SIMULATION_OPTIONS = {
  simulation: textOption<string | null>("file", {
    readsFile: true,
    meaning: "YAML file with parameters of the simulated platform (see config/simulation.yaml)",
    default: null,
  }),
  ...Object.fromEntries(
    Object.entries(SIMULATION_PARAMETERS as OptionTable)
      .map(([name, option]) => [name, leaveOpen(option)]),
  ) as Open<typeof SIMULATION_PARAMETERS>,
  ...SERVING_OPTIONS,
};

/** What a user may set. */
export const SIMULATOR_OPTIONS = {
  ...SCRAPE_OPTIONS,
  ...OWN_SCALING_OPTIONS,
  ...SIMULATION_OPTIONS,
};
