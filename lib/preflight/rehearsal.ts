import { isOverloaded } from "../invoke/verdict.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import {
  type InvocationRow,
  type InvocationSink,
  isJudged,
  type Outcome,
} from "../model/record.ts";
import { LoaderError } from "../base/error.ts";
import { anySignal } from "../base/signal.ts";
import type { Capacity, FunctionSpec, Platform } from "../model/platform.ts";
import { functionKey } from "../model/trace.ts";
import { SIMULATOR } from "../platform/simulator/simulator.ts";
import { meanOf } from "../platform/simulator/distribution.ts";
import { KNATIVE } from "../platform/simulator/policies.ts";
import {
  settleSimulatorOptions,
  type SimulatorOptions,
  type SimulatorSettings,
} from "../platform/simulator/simulator_options.ts";
import type { CommonOptions } from "../run/common_options.ts";
import { DeploymentSession, SharedDeployment } from "../run/deployment_session.ts";
import type { PlannedRun } from "../run/experiment.ts";
import { deriveFunctionSpecs } from "../run/function_specs.ts";
import { InstanceUsage, type Usage, USAGE_KEYS } from "./instance_usage.ts";
import { InvocationColumns } from "./invocation_columns.ts";
import type { PlannedLoad } from "../run/plan_block.ts";
import { type RoomShortage, RoomWatch } from "./room_watch.ts";

/** Functions find no place on a platform, however little load there is. */
export class NoPlaceError extends LoaderError {
  constructor(sentence: string, cause?: unknown) {
    super("platform", sentence, { cause });
  }
}

/** What a run came to on the simulator. */
export interface RehearsedRun {
  readonly invocations: StoredInvocations;
  readonly usage: InstanceUsage;
  readonly capacity: Capacity;
  /** Of all nodes. */
  readonly cores: number;
  /** What the simulated calls compute. */
  readonly service: ServiceWork;
  /** Instances go when others need their room, so that waiting for it is nothing unusual. */
  readonly evicts: boolean;
  /** `null`: none was seen waiting for room; under a policy that evicts nobody looks. */
  readonly shortage: RoomShortage | null;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly overloaded: boolean;
}

/** The work of a call, on average. */
export interface ServiceWork {
  /** Over the runtime that it asks for. */
  readonly factor: number;
  /** Beside that. */
  readonly overheadMs: number;
}

/** The parameters of the platform that options ask for. */
export type Simulate = (options: CommonOptions) => SimulatorOptions;

/** When a rehearsal need not go on: what is asked about is decided. */
export interface GiveUp {
  /** Slowdown above which an invocation is slow. */
  readonly slowdown: number;
  /** More slow ones than this are too many; those that are not ok are slow. */
  readonly mostSlow: number;
  /** More that are not ok than this are too many. */
  readonly mostNotOk: number;
}

/** Functions on a simulated platform. */
interface SimulatedDeployment {
  readonly session: DeploymentSession<InstanceUsage>;
  readonly settings: SimulatorSettings;
}

/**
 * Makes the runs of an experiment on the simulator, in memory: nothing is
 * written, no process starts, and no time passes.
 */
export class Rehearsal implements AsyncDisposable {
  readonly #options: CommonOptions;
  readonly #simulate: Simulate;
  readonly #signal: AbortSignal;
  readonly #deployment = new SharedDeployment<SimulatedDeployment>();

  /** @param simulate the parameters of the platform that the options of a run ask for */
  constructor(options: CommonOptions, simulate: Simulate, signal: AbortSignal) {
    this.#options = options;
    this.#simulate = simulate;
    this.#signal = signal;
  }

  /**
   * Makes one run.
   *
   * @param giveUp ends it as soon as too many are not ok or slow, or an instance
   * finds no room; without, it goes on to its end
   * @throws NoPlaceError when the functions find no place
   * @throws LoaderError `usage` for what the experiment would refuse too
   */
  async rehearse(load: PlannedLoad, giveUp: GiveUp | null = null): Promise<RehearsedRun> {
    const { run, plan } = load;
    const options: CommonOptions = { ...this.#options, ...run.options };
    const { session, settings } = await this.#deploy(run, options);
    const { platform, instances: usage } = session;
    const stop = new AbortController();
    const columns = new InvocationColumns(
      run.schedule.functions.map(functionKey),
      plan.invocations,
    );
    const evicts = settings.createPolicy !== null || settings.policy !== KNATIVE;
    const watch = evicts ? null : new RoomWatch({
      platform,
      usage,
      startsAtOnce: settings.startsAtOnce ?? Infinity,
      onShortage: () => {
        if (giveUp !== null) stop.abort();
      },
    });
    const { outcomes } = await session.run({
      schedule: run.schedule,
      options,
      invocations: giveUp === null ? columns : stopWhenUnfit(columns, giveUp, stop),
      signal: anySignal(this.#signal, stop.signal),
      onStart: (runStartMs, beside) => {
        usage.begin(runStartMs);
        if (watch !== null) beside.use(watch).begin(runStartMs);
      },
    });
    this.#signal.throwIfAborted();
    if (run.deployment === undefined) await this.#deployment.tearDown();
    return {
      invocations: columns.table,
      usage,
      capacity: platform.capacity,
      cores: settings.nodes * settings.nodeCores,
      service: {
        factor: meanOf(settings.serviceFactor),
        overheadMs: meanOf(settings.serviceOverheadMs),
      },
      evicts,
      shortage: watch?.shortage ?? null,
      outcomes,
      overloaded: isOverloaded(outcomes),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deployment.tearDown();
  }

  async #deploy(run: PlannedRun, options: CommonOptions): Promise<SimulatedDeployment> {
    const specsFor = ({ capacity }: Platform) =>
      deriveFunctionSpecs(run, this.#options.seed, capacity, options);
    return await this.#deployment.take(run.deployment, {
      create: async () => {
        const simulation: SimulatorOptions = {
          ...this.#simulate(options),
          schedule: run.deployment === undefined ? run.schedule : null,
        };
        const settings = settleSimulatorOptions(simulation);
        const platform = await SIMULATOR.create(simulation);
        const requests = new Map(
          specsFor(platform).map((spec) => [spec.functionId, requestOf(spec, settings)]),
        );
        return { session: new DeploymentSession(platform, new InstanceUsage(requests)), settings };
      },
      deploy: async ({ session, settings }) => {
        const { platform, instances: { requests } } = session;
        const specs = specsFor(platform);
        refuseWithoutPlace(specs, requests, platform.capacity, settings);
        await deployAll(session, specs, this.#signal);
      },
    });
  }
}

/** @throws NoPlaceError when the initial instances do not find room */
async function deployAll(
  session: DeploymentSession,
  specs: readonly FunctionSpec[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await session.deploy(specs, signal);
  } catch (error) {
    // While it deploys, the simulator fails with this code for want of room alone.
    if (!(error instanceof LoaderError) || error.code !== "platform") throw error;
    const initial = specs.reduce((sum, { initialScale }) => sum + initialScale, 0);
    throw new NoPlaceError(
      `The nodes have no room for all of the initial instances (${initial}) at once.`,
      error,
    );
  }
}

/**
 * Looks whether each function fits on a node, and the initial instances on all.
 *
 * @param requests what one instance takes, by function id
 * @throws NoPlaceError where not
 */
function refuseWithoutPlace(
  specs: readonly FunctionSpec[],
  requests: ReadonlyMap<string, Usage>,
  capacity: Capacity,
  { nodes, nodeInstances, nodeMemoryMib }: SimulatorSettings,
): void {
  if (nodes === 0) throw new NoPlaceError("There is no node (--nodes 0).");
  const node: Usage = {
    instances: nodeInstances,
    cpuMilli: capacity.cpuMilli! / nodes,
    memoryMib: nodeMemoryMib,
  };
  const initial: Record<keyof Usage, number> = { instances: 0, cpuMilli: 0, memoryMib: 0 };
  for (const { name, functionId, initialScale } of specs) {
    const request = requests.get(functionId)!;
    for (const key of USAGE_KEYS) {
      // Without room for one instance a run begins all the same, and all of its calls wait.
      if (key !== "instances" && request[key] > node[key]) {
        throw new NoPlaceError(
          `An instance of ${name} needs ${describe(request)}, and a node has ${describe(node)}.`,
        );
      }
      initial[key] += initialScale * request[key];
    }
  }
  if (USAGE_KEYS.some((key) => initial[key] > capacity[key]!)) {
    throw new NoPlaceError(
      `The ${initial.instances} initial instances need ${describe(initial)}, and there are ` +
        `${describe(capacity as Usage)} for at most ${capacity.instances}.`,
    );
  }
}

function describe({ cpuMilli, memoryMib }: Usage): string {
  return `${Number((cpuMilli / 1000).toFixed(3))} cores and ${memoryMib.toLocaleString("en")} MiB`;
}

/** What one instance takes. */
function requestOf(
  { cpuRequestMilli, memoryRequestMib }: FunctionSpec,
  { cpu, cpuLimitCores, instanceOverheadMib }: SimulatorSettings,
): Usage {
  return {
    instances: 1,
    cpuMilli: cpu === "dedicated" ? Math.round(1000 * cpuLimitCores) : cpuRequestMilli,
    memoryMib: memoryRequestMib + instanceOverheadMib,
  };
}

/** Passes records on, and stops the run once it is clear that it does not fit. */
function stopWhenUnfit(
  sink: InvocationSink,
  { slowdown, mostSlow, mostNotOk }: GiveUp,
  stop: AbortController,
): InvocationSink {
  let slow = 0;
  let notOk = 0;
  return {
    write(row: InvocationRow): void {
      sink.write(row);
      if (row.phase !== "measurement" || !isJudged(row.outcome) || stop.signal.aborted) return;
      const isOk = row.outcome === "ok";
      const responseMs = row.completedMs - row.scheduledMs;
      if (!isOk) notOk++;
      if (!isOk || responseMs > slowdown * row.requestedRuntimeMs) slow++;
      if (notOk > mostNotOk || slow > mostSlow) stop.abort();
    },
  };
}
