import type { Alarm } from "../clock/alarm.ts";
import type { Clock, TimerHandle } from "../clock/clock.ts";
import { LoaderError } from "../base/error.ts";
import type { MachineGauge } from "../model/machine.ts";
import type { Verdict, VerdictLimits } from "../store/schema/manifest.ts";
import type { CallColumns, DirectCalls, Transport, TransportFactory } from "../model/platform.ts";
import {
  createInvocationRow,
  type InvocationRow,
  type InvocationSink,
  isJudged,
  type Outcome,
} from "../model/record.ts";
import type { Schedule, ScheduleChunk } from "../model/schedule.ts";
import { functionKey } from "../model/trace.ts";
import type { TableSink } from "../model/table.ts";
import { traceIdOf } from "../model/traceparent.ts";
import { CallsInFlight } from "./calls_in_flight.ts";
import { type ConnectionGroup, ConnectionLedger } from "./connection_ledger.ts";
import { GeneratorHealth, LOOP_PROBE_EVERY_MS } from "./generator_health.ts";
import { type Complaint, OutcomeTally } from "./outcome_tally.ts";
import { ScheduleCursor } from "./schedule_cursor.ts";
import { deriveVerdict } from "./verdict.ts";

/** Between the making of the transport and run start, on virtual time exactly: room to arm timers. */
export const RUN_LEAD_MS = 20;
/** Rows of cancelled invocations written in one go, so that a second wish to stop is heard. */
const CANCEL_AT_ONCE = 10_000;
/** The next chunk of the schedule is made in steps: this long at once, and a pause between them. */
const PREPARE_MS = 0.05;
const PREPARE_EVERY_MS = 1;

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
  /**
   * The `traceparent` that an invocation is sent with; `null`: it is not traced. Absent: none is.
   * Asked just before it is sent; where the platform is computed, when it is over.
   */
  readonly traceparentOf?: (index: number, scheduledMs: number) => string | null;
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
  readonly #cursor: ScheduleCursor;
  readonly #inFlight: CallsInFlight;
  readonly #calls: CallColumns;
  readonly #health: GeneratorHealth;
  readonly #tally: OutcomeTally;
  readonly #connections: ConnectionLedger;
  readonly #row = createInvocationRow();

  #transport: Transport | undefined;
  /** Where the platform is computed: takes all calls, and none has a slot. */
  #direct: DirectCalls | undefined;
  #stop: () => void = () => {};
  #fail: (reason: unknown) => void = () => {};
  #runStartMs = 0;
  #interrupted = false;
  #draining = false;
  #finished = false;
  /** Rings when the next invocation is due. */
  readonly #dispatchAlarm: Alarm;
  #giveUpTimer: TimerHandle | undefined;
  /** Since run start. */
  #nextProbeMs = LOOP_PROBE_EVERY_MS;
  readonly #timers = new Set<TimerHandle>();
  #sentAny = false;
  /** The next chunk is being made. */
  #isPreparing = false;

  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#inFlight = new CallsInFlight(options.maxInFlight);
    this.#calls = this.#inFlight.columns;
    this.#health = new GeneratorHealth({
      limits: options.limits,
      sink: options.generator,
      phases: options.schedule.phases,
      windowMs: options.schedule.durationMs,
      readCpuMs: options.readCpuMs,
      readWaitingMs: () => options.clock.waitingMs,
      machine: options.machine ?? null,
    });
    const { phases, functions } = options.schedule;
    this.#tally = new OutcomeTally(phases, functions.length);
    this.#connections = new ConnectionLedger(options.connections);
    // On virtual time no chunk is made ahead, so that its buffers may serve again.
    this.#cursor = new ScheduleCursor(options.schedule, options.clock.isVirtual);
    this.#dispatchAlarm = options.clock.alarm(() => this.#onAlarm());
  }

  async run(): Promise<DispatchResult> {
    const { signal } = this.#options;
    // The first minute is made before the run has a start that it could be late for.
    this.#cursor.settle();
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
    this.#direct = this.#transport.direct?.(
      this.#options.timeoutMs,
      (row) => this.#onRecord(row),
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
      // On virtual time the run may have gone on to its end meanwhile.
      await Promise.race([failed.promise, ran]);
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
    const tally = this.#tally;
    const evidence = this.#health.evidence(tally.measured, tally.measuredNotOk);
    return {
      outcomes: tally.outcomes,
      complaints: tally.complaints(),
      badGateways: tally.badGateways()
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

  #armDispatch(): void {
    const { chunk, position } = this.#cursor;
    if (!this.#isPreparing) this.#armPreparation();
    if (chunk === undefined) {
      // A window may end later than its last invocation.
      this.#dispatchAlarm.set(this.#runStartMs + this.#options.schedule.durationMs);
      return;
    }
    this.#dispatchAlarm.set(this.#runStartMs + chunk.scheduledMs[position]);
  }

  /** Makes the next chunk while this one is dispatched, a little at a time: nothing is late for it. */
  #armPreparation(): void {
    this.#isPreparing = !this.#clock.isVirtual && !this.#cursor.isNextMade;
    if (!this.#isPreparing) return;
    const timer = this.#clock.at(this.#clock.nowMs() + PREPARE_EVERY_MS, () => {
      this.#timers.delete(timer);
      const untilMs = this.#clock.nowMs() + PREPARE_MS;
      while (!this.#cursor.isNextMade && this.#clock.nowMs() < untilMs) this.#cursor.prepare();
      this.#armPreparation();
    });
    this.#timers.add(timer);
  }

  #onAlarm(): void {
    if (this.#cursor.chunk === undefined) return this.#endWindow();
    this.#dispatchDue();
    if (!this.#interrupted) this.#armDispatch();
  }

  /** Hands everything that is due to the transport, which sends it in one write. */
  #dispatchDue(): void {
    const nowMs = this.#clock.nowMs();
    const deadlineMs = nowMs + this.#options.timeoutMs;
    const cursor = this.#cursor;
    for (let chunk = cursor.chunk; chunk !== undefined; chunk = cursor.chunk) {
      if (this.#interrupted || this.#runStartMs + chunk.scheduledMs[cursor.position] > nowMs) {
        return;
      }
      this.#handle(chunk, deadlineMs);
      cursor.settle();
    }
  }

  #handle(chunk: ScheduleChunk, deadlineMs: number): void {
    const { position, index } = this.#cursor;
    // Before anything that may end the run: a sink may ask for that.
    this.#cursor.pass();
    const scheduledMs = chunk.scheduledMs[position];
    this.#health.recordDue(scheduledMs);
    if (this.#isFull) {
      this.#health.recordDropped(scheduledMs);
      this.#writeUnsent(chunk, position, index, "dropped");
      return;
    }
    if (this.#direct !== undefined) {
      this.#direct.take(chunk, position, index);
      this.#health.recordDispatch(scheduledMs, this.#timeMs, NaN, NaN, NaN);
    } else this.#invoke(chunk, position, index, deadlineMs);
    if (!this.#sentAny) {
      this.#sentAny = true;
      this.#options.onFirstDispatch?.();
    }
  }

  /** Puts an invocation into a slot and sends it. */
  #invoke(chunk: ScheduleChunk, position: number, index: number, deadlineMs: number): void {
    const slot = this.#inFlight.take(chunk, position, index, deadlineMs);
    this.#calls.traceparent[slot] = this.#traceparentOf(index, chunk.scheduledMs[position]);
    this.#transport!.invoke(slot);
    // Where that can be told at once, nobody need look for it.
    if (this.#inFlight.wasSent(slot)) this.#tellDispatch(slot);
  }

  #traceparentOf(index: number, scheduledMs: number): string | null {
    return this.#options.traceparentOf?.(index, scheduledMs) ?? null;
  }

  /** Since run start. */
  get #timeMs(): number {
    return this.#clock.nowMs() - this.#runStartMs;
  }

  get #countInFlight(): number {
    return this.#direct === undefined ? this.#inFlight.count : this.#direct.count;
  }

  get #isFull(): boolean {
    return this.#countInFlight >= this.#options.maxInFlight;
  }

  #endWindow(): void {
    if (this.#countInFlight === 0) return this.#stop();
    const timer = this.#clock.at(this.#clock.nowMs() + this.#options.drainMs, () => {
      this.#giveUpInFlight("timed_out", "unsent");
      this.#stop();
    });
    this.#timers.add(timer);
    this.#draining = true;
  }

  // Completion

  #complete(slot: number, outcome: Outcome, statusCode: number | null): void {
    if (this.#inFlight.isFree(slot) || this.#finished) return;
    this.#record(slot, outcome, statusCode);
    if (this.#draining && this.#inFlight.count === 0) this.#stop();
  }

  /** A call that had no slot is over. */
  #onRecord(row: InvocationRow): void {
    if (this.#finished) return;
    row.dispatchedMs -= this.#runStartMs;
    row.completedMs -= this.#runStartMs;
    this.#health.recordCompletion(row.completedMs);
    row.phase = this.#tally.count(row.scheduledMs, row.outcome);
    this.#tally.noteEnd(row.functionIndex, row.outcome, row.statusCode, row.statusMessage);
    if (this.#options.traceparentOf !== undefined) {
      const traceparent = this.#traceparentOf(row.index, row.scheduledMs);
      row.traceId = traceparent === null ? null : traceIdOf(traceparent);
    }
    this.#options.invocations.write(row);
    if (this.#draining && this.#direct!.count === 0) this.#stop();
  }

  #record(slot: number, outcome: Outcome, statusCode: number | null): void {
    const calls = this.#calls;
    const row = this.#row;
    const scheduledMs = this.#inFlight.scheduledMs[slot];
    const dispatchedMs = calls.dispatchedMs[slot] - this.#runStartMs;
    const wasSent = !Number.isNaN(dispatchedMs);
    if (this.#inFlight.isUntold(slot)) {
      if (wasSent) this.#tellDispatch(slot);
      else this.#tellUnsent(slot, outcome);
    }
    const completedMs = calls.completedMs[slot] - this.#runStartMs;
    this.#health.recordCompletion(completedMs);
    row.index = this.#inFlight.index[slot];
    row.functionIndex = calls.functionIndex[slot];
    row.phase = this.#tally.count(scheduledMs, outcome);
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
    const traceparent = calls.traceparent[slot];
    row.traceId = traceparent === null ? null : traceIdOf(traceparent);
    this.#tally.noteEnd(row.functionIndex, outcome, statusCode, message);
    // Before the row is written: a sink may end the run, which gives up all that is in flight.
    this.#inFlight.release(slot);
    this.#options.invocations.write(row);
  }

  /** Tells the dispatch of the call in the slot, once. */
  #tellDispatch(slot: number): void {
    this.#inFlight.setTold(slot);
    const { dispatchedMs, setUpMs, peerWaitMs, boundWaitMs } = this.#calls;
    this.#health.recordDispatch(
      this.#inFlight.scheduledMs[slot],
      dispatchedMs[slot] - this.#runStartMs,
      setUpMs[slot],
      peerWaitMs[slot],
      boundWaitMs[slot],
    );
  }

  /** Tells that the call in the slot has ended without a dispatch. */
  #tellUnsent(slot: number, outcome: Outcome): void {
    this.#inFlight.setTold(slot);
    if (!isJudged(outcome)) return;
    const { completedMs, peerWaitMs, boundWaitMs } = this.#calls;
    this.#health.recordUnsent(
      this.#inFlight.scheduledMs[slot],
      completedMs[slot] - this.#runStartMs,
      peerWaitMs[slot],
      boundWaitMs[slot],
      outcome === "unsent",
    );
  }

  #writeUnsent(chunk: ScheduleChunk, position: number, index: number, outcome: Outcome): void {
    const row = this.#row;
    const scheduledMs = chunk.scheduledMs[position];
    row.index = index;
    row.functionIndex = chunk.functionIndex[position];
    row.phase = this.#tally.count(scheduledMs, outcome);
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
    row.instance =
      row.coldStart =
      row.statusMessage =
      row.traceId =
        null;
    row.outcome = outcome;
    row.statusCode = NaN;
    this.#options.invocations.write(row);
  }

  /**
   * Ends every call in flight now, with `unsent` where it was not dispatched; what they
   * answer later is not heard.
   */
  #giveUpInFlight(outcome: Outcome, unsent: Outcome): void {
    this.#direct?.giveUp(outcome);
    const nowMs = this.#clock.nowMs();
    this.#inFlight.forEach((slot) => {
      this.#transport!.cancel(slot);
      this.#calls.completedMs[slot] = nowMs;
      this.#record(slot, this.#inFlight.wasSent(slot) ? outcome : unsent, null);
    });
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
    const cursor = this.#cursor;
    cursor.settle();
    let row = 0;
    for (let chunk = cursor.chunk; chunk !== undefined; chunk = cursor.chunk) {
      if (row++ === CANCEL_AT_ONCE) {
        this.#giveUpTimer = this.#clock.at(this.#clock.nowMs(), () => this.#giveUpRest(outcome));
        return;
      }
      const { position, index } = cursor;
      cursor.pass();
      this.#writeUnsent(chunk, position, index, outcome);
      cursor.settle();
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
    if (this.#interrupted || this.#cursor.chunk === undefined) return;
    this.#dispatchDue();
    this.#armDispatch();
  }

  #armSecond(second: number): void {
    const timer = this.#clock.at(this.#runStartMs + second * 1000, () => {
      this.#timers.delete(timer);
      const { count: inFlight, requestedMemoryMib } = this.#direct ?? this.#inFlight;
      if (!this.#clock.isVirtual) this.#catchUp();
      // Of calls that are still out.
      this.#inFlight.forEachUntold((slot) => this.#tellDispatch(slot));
      const timeMs = this.#clock.nowMs() - this.#runStartMs;
      this.#health.endSeconds(timeMs, inFlight, requestedMemoryMib);
      this.#options.onProgress?.({
        timeMs,
        handled: this.#cursor.passed,
        inFlight,
        outcomes: this.#tally.outcomes,
      });
      this.#armSecond(Math.max(second + 1, Math.floor(timeMs / 1000) + 1));
    });
    this.#timers.add(timer);
  }
}
