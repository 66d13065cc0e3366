import { LoaderError } from "../../base/error.ts";
import type { VirtualClock } from "../../clock/virtual_clock.ts";
import type { KeepAlivePolicy } from "../../autoscale/keep_alive/keep_alive_policy.ts";
import { chooseEvicted } from "./eviction.ts";
import { PRIORITY } from "./priorities.ts";
import type { Scaling, ScalingStatus, ScalingTarget } from "./scaling.ts";
import type { SimulatedFunction, SimulatedInstance } from "./simulated_function.ts";
import type { SimulatedNode } from "./simulated_node.ts";

const UNKNOWN: ScalingStatus = { stable: null, panic: null, concurrency: null };

/** What a {@linkcode KeepAliveScaling} acts on. */
export interface KeepAliveTarget extends ScalingTarget {
  readonly nodes: readonly SimulatedNode<SimulatedInstance>[];
  /** There are as many instances as there may be on all nodes together. */
  readonly isFull: boolean;
}

/**
 * A keep-alive policy at work: each request that finds no instance starts one,
 * and the policy says how long an idle one is kept, whether one is started ahead,
 * and which goes when its room is needed.
 */
export class KeepAliveScaling implements Scaling {
  readonly #clock: VirtualClock;
  readonly #target: KeepAliveTarget;
  readonly #policy: KeepAlivePolicy;
  readonly #mostInstances: number;
  /** Time 0 of the policy: run start; before it nothing is decided. */
  #startMs = Infinity;
  readonly #startEvent: number;
  readonly #expiryHandler: number;
  readonly #tickEvent: number;
  #ticks = 0;
  /** By function: starts an instance ahead of the next arrival. */
  readonly #prewarmEvents: readonly number[];
  /** By function: instances that no idle one goes below, but for room. */
  readonly #least: Float64Array;
  /** By instance, to find it when its time is up. */
  readonly #kept: (SimulatedInstance | undefined)[] = [];
  /** The function whose requests there was no room for, whichever idle instances went. */
  #starved: SimulatedFunction | null = null;

  /** @param mostInstances of one function; 0: any number */
  constructor(
    policy: KeepAlivePolicy,
    mostInstances: number,
    clock: VirtualClock,
    target: KeepAliveTarget,
  ) {
    this.#policy = policy;
    this.#mostInstances = mostInstances === 0 ? Infinity : mostInstances;
    this.#clock = clock;
    this.#target = target;
    this.#least = new Float64Array(target.functions.length);
    this.#expiryHandler = clock.register((id) => this.#onExpiry(this.#kept[id]!));
    const prewarm = clock.register((index) => this.#startAhead(target.functions[index]));
    this.#prewarmEvents = target.functions.map(({ index }) =>
      clock.createEvent(PRIORITY.lifecycle, prewarm, index)
    );
    const tick = clock.register(() => this.#onTick());
    this.#tickEvent = clock.createEvent(PRIORITY.autoscaler, tick, 0);
    const start = clock.register(() => this.#onRunStart());
    this.#startEvent = clock.createEvent(PRIORITY.lifecycle, start, 0);
  }

  start(): void {
    // What is deployed waits for the run.
  }

  beginRun(runStartMs: number): void {
    this.#startMs = runStartMs;
    this.#clock.set(this.#startEvent, runStartMs);
    const startAhead = this.#clock.register((index) =>
      this.#startAhead(this.#target.functions[index])
    );
    for (const { index } of this.#target.functions) {
      for (const timeMs of this.#policy.plannedStartsMs(index) ?? []) {
        // Those that are to be there at the beginning were deployed.
        if (timeMs < 0) continue;
        this.#clock.schedule(runStartMs + timeMs, PRIORITY.lifecycle, startAhead, index);
      }
    }
    this.#armTick();
  }

  stop(): void {
    this.#clock.clear(this.#startEvent);
    this.#clock.clear(this.#tickEvent);
    for (const event of this.#prewarmEvents) this.#clock.clear(event);
  }

  onArrival(target: SimulatedFunction): void {
    const nowMs = this.#clock.nowMs();
    this.#clock.clear(this.#prewarmEvents[target.index]);
    this.#policy.onArrival(target.index, nowMs - this.#startMs, target.available === 0);
  }

  onWait(target: SimulatedFunction): void {
    const coming = target.desired - target.ready;
    if (coming * target.containerConcurrency >= target.queue.size) return;
    if (target.desired < this.#mostInstances) this.#target.scale(target, target.desired + 1);
  }

  onLeave(target: SimulatedFunction, serviceMs: number): void {
    const nowMs = this.#clock.nowMs();
    if (Number.isNaN(serviceMs)) return this.#giveUpPending(target, target.queue.size);
    this.#policy.onCompletion(target.index, nowMs - this.#startMs, serviceMs);
    // The next one that waits takes the place that is free now.
    if (target.queue.size > 0) this.#giveUpPending(target, target.queue.size - 1);
  }

  onReady(): void {
    // It hears of it when it is idle.
  }

  onIdle(instance: SimulatedInstance): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#startMs) return;
    const { index } = instance.owner;
    const policyMs = nowMs - this.#startMs;
    instance.evictionPriority = this.#policy.evictionPriority(index, policyMs);
    instance.keepUntilMs = this.#startMs + this.#policy.keepUntilMs(index, policyMs);
    this.#kept[instance.id] = instance;
    this.#armExpiry(instance);
    // Nobody looks at the line again when an instance becomes one that may go.
    if (this.#starved !== null && isAwaited(this.#starved)) this.makeRoom(this.#starved);
  }

  onUse(instance: SimulatedInstance): void {
    if (instance.event < 0) return;
    this.#clock.cancel(instance.event);
    instance.event = -1;
  }

  onStop({ owner }: SimulatedInstance): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#startMs || owner.ready + owner.starting > 0) return;
    this.#policy.onLastGone(owner.index, nowMs - this.#startMs);
    // Where requests wait, one is wanted already.
    if (owner.queue.size > 0) return;
    const policyMs = this.#policy.prewarmAtMs(owner.index, nowMs - this.#startMs);
    if (Number.isNaN(policyMs)) return;
    const dueMs = this.#startMs + policyMs;
    if (!(dueMs > nowMs)) throw startsAtOnce(this.#policy, owner, policyMs);
    this.#clock.set(this.#prewarmEvents[owner.index], dueMs);
  }

  /**
   * Where a request waits, any idle instance may go; for one that is started ahead
   * only those beyond the number to keep of their function, or it is given up: where
   * there is no room for all that are to be kept, they would push one another out.
   */
  makeRoom(target: SimulatedFunction): boolean {
    // What is deployed waits for room until the run starts.
    if (this.#clock.nowMs() < this.#startMs) return true;
    const isNeeded = isAwaited(target);
    const evicted = chooseEvicted(this.#target, target, isNeeded ? null : this.#least);
    if (isNeeded) this.#starved = evicted === null ? target : null;
    if (evicted === null && !isNeeded) {
      this.#target.scale(target, target.ready + target.starting);
      return false;
    }
    for (const victim of evicted ?? []) {
      this.#policy.onEviction(victim.owner.index, victim.evictionPriority);
      this.#retire(victim);
    }
    return true;
  }

  status(): ScalingStatus {
    return UNKNOWN;
  }

  #armTick(): void {
    const { tickMs } = this.#policy;
    if (tickMs === null) return;
    this.#clock.set(this.#tickEvent, this.#startMs + ++this.#ticks * tickMs);
  }

  /** What is there becomes idle now, in order of creation. */
  #onRunStart(): void {
    for (const { members } of this.#target.functions) {
      for (const instance of [...members]) {
        if (instance.state === "idle") this.onIdle(instance);
      }
    }
  }

  #onTick(): void {
    const nowMs = this.#clock.nowMs();
    for (const target of this.#target.functions) {
      const least = this.#policy.desiredInstances(target.index, nowMs - this.#startMs);
      this.#least[target.index] = Math.min(least, this.#mostInstances);
      if (target.desired < this.#least[target.index]) {
        this.#target.scale(target, this.#least[target.index]);
      }
      this.#expireSurplus(target, nowMs);
    }
    this.#armTick();
  }

  /** Instances that only the number kept, and whose time is up, go as far as it allows. */
  #expireSurplus(target: SimulatedFunction, nowMs: number): void {
    for (const instance of [...target.members]) {
      if (instance.state !== "idle" || instance.event >= 0) continue;
      if (instance.keepUntilMs <= nowMs) this.#expire(instance);
    }
  }

  #startAhead(target: SimulatedFunction): void {
    if (target.desired < this.#mostInstances) this.#target.scale(target, target.desired + 1);
  }

  #armExpiry(instance: SimulatedInstance): void {
    if (instance.keepUntilMs === Infinity) return;
    instance.event = this.#clock.schedule(
      instance.keepUntilMs,
      PRIORITY.expiry,
      this.#expiryHandler,
      instance.id,
    );
  }

  #onExpiry(instance: SimulatedInstance): void {
    instance.event = -1;
    this.#expire(instance);
  }

  #expire(instance: SimulatedInstance): void {
    const { owner } = instance;
    if (owner.ready + owner.starting <= this.#least[owner.index]) return;
    this.#retire(instance);
  }

  #retire(instance: SimulatedInstance): void {
    this.#kept[instance.id] = undefined;
    this.#target.retire(instance);
  }

  /** Fewer requests wait: an instance without a place that was for one is not wanted. */
  #giveUpPending(target: SimulatedFunction, waiting: number): void {
    const needed = Math.ceil(waiting / target.containerConcurrency);
    const wanted = target.ready + Math.max(target.starting, needed);
    const least = Math.max(wanted, this.#least[target.index]);
    if (target.desired > least) this.#target.scale(target, least);
  }
}

/** Requests wait that the instances which are starting cannot take all. */
function isAwaited({ queue, starting, containerConcurrency }: SimulatedFunction): boolean {
  return queue.size > starting * containerConcurrency;
}

/** It would start, be evicted and start again for ever, where starts take no time. */
function startsAtOnce(
  policy: KeepAlivePolicy,
  { name }: SimulatedFunction,
  policyMs: number,
): LoaderError {
  return new LoaderError(
    "platform",
    `The policy ${policy.name} lets the last instance of ${name} go and starts one at the ` +
      `same instant, ${policyMs} ms after run start; it must name a later time, or keep it.`,
    { value: policyMs },
  );
}
