import type { SimulatedFunction, SimulatedInstance } from "./simulated_function.ts";

/** What an autoscaler says of a function; `null` where it has no such figure. */
export interface ScalingStatus {
  readonly stable: number | null;
  readonly panic: number | null;
  /** Average concurrency of the last report. */
  readonly concurrency: number | null;
}

/** Decides when instances come and go, told of all that happens to a function, when it happens. */
export interface Scaling {
  /** A request has come in; called before it is given an instance or has to wait. */
  onArrival(target: SimulatedFunction): void;
  /** It waits: no instance could take it. */
  onWait(target: SimulatedFunction): void;
  /** A request was served for so long, to its end or broken off; NaN: it left the queue. */
  onLeave(target: SimulatedFunction, serviceMs: number): void;
  /** An instance has become ready; called before it is given what waits. */
  onReady(instance: SimulatedInstance): void;
  /** An instance has become idle: by an end of service, or ready with nothing to serve. */
  onIdle(instance: SimulatedInstance): void;
  /** An idle instance was given a request. */
  onUse(instance: SimulatedInstance): void;
  /** An instance has stopped or was told to. */
  onStop(instance: SimulatedInstance): void;
  /**
   * There is no room for one more instance of the function: makes idle ones go, if
   * it can. `true`: those behind it in line wait with it; `false`: they do not.
   */
  makeRoom(target: SimulatedFunction): boolean;
  status(target: SimulatedFunction): ScalingStatus;
  /** Begins, once the functions are there. */
  start(): void;
  /** The first run on them starts then; told once, before it does. */
  beginRun(runStartMs: number): void;
  /** Decides no more. */
  stop(): void;
}

/** What a {@linkcode Scaling} acts on. */
export interface ScalingTarget {
  /** By index. */
  readonly functions: readonly SimulatedFunction[];
  /** Starts and stops instances until there are as many as desired. */
  scale(target: SimulatedFunction, desired: number): void;
  /** Lets one idle instance go, which is then desired no more. */
  retire(instance: SimulatedInstance): void;
}
