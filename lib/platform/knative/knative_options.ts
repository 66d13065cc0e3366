import { fileURLToPath } from "node:url";
import { type Address, parseAddress } from "../../base/address.ts";
import { errorMessage, LoaderError } from "../../base/error.ts";
import {
  choiceOption,
  createOption,
  durationOption,
  integerOption,
  type OptionValues,
  switchOption,
  textOption,
} from "../../option/option.ts";
import { settleOptions } from "../../option/settle_options.ts";
import type { PlatformTraits, RunContext } from "../definition.ts";
import {
  CALL_OPTIONS,
  SCALING_OPTIONS,
  SCRAPE_OPTIONS,
  SERVING_OPTIONS,
} from "../shared_options.ts";
import type { CreateTransport } from "../transport_choice.ts";
import type { DeploymentProgress } from "./deploy/deployer.ts";

export const KNATIVE_TRAITS: PlatformTraits = {
  isVirtual: false,
  isCluster: true,
  sharesMachine: false,
  hasTwins: true,
};

/** What functions request: by the table of memory, or nothing (best effort). */
export const REQUESTS = ["table", "none"] as const;

/** CPU limits: a whole core, Google's by memory, or none. */
export const CPU_LIMITS = ["1vcpu", "gcp", "none"] as const;

/** What the autoscaler goes by. */
export const SCALING_METRICS = ["concurrency", "rps"] as const;

/** The template of the trace function's service. */
export const DEFAULT_TEMPLATE = fileURLToPath(
  new URL("../../../workloads/container/trace_function.yaml", import.meta.url),
);

const CONNECTION = { default: null, decidesResult: false } as const;

/** How a cluster is reached. */
export const CLUSTER_OPTIONS = {
  kubeconfig: textOption<string | null>("file", {
    ...CONNECTION,
    meaning: "how to reach the cluster (default: KUBECONFIG, ~/.kube/config, or the pod's own)",
  }),
  context: textOption<string | null>("name", {
    ...CONNECTION,
    meaning: "context of it (default: its current one)",
  }),
  namespace: textOption<string | null>("name", {
    ...CONNECTION,
    meaning: "namespace for the functions (default: the context's)",
  }),
  gateway: textOption<string | null>("host:port", {
    ...CONNECTION,
    meaning: "where all calls go (default: the address of the ingress service)",
  }),
  prometheus: textOption<string | null>("url|service", {
    ...CONNECTION,
    meaning: "Prometheus that scrapes Knative: a URL, or namespace/service:port through the API " +
      "server (default: looked for)",
  }),
};

/** What a user may set. */
export const KNATIVE_OPTIONS = {
  ...CALL_OPTIONS,
  ...SCRAPE_OPTIONS,
  ...SCALING_OPTIONS,
  ...SERVING_OPTIONS,
  ...CLUSTER_OPTIONS,
  template: textOption<string | null>("file", {
    readsFile: true,
    meaning: "YAML file with the Knative Service of a function " +
      "(default: workloads/container/trace_function.yaml)",
    default: null,
  }),
  image: textOption<string | null>("image", {
    meaning: "image of the functions (default: the template's; deno task image makes it)",
    default: null,
  }),
  requests: choiceOption(REQUESTS, {
    meaning: "what instances request: CPU and memory by the function's memory, or none (best " +
      "effort, no limits)",
    default: "table",
  }),
  cpuRequestMilli: createOption<number | null>(
    "cores",
    {
      unit: "Milli",
      meaning:
        "CPU that every instance requests, in cores or as 10m (default: by the function's memory)",
      default: null,
    },
    { kind: "text" },
    parseCpuMilli,
    () => null,
  ),
  limits: choiceOption(CPU_LIMITS, {
    meaning: "CPU limit of an instance: a whole core, Google's by memory, or none",
    default: "1vcpu",
  }),
  scalingMetric: choiceOption(SCALING_METRICS, {
    meaning: "what the autoscaler goes by; rps takes 1000 / mean runtime in ms for the target",
    default: "concurrency",
  }),
  partialPanic: switchOption({
    meaning: "panic only at ten times the load, over the whole stable window",
    default: false,
  }),
  deployTimeoutMs: durationOption({
    meaning: "longest time from when a function is deployed until it is ready",
    default: 120_000,
    minimum: 1000,
    maximum: 86_400_000,
    decidesResult: false,
  }),
  deployAtOnce: integerOption("number", {
    meaning: "functions that may be coming up at the same time",
    // Knative's controller brings up about this many in a second; more only wait inside of it.
    default: 20,
    minimum: 1,
    maximum: 1000,
    decidesResult: false,
  }),
  allowPartial: switchOption({
    meaning: "make the run although some functions do not come up; their invocations fail",
    default: false,
    decidesResult: false,
  }),
  clusterSettings: switchOption({
    meaning: "change the autoscaler's settings for warm-up and measurement, and put back what a " +
      "run that crashed has left (default; --no-cluster-settings leaves them alone)",
    default: true,
  }),
  restartActivator: switchOption({
    meaning: "restart Knative's activator before each deployment, where permitted (default; " +
      "--no-restart-activator leaves it alone)",
    default: true,
  }),
  restartPrometheus: switchOption({
    meaning: "restart Prometheus before each deployment, so that it is empty, where it is the " +
      "operator's and this is permitted",
    // What is scraped is asked for its value now, so what Prometheus remembers does no harm.
    default: false,
  }),
};

/** @throws Error whose message completes the name of the option */
function parseCpuMilli(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(text);
  const cpuMilli = match === null
    ? NaN
    : Math.round(Number(match[1]) * (match[2] === "" ? 1000 : 1));
  if (cpuMilli >= 1 && cpuMilli <= 1_000_000) return cpuMilli;
  throw new Error(`${JSON.stringify(text)} is no CPU; write it as 10m or 0.5, from 1m to 1000.`);
}

/** What programs alone set. */
const PROGRAM_OPTIONS = {
  removeTimeoutMs: durationOption({
    meaning: "longest time that clean-up waits until everything is gone",
    // Queue-proxy drains half a minute; a pod that hears nothing is killed after 300 s only.
    default: 180_000,
    minimum: 1000,
    maximum: 86_400_000,
  }),
};

const { transport: _, connections: __, expiredCalls: ___, ...plain } = KNATIVE_OPTIONS;

/** The options that are settings as they are. */
const PLAIN_OPTIONS = { ...plain, ...PROGRAM_OPTIONS };

/** Options of `createKnativePlatform`: a user's, and those of programs alone. */
export interface KnativeOptions extends Partial<OptionValues<typeof PLAIN_OPTIONS>>, RunContext {
  readonly createTransport: CreateTransport;
  /** Label of what belongs to this deployment; `null`: made. */
  readonly runId?: string | null;
  /** Longest time that a scrape may take; the time between two where it is not given. */
  readonly scrapeTimeoutMs?: number;
  readonly onProgress?: (progress: DeploymentProgress) => void;
}

/** Every option with its value in force. */
export interface KnativeSettings extends OptionValues<typeof PLAIN_OPTIONS> {
  readonly createTransport: CreateTransport;
  readonly template: string;
  readonly runId: string | null;
  readonly scrapeTimeoutMs: number;
  readonly onProgress: (progress: DeploymentProgress) => void;
  readonly onNote: (sentence: string) => void;
}

/**
 * Fills the defaults in and checks what is given.
 *
 * @throws LoaderError `usage` naming the option and the value
 */
export function settleKnativeOptions(options: KnativeOptions): KnativeSettings {
  return { ...settle(options), createTransport: options.createTransport };
}

function settle(
  options: Omit<KnativeOptions, "createTransport">,
): Omit<KnativeSettings, "createTransport"> {
  const values = settleOptions("the Knative platform", PLAIN_OPTIONS, options, true);
  parseGatewayChoice(values.gateway);
  if (values.minScale > values.maxScale) {
    throw new LoaderError(
      "usage",
      `--min-scale: ${values.minScale} is above --max-scale, ${values.maxScale}; lower the one ` +
        "or raise the other.",
      { value: values.minScale },
    );
  }
  // What is there once for several loaders, one of them looks after.
  const { tendsPlatform = true } = options;
  return {
    ...values,
    template: values.template ?? DEFAULT_TEMPLATE,
    clusterSettings: tendsPlatform && values.clusterSettings,
    restartActivator: tendsPlatform && values.restartActivator,
    restartPrometheus: tendsPlatform && values.restartPrometheus,
    runId: options.runId ?? null,
    scrapeTimeoutMs: options.scrapeTimeoutMs ?? values.scrapeIntervalMs,
    onProgress: options.onProgress ?? (() => {}),
    onNote: options.onNote ?? (() => {}),
  };
}

/** What options are when they are not given. */
export const KNATIVE_PLATFORM_DEFAULTS: Omit<KnativeSettings, "createTransport"> = settle({});

/** Where calls go; see `gateway` of {@linkcode CLUSTER_OPTIONS}. */
export type GatewayChoice =
  | { readonly kind: "found" }
  | { readonly kind: "address"; readonly address: Address }
  | { readonly kind: "url"; readonly port: number | null };

/**
 * Parses the value of `--gateway`.
 *
 * @throws LoaderError `usage` quoting it
 *
 * @example
 * ```ts
 * import { parseGatewayChoice } from "./knative_options.ts";
 * const choice = parseGatewayChoice("url:8080");
 * if (choice.kind !== "url" || choice.port !== 8080) throw new Error("misread");
 * ```
 */
export function parseGatewayChoice(text: string | null): GatewayChoice {
  if (text === null) return { kind: "found" };
  const url = /^url(?::(\d{1,5}))?$/.exec(text);
  if (url !== null) return { kind: "url", port: url[1] === undefined ? null : Number(url[1]) };
  try {
    return { kind: "address", address: parseAddress(text) };
  } catch (cause) {
    throw new LoaderError(
      "usage",
      `--gateway: ${errorMessage(cause)} "url" takes the URL of each service, "url:8080" with ` +
        `another port.`,
      { cause },
    );
  }
}
