import type { Clock } from "../clock/clock.ts";
import { ownCpuMs } from "../base/process.ts";
import { anySignal } from "../base/signal.ts";
import { dispatch, type DispatchProgress, type DispatchResult } from "../invoke/dispatcher.ts";
import type { FunctionSpec, InstanceEvent, Platform } from "../model/platform.ts";
import type { InvocationSink } from "../model/record.ts";
import type { Schedule } from "../model/schedule.ts";
import type { TableSink } from "../model/table.ts";
import { MachineReader } from "../scrape/machine_counters.ts";
import { type CommonOptions, verdictLimits } from "./common_options.ts";

/** What follows the lives of the instances of a deployment, from before the first one on. */
export interface InstanceFollower {
  record(event: InstanceEvent): void;
}

/** A run on a deployment. */
export interface SessionRun {
  readonly schedule: Schedule;
  readonly options: CommonOptions;
  /** Rows of the tables `invocations`, `generator` and `connections`; absent: none are kept. */
  readonly invocations: InvocationSink;
  readonly generator?: TableSink;
  readonly connections?: TableSink;
  /** Ends it early. */
  readonly signal: AbortSignal;
  /** Waits until it may be prepared; its start, on the clock. Absent: as soon as can be. */
  readonly waitForStart?: (signal: AbortSignal) => Promise<number>;
  /**
   * Told the run start, on the clock, before anything is dispatched. What is put on
   * `beside` goes on beside the load and ends with it, in reverse order, however it ends.
   */
  readonly onStart: (runStartMs: number, beside: AsyncDisposableStack) => void;
  readonly onFirstDispatch?: () => void;
  readonly onProgress?: (progress: DispatchProgress) => void;
  /** The `traceparent` that an invocation is sent with; absent: none is traced. */
  readonly traceparentOf?: (index: number, scheduledMs: number) => string | null;
}

/**
 * Functions on a platform, from their deployment until they are torn down, and the
 * runs on them, one after the other. A run that is measured, its rehearsal and its twin
 * are made here alike: they differ in the platform, where rows go, and what goes on beside.
 */
export class DeploymentSession<Instances extends InstanceFollower = InstanceFollower>
  implements AsyncDisposable {
  readonly platform: Platform;
  readonly instances: Instances;

  constructor(platform: Platform, instances: Instances) {
    this.platform = platform;
    this.instances = instances;
    platform.onInstanceEvent((event) => instances.record(event));
  }

  /** @throws LoaderError `platform` when a function cannot be brought up */
  async deploy(specs: readonly FunctionSpec[], signal: AbortSignal): Promise<void> {
    await this.platform.deploy(specs, signal);
  }

  /**
   * Makes a run: warm-up, measurement, drain. It ends early when its signal aborts or
   * the platform is lost.
   *
   * @throws LoaderError `generator` when its start has passed before all is prepared
   */
  async run(run: SessionRun): Promise<DispatchResult> {
    const { clock, transport, lost } = this.platform;
    const { options, onStart } = run;
    const signal = anySignal(run.signal, lost);
    // On virtual time neither this process nor its machine is late.
    using machine = clock.isVirtual ? null : new MachineReader();
    const startAtMs = await run.waitForStart?.(signal);
    await using beside = new AsyncDisposableStack();
    return await dispatch({
      clock,
      schedule: run.schedule,
      transport,
      invocations: run.invocations,
      generator: run.generator ?? NOWHERE,
      connections: run.connections,
      maxInFlight: options.maxInFlight,
      timeoutMs: options.timeoutMs,
      drainMs: options.drainMs,
      limits: verdictLimits(options),
      readCpuMs: clock.isVirtual ? null : ownCpuMs,
      machine,
      signal,
      startAtMs,
      onStart: (runStartMs) => onStart(runStartMs, beside),
      onFirstDispatch: run.onFirstDispatch,
      onProgress: run.onProgress,
      traceparentOf: run.traceparentOf,
    });
  }

  /** Tears down what was deployed; done once, however often it is asked for. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.platform[Symbol.asyncDispose]();
  }
}

const NOWHERE: TableSink = { write() {} };

/** What is deployed for runs, with what else belongs to it. */
export interface Deployed {
  readonly session: DeploymentSession;
}

/** The one deployment that there is at a time; runs in a row with an equal word share it. */
export class SharedDeployment<D extends Deployed> implements AsyncDisposable {
  #deployed: D | undefined;
  /** `undefined`: shared with none, or not up. */
  #word: string | undefined;
  readonly #afterTearDown: () => Promise<void>;

  /** @param afterTearDown called when a deployment is gone */
  constructor(afterTearDown: () => Promise<void> = () => Promise.resolve()) {
    this.#afterTearDown = afterTearDown;
  }

  /**
   * What is deployed, if it has the word of the run; else a new deployment, once the one
   * before is gone. One that does not come up stays until it is torn down.
   *
   * @param word `undefined` shares with none
   */
  async take(
    word: string | undefined,
    { create, deploy }: {
      readonly create: () => Promise<D>;
      readonly deploy: (deployed: D) => Promise<void>;
    },
  ): Promise<D> {
    if (this.#deployed !== undefined) {
      if (word !== undefined && this.#word === word) return this.#deployed;
      await this.tearDown();
    }
    const deployed = await create();
    this.#deployed = deployed;
    await deploy(deployed);
    this.#word = word;
    return deployed;
  }

  async tearDown(): Promise<void> {
    const deployed = this.#deployed;
    this.#deployed = undefined;
    this.#word = undefined;
    await deployed?.session[Symbol.asyncDispose]();
    await this.#afterTearDown();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tearDown();
  }
}

/**
 * Lets time pass until `dueMs`.
 *
 * @throws the signal's reason when it aborts first
 */
export async function passTime(clock: Clock, dueMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (clock.nowMs() >= dueMs) return;
  let onAbort = () => {};
  await clock.run((stop) => {
    const timer = clock.at(dueMs, stop);
    onAbort = () => {
      timer.cancel();
      stop();
    };
    signal.addEventListener("abort", onAbort, { once: true });
  });
  signal.removeEventListener("abort", onAbort);
  signal.throwIfAborted();
}
