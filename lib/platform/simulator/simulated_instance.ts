import type { CpuTask } from "./cpu.ts";
import { EventHeap, type HeapPositions } from "../../clock/event_heap.ts";
import type { SimulatedFunction } from "./simulated_function.ts";
import type { SimulatedNode } from "./simulated_node.ts";

/** Where an instance is in its life. */
export type InstanceState = "starting" | "idle" | "busy" | "draining" | "stopping";

/** One sandbox of a function on a node. */
export class SimulatedInstance implements CpuTask {
  /** Small, and given again when it is gone. */
  readonly id: number;
  readonly owner: SimulatedFunction;
  readonly node: SimulatedNode;
  readonly name: string;
  readonly workEvent: number;
  limitMilli = 0;
  /** Position among the function's instances, from 0. */
  readonly sequence: number;
  state: InstanceState = "starting";
  /** Where it stands among the members of its function. */
  member = -1;
  /** Whether it computes now to start. */
  isBooting = false;
  readyMs = NaN;
  idleSinceMs = NaN;
  /** Whether a request was given to it. */
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
    node: SimulatedNode,
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
