import { availableParallelism } from "node:os";
import { type Clock, RealClock } from "../../clock/clock.ts";
import { LoaderError } from "../../base/error.ts";
import { untilAborted } from "../../base/signal.ts";
import { FunctionScaler } from "../../autoscale/knative/function_scaler.ts";
import { KNATIVE_DEFAULTS, LOADER_OVERRIDES } from "../../autoscale/knative/knative_defaults.ts";
import type {
  Capacity,
  Deployment,
  FunctionSpec,
  InstanceEvent,
  Platform,
  Scraper,
  TransportFactory,
} from "../../model/platform.ts";
import { createProcessScraper } from "../../scrape/process_usage.ts";
import { createPrometheusTextScraper } from "../../scrape/prometheus_text.ts";
import { deriveLocalCapacity } from "./capacity.ts";
import type { GatewayInstanceEvent } from "./control.ts";
import { GatewayProcess, type ListeningGateway } from "./gateway_process.ts";
import { ScalingLog } from "./scaling_log.ts";
import { type LocalOptions, type LocalSettings, settleLocalOptions } from "./local_options.ts";

/** How much longer than an instance the gateway may take to end. */
const GATEWAY_STOP_MS = 3000;

/**
 * A serverless platform on this machine: a gateway in its own process that
 * routes, buffers and scales as Knative does, and instances as processes at
 * low priority, whose starts are real cold starts.
 *
 * @throws LoaderError `usage` when an option is out of its range
 */
export function createLocalPlatform(options: LocalOptions): Platform {
  return new LocalPlatform(settleLocalOptions(options));
}

class LocalPlatform implements Platform {
  readonly name = "local";
  readonly clock: Clock;
  readonly capacity: Capacity;
  readonly #settings: LocalSettings;
  readonly #lost = new AbortController();
  #listener: (event: InstanceEvent) => void = () => {};
  #gateway: GatewayProcess | null = null;
  #listening: ListeningGateway | null = null;
  #deployments: readonly Deployment[] = [];
  #scalingLog: ScalingLog;

  constructor(settings: LocalSettings) {
    this.#settings = settings;
    this.clock = new RealClock();
    this.#scalingLog = new ScalingLog(this.clock.originUnixMs);
    this.capacity = {
      ...deriveLocalCapacity(),
      ...settings.capacity,
      instanceOverheadMib: settings.instanceOverheadMib,
    };
    // It checks the settings of the autoscaler, before anything is started.
    new FunctionScaler(settings.autoscaling);
  }

  describe(): Record<string, unknown> {
    const { createTransport: _, autoscaling, capacity: __, ...settings } = this.#settings;
    return {
      ...settings,
      capacity: this.capacity,
      // A function server computes on one thread and serves one call at a time.
      nodes: 1,
      nodeCores: availableParallelism(),
      cpuLimitCores: 1,
      containerConcurrency: 1,
      autoscaling: { ...KNATIVE_DEFAULTS, ...LOADER_OVERRIDES, ...autoscaling },
      gatewayPort: this.#listening?.gatewayPort ?? settings.gatewayPort,
      metricsPort: this.#listening?.metricsPort ?? settings.metricsPort,
      calibration: this.#listening?.calibration ?? settings.calibration,
      gatewayPid: this.#gateway?.pid ?? null,
      instancePids: this.#gateway?.instancePids ?? [],
      deno: Deno.version.deno,
      v8: Deno.version.v8,
    };
  }

  async deploy(
    functions: readonly FunctionSpec[],
    signal: AbortSignal,
  ): Promise<readonly Deployment[]> {
    if (this.#gateway !== null) {
      throw new LoaderError(
        "platform",
        "The local platform has functions deployed; tear them down before deploying others.",
      );
    }
    this.#checkFunctions(functions);
    signal.throwIfAborted();
    const settings = this.#settings;
    const gateway = new GatewayProcess(settings.executable, this.clock, {
      onEvent: (event) => this.#tell(event),
      onScaling: (steps) => this.#scalingLog.add(steps),
      onLost: (reason) => this.#lost.abort(reason),
    });
    this.#gateway = gateway;
    try {
      const bringUp = async () => {
        await GatewayProcess.prepareFunctionServer(settings.executable);
        return await gateway.deploy({
          settings: {
            ...settings,
            capacity: this.capacity,
            executable: settings.instanceExecutable,
          },
          functions: functions.map((spec) => ({ ...spec, authority: authorityOf(spec) })),
        });
      };
      this.#listening = await untilAborted(signal, bringUp());
    } catch (error) {
      await this.teardown();
      throw error;
    }
    const address = `127.0.0.1:${this.#listening.gatewayPort}`;
    this.#deployments = functions.map((spec) => ({ spec, address, authority: authorityOf(spec) }));
    return this.#deployments;
  }

  get transport(): TransportFactory {
    return this.#settings.createTransport(this.#deployments, this.clock);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  scrapers(): readonly Scraper[] {
    const { scrapeIntervalMs: everyMs, scrapeTimeoutMs: timeoutMs } = this.#settings;
    const functionIds = new Map(
      this.#deployments.map(({ spec }) => [spec.name, spec.functionId]),
    );
    return [
      createPrometheusTextScraper({
        url: () => `http://127.0.0.1:${this.#listening?.metricsPort}/metrics`,
        functionIds,
        everyMs,
        timeoutMs,
      }),
      this.#scalingLog.createScraper(everyMs),
      createProcessScraper({
        groups: () => ({
          loader: [Deno.pid],
          gateway: this.#gateway === null ? [] : [this.#gateway.pid],
          instances: this.#gateway?.instancePids ?? [],
        }),
        everyMs,
        timeoutMs,
      }),
    ];
  }

  onInstanceEvent(listener: (event: InstanceEvent) => void): void {
    this.#listener = listener;
  }

  async teardown(): Promise<void> {
    await this.#gateway?.stop(this.#settings.stopTimeoutMs + GATEWAY_STOP_MS);
    this.#gateway = null;
    this.#listening = null;
    this.#deployments = [];
    this.#scalingLog = new ScalingLog(this.clock.originUnixMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.teardown();
  }

  #checkFunctions(functions: readonly FunctionSpec[]): void {
    const { instances, cpuMilli, memoryMib } = this.capacity;
    const names = new Set<string>();
    let initialInstances = 0;
    let initialCpuMilli = 0;
    let initialMemoryMib = 0;
    for (const spec of functions) {
      if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(spec.name)) {
        throw fail(`The function name "${spec.name}" is no DNS label`, spec.name);
      }
      if (names.has(spec.name)) {
        throw fail(`Two functions have the name "${spec.name}"`, spec.name);
      }
      names.add(spec.name);
      const requestMib = spec.memoryRequestMib + this.#settings.instanceOverheadMib;
      if (spec.cpuRequestMilli > (cpuMilli ?? Infinity)) {
        throw fail(
          `An instance of ${spec.name} requests ${spec.cpuRequestMilli} milli-CPU, above the capacity of ${cpuMilli}`,
          spec.cpuRequestMilli,
        );
      }
      if (requestMib > (memoryMib ?? Infinity)) {
        throw fail(
          `An instance of ${spec.name} needs ${requestMib} MiB, above the capacity of ${memoryMib}`,
          requestMib,
        );
      }
      initialInstances += spec.initialScale;
      initialCpuMilli += spec.initialScale * spec.cpuRequestMilli;
      initialMemoryMib += spec.initialScale * requestMib;
    }
    if (
      initialInstances > (instances ?? Infinity) || initialCpuMilli > (cpuMilli ?? Infinity) ||
      initialMemoryMib > (memoryMib ?? Infinity)
    ) {
      throw fail(
        `The initial scales ask for ${initialInstances} instances, ${initialCpuMilli} milli-CPU and ${initialMemoryMib} MiB, above the capacity of ${instances}, ${cpuMilli} and ${memoryMib}`,
        initialInstances,
      );
    }
  }

  #tell({ unixMs, functionId, instance, event, detail }: GatewayInstanceEvent): void {
    const timeMs = unixMs - this.clock.originUnixMs;
    this.#listener({ timeMs, functionId, instance, event, detail });
  }
}

/** Under which a function is called; `.localhost` is reserved for loopback (RFC 6761). */
function authorityOf(spec: FunctionSpec): string {
  return `${spec.name}.localhost`;
}

function fail(what: string, value: unknown): LoaderError {
  return new LoaderError(
    "usage",
    `${what}; deploy other or fewer functions, or raise what the local platform may use ` +
      `(--max-instances for their number).`,
    { value },
  );
}
