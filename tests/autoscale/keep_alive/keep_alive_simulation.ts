import assert from "node:assert/strict";
import type { KeepAlivePolicy } from "../../../lib/autoscale/keep_alive/keep_alive_policy.ts";

/** One function's invocations and figures. */
export interface SimulatedFunction {
  readonly arrivalsMs: readonly number[];
  readonly serviceMs: readonly number[];
  readonly coldStartMs: number;
  readonly memoryMib: number;
}

export interface SimulationOptions {
  readonly functions: readonly SimulatedFunction[];
  readonly policy: KeepAlivePolicy;
  readonly untilMs: number;
  readonly capacityMib?: number;
  /** Which of several idle instances serves an arrival. */
  readonly take?: "latest idle" | "earliest idle";
}

export interface SimulationResult {
  readonly cold: number;
  readonly rejected: number;
  /** Time that instances were starting or idle, by function. */
  readonly wastedMs: number[];
}

interface Instance {
  readonly functionIndex: number;
  idleSinceMs: number | undefined;
  priority: number;
  isOverdue: boolean;
}

/** The order of what happens at one instant, as KeepAlivePolicy has it. */
const ORDER = { start: 0, completion: 1, ready: 2, arrival: 3, expiry: 4, tick: 5 } as const;

/**
 * The smallest platform that a KeepAlivePolicy can run on, written for
 * plainness: one invocation an instance at a time, no queue, a list of events
 * that is searched for the next. A policy's answers are checked on the way.
 */
export function simulateKeepAlive(options: SimulationOptions): SimulationResult {
  const { functions, policy, untilMs, capacityMib = Infinity, take = "latest idle" } = options;
  const events: { atMs: number; order: number; run: (nowMs: number) => void }[] = [];
  const instances = new Set<Instance>();
  const floor = functions.map(() => 0);
  const pendingPrewarm: (object | undefined)[] = functions.map(() => undefined);
  const wastedMs = functions.map(() => 0);
  let cold = 0;
  let rejected = 0;

  const schedule = (atMs: number, kind: keyof typeof ORDER, run: (nowMs: number) => void) => {
    events.push({ atMs, order: ORDER[kind], run });
  };
  const of = (functionIndex: number) =>
    [...instances].filter((instance) => instance.functionIndex === functionIndex);
  const idleOf = (functionIndex: number) =>
    of(functionIndex).filter((instance) => instance.idleSinceMs !== undefined)
      .sort((a, b) => a.idleSinceMs! - b.idleSinceMs!);

  const endIdleness = (instance: Instance, nowMs: number) => {
    wastedMs[instance.functionIndex] += nowMs - instance.idleSinceMs!;
    instance.idleSinceMs = undefined;
  };

  const remove = (instance: Instance, nowMs: number) => {
    endIdleness(instance, nowMs);
    instances.delete(instance);
    const { functionIndex } = instance;
    if (of(functionIndex).length > 0) return;
    policy.onLastGone(functionIndex, nowMs);
    const prewarmMs = policy.prewarmAtMs(functionIndex, nowMs);
    if (Number.isNaN(prewarmMs)) return;
    assert.ok(prewarmMs > nowMs, `${policy.name} lets go what it starts at once`);
    const prewarm = {};
    pendingPrewarm[functionIndex] = prewarm;
    schedule(prewarmMs, "start", (startMs) => {
      if (pendingPrewarm[functionIndex] === prewarm) start(functionIndex, startMs);
    });
  };

  const becomeIdle = (instance: Instance, nowMs: number) => {
    const { functionIndex } = instance;
    instance.idleSinceMs = nowMs;
    instance.isOverdue = false;
    instance.priority = policy.evictionPriority(functionIndex, nowMs);
    const keepMs = policy.keepUntilMs(functionIndex, nowMs);
    assert.ok(keepMs >= nowMs, `${policy.name} keeps until ${keepMs}, which is before ${nowMs}`);
    schedule(keepMs, "expiry", (atMs) => {
      if (!instances.has(instance) || instance.idleSinceMs !== nowMs) return;
      instance.isOverdue = true;
      if (of(functionIndex).length > floor[functionIndex]) remove(instance, atMs);
    });
  };

  const hasRoom = (functionIndex: number, nowMs: number): boolean => {
    const usedMib = () =>
      [...instances].reduce((sum, { functionIndex: i }) => sum + functions[i].memoryMib, 0);
    while (usedMib() + functions[functionIndex].memoryMib > capacityMib) {
      const idle = [...instances].filter((instance) => instance.idleSinceMs !== undefined)
        .sort((a, b) => a.priority - b.priority);
      if (idle.length === 0) return false;
      policy.onEviction(idle[0].functionIndex, idle[0].priority);
      remove(idle[0], nowMs);
    }
    return true;
  };

  const start = (functionIndex: number, nowMs: number, serviceMs?: number) => {
    if (!hasRoom(functionIndex, nowMs)) return false;
    const instance = { functionIndex, idleSinceMs: undefined, priority: 0, isOverdue: false };
    instances.add(instance);
    wastedMs[functionIndex] += functions[functionIndex].coldStartMs;
    schedule(nowMs + functions[functionIndex].coldStartMs, "ready", (readyMs) => {
      if (serviceMs === undefined) becomeIdle(instance, readyMs);
      else serve(instance, readyMs, serviceMs);
    });
    return true;
  };

  const serve = (instance: Instance, nowMs: number, serviceMs: number) => {
    schedule(nowMs + serviceMs, "completion", (endMs) => {
      policy.onCompletion(instance.functionIndex, endMs, serviceMs);
      becomeIdle(instance, endMs);
    });
  };

  const arrive = (functionIndex: number, nowMs: number, serviceMs: number) => {
    pendingPrewarm[functionIndex] = undefined;
    const idle = idleOf(functionIndex);
    policy.onArrival(functionIndex, nowMs, idle.length === 0);
    const instance = take === "latest idle" ? idle.at(-1) : idle[0];
    if (instance !== undefined) {
      endIdleness(instance, nowMs);
      serve(instance, nowMs, serviceMs);
    } else if (start(functionIndex, nowMs, serviceMs)) cold++;
    else rejected++;
  };

  const tick = (nowMs: number) => {
    functions.forEach((_, functionIndex) => {
      const desired = policy.desiredInstances(functionIndex, nowMs);
      assert.ok(Number.isInteger(desired) && desired >= 0, `${policy.name} wants ${desired}`);
      floor[functionIndex] = desired;
      while (of(functionIndex).length < desired && start(functionIndex, nowMs));
      for (const instance of idleOf(functionIndex)) {
        if (instance.isOverdue && of(functionIndex).length > desired) remove(instance, nowMs);
      }
    });
    if (policy.tickMs !== null) schedule(nowMs + policy.tickMs, "tick", tick);
  };

  functions.forEach(({ arrivalsMs, serviceMs }, functionIndex) => {
    for (const atMs of policy.plannedStartsMs(functionIndex) ?? []) {
      schedule(atMs, "start", (nowMs) => start(functionIndex, nowMs));
    }
    arrivalsMs.forEach((atMs, i) => {
      schedule(atMs, "arrival", (nowMs) => arrive(functionIndex, nowMs, serviceMs[i]));
    });
  });
  if (policy.tickMs !== null) schedule(policy.tickMs, "tick", tick);
  while (true) {
    let next = -1;
    for (let i = 0; i < events.length; i++) {
      const { atMs, order } = events[i];
      if (atMs > untilMs) continue;
      if (next >= 0 && atMs > events[next].atMs) continue;
      if (next >= 0 && atMs === events[next].atMs && order >= events[next].order) continue;
      next = i;
    }
    if (next < 0) break;
    const [{ atMs, run }] = events.splice(next, 1);
    run(atMs);
  }
  for (const instance of instances) {
    if (instance.idleSinceMs !== undefined) endIdleness(instance, untilMs);
  }
  return { cold, rejected, wastedMs };
}
