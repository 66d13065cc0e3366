import { availableParallelism } from "node:os";
import type { FunctionScalerOptions } from "../../autoscale/knative/function_scaler.ts";
import type { Capacity } from "../../model/platform.ts";
import { durationOption, integerOption, type OptionValues } from "../../option/option.ts";
import { settleOptions } from "../../option/settle_options.ts";
import type { PlatformTraits } from "../definition.ts";
import {
  CALL_OPTIONS,
  deriveAutoscaling,
  OWN_SCALING_OPTIONS,
  type OwnScaling,
  REPORT_OPTION,
  SCRAPE_OPTIONS,
} from "../shared_options.ts";
import type { CreateTransport } from "../transport_choice.ts";
import { INSTANCE_OVERHEAD_MIB } from "./capacity.ts";
import type { SpinConstants } from "./control.ts";

export const LOCAL_TRAITS: PlatformTraits = {
  isVirtual: false,
  isCluster: false,
  sharesMachine: true,
  hasTwins: true,
};

/** What a user may set. */
export const LOCAL_OPTIONS = {
  ...CALL_OPTIONS,
  ...SCRAPE_OPTIONS,
  ...OWN_SCALING_OPTIONS,
  gatewayPort: integerOption("port", {
    meaning: "port of the gateway, 0 for any",
    default: 0,
    decidesResult: false,
    minimum: 0,
    maximum: 65_535,
  }),
  metricsPort: integerOption("port", {
    meaning: "port of the gateway's /metrics, 0 for any",
    default: 0,
    decidesResult: false,
    minimum: 0,
    maximum: 65_535,
  }),
};

/** Instances that may be starting at the same time: a start computes. */
export function defaultStartsAtOnce(): number {
  return 2 * availableParallelism();
}

/** What programs alone set. */
const PROGRAM_OPTIONS = {
  instanceOverheadMib: integerOption("MiB", {
    meaning: "memory of an instance beside what its function requests",
    default: INSTANCE_OVERHEAD_MIB,
    minimum: 0,
    maximum: 1e6,
  }),
  startsAtOnce: integerOption("number", {
    meaning: "instances that may be starting at the same time",
    default: defaultStartsAtOnce(),
    minimum: 1,
    maximum: 1000,
  }),
  startTimeoutMs: durationOption({
    meaning: "longest time from the start of a process until it can be called",
    // A start takes 0.1 s on an idle core; a burst of them at low priority on a busy machine,
    // seconds.
    default: 30_000,
    minimum: 1,
    maximum: 3_600_000,
  }),
  stopTimeoutMs: durationOption({
    meaning: "how long a process may take to end before it is killed",
    default: 3000,
    minimum: 1,
    maximum: 60_000,
  }),
  maxConcurrentStreams: integerOption("number", {
    meaning: "calls at once on one connection to the gateway",
    // So that a client's own queue does not pass for the platform's; grpc-js opens what it may.
    default: 4096,
    minimum: 1,
    maximum: 2 ** 31 - 1,
  }),
  reportMs: REPORT_OPTION,
  niceness: integerOption("number", {
    meaning: "priority of the instances, as nice takes it; 0: that of the loader",
    // The lowest: the generator must keep its time.
    default: 19,
    minimum: 0,
    maximum: 19,
  }),
};

const { gatewayPort, metricsPort, queueTimeoutMs, scrapeIntervalMs } = LOCAL_OPTIONS;

/** The options that are settings as they are. */
const PLAIN_OPTIONS = {
  gatewayPort,
  metricsPort,
  queueTimeoutMs,
  scrapeIntervalMs,
  ...PROGRAM_OPTIONS,
};

/** Options of {@linkcode createLocalPlatform}: a user's, and those of programs alone. */
export interface LocalOptions extends Partial<OptionValues<typeof PLAIN_OPTIONS>>, OwnScaling {
  readonly createTransport: CreateTransport;
  /** How invocations are kept on time. */
  /** Bounds to set otherwise than {@linkcode deriveLocalCapacity} has them. */
  readonly capacity?: Partial<Capacity>;
  /** Longest time that a scrape may take; the time between two where it is not given. */
  readonly scrapeTimeoutMs?: number;
  /** The Deno executable that gateway and instances run on. */
  readonly executable?: string;
  /** Deno executable for the instances alone, where it is another. */
  readonly instanceExecutable?: string;
  /** Units of work a millisecond; `null`: measured before the load. */
  readonly calibration?: SpinConstants | null;
}

/** Every option with its value in force. */
export interface LocalSettings extends OptionValues<typeof PLAIN_OPTIONS> {
  readonly createTransport: CreateTransport;
  readonly capacity: Partial<Capacity>;
  readonly autoscaling: FunctionScalerOptions;
  readonly scrapeTimeoutMs: number;
  readonly executable: string;
  readonly instanceExecutable: string;
  readonly calibration: SpinConstants | null;
}

/**
 * Fills the defaults in and checks what is given.
 *
 * @throws LoaderError `usage` naming the option and the value
 */
export function settleLocalOptions(options: LocalOptions): LocalSettings {
  const plain = settleOptions("the local platform", PLAIN_OPTIONS, options, false);
  const { maxInstances = null, executable = Deno.execPath() } = options;
  return {
    ...plain,
    createTransport: options.createTransport,
    capacity: {
      ...(maxInstances === null ? {} : { instances: maxInstances }),
      ...options.capacity,
    },
    autoscaling: deriveAutoscaling(options),
    scrapeTimeoutMs: options.scrapeTimeoutMs ?? plain.scrapeIntervalMs,
    executable,
    instanceExecutable: options.instanceExecutable ?? executable,
    calibration: options.calibration ?? null,
  };
}
