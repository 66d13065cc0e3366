import { LoaderError } from "../../base/error.ts";
import { deriveKey } from "../../base/rng.ts";
import { neverAborted } from "../../base/signal.ts";
import { VirtualClock } from "../../clock/virtual_clock.ts";
import type { KeepAlivePolicy } from "../../autoscale/keep_alive/keep_alive_policy.ts";
import { KNATIVE_DEFAULTS, LOADER_OVERRIDES } from "../../autoscale/knative/knative_defaults.ts";
import { RUN_LEAD_MS } from "../../invoke/dispatcher.ts";
import type {
  Capacity,
  Deployment,
  FunctionSpec,
  InstanceEvent,
  Platform,
  Scraper,
  TransportFactory,
} from "../../model/platform.ts";
import { Cluster } from "./cluster.ts";
import { formatDistribution, meanOf } from "./distribution.ts";
import { SimulatedGateway } from "./simulated_gateway.ts";
import { KeepAliveScaling } from "./keep_alive_scaling.ts";
import { KnativeScaling } from "./knative_scaling.ts";
import { deriveArrivals, type KnownArrivals } from "./known_arrivals.ts";
import { createKeepAlivePolicy, KNATIVE } from "./policies.ts";
import type { Scaling } from "./scaling.ts";
import { SimulatedFunction } from "./simulated_function.ts";
import { SimulatedTransport } from "./simulated_transport.ts";
import { createSimulatorScraper } from "./simulator_metrics.ts";
import {
  scalerOptionsOf,
  settleSimulatorOptions,
  type SimulatorOptions,
  type SimulatorSettings,
} from "./simulator_options.ts";

/**
 * A serverless platform that is computed: nodes, instances, a gateway and an
 * autoscaler on virtual time. The same options and the same schedule give the
 * same tables to the byte, on every machine.
 *
 * @throws LoaderError `usage` when an option is out of its range
 *
 * @example
 * ```ts
 * import { createSimulatorPlatform } from "./simulator_platform.ts";
 * const platform = createSimulatorPlatform({ nodes: 4, policy: "fixed-10min" });
 * if (!platform.clock.isVirtual) throw new Error("a day would take a day");
 * ```
 */
export function createSimulatorPlatform(options: SimulatorOptions = {}): Platform {
  return new SimulatorPlatform(settleSimulatorOptions(options));
}

/** How often is looked whether something is so, while time passes before and after a run. */
const PASS_MS = 10;

/** Longest time that is waited for it. */
const LONGEST_PASS_MS = 3_600_000;

/** What is there between a deployment and its teardown. */
interface Deployed {
  readonly cluster: Cluster;
  readonly scaling: Scaling;
  readonly functions: readonly SimulatedFunction[];
  hasRun: boolean;
  /** Of the run under way, if one is. */
  transport: SimulatedTransport | null;
  gateway: SimulatedGateway | null;
  answered: number;
}

class SimulatorPlatform implements Platform {
  readonly name = "simulator";
  readonly clock = new VirtualClock();
  readonly capacity: Capacity;
  /** Never aborted: what is computed is not lost. */
  readonly lost: AbortSignal = neverAborted();
  readonly #settings: SimulatorSettings;
  #listener: (event: InstanceEvent) => void = () => {};
  #deployed: Deployed | null = null;

  constructor(settings: SimulatorSettings) {
    this.#settings = settings;
    const { nodes, nodeInstances, nodeCores, nodeMemoryMib, maxInstances } = settings;
    const overcommit = settings.cpu === "sharing" ? settings.cpuOvercommit : 1;
    this.capacity = {
      instances: Math.min(nodes * nodeInstances, maxInstances ?? Infinity),
      cpuMilli: Math.round(nodes * nodeCores * 1000 * overcommit),
      memoryMib: nodes * nodeMemoryMib,
      instanceOverheadMib: settings.instanceOverheadMib,
    };
  }

  describe(): Record<string, unknown> {
    const { autoscaling: _, phases: __, createPolicy, schedule: ___, ...settings } = this.#settings;
    const facts = Object.entries(settings).map(([name, value]) => [
      name,
      typeof value === "object" && value !== null ? formatDistribution(value) : value,
    ]);
    const isKnative = createPolicy === null && settings.policy === KNATIVE;
    return {
      ...Object.fromEntries(facts),
      policy: createPolicy === null ? settings.policy : "given by the program",
      autoscaling: isKnative
        ? { ...KNATIVE_DEFAULTS, ...LOADER_OVERRIDES, ...scalerOptionsOf(this.#settings) }
        : null,
      capacity: { ...this.capacity },
    };
  }

  async deploy(
    specs: readonly FunctionSpec[],
    signal: AbortSignal,
  ): Promise<readonly Deployment[]> {
    if (this.#deployed !== null) {
      throw new LoaderError(
        "platform",
        "The simulator has functions deployed; tear them down before deploying others.",
      );
    }
    this.#checkFunctions(specs);
    signal.throwIfAborted();
    const policy = await this.#createPolicy(specs, signal);
    const functions = specs.map((spec, i) =>
      this.#createFunction(spec, i, plannedScaleOf(policy, i) ?? spec.initialScale)
    );
    const cluster = new Cluster(this.#settings, this.clock, functions, {
      onReady: (instance) => {
        if (deployed.gateway === null) scaling.onIdle(instance);
        else deployed.gateway.useReady(instance);
      },
      onServed: (instance) => deployed.gateway!.endService(instance),
      onEvent: (event) => this.#listener(event),
    });
    const scaling = this.#createScaling(policy, cluster);
    const deployed: Deployed = {
      cluster,
      scaling,
      functions,
      hasRun: false,
      transport: null,
      gateway: null,
      answered: 0,
    };
    this.#deployed = deployed;
    try {
      cluster.start(scaling);
      await this.#passTime(
        signal,
        () =>
          functions.every(({ ready, starting, desired }, i) =>
            // What a policy plans was not asked whether it fits.
            plannedScaleOf(policy, i) === null
              ? ready >= Math.min(desired, specs[i].initialScale)
              : starting === 0
          ),
        () => describeDelay(functions),
      );
    } catch (error) {
      await this.teardown();
      throw error;
    }
    return specs.map((spec) => ({
      spec,
      address: "simulator:80",
      authority: `${spec.name}.simulator`,
    }));
  }

  get transport(): TransportFactory {
    return (calls, onComplete) => {
      const deployed = this.#deployed;
      if (deployed === null) {
        throw new LoaderError("platform", "The simulator has no functions deployed; deploy first.");
      }
      if (!deployed.hasRun) deployed.scaling.beginRun(this.clock.nowMs() + RUN_LEAD_MS);
      deployed.hasRun = true;
      deployed.transport = new SimulatedTransport({
        clock: this.clock,
        calls,
        onComplete,
        open: (timeoutMs, onRecord) =>
          deployed.gateway = new SimulatedGateway({
            settings: this.#settings,
            clock: this.clock,
            cluster: deployed.cluster,
            scaling: deployed.scaling,
            most: calls.functionIndex.length,
            timeoutMs,
            onRecord,
            onAnswered: () => void deployed.answered++,
          }),
      });
      return Promise.resolve(deployed.transport);
    };
  }

  scrapers(): readonly Scraper[] {
    const deployed = this.#deployed;
    if (deployed === null) return [];
    const { functions, scaling } = deployed;
    const source = { functions, scaling, answered: () => deployed.answered };
    return [createSimulatorScraper(source, this.#settings.scrapeIntervalMs)];
  }

  onInstanceEvent(listener: (event: InstanceEvent) => void): void {
    this.#listener = listener;
  }

  async teardown(): Promise<void> {
    const deployed = this.#deployed;
    if (deployed === null) return;
    this.#deployed = null;
    await deployed.transport?.close();
    deployed.scaling.stop();
    deployed.cluster.close();
    const never = neverAborted();
    await this.#passTime(
      never,
      () => deployed.cluster.alive === 0,
      () => "take longer to stop; lower the time of a stop",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.teardown();
  }

  #createFunction(spec: FunctionSpec, index: number, initialScale: number): SimulatedFunction {
    const { seed, containerConcurrency, cpu, cpuLimitCores } = this.#settings;
    return new SimulatedFunction({
      index,
      name: spec.name,
      functionId: spec.functionId,
      initialScale,
      request: {
        // A core of its own cannot be another's.
        cpuMilli: cpu === "dedicated" ? Math.round(1000 * cpuLimitCores) : spec.cpuRequestMilli,
        memoryMib: this.#instanceMemoryMib(spec),
      },
      key: deriveKey(seed, "simulator", "instances", spec.name),
      containerConcurrency,
    });
  }

  #instanceMemoryMib(spec: FunctionSpec): number {
    return spec.memoryRequestMib + this.#settings.instanceOverheadMib;
  }

  /** `null`: Knative's autoscaler decides. */
  async #createPolicy(
    specs: readonly FunctionSpec[],
    signal: AbortSignal,
  ): Promise<KeepAlivePolicy | null> {
    const { policy, createPolicy, schedulingMs, imageMs, startMs } = this.#settings;
    if (createPolicy === null && policy === KNATIVE) return null;
    const stretch = this.#settings.startUsesCpu ? this.#cpuStretch : 1;
    const coldStartMs = meanOf(schedulingMs) + meanOf(imageMs) + meanOf(startMs) * stretch;
    const context = {
      functions: specs.length,
      memoryMib: Float64Array.from(specs, (spec) => this.#instanceMemoryMib(spec)),
      coldStartMs: new Float64Array(specs.length).fill(coldStartMs),
      deriveArrivals: () => this.#deriveArrivals(signal),
    };
    return await (createPolicy === null
      ? createKeepAlivePolicy(policy, context)
      : createPolicy(context));
  }

  /** How much longer than its work a task takes, because an instance gets less than a core. */
  get #cpuStretch(): number {
    return 1 / Math.min(1, this.#settings.cpuLimitCores);
  }

  async #deriveArrivals(signal: AbortSignal): Promise<KnownArrivals> {
    const { schedule, policy, networkMs, serviceFactor, serviceOverheadMs } = this.#settings;
    if (schedule === null) {
      throw new LoaderError(
        "usage",
        `The policy ${policy} must know all arrivals before the deployment, which it cannot ` +
          "where several runs share one (as in a ramp); choose another policy or experiment.",
        { value: policy },
      );
    }
    return await deriveArrivals(schedule, {
      networkMs: meanOf(networkMs),
      serviceFactor: meanOf(serviceFactor) * this.#cpuStretch,
      serviceOverheadMs: meanOf(serviceOverheadMs) * this.#cpuStretch,
    }, signal);
  }

  #createScaling(policy: KeepAlivePolicy | null, cluster: Cluster): Scaling {
    if (policy === null) return new KnativeScaling(this.#settings, this.clock, cluster);
    const most = this.#settings.autoscaling.maxScale ?? LOADER_OVERRIDES.maxScale;
    return new KeepAliveScaling(policy, most, this.clock, cluster);
  }

  /**
   * Lets virtual time pass until something is so.
   *
   * @param describe what keeps the instances from it, for who has waited too long
   */
  async #passTime(
    signal: AbortSignal,
    isOver: () => boolean,
    describe: () => string,
  ): Promise<void> {
    const endMs = this.clock.nowMs() + LONGEST_PASS_MS;
    while (!isOver()) {
      signal.throwIfAborted();
      if (this.clock.nowMs() > endMs) {
        throw new LoaderError(
          "platform",
          `The simulator gave up after ${LONGEST_PASS_MS / 60_000} min: its instances ` +
            `${describe()}.`,
        );
      }
      await this.clock.run((stop) => this.clock.at(this.clock.nowMs() + PASS_MS, stop));
    }
  }

  #checkFunctions(specs: readonly FunctionSpec[]): void {
    const { nodes, nodeMemoryMib, nodeCores, cpu, cpuLimitCores } = this.#settings;
    const { instances, cpuMilli, memoryMib } = this.capacity;
    const nodeCpuMilli = nodes === 0 ? 0 : cpuMilli! / nodes;
    const names = new Set<string>();
    let initialInstances = 0;
    let initialCpuMilli = 0;
    let initialMemoryMib = 0;
    for (const spec of specs) {
      if (names.has(spec.name)) {
        throw fail(`Two functions have the name "${spec.name}"`, spec.name);
      }
      names.add(spec.name);
      const requestMib = spec.memoryRequestMib + this.#settings.instanceOverheadMib;
      const requestMilli = cpu === "dedicated" ? 1000 * cpuLimitCores : spec.cpuRequestMilli;
      if (nodes === 0 || requestMib > nodeMemoryMib || requestMilli > nodeCpuMilli) {
        throw fail(
          `An instance of ${spec.name} needs ${requestMilli} milli-CPU and ${requestMib} MiB, and ` +
            `${nodes === 1 ? "the one node" : `none of the ${nodes} nodes`} (${nodeCores} cores, ` +
            `${nodeMemoryMib} MiB) can${nodes === 1 ? "not" : ""} hold it`,
          requestMib,
        );
      }
      initialInstances += spec.initialScale;
      initialCpuMilli += spec.initialScale * requestMilli;
      initialMemoryMib += spec.initialScale * requestMib;
    }
    if (
      initialInstances > instances! || initialCpuMilli > cpuMilli! || initialMemoryMib > memoryMib!
    ) {
      throw fail(
        `The initial scales ask for ${initialInstances} instances, ${initialCpuMilli} milli-CPU and ${initialMemoryMib} MiB, above the capacity of ${instances}, ${cpuMilli} and ${memoryMib}`,
        initialInstances,
      );
    }
  }
}

function fail(what: string, value: unknown): LoaderError {
  return new LoaderError(
    "usage",
    `${what}; deploy other or fewer functions, or give the simulator more or larger nodes ` +
      `(--nodes, --node-cores, --node-memory).`,
    { value },
  );
}

/** What keeps initial instances from being ready. */
function describeDelay(functions: readonly SimulatedFunction[]): string {
  return functions.some(({ starting }) => starting > 0)
    ? "take longer to start; lower the times of a start (scheduling, image and start)"
    : "have no room on the nodes; give them more memory or cores, or lower the initial scales";
}

/** The instances that a policy that plans begins with; `null`: what the function asks for. */
function plannedScaleOf(policy: KeepAlivePolicy | null, functionIndex: number): number | null {
  const startsMs = policy?.plannedStartsMs(functionIndex) ?? null;
  return startsMs === null ? null : startsMs.filter((startMs) => startMs < 0).length;
}
