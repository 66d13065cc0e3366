import { HeapPositions } from "../../clock/event_heap.ts";
import { Rng } from "../../base/rng.ts";
import type { VirtualClock } from "../../clock/virtual_clock.ts";
import type { InstanceEvent } from "../../model/platform.ts";
import type { CpuSetting } from "./cpu.ts";
import { drawFrom } from "./distribution.ts";
import { chooseNode } from "./placement.ts";
import { PRIORITY } from "./priorities.ts";
import type { Scaling, ScalingTarget } from "./scaling.ts";
import { JobSet, type SimulatedFunction, SimulatedInstance } from "./simulated_function.ts";
import { SimulatedNode } from "./simulated_node.ts";
import type { SimulatorSettings } from "./simulator_options.ts";

/** Streams of a function's randomness; a slot of them is an instance. */
const STREAM = { scheduling: 0, image: 1, start: 2, stop: 3 } as const;

/** Whom a {@linkcode Cluster} tells. */
export interface ClusterListener {
  /** An instance has become ready, and could take requests that wait. */
  readonly onReady: (instance: SimulatedInstance) => void;
  /** An instance that serves requests is done with the next of them. */
  readonly onServed: (instance: SimulatedInstance) => void;
  readonly onEvent: (event: InstanceEvent) => void;
}

/** Nodes and the lives of the instances on them. */
export class Cluster implements ScalingTarget {
  readonly functions: readonly SimulatedFunction[];
  readonly nodes: readonly SimulatedNode<SimulatedInstance>[];
  /** Most that an instance gets of a node that serves one request, or starts. */
  readonly taskLimitMilli: number;
  readonly #settings: SimulatorSettings;
  readonly #clock: VirtualClock;
  readonly #listener: ClusterListener;
  readonly #instances: (SimulatedInstance | undefined)[] = [];
  readonly #freeIds: number[] = [];
  readonly #jobPositions = new HeapPositions();
  /** Functions that want more instances: each gets one in turn, and nobody is passed over. */
  readonly #line = new Set<SimulatedFunction>();
  readonly #rng = new Rng();
  readonly #workHandler: number;
  readonly #fetchedHandler: number;
  readonly #readyHandler: number;
  readonly #goneHandler: number;
  #scaling!: Scaling;
  #alive = 0;
  #starting = 0;
  #isGranting = false;
  #isClosed = false;

  constructor(
    settings: SimulatorSettings,
    clock: VirtualClock,
    functions: readonly SimulatedFunction[],
    listener: ClusterListener,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.functions = functions;
    this.#listener = listener;
    const cpu: CpuSetting = {
      clock,
      positions: new HeapPositions(),
      priority: PRIORITY.completion,
      onDone: (id) => this.#onWorkDone(this.#instances[id]!),
    };
    this.nodes = Array.from(
      { length: settings.nodes },
      () => new SimulatedNode<SimulatedInstance>(settings, cpu),
    );
    this.taskLimitMilli = Math.min(1000, Math.round(settings.cpuLimitCores * 1000));
    this.#workHandler = clock.register((id) => this.#onWorkDone(this.#instances[id]!));
    this.#fetchedHandler = clock.register((id) => this.#boot(this.#instances[id]!));
    this.#readyHandler = clock.register((id) => this.#becomeReady(this.#instances[id]!));
    this.#goneHandler = clock.register((id) => this.#becomeGone(this.#instances[id]!));
  }

  /** Instances that have not gone yet, in whatever state. */
  get alive(): number {
    return this.#alive;
  }

  get isFull(): boolean {
    return this.#alive >= (this.#settings.maxInstances ?? Infinity);
  }

  /** An instance that has not gone yet, by its id. */
  instanceOf(id: number): SimulatedInstance {
    return this.#instances[id]!;
  }

  /** Starts the initial instances, and lets `scaling` decide from now on. */
  start(scaling: Scaling): void {
    this.#scaling = scaling;
    for (const target of this.functions) this.#reconcile(target);
    scaling.start();
  }

  scale(target: SimulatedFunction, desired: number): void {
    if (desired === target.desired) return;
    target.desired = desired;
    this.#reconcile(target);
  }

  retire(instance: SimulatedInstance): void {
    instance.owner.desired--;
    this.#stop(instance);
  }

  /** The instance has nothing left to do and was told to drain. */
  endDraining(instance: SimulatedInstance): void {
    this.#stop(instance);
  }

  /** Ends every instance, busy or not. */
  close(): void {
    this.#isClosed = true;
    this.#line.clear();
    for (const target of this.functions) {
      target.desired = 0;
      for (const instance of [...target.members]) this.#stop(instance);
    }
  }

  #reconcile(target: SimulatedFunction): void {
    if (this.#isClosed) return;
    const surplus = target.ready + target.starting - target.desired;
    if (surplus > 0) {
      for (const instance of target.chooseVictims(surplus)) this.#release(instance);
    }
    if (target.missing === 0) {
      if (this.#line.delete(target)) this.#grant();
      return;
    }
    this.#line.add(target);
    this.#grant();
  }

  /** An instance that is wanted no more stops, once it has nothing to do. */
  #release(instance: SimulatedInstance): void {
    if (instance.state !== "busy") return this.#stop(instance);
    const { owner } = instance;
    instance.state = "draining";
    owner.ready--;
    if (instance.inFlight < owner.containerConcurrency) owner.makeUnavailable(instance);
    this.#scaling.onStop(instance);
  }

  /** Gives room to those in line, one instance each in turn, until there is none. */
  #grant(): void {
    if (this.#isGranting || this.#line.size === 0) return;
    this.#isGranting = true;
    const { startsAtOnce, placement } = this.#settings;
    for (const target of this.#line) {
      if (this.#starting >= (startsAtOnce ?? Infinity)) break;
      const node = this.isFull ? -1 : chooseNode(this.nodes, target.request, placement);
      if (node < 0) {
        if (this.#scaling.makeRoom(target)) break;
        continue;
      }
      this.#line.delete(target);
      this.#create(target, this.nodes[node]);
      if (target.missing > 0) this.#line.add(target);
    }
    this.#isGranting = false;
  }

  #create(target: SimulatedFunction, node: SimulatedNode<SimulatedInstance>): void {
    const id = this.#freeIds.pop() ?? this.#instances.length;
    const jobs = target.containerConcurrency === 1 ? null : new JobSet(this.#jobPositions);
    const workEvent = this.#clock.createEvent(PRIORITY.completion, this.#workHandler, id);
    const instance = new SimulatedInstance(
      id,
      target,
      node,
      target.nextSequence(),
      workEvent,
      jobs,
    );
    this.#instances[id] = instance;
    this.#alive++;
    this.#starting++;
    target.starting++;
    target.add(instance);
    node.allocate(instance, target.request);
    this.#tell(instance, "created");
    const delayMs = this.#draw(instance, "scheduling") + this.#drawImage(instance);
    this.#schedule(instance, delayMs, this.#fetchedHandler);
  }

  #drawImage(instance: SimulatedInstance): number {
    const { images } = instance.node;
    const isThere = images.has(instance.owner.index);
    if (this.#settings.imageCache) images.add(instance.owner.index);
    return isThere ? 0 : this.#draw(instance, "image");
  }

  #draw(instance: SimulatedInstance, part: keyof typeof STREAM): number {
    const distribution = this.#settings[`${part}Ms`];
    if (distribution.kind === "constant") return distribution.value;
    this.#rng.seed(instance.owner.key, instance.sequence, STREAM[part]);
    return drawFrom(distribution, this.#rng);
  }

  #schedule(instance: SimulatedInstance, delayMs: number, handler: number): void {
    const dueMs = this.#clock.nowMs() + delayMs;
    instance.event = this.#clock.schedule(dueMs, PRIORITY.lifecycle, handler, instance.id);
  }

  /** It is on its node: what is left is its own start. */
  #boot(instance: SimulatedInstance): void {
    instance.event = -1;
    const workMs = this.#draw(instance, "start");
    if (!this.#settings.startUsesCpu || workMs === 0) {
      return this.#schedule(instance, workMs, this.#readyHandler);
    }
    instance.isBooting = true;
    instance.node.cpu.add(instance, this.taskLimitMilli, workMs);
  }

  #onWorkDone(instance: SimulatedInstance): void {
    instance.node.cpu.end(instance);
    if (!instance.isBooting) return this.#listener.onServed(instance);
    instance.isBooting = false;
    this.#schedule(instance, 0, this.#readyHandler);
  }

  #becomeReady(instance: SimulatedInstance): void {
    const { owner } = instance;
    instance.event = -1;
    instance.state = "idle";
    instance.readyMs = instance.idleSinceMs = this.#clock.nowMs();
    owner.starting--;
    owner.ready++;
    owner.makeAvailable(instance);
    this.#starting--;
    this.#tell(instance, "ready");
    this.#scaling.onReady(instance);
    this.#listener.onReady(instance);
    this.#grant();
  }

  #stop(instance: SimulatedInstance): void {
    const { owner } = instance;
    if (instance.event >= 0) this.#clock.cancel(instance.event);
    if (instance.isBooting) instance.node.cpu.remove(instance);
    instance.isBooting = false;
    const wasDraining = instance.state === "draining";
    if (instance.state === "starting") {
      owner.starting--;
      this.#starting--;
    } else if (!wasDraining) {
      owner.ready--;
      if (instance.inFlight < owner.containerConcurrency) owner.makeUnavailable(instance);
    }
    owner.remove(instance);
    instance.state = "stopping";
    this.#tell(instance, "stopping");
    this.#schedule(instance, this.#draw(instance, "stop"), this.#goneHandler);
    if (!wasDraining && !this.#isClosed) this.#scaling.onStop(instance);
  }

  #becomeGone(instance: SimulatedInstance): void {
    const { owner, node, id } = instance;
    this.#clock.cancel(instance.workEvent);
    this.#instances[id] = undefined;
    this.#freeIds.push(id);
    this.#alive--;
    node.release(instance, owner.request);
    this.#tell(instance, "gone");
    this.#grant();
  }

  #tell({ owner, name }: SimulatedInstance, event: InstanceEvent["event"]): void {
    this.#listener.onEvent({
      timeMs: this.#clock.nowMs(),
      functionId: owner.functionId,
      instance: name,
      event,
      detail: null,
    });
  }
}
