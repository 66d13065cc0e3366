import { KNATIVE_DEFAULTS } from "../autoscale/knative/knative_defaults.ts";
import type { FunctionScalerOptions } from "../autoscale/knative/function_scaler.ts";
import {
  choiceOption,
  durationOption,
  integerOption,
  numberOption,
  type OptionValues,
} from "../option/option.ts";
import {
  CONNECTION_SHARINGS,
  DEFAULT_TRANSPORT,
  EXPIRED_CALLS,
  TRANSPORT_NAMES,
} from "./transport_choice.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Options of platforms whose calls are made, in real time. */
export const CALL_OPTIONS = {
  transport: choiceOption(TRANSPORT_NAMES, {
    meaning: "what makes the calls",
    default: DEFAULT_TRANSPORT,
  }),
  connections: choiceOption(CONNECTION_SHARINGS, {
    meaning: "which invocations share a connection: all, those of a function, or none",
    default: "shared",
  }),
  expiredCalls: choiceOption(EXPIRED_CALLS, {
    meaning: "what is done to a call whose --timeout has passed: its stream is reset, as clients " +
      "of gRPC do, or left to end unread, for servers that count resets",
    default: "reset",
  }),
};

/** Options of platforms that are looked at while they serve. */
export const SCRAPE_OPTIONS = {
  scrapeIntervalMs: durationOption({
    meaning: "time between looks at the platform",
    default: { local: 1000, cluster: 15_000 },
    minimum: 10,
    maximum: 24 * HOUR_MS,
  }),
};

/** Options of platforms that scale functions, made here or not. */
export const SCALING_OPTIONS = {
  minScale: integerOption("number", {
    meaning: "least instances of one function, which are there before the load and stay without it",
    default: 0,
    minimum: 0,
    maximum: 100_000,
  }),
  maxScale: integerOption("number", {
    meaning: "most instances of one function",
    // More of one function than this share the cores of a laptop and starve the others.
    default: { local: 4, cluster: 200 },
    minimum: 1,
    maximum: 100_000,
  }),
};

/** Options of platforms whose instances may serve several requests at the same time. */
export const SERVING_OPTIONS = {
  containerConcurrency: integerOption<number | null>("number", {
    meaning: "requests that an instance serves at the same time (default: 1 simulated, that of " +
      "--template on Knative)",
    default: null,
    minimum: 1,
    maximum: 100_000,
  }),
};

/** Options of platforms that are made here, gateway, autoscaler and all. */
export const OWN_SCALING_OPTIONS = {
  stableWindowMs: durationOption({
    meaning: "window of the average that the autoscaler follows",
    default: KNATIVE_DEFAULTS.stableWindowMs,
    minimum: 1000,
    maximum: HOUR_MS,
  }),
  panicWindowPercent: numberOption("percent", {
    unit: "Percent",
    meaning: "panic window of the autoscaler, % of the stable window",
    default: KNATIVE_DEFAULTS.panicWindowPercentage,
    minimum: 1,
    maximum: 100,
  }),
  autoscalerTickMs: durationOption({
    meaning: "time between decisions of the autoscaler",
    default: KNATIVE_DEFAULTS.tickMs,
    minimum: 100,
    maximum: MINUTE_MS,
  }),
  scaleToZeroGraceMs: durationOption({
    meaning: "how long the gateway must have been in the path before the last instance goes: it " +
      "is from the deployment on, so that this ends no later than so long after it",
    default: KNATIVE_DEFAULTS.scaleToZeroGraceMs,
    minimum: 0,
    maximum: HOUR_MS,
  }),
  ...SCALING_OPTIONS,
  maxInstances: integerOption<number | null>("number", {
    meaning: "most instances at once (default: 32 a core locally, what the nodes hold simulated)",
    default: null,
    minimum: 0,
    maximum: 100_000_000,
  }),
  queueTimeoutMs: durationOption({
    meaning: "longest wait of a request for an instance, then RESOURCE_EXHAUSTED",
    // As the issue of the local platform asks for; Knative's revision time-out is 300 s.
    default: MINUTE_MS,
    minimum: 1,
    maximum: 24 * HOUR_MS,
  }),
};

/** Option of programs for platforms with a gateway that tells the autoscaler of its load. */
export const REPORT_OPTION = durationOption({
  meaning: "time between two concurrency reports of the gateway to the autoscaler",
  // As Knative's activator.
  default: 1000,
  minimum: 10,
  maximum: MINUTE_MS,
});

/** {@linkcode OWN_SCALING_OPTIONS} as a program gives them, and what it alone may set. */
export type OwnScaling = Partial<OptionValues<typeof OWN_SCALING_OPTIONS>> & {
  /** Settings of the autoscaler; they win over the options. */
  readonly autoscaling?: FunctionScalerOptions;
};

/** The autoscaler's settings, as far as they are given: the rest is the autoscaler's to fill in. */
export function deriveAutoscaling(options: OwnScaling): FunctionScalerOptions {
  const given = Object.entries({
    stableWindowMs: options.stableWindowMs,
    panicWindowPercentage: options.panicWindowPercent,
    tickMs: options.autoscalerTickMs,
    scaleToZeroGraceMs: options.scaleToZeroGraceMs,
    minScale: options.minScale,
    maxScale: options.maxScale,
  }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), ...options.autoscaling };
}
