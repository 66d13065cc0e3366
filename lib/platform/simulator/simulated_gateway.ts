import { deriveKey, Rng, type RngKey } from "../../base/rng.ts";
import type { VirtualClock } from "../../clock/virtual_clock.ts";
import type { CallColumns, CompletionCallback, Transport } from "../../model/platform.ts";
import type { Outcome } from "../../model/record.ts";
import { STATUS } from "../../rpc/grpc/status.ts";
import type { Cluster } from "./cluster.ts";
import { drawFrom } from "./distribution.ts";
import { createNetwork, type Network } from "./network.ts";
import { PRIORITY } from "./priorities.ts";
import { RunQueue } from "./run_queue.ts";
import type { Scaling } from "./scaling.ts";
import type { SimulatedFunction } from "./simulated_function.ts";
import type { JobSet, SimulatedInstance } from "./simulated_function.ts";
import type { SimulatorSettings } from "./simulator_options.ts";
import { SlotLinks, SlotList } from "./slot_list.ts";

/** The trace function touches half of the memory asked for (workloads/trace_function). */
const SERVED_KIB_PER_MIB = 512;

/** Where a call is. */
const STAGE = {
  none: 0,
  toGateway: 1,
  waiting: 2,
  serving: 3,
  toLoader: 4,
  cancelled: 5,
  /** Given to an instance, and not yet on its node's cores. */
  inRunQueue: 6,
} as const;

/** What a {@linkcode Gateway} needs. */
export interface GatewayOptions {
  readonly settings: SimulatorSettings;
  readonly clock: VirtualClock;
  readonly cluster: Cluster;
  readonly scaling: Scaling;
  readonly calls: CallColumns;
  readonly onComplete: CompletionCallback;
  /** A function has answered a request, well or not. */
  readonly onAnswered: () => void;
}

/**
 * The way of a request: over the network to the gateway, into an instance or a
 * queue, and back. It is a transport, so that the dispatcher does not know.
 */
export class SimulatedGateway implements Transport {
  readonly #settings: SimulatorSettings;
  readonly #clock: VirtualClock;
  readonly #cluster: Cluster;
  readonly #scaling: Scaling;
  readonly #calls: CallColumns;
  readonly #onComplete: CompletionCallback;
  readonly #onAnswered: () => void;
  readonly #toGateway: Network;
  readonly #toLoader: Network;
  // By slot.
  readonly #stage: Uint8Array;
  /** Counts the calls that a slot has had, so that what still travels of one is not taken for the next. */
  readonly #call: Int32Array;
  readonly #servedFromMs: Float64Array;
  /** Status of the answer that is on its way. */
  readonly #status: Uint8Array;
  readonly #isCold: Uint8Array;
  readonly #instance: (SimulatedInstance | null)[];
  /** Calls in flight, the earliest deadline first. */
  readonly #inFlight = new SlotList();
  readonly #inFlightLinks: SlotLinks;
  readonly #deadlineEvent: number;
  #isDeadlineSet = false;
  /** Requests in any queue, the earliest first. */
  readonly #waiting = new SlotList();
  readonly #waitingLinks: SlotLinks;
  readonly #waitingSinceMs: Float64Array;
  readonly #queueLinks: SlotLinks;
  readonly #timeoutEvent: number;
  #isTimeoutSet = false;
  readonly #cancelHandler: number;
  readonly #rng = new Rng();
  readonly #serviceKeys: RngKey[];
  /** Work of a request is its runtime and nothing else. */
  readonly #isPlainService: boolean;
  /** `null`: work begins at once. */
  readonly #runQueue: RunQueue | null;

  constructor(options: GatewayOptions) {
    const { settings, clock, cluster, calls } = options;
    this.#settings = settings;
    this.#clock = clock;
    this.#cluster = cluster;
    this.#scaling = options.scaling;
    this.#calls = calls;
    this.#onComplete = options.onComplete;
    this.#onAnswered = options.onAnswered;
    const slots = calls.functionIndex.length;
    this.#stage = new Uint8Array(slots);
    this.#call = new Int32Array(slots);
    this.#servedFromMs = new Float64Array(slots);
    this.#status = new Uint8Array(slots);
    this.#isCold = new Uint8Array(slots);
    this.#instance = new Array<SimulatedInstance | null>(slots).fill(null);
    this.#inFlightLinks = new SlotLinks(slots);
    this.#waitingLinks = new SlotLinks(slots);
    this.#waitingSinceMs = new Float64Array(slots);
    this.#queueLinks = new SlotLinks(slots);
    this.#deadlineEvent = clock.createEvent(
      PRIORITY.expiry,
      clock.register(() => this.#onDeadline()),
      0,
    );
    this.#timeoutEvent = clock.createEvent(
      PRIORITY.expiry,
      clock.register(() => this.#onQueueTimeout()),
      0,
    );
    this.#cancelHandler = clock.register((slot) => this.#onCancelled(slot));
    const { networkMs, seed, serviceFactor, serviceOverheadMs } = settings;
    this.#toGateway = createNetwork(
      clock,
      PRIORITY.arrival,
      networkMs,
      deriveKey(seed, "simulator", "to gateway"),
      (slot, call) => this.#arrive(slot, call),
    );
    this.#toLoader = createNetwork(
      clock,
      PRIORITY.completion,
      networkMs,
      deriveKey(seed, "simulator", "to loader"),
      (slot, call) => this.#onAnswer(slot, call),
    );
    this.#isPlainService = serviceFactor.kind === "constant" && serviceFactor.value === 1 &&
      serviceOverheadMs.kind === "constant" && serviceOverheadMs.value === 0;
    this.#serviceKeys = this.#isPlainService
      ? []
      : cluster.functions.map(({ name }) => deriveKey(seed, "simulator", "service", name));
    const { wakeUpMs } = settings;
    this.#runQueue = wakeUpMs.kind === "constant" && wakeUpMs.value === 0 ? null : new RunQueue({
      clock,
      slots,
      wakeUpMs,
      limitMilli: cluster.taskLimitMilli,
      key: deriveKey(seed, "simulator", "run queue"),
      onTurn: (slot) => this.#beginWork(this.#instance[slot]!, slot),
    });
  }

  invoke(slot: number): void {
    const calls = this.#calls;
    calls.dispatchedMs[slot] = this.#clock.nowMs();
    this.#stage[slot] = STAGE.toGateway;
    this.#call[slot]++;
    this.#addDeadline(slot, calls.deadlineMs[slot]);
    this.#toGateway.send(slot, this.#call[slot]);
  }

  cancel(slot: number): void {
    const stage = this.#stage[slot];
    if (stage === STAGE.none || stage === STAGE.cancelled) return;
    this.#withdraw(slot);
    this.#stage[slot] = STAGE.cancelled;
    this.#clock.schedule(this.#clock.nowMs(), PRIORITY.completion, this.#cancelHandler, slot);
  }

  close(): Promise<void> {
    for (let slot = this.#inFlight.head; slot >= 0; slot = this.#inFlight.head) {
      this.#withdraw(slot);
      this.#complete(slot, "cancelled", STATUS.cancelled);
    }
    return Promise.resolve();
  }

  /** An instance has become ready: it takes requests that wait, or becomes idle. */
  useReady(instance: SimulatedInstance): void {
    const { owner } = instance;
    while (owner.queue.size > 0 && instance.inFlight < owner.containerConcurrency) {
      this.#serve(instance, this.#leaveQueue(owner), true);
    }
    if (instance.inFlight === 0) this.#scaling.onIdle(instance);
    this.#runQueue?.useIdle(instance.node.cpu);
  }

  /** The instance is done with the next of its requests. */
  endService(instance: SimulatedInstance): void {
    const { jobs } = instance;
    let slot = instance.slot;
    if (jobs !== null) {
      slot = jobs.slots.top;
      jobs.virtualMs = jobs.slots.topTimeMs;
      jobs.slots.remove(slot);
    }
    const nowMs = this.#clock.nowMs();
    const calls = this.#calls;
    const serviceMs = nowMs - this.#servedFromMs[slot];
    // As a function measures it, which does not see its process wait for its first turn.
    const workedMs = this.#runQueue === null
      ? serviceMs
      : serviceMs - this.#runQueue.waitedMs(slot);
    calls.servedRuntimeUs[slot] = workedMs * 1000;
    calls.servedMemoryKib[slot] = calls.memoryMib[slot] * SERVED_KIB_PER_MIB;
    calls.instance[slot] = instance.name;
    calls.coldStart[slot] = this.#isCold[slot] === 1;
    if (jobs !== null && jobs.slots.size > 0) this.#resumeJobs(instance, jobs);
    this.#endOn(instance, slot, nowMs, serviceMs);
    this.#runQueue?.useIdle(instance.node.cpu);
    this.#answer(slot, STATUS.ok);
  }

  // On the way

  #arrive(slot: number, call: number): void {
    if (this.#stage[slot] !== STAGE.toGateway || this.#call[slot] !== call) return;
    const target = this.#cluster.functions[this.#calls.functionIndex[slot]];
    const nowMs = this.#clock.nowMs();
    this.#scaling.onArrival(target);
    if (target.available > 0) return this.#serve(target.findAvailable(), slot, false);
    this.#stage[slot] = STAGE.waiting;
    this.#waitingSinceMs[slot] = nowMs;
    target.queue.append(this.#queueLinks, slot);
    this.#waiting.append(this.#waitingLinks, slot);
    if (!this.#isTimeoutSet) {
      this.#isTimeoutSet = true;
      this.#clock.set(this.#timeoutEvent, nowMs + this.#settings.queueTimeoutMs);
    }
    this.#scaling.onWait(target);
  }

  /** The first in the queue leaves it. */
  #leaveQueue({ queue }: SimulatedFunction): number {
    const slot = queue.head;
    queue.remove(this.#queueLinks, slot);
    this.#waiting.remove(this.#waitingLinks, slot);
    return slot;
  }

  #answer(slot: number, status: number): void {
    this.#onAnswered();
    this.#stage[slot] = STAGE.toLoader;
    this.#status[slot] = status;
    this.#toLoader.send(slot, this.#call[slot]);
  }

  #onAnswer(slot: number, call: number): void {
    if (this.#stage[slot] !== STAGE.toLoader || this.#call[slot] !== call) return;
    const status = this.#status[slot];
    this.#complete(slot, status === STATUS.ok ? "ok" : "rejected", status);
  }

  #complete(slot: number, outcome: Outcome, status: number): void {
    this.#inFlight.remove(this.#inFlightLinks, slot);
    this.#stage[slot] = STAGE.none;
    this.#calls.completedMs[slot] = this.#clock.nowMs();
    this.#onComplete(slot, outcome, status);
  }

  // Service

  #serve(instance: SimulatedInstance, slot: number, hasWaited: boolean): void {
    const { owner } = instance;
    this.#instance[slot] = instance;
    this.#servedFromMs[slot] = this.#clock.nowMs();
    this.#isCold[slot] = this.#beginsCold(instance, slot, hasWaited) ? 1 : 0;
    instance.wasUsed = true;
    if (instance.state === "idle") {
      instance.state = "busy";
      this.#scaling.onUse(instance);
    }
    if (++instance.inFlight === owner.containerConcurrency) owner.makeUnavailable(instance);
    if (this.#runQueue !== null && this.#runQueue.enter(slot, instance.node.cpu)) {
      this.#stage[slot] = STAGE.inRunQueue;
      return;
    }
    this.#beginWork(instance, slot);
  }

  /** It is a request's turn on the cores. */
  #beginWork(instance: SimulatedInstance, slot: number): void {
    const { owner, jobs } = instance;
    this.#stage[slot] = STAGE.serving;
    const workMs = this.#isPlainService ? this.#calls.runtimeMs[slot] : this.#drawWork(owner, slot);
    owner.served++;
    if (jobs === null) {
      instance.slot = slot;
      instance.node.cpu.add(instance, this.#cluster.taskLimitMilli, workMs);
    } else {
      this.#pauseJobs(instance, jobs);
      jobs.slots.set(slot, jobs.virtualMs + workMs, jobs.order++);
      this.#resumeJobs(instance, jobs);
    }
  }

  /** True if the instance became ready after the dispatch, and serves for the first time. */
  #beginsCold(instance: SimulatedInstance, slot: number, hasWaited: boolean): boolean {
    if (instance.wasUsed) return false;
    const afterDispatchMs = instance.readyMs - this.#calls.dispatchedMs[slot];
    // An instance that is ready at once is ready after the request that waited for it.
    return afterDispatchMs > 0 || (hasWaited && afterDispatchMs === 0);
  }

  #drawWork(owner: SimulatedFunction, slot: number): number {
    const runtimeMs = this.#calls.runtimeMs[slot];
    const { serviceFactor, serviceOverheadMs } = this.#settings;
    // Of the function's n-th service, whichever request that is.
    this.#rng.seed(this.#serviceKeys[owner.index], owner.served, 0);
    return runtimeMs * drawFrom(serviceFactor, this.#rng) + drawFrom(serviceOverheadMs, this.#rng);
  }

  /** A request has left the instance, served to the end or broken off after so long. */
  #endOn(instance: SimulatedInstance, slot: number, nowMs: number, serviceMs: number): void {
    const { owner } = instance;
    this.#instance[slot] = null;
    instance.inFlight--;
    this.#scaling.onLeave(owner, serviceMs);
    if (instance.state === "draining") {
      if (instance.inFlight === 0) this.#cluster.endDraining(instance);
      return;
    }
    const wasFull = instance.inFlight + 1 === owner.containerConcurrency;
    if (wasFull) owner.makeAvailable(instance);
    if (owner.queue.size > 0) return this.#serve(instance, this.#leaveQueue(owner), true);
    if (instance.inFlight > 0) return;
    instance.state = "idle";
    instance.idleSinceMs = nowMs;
    this.#scaling.onIdle(instance);
  }

  /** What an instance with so many requests gets at most: a request runs on one core. */
  #limitMilli(requests: number): number {
    return Math.min(Math.round(this.#settings.cpuLimitCores * 1000), 1000 * requests);
  }

  /** Stops the clock of the requests of an instance. */
  #pauseJobs(instance: SimulatedInstance, jobs: JobSet): void {
    if (jobs.slots.size > 0) jobs.advance(jobs.givenMs - instance.node.cpu.remove(instance));
  }

  #resumeJobs(instance: SimulatedInstance, jobs: JobSet): void {
    jobs.givenMs = jobs.untilNextMs;
    instance.node.cpu.add(instance, this.#limitMilli(jobs.slots.size), jobs.givenMs);
  }

  // Giving up

  #addDeadline(slot: number, deadlineMs: number): void {
    const { deadlineMs: deadlines } = this.#calls;
    const links = this.#inFlightLinks;
    // Time-outs are mostly alike, so that the latest call has the latest deadline.
    let before = this.#inFlight.tail;
    while (before >= 0 && deadlines[before] > deadlineMs) before = links.previous[before];
    this.#inFlight.insertAfter(links, before, slot);
    // Looked at again when it happens: most calls are over by then.
    if (this.#isDeadlineSet && before >= 0) return;
    this.#isDeadlineSet = true;
    this.#clock.set(this.#deadlineEvent, deadlineMs);
  }

  #onDeadline(): void {
    const nowMs = this.#clock.nowMs();
    this.#isDeadlineSet = false;
    for (let slot = this.#inFlight.head; slot >= 0; slot = this.#inFlight.head) {
      const deadlineMs = this.#calls.deadlineMs[slot];
      if (deadlineMs > nowMs) {
        this.#isDeadlineSet = true;
        this.#clock.set(this.#deadlineEvent, deadlineMs);
        return;
      }
      this.#withdraw(slot);
      this.#complete(slot, "timed_out", STATUS.deadlineExceeded);
    }
  }

  #onQueueTimeout(): void {
    const nowMs = this.#clock.nowMs();
    const { queueTimeoutMs } = this.#settings;
    this.#isTimeoutSet = false;
    for (let slot = this.#waiting.head; slot >= 0; slot = this.#waiting.head) {
      const dueMs = this.#waitingSinceMs[slot] + queueTimeoutMs;
      if (dueMs > nowMs) {
        this.#isTimeoutSet = true;
        this.#clock.set(this.#timeoutEvent, dueMs);
        return;
      }
      this.#withdraw(slot);
      this.#answer(slot, STATUS.resourceExhausted);
    }
  }

  /** Takes a call away from wherever it is. */
  #withdraw(slot: number): void {
    const nowMs = this.#clock.nowMs();
    const stage = this.#stage[slot];
    if (stage === STAGE.waiting) {
      const target = this.#cluster.functions[this.#calls.functionIndex[slot]];
      target.queue.remove(this.#queueLinks, slot);
      this.#waiting.remove(this.#waitingLinks, slot);
      this.#scaling.onLeave(target, NaN);
    } else if (stage === STAGE.serving || stage === STAGE.inRunQueue) {
      const instance = this.#instance[slot]!;
      const { jobs } = instance;
      if (stage === STAGE.inRunQueue) {
        this.#runQueue!.leave(slot);
      } else if (jobs === null) {
        instance.node.cpu.remove(instance);
      } else {
        this.#pauseJobs(instance, jobs);
        jobs.slots.remove(slot);
        if (jobs.slots.size > 0) this.#resumeJobs(instance, jobs);
      }
      this.#endOn(instance, slot, nowMs, nowMs - this.#servedFromMs[slot]);
      this.#runQueue?.useIdle(instance.node.cpu);
    }
  }

  #onCancelled(slot: number): void {
    // Closing may have been faster.
    if (this.#stage[slot] === STAGE.cancelled) {
      this.#complete(slot, "cancelled", STATUS.cancelled);
    }
  }
}
