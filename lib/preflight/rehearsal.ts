import { isOverloaded } from "../invoke/verdict.ts";
import { dispatch } from "../invoke/dispatcher.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import {
  type InvocationRow,
  type InvocationSink,
  isJudged,
  type Outcome,
} from "../model/record.ts";
import { LoaderError } from "../base/error.ts";
import type { Capacity, FunctionSpec, Platform } from "../model/platform.ts";
import type { TableSink } from "../model/table.ts";
import { functionKey } from "../model/trace.ts";
import { createPlatform } from "../platform/registry.ts";
import { meanOf } from "../platform/simulator/distribution.ts";
import { KNATIVE } from "../platform/simulator/policies.ts";
import {
  settleSimulatorOptions,
  type SimulatorOptions,
  type SimulatorSettings,
} from "../platform/simulator/simulator_options.ts";
import type { CommonOptions } from "../run/common_options.ts";
import { deriveFunctionSpecs } from "../run/function_specs.ts";
import { InstanceUsage, type Usage } from "../run/instance_usage.ts";
import { InvocationColumns } from "./invocation_columns.ts";
import { NoPlaceError, refuseWithoutPlace } from "./no_place.ts";
import type { PlannedLoad } from "../run/plan_block.ts";
import { type RoomShortage, RoomWatch } from "./room_watch.ts";
import { verdictLimits } from "../run/verdict_limits.ts";

/** What a run came to on the simulator. */
export interface RehearsedRun {
  readonly invocations: StoredInvocations;
  /** Row by row of the table; NaN without a reply. */
  readonly servedRuntimeMs: Float64Array;
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

/** Functions on a simulated platform that several runs may use. */
interface Deployed {
  readonly deployment: string | undefined;
  readonly platform: Platform;
  readonly settings: SimulatorSettings;
  readonly usage: InstanceUsage;
}

/**
 * Makes the runs of an experiment on the simulator, in memory: nothing is
 * written, no process starts, and no time passes.
 */
export class Rehearsal implements AsyncDisposable {
  readonly #options: CommonOptions;
  readonly #simulate: Simulate;
  readonly #signal: AbortSignal;
  #deployed: Deployed | undefined;

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
    const { platform, settings, usage } = await this.#deploy(load);
    const stop = new AbortController();
    const columns = new InvocationColumns(
      run.schedule.functions.map(functionKey),
      plan.invocations,
    );
    const invocations = giveUp === null ? columns : stopWhenUnfit(columns, giveUp, stop);
    const evicts = settings.createPolicy !== null || settings.policy !== KNATIVE;
    const watch = evicts ? null : new RoomWatch({
      platform,
      usage,
      startsAtOnce: settings.startsAtOnce ?? Infinity,
      onShortage: () => {
        if (giveUp !== null) stop.abort();
      },
    });
    const { outcomes } = await dispatch({
      clock: platform.clock,
      schedule: run.schedule,
      transport: platform.transport,
      invocations,
      generator: NOWHERE,
      maxInFlight: options.maxInFlight,
      timeoutMs: options.timeoutMs,
      drainMs: options.drainMs,
      limits: verdictLimits(options),
      readCpuMs: null,
      signal: AbortSignal.any([this.#signal, stop.signal]),
      onStart: (runStartMs) => {
        usage.begin(runStartMs);
        watch?.begin(runStartMs);
      },
    });
    watch?.end();
    this.#signal.throwIfAborted();
    if (run.deployment === undefined) await this.#tearDown();
    return {
      invocations: columns.table,
      servedRuntimeMs: columns.servedRuntimeMs,
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
    await this.#tearDown();
  }

  async #deploy({ run }: PlannedLoad): Promise<Deployed> {
    const current = this.#deployed;
    if (current !== undefined) {
      if (run.deployment !== undefined && current.deployment === run.deployment) return current;
      await this.#tearDown();
    }
    const simulation: SimulatorOptions = {
      ...this.#simulate({ ...this.#options, ...run.options }),
      schedule: run.deployment === undefined ? run.schedule : null,
    };
    const settings = settleSimulatorOptions(simulation);
    const platform = await createPlatform("simulator", simulation);
    const specs = deriveFunctionSpecs(
      run,
      this.#options.seed,
      platform.capacity,
      this.#options,
    );
    const requests = new Map(
      specs.map((spec) => [spec.functionId, requestOf(spec, settings)]),
    );
    refuseWithoutPlace(specs, requests, platform.capacity, settings);
    const usage = new InstanceUsage(requests);
    platform.onInstanceEvent((event) => usage.record(event));
    await deployAll(platform, specs, this.#signal);
    this.#deployed = { deployment: run.deployment, platform, settings, usage };
    return this.#deployed;
  }

  async #tearDown(): Promise<void> {
    const deployed = this.#deployed;
    this.#deployed = undefined;
    await deployed?.platform[Symbol.asyncDispose]();
  }
}

/** @throws NoPlaceError when the initial instances do not find room */
async function deployAll(
  platform: Platform,
  specs: readonly FunctionSpec[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await platform.deploy(specs, signal);
  } catch (error) {
    await platform[Symbol.asyncDispose]();
    // While it deploys, the simulator fails with this code for want of room alone.
    if (!(error instanceof LoaderError) || error.code !== "platform") throw error;
    const initial = specs.reduce((sum, { initialScale }) => sum + initialScale, 0);
    throw new NoPlaceError(
      `The nodes have no room for all of the initial instances (${initial}) at once.`,
      error,
    );
  }
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

const NOWHERE: TableSink = { write() {} };

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
