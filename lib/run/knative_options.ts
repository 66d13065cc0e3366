import { CPU_LIMITS, REQUESTS, SCALING_METRICS } from "../platform/knative/knative_options.ts";
import { CLUSTER_OPTIONS } from "./cluster_options.ts";
import {
  choiceOption,
  durationOption,
  integerOption,
  type Option,
  switchOption,
  textOption,
} from "../option/option.ts";

const KNATIVE_ONLY = { platforms: ["knative"] } as const;

/** How functions are deployed on Knative. */
export const KNATIVE_OPTIONS = {
  ...CLUSTER_OPTIONS,
  template: textOption<string | null>("file", {
    ...KNATIVE_ONLY,
    readsFile: true,
    meaning: "YAML file with the Knative Service of a function " +
      "(default: workloads/container/trace_function.yaml)",
    default: null,
  }),
  image: textOption<string | null>("image", {
    ...KNATIVE_ONLY,
    meaning: "image of the functions (default: the template's; deno task image makes it)",
    default: null,
  }),
  requests: choiceOption(REQUESTS, {
    ...KNATIVE_ONLY,
    meaning: "what instances request: CPU and memory by the function's memory, or none (best " +
      "effort, no limits)",
    default: "table",
  }),
  cpuRequestMilli: cpuOption(
    "CPU that every instance requests, in cores or as 10m (default: by the function's memory)",
  ),
  limits: choiceOption(CPU_LIMITS, {
    ...KNATIVE_ONLY,
    meaning: "CPU limit of an instance: a whole core, Google's by memory, or none",
    default: "1vcpu",
  }),
  scalingMetric: choiceOption(SCALING_METRICS, {
    ...KNATIVE_ONLY,
    meaning: "what the autoscaler goes by; rps takes 1000 / mean runtime in ms for the target",
    default: "concurrency",
  }),
  partialPanic: switchOption({
    ...KNATIVE_ONLY,
    meaning: "panic only at ten times the load, over the whole stable window",
    default: false,
  }),
  deployTimeoutMs: durationOption({
    ...KNATIVE_ONLY,
    meaning: "longest time from when a function is deployed until it is ready",
    default: 120_000,
    minimum: 1000,
    maximum: 86_400_000,
    decidesResult: false,
  }),
  deployAtOnce: integerOption("number", {
    ...KNATIVE_ONLY,
    meaning: "functions that may be coming up at the same time",
    default: 20,
    minimum: 1,
    maximum: 1000,
    decidesResult: false,
  }),
  allowPartial: switchOption({
    ...KNATIVE_ONLY,
    meaning: "make the run although some functions do not come up; their invocations fail",
    default: false,
    decidesResult: false,
  }),
  clusterSettings: switchOption({
    ...KNATIVE_ONLY,
    meaning: "change the autoscaler's settings for warm-up and measurement, and put back what a " +
      "run that crashed has left (default; --no-cluster-settings leaves them alone)",
    default: true,
  }),
  restartActivator: switchOption({
    ...KNATIVE_ONLY,
    meaning: "restart Knative's activator before each deployment, where permitted (default; " +
      "--no-restart-activator leaves it alone)",
    default: true,
  }),
  restartPrometheus: switchOption({
    ...KNATIVE_ONLY,
    meaning: "restart Prometheus before each deployment, so that it is empty, where it is the " +
      "operator's and this is permitted",
    default: false,
  }),
};

/** CPU in milli-cores, written as Kubernetes does. */
function cpuOption(meaning: string): Option<number | null> {
  return {
    placeholder: "cores",
    meaning,
    unit: "Milli",
    parse: parseCpuMilli,
    defaults: { local: null, cluster: null },
    show: () => null,
    decidesResult: true,
    platforms: KNATIVE_ONLY.platforms,
  };
}

/** @throws Error whose message completes the name of the option */
function parseCpuMilli(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(text);
  const cpuMilli = match === null
    ? NaN
    : Math.round(Number(match[1]) * (match[2] === "" ? 1000 : 1));
  if (cpuMilli >= 1 && cpuMilli <= 1_000_000) return cpuMilli;
  throw new Error(`${JSON.stringify(text)} is no CPU; write it as 10m or 0.5, from 1m to 1000.`);
}
