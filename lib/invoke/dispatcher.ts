import type { Alarm, Clock, TimerHandle } from "../clock/clock.ts";
import { LoaderError } from "../base/error.ts";
import type { MachineGauge } from "../model/machine.ts";
import type { Verdict, VerdictLimits } from "../store/schema/manifest.ts";
import type { CallColumns, Transport, TransportFactory } from "../model/platform.ts";
import {
  createInvocationRow,
  type InvocationSink,
  isJudged,
  type Outcome,
  OUTCOMES,
} from "../model/record.ts";
import type { Phase, Schedule, ScheduleChunk } from "../model/schedule.ts";
import { functionKey } from "../model/trace.ts";
import type { TableSink } from "../model/table.ts";
import { createCallColumns } from "./call_columns.ts";
import { type ConnectionGroup, ConnectionLedger } from "./connection_ledger.ts";
import { GeneratorHealth, LOOP_PROBE_EVERY_MS } from "./generator_health.ts";
import { PhaseLookup } from "./phase_lookup.ts";
import { deriveVerdict } from "./verdict.ts";

/** Between the making of the transport and run start, on virtual time exactly: room to arm timers. */
export const RUN_LEAD_MS = 20;
/** Rows of cancelled invocations written in one go, so that a second wish to stop is heard. */
const CANCEL_AT_ONCE = 10_000;
/** Different things that peers say; a message with a number in it would be without end. */
const MOST_COMPLAINTS = 100;
/** A gap in the schedule that is long enough to make the next chunk in. */
const PREFETCH_GAP_MS = 5;

/** What a slot holds: no call, one that was handed to the transport, or one whose dispatch is booked. */
const STAGE = { free: 0, handedOver: 1, booked: 2 } as const;

/** What the dispatcher tells of a run under way, once a second. */
export interface DispatchProgress {
  /** Since run start. */
  readonly timeMs: number;
  readonly handled: number;
  readonly inFlight: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
}

/** Options of {@linkcode dispatch}. */
export interface DispatchOptions {
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly transport: TransportFactory;
  /** Rows of the table `invocations`; functions by their index in the schedule. */
  readonly invocations: InvocationSink;
  /** Rows of the table `generator`. */
  readonly generator: TableSink;
  /** Rows of the table `connections`; absent: none are kept. */
  readonly connections?: TableSink;
  /** Most invocations in flight; beyond it they are dropped. */
  readonly maxInFlight: number;
  /** An invocation is given up this long after its dispatch. */
  readonly timeoutMs: number;
  /** Longest wait for stragglers after the last dispatch. */
  readonly drainMs: number;
  readonly limits: VerdictLimits;
  /** CPU time of this process, `null` where it says nothing (virtual time). */
  readonly readCpuMs: (() => number) | null;
  /** What the machine does to this process; absent where that is unknown, as on virtual time. */
  readonly machine?: MachineGauge | null;
  /** Stops dispatching and cancels what is out. */
  readonly signal: AbortSignal;
  /** The run start, on the clock; absent: as soon as can be. */
  readonly startAtMs?: number;
  /** Told the run start, on the clock, before anything is dispatched. */
  readonly onStart?: (runStartMs: number) => void;
  readonly onFirstDispatch?: () => void;
  readonly onProgress?: (progress: DispatchProgress) => void;
}

/** What peers said of calls that were not ok, or what ended them. */
export interface Complaint {
  readonly outcome: Outcome;
  /** `null`: none was said. */
  readonly statusCode: number | null;
  readonly message: string;
  readonly count: number;
}

/** What a run came to. */
export interface DispatchResult {
  /** Every scheduled invocation, by what became of it. */
  readonly outcomes: Record<Outcome, number>;
  /** What peers said of the calls that ended otherwise than ok, the most frequent first. */
  readonly complaints: readonly Complaint[];
  /** Functions that answered HTTP 502 and never a call. */
  readonly badGateways: readonly string[];
  /** How connections ended, the most first; empty where they cannot be seen. */
  readonly connections: readonly ConnectionGroup[];
  readonly verdict: Verdict;
  readonly interrupted: boolean;
}

/**
 * Replays a schedule open loop: each invocation is sent when it is due, by
 * absolute deadlines from one run start, whatever has become of the ones before.
 * Every scheduled invocation ends in exactly one row of `invocations`.
 *
 * @throws LoaderError `generator` when the run start has passed before all is prepared
 */
export async function dispatch(options: DispatchOptions): Promise<DispatchResult> {
  const dispatcher = new Dispatcher(options);
  return await dispatcher.run();
}

class Dispatcher {
  readonly #options: DispatchOptions;
  readonly #clock: Clock;
  readonly #calls: CallColumns;
  readonly #health: GeneratorHealth;
  readonly #phases: PhaseLookup;
  readonly #row = createInvocationRow();
  readonly #outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<
    Outcome,
    number
  >;
  /** Per slot: the invocation in it, and its {@linkcode STAGE}. */
  readonly #index: Float64Array;
  readonly #scheduledMs: Float64Array;
  readonly #stage: Uint8Array;
  /** Calls whose dispatch was not told to `#health`. */
  #notBooked = 0;
  #highestSlot = -1;
  readonly #freeSlots: Uint32Array;
  #free: number;

  #transport: Transport | undefined;
  #stop: () => void = () => {};
  #fail: (reason: unknown) => void = () => {};
  #runStartMs = 0;
  readonly #chunks: Iterator<ScheduleChunk>;
  #chunk: ScheduleChunk | undefined;
  #nextChunk: ScheduleChunk | undefined;
  #position = 0;
  #handled = 0;
  #allHandled = false;
  #interrupted = false;
  #draining = false;
  #finished = false;
  /** Rings when the next invocation is due. */
  readonly #dispatchAlarm: Alarm;
  #giveUpTimer: TimerHandle | undefined;
  /** Since run start. */
  #nextProbeMs = LOOP_PROBE_EVERY_MS;
  readonly #timers = new Set<TimerHandle>();
  #requestedMemoryMib = 0;
  #measured = 0;
  #measuredNotOk = 0;
  #sentAny = false;
  readonly #complaints = new Map<string, { -readonly [K in keyof Complaint]: Complaint[K] }>();
  /** By function: whether it answered a call. */
  readonly #hasServed: Uint8Array;
  /** Functions that answered HTTP 502. */
  readonly #badGateways = new Set<number>();
  readonly #connections: ConnectionLedger;

  constructor(options: DispatchOptions) {
    const { maxInFlight } = options;
    this.#options = options;
    this.#clock = options.clock;
    this.#calls = createCallColumns(maxInFlight);
    this.#health = new GeneratorHealth({
      limits: options.limits,
      sink: options.generator,
      phases: options.schedule.phases,
      windowMs: options.schedule.durationMs,
      readCpuMs: options.readCpuMs,
      readWaitingMs: () => options.clock.waitingMs,
      machine: options.machine ?? null,
    });
    this.#phases = new PhaseLookup(options.schedule.phases);
    this.#hasServed = new Uint8Array(options.schedule.functions.length);
    this.#connections = new ConnectionLedger(options.connections);
    this.#index = new Float64Array(maxInFlight);
    this.#scheduledMs = new Float64Array(maxInFlight);
    this.#stage = new Uint8Array(maxInFlight);
    this.#freeSlots = Uint32Array.from({ length: maxInFlight }, (_, i) => maxInFlight - 1 - i);
    this.#free = maxInFlight;
    // On virtual time no chunk is made ahead, so that its buffers may serve again.
    this.#chunks = options.schedule.chunks({ reuse: options.clock.isVirtual });
    this.#dispatchAlarm = options.clock.alarm(() => this.#onAlarm());
  }

  async run(): Promise<DispatchResult> {
    const { signal } = this.#options;
    // The first minute is made before the run has a start that it could be late for.
    this.#advance();
    this.#transport = await this.#options.transport(
      this.#calls,
      (slot, outcome, statusCode) => {
        try {
          this.#complete(slot, outcome, statusCode);
        } catch (error) {
          // Of the sink's, such as a full disk: it ends the run, and not the connection.
          this.#fail(error);
        }
      },
      (connection) => {
        try {
          this.#connections.record(connection);
        } catch (error) {
          this.#fail(error);
        }
      },
    );
    const onAbort = () => this.#interrupt();
    const failed = Promise.withResolvers<never>();
    this.#fail = failed.reject;
    try {
      const ran = this.#clock.run((stop) => {
        this.#stop = stop;
        const begin = () => {
          this.#runStartMs = this.#options.startAtMs ?? this.#clock.nowMs() + RUN_LEAD_MS;
          this.#checkStart();
          this.#options.onStart?.(this.#runStartMs);
          this.#connections.begin(this.#runStartMs);
          this.#armRunStart();
          // Virtual time is never late.
          if (!this.#clock.isVirtual) this.#armProbe();
          this.#armSecond(1);
          this.#armDispatch();
          if (signal.aborted) this.#interrupt();
          else signal.addEventListener("abort", onAbort, { once: true });
        };
        const beginMs = (this.#options.startAtMs ?? -Infinity) - RUN_LEAD_MS;
        if (beginMs > this.#clock.nowMs()) this.#clock.at(beginMs, begin);
        else begin();
      });
      await Promise.race([ran, failed.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#finished = true;
      for (const timer of this.#timers) timer.cancel();
      this.#dispatchAlarm.clear();
      this.#giveUpTimer?.cancel();
      await this.#transport.close();
      this.#connections.end();
    }
    const nowMs = this.#clock.nowMs() - this.#runStartMs;
    this.#health.end(nowMs, 0, 0);
    const evidence = this.#health.evidence(this.#measured, this.#measuredNotOk);
    return {
      outcomes: this.#outcomes,
      complaints: [...this.#complaints.values()].sort((a, b) => b.count - a.count),
      badGateways: [...this.#badGateways].filter((index) => this.#hasServed[index] === 0)
        .map((index) => functionKey(this.#options.schedule.functions[index])),
      connections: this.#connections.groups(),
      verdict: deriveVerdict(evidence, this.#options.limits),
      interrupted: this.#interrupted,
    };
  }

  #checkStart(): void {
    const lateMs = this.#clock.nowMs() - this.#runStartMs;
    if (lateMs <= 0) return;
    throw new LoaderError(
      "generator",
      `The run was ready to start ${(lateMs / 1000).toFixed(3)} s after the instant that was ` +
        "agreed on, so it was not made; give a later --start-at or a longer --start-gap.",
    );
  }

  // Dispatching

  /** Makes `#chunk` and `#position` point at the next invocation, or ends the schedule. */
  #advance(): void {
    while (this.#chunk === undefined || this.#position >= this.#chunk.scheduledMs.length) {
      this.#chunk = this.#nextChunk ?? this.#pullChunk();
      this.#nextChunk = undefined;
      this.#position = 0;
      if (this.#chunk === undefined) {
        this.#allHandled = true;
        return;
      }
    }
  }

  #pullChunk(): ScheduleChunk | undefined {
    const next = this.#chunks.next();
    return next.done ? undefined : next.value;
  }

  #armDispatch(): void {
    const chunk = this.#chunk;
    if (this.#allHandled || chunk === undefined) {
      // A window may end later than its last invocation.
      this.#dispatchAlarm.set(this.#runStartMs + this.#options.schedule.durationMs);
      return;
    }
    const dueMs = this.#runStartMs + chunk.scheduledMs[this.#position];
    if (
      this.#nextChunk === undefined && !this.#clock.isVirtual &&
      dueMs - this.#clock.nowMs() > PREFETCH_GAP_MS
    ) {
      this.#nextChunk = this.#pullChunk();
    }
    this.#dispatchAlarm.set(dueMs);
  }

  #onAlarm(): void {
    if (this.#allHandled) return this.#endWindow();
    this.#dispatchDue();
    this.#armDispatch();
  }

  /** Hands everything that is due to the transport, which sends it in one write. */
  #dispatchDue(): void {
    const nowMs = this.#clock.nowMs();
    const deadlineMs = nowMs + this.#options.timeoutMs;
    while (!this.#allHandled && this.#chunk !== undefined) {
      const chunk = this.#chunk;
      const scheduledMs = chunk.scheduledMs[this.#position];
      if (this.#runStartMs + scheduledMs > nowMs) return;
      this.#handle(chunk, this.#position++, deadlineMs);
      this.#advance();
    }
  }

  #handle(chunk: ScheduleChunk, position: number, deadlineMs: number): void {
    const index = this.#takeIndex(chunk, position);
    const scheduledMs = chunk.scheduledMs[position];
    this.#health.recordDue(scheduledMs);
    if (this.#free === 0) {
      this.#health.recordDropped(scheduledMs);
      this.#writeUnsent(chunk, position, index, "dropped");
      return;
    }
    const slot = this.#freeSlots[--this.#free];
    const calls = this.#calls;
    this.#index[slot] = index;
    this.#scheduledMs[slot] = scheduledMs;
    this.#stage[slot] = STAGE.handedOver;
    this.#notBooked++;
    if (slot > this.#highestSlot) this.#highestSlot = slot;
    calls.functionIndex[slot] = chunk.functionIndex[position];
    calls.runtimeMs[slot] = chunk.runtimeMs[position];
    calls.memoryMib[slot] = chunk.memoryMib[position];
    calls.deadlineMs[slot] = deadlineMs;
    calls.dispatchedMs[slot] = NaN;
    calls.setUpMs[slot] = NaN;
    calls.peerWaitMs[slot] = NaN;
    calls.boundWaitMs[slot] = NaN;
    calls.servedRuntimeUs[slot] = NaN;
    calls.servedMemoryKib[slot] = NaN;
    calls.instance[slot] = null;
    calls.coldStart[slot] = null;
    calls.statusMessage[slot] = null;
    this.#requestedMemoryMib += calls.memoryMib[slot];
    this.#transport!.invoke(slot);
    // Where that can be told at once, nobody need look for it.
    if (!Number.isNaN(calls.dispatchedMs[slot])) this.#bookDispatch(slot);
    if (!this.#sentAny) {
      this.#sentAny = true;
      this.#options.onFirstDispatch?.();
    }
  }

  /** The position of the next invocation in the whole schedule. */
  #takeIndex(chunk: ScheduleChunk, position: number): number {
    const handled = this.#handled++;
    return chunk.index === undefined ? handled : chunk.index[position];
  }

  #endWindow(): void {
    if (this.#free === this.#freeSlots.length) return this.#stop();
    const timer = this.#clock.at(this.#clock.nowMs() + this.#options.drainMs, () => {
      this.#giveUpInFlight("timed_out", "unsent");
      this.#stop();
    });
    this.#timers.add(timer);
    this.#draining = true;
  }

  // Completion

  #complete(slot: number, outcome: Outcome, statusCode: number | null): void {
    if (this.#stage[slot] === STAGE.free || this.#finished) return;
    this.#record(slot, outcome, statusCode);
    if (this.#draining && this.#free === this.#freeSlots.length) this.#stop();
  }

  #record(slot: number, outcome: Outcome, statusCode: number | null): void {
    const calls = this.#calls;
    const row = this.#row;
    const scheduledMs = this.#scheduledMs[slot];
    const dispatchedMs = calls.dispatchedMs[slot] - this.#runStartMs;
    const wasSent = !Number.isNaN(dispatchedMs);
    if (this.#stage[slot] === STAGE.handedOver) {
      if (wasSent) this.#bookDispatch(slot);
      else this.#bookUnsent(slot, outcome);
    }
    const completedMs = calls.completedMs[slot] - this.#runStartMs;
    this.#health.recordCompletion(completedMs);
    row.index = this.#index[slot];
    row.functionIndex = calls.functionIndex[slot];
    row.phase = this.#count(scheduledMs, outcome);
    row.scheduledMs = scheduledMs;
    row.dispatchedMs = dispatchedMs;
    row.completedMs = wasSent ? completedMs : NaN;
    row.requestedRuntimeMs = calls.runtimeMs[slot];
    row.servedRuntimeMs = calls.servedRuntimeUs[slot] / 1000;
    row.requestedMemoryMib = calls.memoryMib[slot];
    row.servedMemoryMib = calls.servedMemoryKib[slot] / 1024;
    row.instance = calls.instance[slot];
    row.coldStart = calls.coldStart[slot];
    row.outcome = outcome;
    row.statusCode = statusCode ?? NaN;
    row.setUpMs = calls.setUpMs[slot];
    row.peerWaitMs = calls.peerWaitMs[slot];
    const message = outcome === "ok" ? null : calls.statusMessage[slot];
    row.statusMessage = message;
    this.#options.invocations.write(row);
    if (message !== null) this.#noteComplaint(outcome, statusCode, message);
    if (outcome === "ok") this.#hasServed[row.functionIndex] = 1;
    else if (message !== null && message.startsWith("HTTP 502")) {
      this.#badGateways.add(row.functionIndex);
    }
    this.#requestedMemoryMib -= calls.memoryMib[slot];
    this.#stage[slot] = STAGE.free;
    this.#freeSlots[this.#free++] = slot;
  }

  /** Tells the dispatch of the call in the slot, once. */
  #bookDispatch(slot: number): void {
    this.#stage[slot] = STAGE.booked;
    this.#notBooked--;
    const { dispatchedMs, setUpMs, peerWaitMs, boundWaitMs } = this.#calls;
    this.#health.recordDispatch(
      this.#scheduledMs[slot],
      dispatchedMs[slot] - this.#runStartMs,
      setUpMs[slot],
      peerWaitMs[slot],
      boundWaitMs[slot],
    );
  }

  #bookUnsent(slot: number, outcome: Outcome): void {
    this.#notBooked--;
    if (!isJudged(outcome)) return;
    const { completedMs, peerWaitMs, boundWaitMs } = this.#calls;
    this.#health.recordUnsent(
      this.#scheduledMs[slot],
      completedMs[slot] - this.#runStartMs,
      peerWaitMs[slot],
      boundWaitMs[slot],
      outcome === "unsent",
    );
  }

  /** Tells dispatches of calls that are still out. Slots are given out from the lowest on. */
  #bookDispatches(): void {
    const { dispatchedMs } = this.#calls;
    for (let slot = 0; slot <= this.#highestSlot && this.#notBooked > 0; slot++) {
      if (this.#stage[slot] !== STAGE.handedOver || Number.isNaN(dispatchedMs[slot])) continue;
      this.#bookDispatch(slot);
    }
  }

  #noteComplaint(outcome: Outcome, statusCode: number | null, message: string): void {
    const key = `${outcome} ${statusCode} ${message}`;
    const known = this.#complaints.get(key);
    if (known !== undefined) known.count++;
    else if (this.#complaints.size < MOST_COMPLAINTS) {
      this.#complaints.set(key, { outcome, statusCode, message, count: 1 });
    }
  }

  #writeUnsent(chunk: ScheduleChunk, position: number, index: number, outcome: Outcome): void {
    const row = this.#row;
    const scheduledMs = chunk.scheduledMs[position];
    row.index = index;
    row.functionIndex = chunk.functionIndex[position];
    row.phase = this.#count(scheduledMs, outcome);
    row.scheduledMs = scheduledMs;
    row.requestedRuntimeMs = chunk.runtimeMs[position];
    row.requestedMemoryMib = chunk.memoryMib[position];
    row.dispatchedMs =
      row.completedMs =
      row.servedRuntimeMs =
      row.servedMemoryMib =
      row.setUpMs =
      row.peerWaitMs =
        NaN;
    row.instance = row.coldStart = row.statusMessage = null;
    row.outcome = outcome;
    row.statusCode = NaN;
    this.#options.invocations.write(row);
  }

  /** Counts an outcome and returns the phase that it belongs to. */
  #count(scheduledMs: number, outcome: Outcome): Phase {
    this.#outcomes[outcome]++;
    const phase = this.#phases.phaseAt(scheduledMs);
    if (phase === "measurement" && isJudged(outcome)) {
      this.#measured++;
      if (outcome !== "ok") this.#measuredNotOk++;
    }
    return phase;
  }

  /**
   * Ends every call in flight now, with `unsent` where it was not dispatched; what they
   * answer later is not heard.
   */
  #giveUpInFlight(outcome: Outcome, unsent: Outcome): void {
    const nowMs = this.#clock.nowMs();
    for (let slot = 0; slot <= this.#highestSlot; slot++) {
      if (this.#stage[slot] === STAGE.free) continue;
      this.#transport!.cancel(slot);
      this.#calls.completedMs[slot] = nowMs;
      const wasSent = !Number.isNaN(this.#calls.dispatchedMs[slot]);
      this.#record(slot, wasSent ? outcome : unsent, null);
    }
  }

  #interrupt(): void {
    if (this.#finished) return;
    this.#interrupted = true;
    this.#health.endWindow(this.#clock.nowMs() - this.#runStartMs);
    this.#dispatchAlarm.clear();
    // Where the platform is gone, nobody cancelled anything.
    const { reason } = this.#options.signal;
    const lost = reason instanceof LoaderError && reason.code === "platform";
    const unsent = lost ? "connect_failed" : "cancelled";
    this.#giveUpInFlight(lost ? "failed" : "cancelled", unsent);
    this.#giveUpRest(unsent);
  }

  #giveUpRest(outcome: Outcome): void {
    for (let row = 0; !this.#allHandled && this.#chunk !== undefined; row++) {
      if (row === CANCEL_AT_ONCE) {
        this.#giveUpTimer = this.#clock.at(this.#clock.nowMs(), () => this.#giveUpRest(outcome));
        return;
      }
      const position = this.#position++;
      this.#writeUnsent(this.#chunk, position, this.#takeIndex(this.#chunk, position), outcome);
      this.#advance();
    }
    this.#stop();
  }

  // Watching itself

  #armRunStart(): void {
    const timer = this.#clock.at(this.#runStartMs, () => {
      this.#timers.delete(timer);
      this.#health.begin(this.#clock.nowMs() - this.#runStartMs);
    });
    this.#timers.add(timer);
  }

  #armProbe(): void {
    const timer = this.#clock.at(this.#runStartMs + this.#nextProbeMs, () => {
      this.#timers.delete(timer);
      this.#recordProbes();
      this.#armProbe();
    });
    this.#timers.add(timer);
  }

  /**
   * Tells how late the probes are that are due by now. Those that a delay has
   * swallowed have each seen a part of it; to leave them out would be coordinated
   * omission.
   */
  #recordProbes(): void {
    const nowMs = this.#clock.nowMs() - this.#runStartMs;
    for (; this.#nextProbeMs <= nowMs; this.#nextProbeMs += LOOP_PROBE_EVERY_MS) {
      this.#health.recordLoopDelay(this.#nextProbeMs, nowMs - this.#nextProbeMs);
    }
  }

  /** After a delay a second's end may come first: all that was due by then belongs to what ends. */
  #catchUp(): void {
    this.#recordProbes();
    if (this.#interrupted || this.#allHandled) return;
    this.#dispatchDue();
    this.#armDispatch();
  }

  #armSecond(second: number): void {
    const timer = this.#clock.at(this.#runStartMs + second * 1000, () => {
      this.#timers.delete(timer);
      const inFlight = this.#freeSlots.length - this.#free;
      const requestedMemoryMib = this.#requestedMemoryMib;
      if (!this.#clock.isVirtual) this.#catchUp();
      this.#bookDispatches();
      const timeMs = this.#clock.nowMs() - this.#runStartMs;
      this.#health.endSeconds(timeMs, inFlight, requestedMemoryMib);
      this.#options.onProgress?.({
        timeMs,
        handled: this.#handled,
        inFlight,
        outcomes: this.#outcomes,
      });
      this.#armSecond(Math.max(second + 1, Math.floor(timeMs / 1000) + 1));
    });
    this.#timers.add(timer);
  }
}
