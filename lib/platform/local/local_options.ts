import { availableParallelism } from "node:os";
import type { Pacing } from "../../clock/clock.ts";
import type { FunctionScalerOptions } from "../../autoscale/knative/function_scaler.ts";
import type { Capacity } from "../../model/platform.ts";
import type { CreateTransport } from "../transport_choice.ts";
import { INSTANCE_OVERHEAD_MIB } from "./capacity.ts";
import type { SpinConstants } from "./control.ts";
import { checkWholeOption } from "../../option/whole_option.ts";

/** Options of {@linkcode createLocalPlatform}; see {@linkcode LOCAL_DEFAULTS}. */
export interface LocalOptions {
  readonly createTransport: CreateTransport;
  /** How invocations are kept on time; `economical`: the functions need the same cores. */
  readonly pacing?: Pacing;
  /** Port of the gateway on 127.0.0.1; 0: any that is free. */
  readonly gatewayPort?: number;
  /** Port of the metrics on 127.0.0.1; 0: any that is free. */
  readonly metricsPort?: number;
  /** Bounds to set otherwise than {@linkcode deriveLocalCapacity} has them. */
  readonly capacity?: Partial<Capacity>;
  /** Memory of an instance beside what its function requests. */
  readonly instanceOverheadMib?: number;
  /** Instances that may be starting at the same time; default: twice the cores. */
  readonly startsAtOnce?: number;
  /** Longest wait of a request for an instance. */
  readonly queueTimeoutMs?: number;
  /** Longest time from the start of a process until it can be called. */
  readonly startTimeoutMs?: number;
  /** How long a process may take to end before it is killed. */
  readonly stopTimeoutMs?: number;
  /** Calls at once on one connection to the gateway. */
  readonly maxConcurrentStreams?: number;
  /** Time between two concurrency reports of the gateway to the autoscaler. */
  readonly reportMs?: number;
  /** The autoscaler's settings: windows, ticks, grace period, bounds. */
  readonly autoscaling?: FunctionScalerOptions;
  /** Priority of the instances, as `nice` takes it; 0: that of the loader. */
  readonly niceness?: number;
  /** Time between two scrapes. */
  readonly scrapeIntervalMs?: number;
  /** Longest time that a scrape may take. */
  readonly scrapeTimeoutMs?: number;
  /** The Deno executable that gateway and instances run on. */
  readonly executable?: string;
  /** Deno executable for the instances alone, where it is another. */
  readonly instanceExecutable?: string;
  /** Units of work a millisecond; `null`: measured before the load. */
  readonly calibration?: SpinConstants | null;
}

/** Options whose defaults are the machine's. */
type MachineOption = "startsAtOnce" | "executable" | "instanceExecutable";

/** What options of the local platform are when they are not given. */
export const LOCAL_DEFAULTS = {
  pacing: "economical",
  gatewayPort: 0,
  metricsPort: 0,
  capacity: {},
  instanceOverheadMib: INSTANCE_OVERHEAD_MIB,
  /** As the issue of this platform asks for; Knative's revision time-out is 300 s. */
  queueTimeoutMs: 60_000,
  /** A start takes 0.1 s on an idle core; a burst of them at low priority on a busy machine, seconds. */
  startTimeoutMs: 30_000,
  stopTimeoutMs: 3_000,
  /** So that a client's own queue does not pass for the platform's; grpc-js opens what it may. */
  maxConcurrentStreams: 4096,
  /** As Knative's activator. */
  reportMs: 1000,
  autoscaling: {},
  /** The lowest: the generator must keep its time. */
  niceness: 19,
  scrapeIntervalMs: 1000,
  scrapeTimeoutMs: 1000,
  calibration: null,
} as const satisfies Omit<LocalOptions, "createTransport" | MachineOption>;

/** Every option with its value in force. */
export type LocalSettings = Required<LocalOptions>;

/**
 * Fills the defaults in and checks what is given.
 *
 * @throws LoaderError `usage` naming the option and the value
 */
export function settleLocalOptions(options: LocalOptions): LocalSettings {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const executable = options.executable ?? Deno.execPath();
  const settings: LocalSettings = {
    ...LOCAL_DEFAULTS,
    startsAtOnce: 2 * availableParallelism(),
    executable,
    instanceExecutable: executable,
    ...given as unknown as Pick<LocalOptions, "createTransport">,
  };
  check(settings, "gatewayPort", 0, 65535);
  check(settings, "metricsPort", 0, 65535);
  check(settings, "instanceOverheadMib", 0, 1e6);
  check(settings, "startsAtOnce", 1, 1000);
  check(settings, "queueTimeoutMs", 1, 3_600_000);
  check(settings, "startTimeoutMs", 1, 3_600_000);
  check(settings, "stopTimeoutMs", 1, 60_000);
  check(settings, "maxConcurrentStreams", 1, 2 ** 31 - 1);
  check(settings, "reportMs", 10, 60_000);
  check(settings, "niceness", 0, 19);
  check(settings, "scrapeIntervalMs", 10, 3_600_000);
  check(settings, "scrapeTimeoutMs", 10, 3_600_000);
  return settings;
}

function check(
  settings: LocalSettings,
  name: keyof LocalSettings,
  least: number,
  most: number,
): void {
  checkWholeOption("local", name, settings[name], least, most);
}
