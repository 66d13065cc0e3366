import type { Clock, TimerHandle } from "../../clock/clock.ts";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { FunctionScaler } from "../../autoscale/knative/function_scaler.ts";
import { deriveTargetValue, LOADER_OVERRIDES } from "../../autoscale/knative/knative_defaults.ts";
import { CapacityLedger } from "./capacity.ts";
import type {
  DeployMessage,
  GatewayFunction,
  GatewayInstanceEvent,
  GatewayScalingStep,
  SpinConstants,
} from "./control.ts";
import { FunctionPool } from "./function_pool.ts";
import { GatewayMetrics } from "./gateway_metrics.ts";
import { Http2Server } from "../../rpc/http2/server.ts";
import type { RequestHandler } from "../../rpc/http2/server_stream.ts";
import { InstanceProcess } from "./instance_process.ts";
import { createProxy } from "./proxy.ts";

/** Everything behind the gateway's port: the functions and what scales them. */
export class LocalGateway {
  readonly #clock: Clock;
  readonly #pools = new Map<string, FunctionPool<InstanceProcess>>();
  readonly #byAuthority = new Map<string, { name: string; pool: FunctionPool<InstanceProcess> }>();
  readonly #timers = new Map<string, TimerHandle>();
  readonly #metrics: GatewayMetrics;
  readonly #proxy: RequestHandler;
  readonly #maxConcurrentStreams: number;
  readonly #onEvent: (event: GatewayInstanceEvent) => void;
  /** Steps of the autoscaler that were not told of yet. */
  #scalingSteps: GatewayScalingStep[] = [];
  #metricsServer: Deno.HttpServer<Deno.NetAddr> | null = null;
  #server: Http2Server | null = null;

  /** @throws LoaderError `usage` when a setting of the autoscaler is out of its range */
  constructor(
    { settings, functions }: DeployMessage,
    calibration: SpinConstants,
    clock: Clock,
    onEvent: (event: GatewayInstanceEvent) => void,
    onScaling: (steps: readonly GatewayScalingStep[]) => void,
  ) {
    this.#clock = clock;
    this.#onEvent = onEvent;
    const capacity = new CapacityLedger(settings.capacity, settings.startsAtOnce);
    let tickMs = 0;
    for (const spec of functions) {
      const scaler = new FunctionScaler({
        ...settings.autoscaling,
        initialScale: spec.initialScale,
        initialReady: spec.initialScale,
        createdMs: clock.nowMs(),
      });
      tickMs = scaler.tickMs;
      const pool = new FunctionPool<InstanceProcess>({
        name: spec.name,
        initialScale: spec.initialScale,
        request: {
          cpuMilli: spec.cpuRequestMilli,
          memoryMib: spec.memoryRequestMib + settings.instanceOverheadMib,
        },
        clock,
        scaler,
        capacity,
        queueTimeoutMs: settings.queueTimeoutMs,
        startInstance: (name, callbacks) =>
          new InstanceProcess(name, { ...settings, calibration, clock }, callbacks),
        onEvent: (event) => this.#tell(spec, event),
        onScaling: (step) =>
          this.#scalingSteps.push({
            ...step,
            unixMs: clock.originUnixMs + step.timeMs,
            functionId: spec.functionId,
          }),
      });
      this.#pools.set(spec.name, pool);
      this.#byAuthority.set(spec.authority, { name: spec.name, pool });
    }
    this.#metrics = new GatewayMetrics(
      () => [...this.#pools].map(([name, pool]) => [name, pool.status()]),
      deriveTarget(settings.autoscaling),
    );
    this.#proxy = createProxy({
      poolOf: (authority) => this.#byAuthority.get(authority)?.pool,
      onAnswered: (authority, httpStatus) => {
        const name = this.#byAuthority.get(authority)?.name;
        if (name !== undefined) this.#metrics.countRequest(name, httpStatus);
      },
    });
    this.#maxConcurrentStreams = settings.maxConcurrentStreams;
    this.#every("report", settings.reportMs, () => {
      for (const pool of this.#pools.values()) pool.report();
      // As rarely as that: it is beside what matters here.
      if (this.#scalingSteps.length > 0) onScaling(this.#scalingSteps);
      this.#scalingSteps = [];
    });
    if (functions.length > 0) {
      this.#every("tick", tickMs, () => {
        for (const pool of this.#pools.values()) pool.tick();
      });
    }
  }

  /**
   * Listens on both ports.
   *
   * @throws LoaderError `usage` when one of them is in use
   */
  listen(
    gatewayPort: number,
    metricsPort: number,
  ): { gatewayPort: number; metricsPort: number } {
    try {
      this.#metricsServer = Deno.serve({
        hostname: "127.0.0.1",
        port: metricsPort,
        onListen() {},
      }, async () =>
        new Response(await this.#metrics.render(), {
          headers: { "content-type": this.#metrics.contentType },
        }));
    } catch (error) {
      throw describePortError("metrics", "--metrics-port", metricsPort, error);
    }
    try {
      this.#server = new Http2Server({
        clock: this.#clock,
        hostname: "127.0.0.1",
        port: gatewayPort,
        maxConcurrentStreams: this.#maxConcurrentStreams,
        onRequest: this.#proxy,
      });
    } catch (error) {
      throw describePortError("gateway", "--gateway-port", gatewayPort, error);
    }
    return { gatewayPort: this.#server.port, metricsPort: this.#metricsServer.addr.port };
  }

  /** Starts the initial instances. */
  start(): void {
    for (const pool of this.#pools.values()) pool.start();
  }

  /** Ends all instances and resolves when none is left, or after `boundMs`. */
  async close(boundMs: number): Promise<void> {
    for (const timer of this.#timers.values()) timer.cancel();
    for (const pool of this.#pools.values()) pool.close();
    const deadlineMs = this.#clock.nowMs() + boundMs;
    await new Promise<void>((resolve) => {
      const look = () => {
        const left = [...this.#pools.values()].reduce((sum, pool) => sum + pool.instances, 0);
        if (left === 0 || this.#clock.nowMs() >= deadlineMs) return resolve();
        this.#clock.at(this.#clock.nowMs() + 5, look);
      };
      look();
    });
    await this.#server?.close({ abort: true });
  }

  #every(name: string, periodMs: number, action: () => void): void {
    let dueMs = this.#clock.nowMs();
    const again = () => {
      dueMs += periodMs;
      this.#timers.set(
        name,
        this.#clock.at(dueMs, () => {
          action();
          again();
        }),
      );
    };
    again();
  }

  #tell(
    spec: GatewayFunction,
    { timeMs, ...event }: { timeMs: number } & Omit<GatewayInstanceEvent, "unixMs" | "functionId">,
  ): void {
    this.#onEvent({
      ...event,
      unixMs: this.#clock.originUnixMs + timeMs,
      functionId: spec.functionId,
    });
  }
}

function deriveTarget(autoscaling: DeployMessage["settings"]["autoscaling"]): number {
  return autoscaling.targetValue ?? deriveTargetValue(
    autoscaling.totalValue ?? LOADER_OVERRIDES.totalValue,
    autoscaling.targetUtilization ?? LOADER_OVERRIDES.targetUtilization,
  );
}

function describePortError(what: string, option: string, port: number, error: unknown) {
  return new LoaderError(
    "usage",
    `The local platform's ${what} cannot listen on port ${port} (${
      errorMessage(error)
    }); choose another with ${option}, or 0 for any that is free.`,
    { value: port },
  );
}
