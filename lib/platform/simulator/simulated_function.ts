import type { RngKey } from "../../base/rng.ts";
import type { InstanceRequest } from "../local/capacity.ts";
import type { SimulatedInstance } from "./simulated_instance.ts";
import { SlotList } from "./slot_list.ts";

/** What a function is deployed with. */
export interface FunctionSettings {
  readonly index: number;
  readonly name: string;
  readonly functionId: string;
  readonly initialScale: number;
  /** What each of its instances takes of a node. */
  readonly request: InstanceRequest;
  /** Of its own randomness. */
  readonly key: RngKey;
  readonly containerConcurrency: number;
}

/** One function: its instances, the requests that wait for one, how many are wanted. */
export class SimulatedFunction {
  readonly index: number;
  readonly name: string;
  readonly functionId: string;
  readonly request: InstanceRequest;
  readonly key: RngKey;
  readonly containerConcurrency: number;
  /** Requests that wait, in order of arrival. */
  readonly queue = new SlotList();
  /** Instances that are not on their way out, in order of creation, and those that drain. */
  readonly members: SimulatedInstance[] = [];
  desired: number;
  /** Idle and busy. */
  ready = 0;
  starting = 0;
  /** Ready instances that can take a request. */
  available = 0;
  /** Requests that an instance began to serve. */
  served = 0;
  #sequence = 0;
  /** No instance before this one is available. */
  #firstAvailable = 0;

  constructor(settings: FunctionSettings) {
    this.index = settings.index;
    this.name = settings.name;
    this.functionId = settings.functionId;
    this.request = settings.request;
    this.key = settings.key;
    this.containerConcurrency = settings.containerConcurrency;
    this.desired = settings.initialScale;
  }

  /** How many more instances are desired than there are. */
  get missing(): number {
    return Math.max(0, this.desired - this.ready - this.starting);
  }

  nextSequence(): number {
    return this.#sequence++;
  }

  add(instance: SimulatedInstance): void {
    instance.member = this.members.push(instance) - 1;
  }

  remove(instance: SimulatedInstance): void {
    const { members } = this;
    members.splice(instance.member, 1);
    for (let i = instance.member; i < members.length; i++) members[i].member = i;
    // Those behind have moved up.
    if (instance.member < this.#firstAvailable) this.#firstAvailable--;
    instance.member = -1;
  }

  /** A ready instance can take a request (more). */
  makeAvailable(instance: SimulatedInstance): void {
    this.available++;
    if (instance.member < this.#firstAvailable) this.#firstAvailable = instance.member;
  }

  /**
   * The first in order of creation that can take a request, as Knative's activator
   * chooses for small concurrencies; there must be one.
   */
  findAvailable(): SimulatedInstance {
    const { members, containerConcurrency } = this;
    let i = this.#firstAvailable;
    for (;; i++) {
      const { state, inFlight } = members[i];
      if (state === "idle" || (state === "busy" && inFlight < containerConcurrency)) break;
    }
    this.#firstAvailable = i;
    return members[i];
  }

  /**
   * Which instances go when there are too many, as Kubernetes chooses: first
   * those that are not ready, then the idle, then the busy.
   */
  chooseVictims(count: number): SimulatedInstance[] {
    const inState = (state: SimulatedInstance["state"]) =>
      this.members.filter((instance) => instance.state === state);
    return [
      ...inState("starting").reverse(),
      ...inState("idle").sort((a, b) => a.idleSinceMs - b.idleSinceMs),
      ...inState("busy").reverse(),
    ].slice(0, count);
  }
}
