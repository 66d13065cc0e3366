import type { RngKey } from "../../base/rng.ts";
import { EventHeap, type HeapPositions } from "../../clock/event_heap.ts";
import type { InstanceRequest } from "../local/capacity.ts";
import type { CpuTask } from "./cpu.ts";
import type { SimulatedNode } from "./simulated_node.ts";
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

/** Members that have a bit: so many as a small integer has. */
const BITS = 30;

function isAvailable({ state, inFlight, owner }: SimulatedInstance): boolean {
  return state === "idle" || (state === "busy" && inFlight < owner.containerConcurrency);
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
  /**
   * Which of the first members can take a request, a bit for each: to ask them one by one
   * would fetch each from memory.
   */
  #availableBits = 0;

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
    const { member } = instance;
    members.splice(member, 1);
    for (let i = member; i < members.length; i++) members[i].member = i;
    if (member < BITS) {
      const before = (1 << member) - 1;
      this.#availableBits = (this.#availableBits & before) |
        ((this.#availableBits >>> 1) & ~before);
      // One more may have moved up among the first.
      if (members.length >= BITS && isAvailable(members[BITS - 1])) this.#setBit(BITS - 1);
    }
    instance.member = -1;
  }

  /** A ready instance can take a request (more). */
  makeAvailable({ member }: SimulatedInstance): void {
    this.available++;
    if (member < BITS) this.#setBit(member);
  }

  /** An instance that could take a request can take no more. */
  makeUnavailable({ member }: SimulatedInstance): void {
    this.available--;
    if (member < BITS) this.#availableBits &= ~(1 << member);
  }

  /**
   * The first in order of creation that can take a request, as Knative's activator
   * chooses for small concurrencies; there must be one.
   */
  findAvailable(): SimulatedInstance {
    const bits = this.#availableBits;
    if (bits !== 0) return this.members[31 - Math.clz32(bits & -bits)];
    let i = BITS;
    while (!isAvailable(this.members[i])) i++;
    return this.members[i];
  }

  #setBit(member: number): void {
    this.#availableBits |= 1 << member;
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

/** Where an instance is in its life. */
export type InstanceState = "starting" | "idle" | "busy" | "draining" | "stopping";

/** One sandbox of a function on a node. */
export class SimulatedInstance implements CpuTask {
  /** Small, and given again when it is gone. */
  readonly id: number;
  readonly owner: SimulatedFunction;
  readonly node: SimulatedNode<SimulatedInstance>;
  readonly name: string;
  readonly workEvent: number;
  limitMilli = 0;
  /** Position among the function's instances, from 0. */
  readonly sequence: number;
  state: InstanceState = "starting";
  /** Where it stands among the members of its function. */
  member = -1;
  /** True if it computes now to start. */
  isBooting = false;
  readyMs = NaN;
  idleSinceMs = NaN;
  /** True if a request was given to it. */
  wasUsed = false;
  /** Requests that it serves now. */
  inFlight = 0;
  /** The request that it serves, where it serves one at a time. */
  slot = -1;
  /** The requests that it serves, where it serves several. */
  readonly jobs: JobSet | null;
  /** What happens to it next (a part of its start, the end of its keep-alive), −1: nothing. */
  event = -1;
  /** Under a keep-alive policy: until when it is kept, and how late it is evicted. */
  keepUntilMs = Infinity;
  evictionPriority = 0;

  constructor(
    id: number,
    owner: SimulatedFunction,
    node: SimulatedNode<SimulatedInstance>,
    sequence: number,
    workEvent: number,
    jobs: JobSet | null,
  ) {
    this.id = id;
    this.owner = owner;
    this.node = node;
    this.sequence = sequence;
    this.name = `${owner.name}-${String(sequence).padStart(5, "0")}`;
    this.workEvent = workEvent;
    this.jobs = jobs;
  }
}

/**
 * The requests of an instance that serves several at a time: they share what the
 * instance gets equally, in the instance's own virtual time.
 */
export class JobSet {
  /** Slots by the virtual time at which each is done. */
  readonly slots: EventHeap;
  /** Core-milliseconds that a request that was always there has got. */
  virtualMs = 0;
  /** Work that the instance was given to do until the next of them is done. */
  givenMs = 0;
  order = 0;

  constructor(positions: HeapPositions) {
    this.slots = new EventHeap(positions);
  }

  /** The instance has done so much: each request got an equal part of it. */
  advance(progressMs: number): void {
    this.virtualMs += progressMs / this.slots.size;
  }

  /** Work that the instance has to do until the next of them is done. */
  get untilNextMs(): number {
    return Math.max(0, this.slots.topTimeMs - this.virtualMs) * this.slots.size;
  }
}
