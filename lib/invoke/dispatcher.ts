import type { Clock, TimerHandle } from "../base/clock.ts";
import { LoaderError } from "../base/error.ts";
import type { Verdict, VerdictLimits } from "../model/manifest.ts";
import type { CallColumns, Transport, TransportFactory } from "../model/platform.ts";
import { type Outcome, OUTCOMES } from "../model/record.ts";
import { phaseAt, type Schedule, type ScheduleChunk } from "../model/schedule.ts";
import { functionKey } from "../model/trace.ts";
import type { TableSink } from "../model/table.ts";
import { createCallColumns } from "./call_columns.ts";
import { GeneratorHealth, LOOP_PROBE_EVERY_MS } from "./generator_health.ts";
import { deriveVerdict } from "./verdict.ts";

/** Between the call of `dispatch` and run start: room to arm timers. */
const LEAD_MS = 20;
/** Rows of cancelled invocations written in one go, so that a second wish to stop is heard. */
const CANCEL_AT_ONCE = 10_000;
/** A gap in the schedule that is long enough to make the next chunk in. */
const PREFETCH_GAP_MS = 5;

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
  /** Rows of the table `invocations`. */
  readonly invocations: TableSink;
  /** Rows of the table `generator`. */
  readonly generator: TableSink;
  /** Most invocations in flight; beyond it they are dropped. */
  readonly inFlightCap: number;
  /** An invocation is given up this long after its dispatch. */
  readonly timeoutMs: number;
  /** Longest wait for stragglers after the last dispatch. */
  readonly drainMs: number;
  readonly limits: VerdictLimits;
  /** CPU time of this process, `null` where it says nothing (virtual time). */
  readonly readCpuMs: (() => number) | null;
  /** Stops dispatching and cancels what is out. */
  readonly signal: AbortSignal;
  /** Told the run start, on the clock, before anything is dispatched. */
  readonly onStart?: (runStartMs: number) => void;
  readonly onFirstDispatch?: () => void;
  readonly onProgress?: (progress: DispatchProgress) => void;
}

/** What a run came to. */
export interface DispatchResult {
  /** Every scheduled invocation, by what became of it. */
  readonly outcomes: Record<Outcome, number>;
  readonly verdict: Verdict;
  readonly interrupted: boolean;
}

/**
 * Replays a schedule open loop: each invocation is sent when it is due, by
 * absolute deadlines from one run start, whatever has become of the ones before.
 * Every scheduled invocation ends in exactly one row of `invocations`.
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
  readonly #functionIds: readonly string[];
  readonly #outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<
    Outcome,
    number
  >;
  /** Per slot: the invocation in it. */
  readonly #index: Float64Array;
  readonly #scheduledMs: Float64Array;
  readonly #busy: Uint8Array;
  readonly #freeSlots: Uint32Array;
  #free: number;

  #transport: Transport | undefined;
  #stop: () => void = () => {};
  #runStartMs = 0;
  readonly #chunks: Iterator<ScheduleChunk>;
  #chunk: ScheduleChunk | undefined;
  #nextChunk: ScheduleChunk | undefined;
  #position = 0;
  #nextIndex = 0;
  #allHandled = false;
  #interrupted = false;
  #draining = false;
  #finished = false;
  #dispatchTimer: TimerHandle | undefined;
  readonly #timers = new Set<TimerHandle>();
  #requestedMemoryMib = 0;
  #measured = 0;
  #measuredNotOk = 0;
  #sentAny = false;

  constructor(options: DispatchOptions) {
    const { inFlightCap } = options;
    this.#options = options;
    this.#clock = options.clock;
    this.#calls = createCallColumns(inFlightCap);
    this.#health = new GeneratorHealth(options.limits, options.generator, options.readCpuMs);
    this.#functionIds = options.schedule.functions.map(functionKey);
    this.#index = new Float64Array(inFlightCap);
    this.#scheduledMs = new Float64Array(inFlightCap);
    this.#busy = new Uint8Array(inFlightCap);
    this.#freeSlots = Uint32Array.from({ length: inFlightCap }, (_, i) => inFlightCap - 1 - i);
    this.#free = inFlightCap;
    this.#chunks = options.schedule.chunks();
  }

  async run(): Promise<DispatchResult> {
    const { signal } = this.#options;
    this.#transport = await this.#options.transport(
      this.#calls,
      (slot, outcome, statusCode) => this.#complete(slot, outcome, statusCode),
    );
    const onAbort = () => this.#interrupt();
    try {
      await this.#clock.run((stop) => {
        this.#stop = stop;
        this.#runStartMs = this.#clock.nowMs() + LEAD_MS;
        this.#options.onStart?.(this.#runStartMs);
        this.#armProbe(1);
        this.#armSecond(1);
        this.#advance();
        this.#armDispatch();
        if (signal.aborted) this.#interrupt();
        else signal.addEventListener("abort", onAbort, { once: true });
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#finished = true;
      for (const timer of this.#timers) timer.cancel();
      this.#dispatchTimer?.cancel();
      await this.#transport.close();
    }
    const nowMs = this.#clock.nowMs() - this.#runStartMs;
    this.#health.endSecond(nowMs, 0, 0);
    const evidence = this.#health.evidence(this.#measured, this.#measuredNotOk);
    return {
      outcomes: this.#outcomes,
      verdict: deriveVerdict(evidence, this.#options.limits),
      interrupted: this.#interrupted,
    };
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
      const endMs = this.#runStartMs + this.#options.schedule.durationMs;
      this.#dispatchTimer = this.#clock.at(endMs, () => this.#endWindow());
      return;
    }
    const dueMs = this.#runStartMs + chunk.scheduledMs[this.#position];
    if (this.#nextChunk === undefined && dueMs - this.#clock.nowMs() > PREFETCH_GAP_MS) {
      this.#nextChunk = this.#pullChunk();
    }
    this.#dispatchTimer = this.#clock.at(dueMs, () => {
      this.#dispatchDue();
      this.#armDispatch();
    });
  }

  #dispatchDue(): void {
    const now = this.#clock.nowMs();
    while (!this.#allHandled && this.#chunk !== undefined) {
      const chunk = this.#chunk;
      const scheduledMs = chunk.scheduledMs[this.#position];
      if (this.#runStartMs + scheduledMs > now) return;
      this.#handle(chunk, this.#position++);
      this.#advance();
    }
  }

  #handle(chunk: ScheduleChunk, position: number): void {
    const index = this.#nextIndex++;
    this.#health.recordDue();
    if (this.#free === 0) {
      this.#health.recordDropped();
      this.#writeUnsent(chunk, position, index, "dropped");
      return;
    }
    const slot = this.#freeSlots[--this.#free];
    const calls = this.#calls;
    this.#index[slot] = index;
    this.#scheduledMs[slot] = chunk.scheduledMs[position];
    this.#busy[slot] = 1;
    calls.functionIndex[slot] = chunk.functionIndex[position];
    calls.runtimeMs[slot] = chunk.runtimeMs[position];
    calls.memoryMib[slot] = chunk.memoryMib[position];
    calls.deadlineMs[slot] = this.#clock.nowMs() + this.#options.timeoutMs;
    calls.dispatchedMs[slot] = NaN;
    calls.servedRuntimeUs[slot] = NaN;
    calls.servedMemoryKib[slot] = NaN;
    calls.instance[slot] = null;
    calls.coldStart[slot] = null;
    this.#requestedMemoryMib += calls.memoryMib[slot];
    this.#transport!.invoke(slot);
    if (!this.#sentAny) {
      this.#sentAny = true;
      this.#options.onFirstDispatch?.();
    }
  }

  #endWindow(): void {
    if (this.#free === this.#freeSlots.length) return this.#stop();
    const timer = this.#clock.at(this.#clock.nowMs() + this.#options.drainMs, () => {
      this.#giveUpInFlight("timed_out");
      this.#stop();
    });
    this.#timers.add(timer);
    this.#draining = true;
  }

  // Completion

  #complete(slot: number, outcome: Outcome, statusCode: number | null): void {
    if (this.#busy[slot] === 0 || this.#finished) return;
    const completedMs = this.#clock.nowMs() - this.#runStartMs;
    this.#record(slot, outcome, statusCode, completedMs);
    if (this.#draining && this.#free === this.#freeSlots.length) this.#stop();
  }

  #record(slot: number, outcome: Outcome, statusCode: number | null, completedMs: number): void {
    const calls = this.#calls;
    const scheduledMs = this.#scheduledMs[slot];
    const sentMs = calls.dispatchedMs[slot];
    const dispatchedMs = Number.isNaN(sentMs) ? null : sentMs - this.#runStartMs;
    if (dispatchedMs !== null) this.#health.recordDispatch(dispatchedMs - scheduledMs);
    this.#health.recordCompletion();
    const servedUs = calls.servedRuntimeUs[slot];
    const servedKib = calls.servedMemoryKib[slot];
    this.#options.invocations.write([
      this.#index[slot],
      this.#functionIds[calls.functionIndex[slot]],
      this.#count(scheduledMs, outcome),
      scheduledMs,
      dispatchedMs,
      dispatchedMs === null ? null : completedMs,
      calls.runtimeMs[slot],
      Number.isNaN(servedUs) ? null : servedUs / 1000,
      calls.memoryMib[slot],
      Number.isNaN(servedKib) ? null : servedKib / 1024,
      calls.instance[slot],
      calls.coldStart[slot],
      outcome,
      statusCode,
    ]);
    this.#requestedMemoryMib -= calls.memoryMib[slot];
    this.#busy[slot] = 0;
    this.#freeSlots[this.#free++] = slot;
  }

  #writeUnsent(chunk: ScheduleChunk, position: number, index: number, outcome: Outcome): void {
    const scheduledMs = chunk.scheduledMs[position];
    this.#options.invocations.write([
      index,
      this.#functionIds[chunk.functionIndex[position]],
      this.#count(scheduledMs, outcome),
      scheduledMs,
      null,
      null,
      chunk.runtimeMs[position],
      null,
      chunk.memoryMib[position],
      null,
      null,
      null,
      outcome,
      null,
    ]);
  }

  /** Counts an outcome and returns the phase that it belongs to. */
  #count(scheduledMs: number, outcome: Outcome): string {
    this.#outcomes[outcome]++;
    const phase = phaseAt(this.#options.schedule.phases, scheduledMs);
    // What the user stopped says nothing about the platform.
    if (phase === "measurement" && outcome !== "cancelled") {
      this.#measured++;
      if (outcome !== "ok") this.#measuredNotOk++;
    }
    return phase;
  }

  /** Ends every call in flight with `outcome` now; what they answer later is not heard. */
  #giveUpInFlight(outcome: Outcome): void {
    const completedMs = this.#clock.nowMs() - this.#runStartMs;
    for (let slot = 0; slot < this.#busy.length; slot++) {
      if (this.#busy[slot] === 0) continue;
      this.#transport!.cancel(slot);
      this.#record(slot, outcome, null, completedMs);
    }
  }

  #interrupt(): void {
    if (this.#finished) return;
    this.#interrupted = true;
    this.#dispatchTimer?.cancel();
    // Where the platform is gone, nobody cancelled anything.
    const { reason } = this.#options.signal;
    const lost = reason instanceof LoaderError && reason.code === "platform";
    this.#giveUpInFlight(lost ? "failed" : "cancelled");
    this.#giveUpRest(lost ? "connect_failed" : "cancelled");
  }

  #giveUpRest(outcome: Outcome): void {
    for (let row = 0; !this.#allHandled && this.#chunk !== undefined; row++) {
      if (row === CANCEL_AT_ONCE) {
        this.#dispatchTimer = this.#clock.at(this.#clock.nowMs(), () => this.#giveUpRest(outcome));
        return;
      }
      this.#writeUnsent(this.#chunk, this.#position++, this.#nextIndex++, outcome);
      this.#advance();
    }
    this.#stop();
  }

  // Watching itself

  #armProbe(count: number): void {
    const dueMs = this.#runStartMs + count * LOOP_PROBE_EVERY_MS;
    const timer = this.#clock.at(dueMs, () => {
      this.#timers.delete(timer);
      const delayMs = this.#clock.nowMs() - dueMs;
      // Probes that the delay has swallowed have each seen a part of it; to leave them
      // out would be coordinated omission.
      const swallowed = Math.floor(delayMs / LOOP_PROBE_EVERY_MS);
      for (let k = 0; k <= swallowed; k++) {
        this.#health.recordLoopDelay(delayMs - k * LOOP_PROBE_EVERY_MS);
      }
      this.#armProbe(count + 1 + swallowed);
    });
    this.#timers.add(timer);
  }

  #armSecond(second: number): void {
    const timer = this.#clock.at(this.#runStartMs + second * 1000, () => {
      this.#timers.delete(timer);
      const timeMs = this.#clock.nowMs() - this.#runStartMs;
      const inFlight = this.#freeSlots.length - this.#free;
      this.#health.endSecond(timeMs, inFlight, this.#requestedMemoryMib);
      this.#options.onProgress?.({
        timeMs,
        handled: this.#nextIndex,
        inFlight,
        outcomes: this.#outcomes,
      });
      this.#armSecond(Math.max(second + 1, Math.floor(timeMs / 1000) + 1));
    });
    this.#timers.add(timer);
  }
}
