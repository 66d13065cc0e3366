import { deriveKey, Rng, type RngKey } from "../../base/rng.ts";
import type { VirtualClock } from "../../clock/virtual_clock.ts";
import type { DirectCalls } from "../../model/platform.ts";
import { createInvocationRow, type InvocationRow, type Outcome } from "../../model/record.ts";
import type { ScheduleChunk } from "../../model/schedule.ts";
import { STATUS as GRPC_STATUS } from "../../rpc/grpc/status.ts";
import { CallDeadlines } from "./call_deadlines.ts";
import {
  CALL,
  CallTable,
  DISPATCHED_MS,
  doubleOf,
  FUNCTION_INDEX,
  INDEX,
  INSTANCE,
  integerOf,
  IS_COLD,
  MEMORY_MIB,
  RUNTIME_MS,
  SCHEDULED_MS,
  SERVED_MS,
  STAGE,
  STATUS,
  WHERE,
} from "./call_table.ts";
import type { Cluster } from "./cluster.ts";
import { drawFrom } from "./distribution.ts";
import { createNetwork, type Network } from "./network.ts";
import { PRIORITY } from "./priorities.ts";
import { RunQueue } from "./run_queue.ts";
import type { Scaling } from "./scaling.ts";
import type { JobSet, SimulatedFunction, SimulatedInstance } from "./simulated_function.ts";
import type { SimulatorSettings } from "./simulator_options.ts";
import { SlotLinks, SlotList } from "./slot_list.ts";

/** The trace function touches half of the memory asked for (workloads/trace_function). */
const SERVED_PART = 0.5;

/** What a {@linkcode SimulatedGateway} needs. */
export interface GatewayOptions {
  readonly settings: SimulatorSettings;
  readonly clock: VirtualClock;
  readonly cluster: Cluster;
  readonly scaling: Scaling;
  /** Most calls in flight. */
  readonly most: number;
  /** A call is given up so long after its dispatch; `Infinity`: never. */
  readonly timeoutMs: number;
  /** Told of each call when it is over; times on the clock. */
  readonly onRecord: (row: InvocationRow) => void;
  /** A function has answered a request, well or not. */
  readonly onAnswered: () => void;
}

/** The way of a request: over the network to the gateway, into an instance or a queue, and back. */
export class SimulatedGateway implements DirectCalls {
  readonly #settings: SimulatorSettings;
  readonly #clock: VirtualClock;
  readonly #cluster: Cluster;
  readonly #scaling: Scaling;
  readonly #calls: CallTable;
  readonly #deadlines: CallDeadlines;
  readonly #onRecord: (row: InvocationRow) => void;
  readonly #onAnswered: () => void;
  readonly #row = createInvocationRow();
  readonly #toGateway: Network;
  readonly #toLoader: Network;
  #requestedMemoryMib = 0;
  /** Requests in any queue, the earliest first. */
  readonly #waiting = new SlotList();
  readonly #waitingLinks: SlotLinks;
  readonly #waitingSinceMs: Float64Array;
  readonly #queueLinks: SlotLinks;
  readonly #timeoutEvent: number;
  #isTimeoutSet = false;
  readonly #rng = new Rng();
  readonly #serviceKeys: RngKey[];
  /** Work of a request is its runtime and nothing else. */
  readonly #isPlainService: boolean;
  /** `null`: work begins at once. */
  readonly #runQueue: RunQueue | null;

  constructor(options: GatewayOptions) {
    const { settings, clock, cluster, most, timeoutMs } = options;
    this.#settings = settings;
    this.#clock = clock;
    this.#cluster = cluster;
    this.#scaling = options.scaling;
    this.#onRecord = options.onRecord;
    this.#onAnswered = options.onAnswered;
    this.#calls = new CallTable(most);
    this.#waitingLinks = new SlotLinks(most);
    this.#waitingSinceMs = new Float64Array(most);
    this.#queueLinks = new SlotLinks(most);
    this.#deadlines = new CallDeadlines(
      clock,
      this.#calls,
      timeoutMs,
      (slot) => this.end(slot, "timed_out", GRPC_STATUS.deadlineExceeded),
    );
    this.#timeoutEvent = clock.createEvent(
      PRIORITY.expiry,
      clock.register(() => this.#onQueueTimeout()),
      0,
    );
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
      slots: most,
      wakeUpMs,
      limitMilli: cluster.taskLimitMilli,
      key: deriveKey(seed, "simulator", "run queue"),
      onTurn: (slot) => this.#beginWork(this.#instanceOf(slot), slot),
    });
  }

  get count(): number {
    return this.#calls.count;
  }

  get requestedMemoryMib(): number {
    return this.#requestedMemoryMib;
  }

  /** @returns its slot */
  take(chunk: ScheduleChunk, position: number, index: number): number {
    const calls = this.#calls;
    const { doubles, integers } = calls;
    const slot = calls.take();
    const double = doubleOf(slot);
    const integer = integerOf(slot);
    const memoryMib = chunk.memoryMib[position];
    doubles[double + INDEX] = index;
    doubles[double + SCHEDULED_MS] = chunk.scheduledMs[position];
    doubles[double + DISPATCHED_MS] = this.#clock.nowMs();
    integers[integer + FUNCTION_INDEX] = chunk.functionIndex[position];
    integers[integer + RUNTIME_MS] = chunk.runtimeMs[position];
    integers[integer + MEMORY_MIB] = memoryMib;
    integers[integer + WHERE] = STAGE.toGateway;
    this.#requestedMemoryMib += memoryMib;
    this.#deadlines.add();
    this.#toGateway.send(slot, integers[integer + CALL]);
    return slot;
  }

  giveUp(outcome: Outcome): void {
    for (const slot of this.#calls.inOrder()) this.end(slot, outcome);
  }

  /** Gives up the call in a slot, wherever it is; `status` is NaN where there is none. */
  end(slot: number, outcome: Outcome, status = NaN): void {
    // Who hears of one may have ended others.
    if (this.#calls.integers[integerOf(slot) + WHERE] === STAGE.none) return;
    this.#withdraw(slot);
    this.#complete(slot, outcome, status);
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
    const { doubles, instanceName } = this.#calls;
    const double = doubleOf(slot);
    const serviceMs = nowMs - doubles[double + SERVED_MS];
    // As a function measures it, which does not see its process wait for its first turn.
    const workedMs = this.#runQueue === null
      ? serviceMs
      : serviceMs - this.#runQueue.waitedMs(slot);
    // And as it tells it: in microseconds.
    doubles[double + SERVED_MS] = workedMs * 1000 / 1000;
    instanceName[slot] = instance.name;
    if (jobs !== null && jobs.slots.size > 0) this.#resumeJobs(instance, jobs);
    this.#endOn(instance, nowMs, serviceMs);
    this.#runQueue?.useIdle(instance.node.cpu);
    this.#answer(slot, GRPC_STATUS.ok);
  }

  // On the way

  #arrive(slot: number, call: number): void {
    const { integers } = this.#calls;
    const at = integerOf(slot);
    if (integers[at + CALL] !== call) return;
    const target = this.#cluster.functions[integers[at + FUNCTION_INDEX]];
    this.#scaling.onArrival(target);
    if (target.available > 0) return this.#serve(target.findAvailable(), slot, false);
    const nowMs = this.#clock.nowMs();
    integers[at + WHERE] = STAGE.waiting;
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
    const { integers } = this.#calls;
    const at = integerOf(slot);
    this.#onAnswered();
    integers[at + WHERE] = STAGE.toLoader;
    integers[at + STATUS] = status;
    this.#toLoader.send(slot, integers[at + CALL]);
  }

  #onAnswer(slot: number, call: number): void {
    const { integers } = this.#calls;
    const at = integerOf(slot);
    if (integers[at + CALL] !== call) return;
    const status = integers[at + STATUS];
    this.#complete(slot, status === GRPC_STATUS.ok ? "ok" : "rejected", status);
  }

  /** The call is over now; `status` is NaN where there is none. */
  #complete(slot: number, outcome: Outcome, status: number): void {
    const { doubles, integers, instanceName } = this.#calls;
    const double = doubleOf(slot);
    const at = integerOf(slot);
    const row = this.#row;
    row.index = doubles[double + INDEX];
    row.functionIndex = integers[at + FUNCTION_INDEX];
    row.scheduledMs = doubles[double + SCHEDULED_MS];
    row.dispatchedMs = doubles[double + DISPATCHED_MS];
    row.completedMs = this.#clock.nowMs();
    row.requestedRuntimeMs = integers[at + RUNTIME_MS] >>> 0;
    row.requestedMemoryMib = integers[at + MEMORY_MIB] >>> 0;
    if (integers[at + WHERE] === STAGE.toLoader && integers[at + STATUS] === GRPC_STATUS.ok) {
      row.servedRuntimeMs = doubles[double + SERVED_MS];
      row.servedMemoryMib = row.requestedMemoryMib * SERVED_PART;
      row.instance = instanceName[slot];
      row.coldStart = integers[at + IS_COLD] === 1;
    } else {
      row.servedRuntimeMs = row.servedMemoryMib = NaN;
      row.instance = row.coldStart = null;
    }
    row.outcome = outcome;
    row.statusCode = status;
    // Before it is told: who hears of it may give up all that is in flight.
    this.#release(slot);
    this.#onRecord(row);
  }

  #release(slot: number): void {
    this.#requestedMemoryMib -= this.#calls.integers[integerOf(slot) + MEMORY_MIB] >>> 0;
    this.#calls.release(slot);
  }

  // Service

  #serve(instance: SimulatedInstance, slot: number, hasWaited: boolean): void {
    const { owner } = instance;
    const { doubles, integers } = this.#calls;
    const at = integerOf(slot);
    doubles[doubleOf(slot) + SERVED_MS] = this.#clock.nowMs();
    integers[at + INSTANCE] = instance.id;
    integers[at + IS_COLD] = this.#beginsCold(instance, slot, hasWaited) ? 1 : 0;
    instance.wasUsed = true;
    if (instance.state === "idle") {
      instance.state = "busy";
      this.#scaling.onUse(instance);
    }
    if (++instance.inFlight === owner.containerConcurrency) owner.makeUnavailable(instance);
    if (this.#runQueue !== null && this.#runQueue.enter(slot, instance.node.cpu)) {
      integers[at + WHERE] = STAGE.inRunQueue;
      return;
    }
    this.#beginWork(instance, slot);
  }

  /** It is a request's turn on the cores. */
  #beginWork(instance: SimulatedInstance, slot: number): void {
    const { owner, jobs } = instance;
    const { integers } = this.#calls;
    const at = integerOf(slot);
    integers[at + WHERE] = STAGE.serving;
    const runtimeMs = integers[at + RUNTIME_MS] >>> 0;
    const workMs = this.#isPlainService ? runtimeMs : this.#drawWork(owner, runtimeMs);
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
    const afterDispatchMs = instance.readyMs -
      this.#calls.doubles[doubleOf(slot) + DISPATCHED_MS];
    // An instance that is ready at once is ready after the request that waited for it.
    return afterDispatchMs > 0 || (hasWaited && afterDispatchMs === 0);
  }

  #drawWork(owner: SimulatedFunction, runtimeMs: number): number {
    const { serviceFactor, serviceOverheadMs } = this.#settings;
    // Of the function's n-th service, whichever request that is.
    this.#rng.seed(this.#serviceKeys[owner.index], owner.served, 0);
    return runtimeMs * drawFrom(serviceFactor, this.#rng) + drawFrom(serviceOverheadMs, this.#rng);
  }

  /** A request has left the instance, served to the end or broken off after so long. */
  #endOn(instance: SimulatedInstance, nowMs: number, serviceMs: number): void {
    const { owner } = instance;
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
      this.#answer(slot, GRPC_STATUS.resourceExhausted);
    }
  }

  /** Takes a call away from wherever it is. */
  #withdraw(slot: number): void {
    const nowMs = this.#clock.nowMs();
    const { doubles, integers } = this.#calls;
    const at = integerOf(slot);
    const stage = integers[at + WHERE];
    if (stage === STAGE.waiting) {
      const target = this.#cluster.functions[integers[at + FUNCTION_INDEX]];
      target.queue.remove(this.#queueLinks, slot);
      this.#waiting.remove(this.#waitingLinks, slot);
      this.#scaling.onLeave(target, NaN);
    } else if (stage === STAGE.serving || stage === STAGE.inRunQueue) {
      const instance = this.#instanceOf(slot);
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
      this.#endOn(instance, nowMs, nowMs - doubles[doubleOf(slot) + SERVED_MS]);
      this.#runQueue?.useIdle(instance.node.cpu);
    }
  }

  #instanceOf(slot: number): SimulatedInstance {
    return this.#cluster.instanceOf(this.#calls.integers[integerOf(slot) + INSTANCE]);
  }
}
