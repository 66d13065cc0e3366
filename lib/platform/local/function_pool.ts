import type { Clock, TimerHandle } from "../../clock/clock.ts";
import type { InstanceEvent } from "../../model/platform.ts";
import { ConcurrencyMeters } from "../../autoscale/knative/concurrency_meters.ts";
import type { FunctionScaler, ScalerDecision } from "../../autoscale/knative/function_scaler.ts";
import { STATUS } from "../../rpc/grpc/status.ts";
import type { Applicant, CapacityLedger, InstanceRequest } from "./capacity.ts";

/**
 * Something that the autoscaler of a function was told or decided: in their
 * order these are all that its decisions depend on.
 */
export type ScalingStep =
  & {
    /** On the clock that its windows are divided by. */
    readonly timeMs: number;
  }
  & (
    | { readonly step: "report"; readonly concurrency: number }
    /** A request came of which no count was kept, while instances were wanted. */
    | { readonly step: "arrival" }
    | {
      /** A decision that was due, or one for a request that met no instance. */
      readonly step: "tick" | "poke";
      readonly ready: number;
      readonly decision: Pick<ScalerDecision, "stable" | "panic" | "panicking" | "desired">;
    }
  );

/** The codes that the gateway itself answers with. */
export type GatewayStatus = (typeof STATUS)[
  "resourceExhausted" | "unimplemented" | "unavailable"
];

/** A request that has come in; `assign` or `reject` is called once, unless it leaves before. */
export interface PooledRequest<Handle extends InstanceHandle> {
  /** Serve it there; `complete` must follow. */
  assign(instance: PooledInstance<Handle>): void;
  /** It will not be served. */
  reject(status: GatewayStatus, sentence: string): void;
}

/** The process, or whatever stands for it, behind an instance. */
export interface InstanceHandle {
  readonly pid: number | null;
  /** True if a request can be sent to it; one that has died may not be gone yet. */
  readonly connected: boolean;
  /** Asks it to end; `onGone` follows. */
  stop(): void;
}

/** What an instance tells its pool, never before `startInstance` has returned. */
export interface InstanceCallbacks {
  onReady(): void;
  /** Once, however it ended; `detail` says how, where it was not asked to. */
  onGone(detail: string | null): void;
}

/** A running instance as the one who forwards requests to it sees it. */
export interface PooledInstance<Handle extends InstanceHandle> {
  readonly name: string;
  readonly handle: Handle;
  /**
   * When it became ready, in milliseconds since 1970, the first time that it
   * is asked; `null` ever after: only the first request can have waited for it.
   */
  takeReadyUnixMs(): number | null;
}

/** A step in the life of an instance. */
export interface PoolEvent {
  readonly timeMs: number;
  readonly instance: string;
  readonly event: InstanceEvent["event"];
  readonly detail: string | null;
  readonly pid: number | null;
}

/** What a {@linkcode FunctionPool} needs. */
export interface FunctionPoolOptions<Handle extends InstanceHandle> {
  /** Name of the function; those of its instances begin with it. */
  readonly name: string;
  readonly initialScale: number;
  readonly request: InstanceRequest;
  readonly clock: Clock;
  readonly scaler: FunctionScaler;
  readonly capacity: CapacityLedger;
  readonly queueTimeoutMs: number;
  readonly startInstance: (name: string, callbacks: InstanceCallbacks) => Handle;
  readonly onEvent: (event: PoolEvent) => void;
  /** Told of what the scaler is told and decides, in order. */
  readonly onScaling?: (step: ScalingStep) => void;
}

/** The state of a pool in Knative's terms. */
export interface PoolStatus {
  readonly desired: number;
  /** Asked of the platform, with or without a place to run. */
  readonly requested: number;
  /** Ready and not on its way out. */
  readonly actual: number;
  /** Starting. */
  readonly notReady: number;
  /** Without a place to run. */
  readonly pending: number;
  /** Average of the last report. */
  readonly concurrency: number;
  readonly decision: ScalerDecision | null;
}

/** After a start that failed the next is tried this much later, twice as long each time. */
const FIRST_BACK_OFF_MS = 250;
const LARGEST_BACK_OFF_MS = 10_000;

interface Member<Handle extends InstanceHandle> extends PooledInstance<Handle> {
  state: "starting" | "idle" | "busy" | "draining" | "stopping";
  wasReady: boolean;
  idleSinceMs: number;
}

/**
 * One function: its instances, the requests that wait for one, and how many
 * there should be. Each instance serves one request at a time
 * (`containerConcurrency: 1`); requests wait in order of arrival.
 */
export class FunctionPool<Handle extends InstanceHandle> {
  readonly #options: FunctionPoolOptions<Handle>;
  readonly #members = new Map<string, Member<Handle>>();
  readonly #queue = new Map<PooledRequest<Handle>, TimerHandle>();
  readonly #meter: ConcurrencyMeters;
  readonly #applicant: Applicant;
  #desired: number;
  #concurrency = 0;
  #decision: ScalerDecision | null = null;
  #sequence = 0;
  #failedStarts = 0;
  #lastFailure: string | null = null;
  #backOff: TimerHandle | null = null;
  #closed = false;

  constructor(options: FunctionPoolOptions<Handle>) {
    this.#options = options;
    this.#meter = new ConcurrencyMeters(
      1,
      options.clock.nowMs(),
      options.scaler.activatorReportsAlone,
    );
    this.#desired = options.initialScale;
    this.#applicant = {
      request: options.request,
      grant: () => {
        this.#startOne();
        return this.#missing() > 0;
      },
    };
  }

  /** Starts the initial instances. */
  start(): void {
    this.#reconcile();
  }

  /** Takes a request in: it is served now, or waits for an instance. */
  submit(request: PooledRequest<Handle>): void {
    const { clock, queueTimeoutMs } = this.#options;
    if (this.#closed) {
      return request.reject(STATUS.unavailable, `${this.#options.name} is being removed.`);
    }
    const isCounted = this.#meter.isCounted(0);
    this.#meter.arrive(0, clock.nowMs());
    if (!isCounted) this.#poke();
    const idle = this.#firstIdle();
    if (idle !== undefined) return this.#serve(idle, request);
    const timer = clock.at(clock.nowMs() + queueTimeoutMs, () => this.#giveUp(request));
    this.#queue.set(request, timer);
    if (!this.#options.scaler.activatorReportsAlone && this.#ready() === 0) this.#poke();
  }

  /** The request's caller is gone; a request that is being served must be completed instead. */
  cancel(request: PooledRequest<Handle>): void {
    if (this.#leaveQueue(request)) this.#meter.leave(0, this.#options.clock.nowMs());
  }

  /** The call that the instance was assigned has ended, well or not. */
  complete(instance: PooledInstance<Handle>): void {
    this.#meter.leave(0, this.#options.clock.nowMs());
    const member = this.#members.get(instance.name);
    if (member === undefined) return;
    if (member.state === "draining") return this.#stop(member);
    if (member.state !== "busy") return;
    this.#makeIdle(member);
  }

  /** Closes a period of the concurrency report; to be called at fixed intervals. */
  report(): void {
    const nowMs = this.#options.clock.nowMs();
    const concurrency = this.#concurrency = this.#meter.report(0, nowMs);
    this.#options.scaler.recordConcurrency(nowMs, concurrency);
    this.#options.onScaling?.({ timeMs: nowMs, step: "report", concurrency });
  }

  /** Lets the autoscaler decide; to be called at fixed intervals. */
  tick(): void {
    if (this.#closed) return;
    const nowMs = this.#options.clock.nowMs();
    const ready = this.#ready();
    const decision = this.#options.scaler.tick(nowMs, ready);
    this.#options.onScaling?.({ timeMs: nowMs, step: "tick", ready, decision });
    this.#apply(decision);
  }

  /** Rejects what waits and ends every instance, busy or not. */
  close(): void {
    this.#closed = true;
    this.#desired = 0;
    this.#backOff?.cancel();
    this.#options.capacity.withdraw(this.#applicant);
    for (const request of [...this.#queue.keys()]) {
      this.#reject(request, STATUS.unavailable, `${this.#options.name} is being removed.`);
    }
    for (const member of [...this.#members.values()]) {
      if (member.state !== "stopping") this.#stop(member);
    }
  }

  /** Instances that have not gone yet, in whatever state. */
  get instances(): number {
    return this.#members.size;
  }

  /** The state now. */
  status(): PoolStatus {
    const notReady = this.#inState("starting").length;
    const actual = this.#ready();
    const pending = this.#backOff === null ? this.#missing() : 0;
    return {
      desired: this.#desired,
      requested: actual + notReady + pending,
      actual,
      notReady,
      pending,
      concurrency: this.#concurrency,
      decision: this.#decision,
    };
  }

  #poke(): void {
    const { clock, scaler, onScaling } = this.#options;
    const nowMs = clock.nowMs();
    const ready = this.#ready();
    const decision = scaler.poke(nowMs, ready);
    // Where instances were wanted already, it is the decision of before.
    if (decision !== this.#decision) {
      onScaling?.({ timeMs: nowMs, step: "poke", ready, decision });
      return this.#apply(decision);
    }
    if (scaler.activatorReportsAlone) onScaling?.({ timeMs: nowMs, step: "arrival" });
  }

  #apply(decision: ScalerDecision): void {
    this.#decision = decision;
    this.#desired = decision.desired;
    this.#reconcile();
  }

  /** Starts and stops instances until there are as many as desired. */
  #reconcile(): void {
    if (this.#closed) return;
    const { capacity } = this.#options;
    const surplus = this.#ready() + this.#inState("starting").length - this.#desired;
    if (surplus > 0) this.#stopSome(surplus);
    if (this.#missing() > 0 && this.#backOff === null) capacity.apply(this.#applicant);
    else capacity.withdraw(this.#applicant);
  }

  /** How many more instances are desired than there are. */
  #missing(): number {
    return Math.max(0, this.#desired - this.#ready() - this.#inState("starting").length);
  }

  #startOne(): void {
    const { clock, name: functionName, startInstance } = this.#options;
    const sequence = this.#sequence++;
    const name = `${functionName}-${String(sequence).padStart(5, "0")}`;
    let readyUnixMs: number | null = null;
    const handle = startInstance(name, {
      onReady: () => {
        readyUnixMs = clock.originUnixMs + clock.nowMs();
        this.#becomeReady(member);
      },
      onGone: (detail) => this.#becomeGone(member, detail),
    });
    const member: Member<Handle> = {
      name,
      handle,
      state: "starting",
      wasReady: false,
      idleSinceMs: 0,
      takeReadyUnixMs() {
        const taken = readyUnixMs;
        readyUnixMs = null;
        return taken;
      },
    };
    this.#members.set(name, member);
    this.#tell(member, "created", null);
  }

  #becomeReady(member: Member<Handle>): void {
    if (member.state !== "starting") return;
    this.#failedStarts = 0;
    member.wasReady = true;
    this.#tell(member, "ready", null);
    this.#options.scaler.noteReady(this.#options.clock.nowMs());
    this.#makeIdle(member);
    this.#options.capacity.started();
  }

  #becomeGone(member: Member<Handle>, detail: string | null): void {
    this.#members.delete(member.name);
    this.#tell(member, "gone", detail);
    if (member.state === "starting") this.#backOffFrom(detail);
    this.#options.capacity.release(this.#options.request, !member.wasReady);
    this.#reconcile();
  }

  #backOffFrom(failure: string | null): void {
    const { clock } = this.#options;
    this.#lastFailure = failure;
    const delayMs = Math.min(FIRST_BACK_OFF_MS * 2 ** this.#failedStarts, LARGEST_BACK_OFF_MS);
    this.#failedStarts++;
    this.#backOff?.cancel();
    this.#backOff = clock.at(clock.nowMs() + delayMs, () => {
      this.#backOff = null;
      this.#reconcile();
    });
  }

  /** As Kubernetes does: first what is not ready, then what is idle, then what must drain. */
  #stopSome(count: number): void {
    const victims = [
      ...this.#inState("starting").reverse(),
      ...this.#inState("idle").sort((a, b) => a.idleSinceMs - b.idleSinceMs),
      ...this.#inState("busy").reverse(),
    ].slice(0, count);
    for (const member of victims) {
      if (member.state === "busy") member.state = "draining";
      else this.#stop(member);
    }
  }

  #stop(member: Member<Handle>): void {
    member.state = "stopping";
    this.#tell(member, "stopping", null);
    member.handle.stop();
  }

  #makeIdle(member: Member<Handle>): void {
    member.state = "idle";
    member.idleSinceMs = this.#options.clock.nowMs();
    if (!member.handle.connected) return;
    const next = this.#queue.keys().next();
    if (next.done) return;
    this.#leaveQueue(next.value);
    this.#serve(member, next.value);
  }

  #serve(member: Member<Handle>, request: PooledRequest<Handle>): void {
    member.state = "busy";
    request.assign(member);
  }

  #giveUp(request: PooledRequest<Handle>): void {
    const { name, queueTimeoutMs } = this.#options;
    const failure = this.#lastFailure !== null && this.#failedStarts > 0
      ? ` The last instance did not start: ${this.#lastFailure}`
      : "";
    this.#reject(
      request,
      STATUS.resourceExhausted,
      `No instance of ${name} was free for ${queueTimeoutMs / 1000} s.${failure}`,
    );
  }

  #reject(request: PooledRequest<Handle>, status: GatewayStatus, sentence: string): void {
    if (!this.#leaveQueue(request)) return;
    this.#meter.leave(0, this.#options.clock.nowMs());
    request.reject(status, sentence);
  }

  /** True if it was in the queue. */
  #leaveQueue(request: PooledRequest<Handle>): boolean {
    this.#queue.get(request)?.cancel();
    return this.#queue.delete(request);
  }

  /** The first in order of creation, as Knative's activator does for small concurrencies. */
  #firstIdle(): Member<Handle> | undefined {
    for (const member of this.#members.values()) {
      if (member.state === "idle" && member.handle.connected) return member;
    }
    return undefined;
  }

  /** In order of creation. */
  #inState(state: Member<Handle>["state"]): Member<Handle>[] {
    return [...this.#members.values()].filter((member) => member.state === state);
  }

  #ready(): number {
    let ready = 0;
    for (const { state } of this.#members.values()) {
      if (state === "idle" || state === "busy") ready++;
    }
    return ready;
  }

  #tell(member: Member<Handle>, event: PoolEvent["event"], detail: string | null): void {
    const { clock, onEvent } = this.#options;
    onEvent({
      timeMs: clock.nowMs(),
      instance: member.name,
      event,
      detail,
      pid: member.handle.pid,
    });
  }
}
