import type { MachineGauge } from "../model/machine.ts";
import type { MachineFigures, Verdict, VerdictLimits } from "../store/schema/manifest.ts";
import { dispatchLagMs } from "../model/record.ts";
import type { PhaseSpan } from "../model/schedule.ts";
import type { TableSink } from "../model/table.ts";
import { MACHINE_FIGURES, MachineWatch, UNKNOWN_MACHINE } from "./machine_watch.ts";
import { ObservedSecond, type SecondReading, TimeHistogram, WaitTally } from "./observations.ts";
import { PhaseLookup } from "./phase_lookup.ts";

/** How often the event loop is probed. */
export const LOOP_PROBE_EVERY_MS = 20;

const SECOND_MS = 1000;

/** What is left over at the end of a run and is shorter is no second, and too short to tell its CPU. */
const LEAST_SECOND_MS = 500;

/** Options of {@linkcode GeneratorHealth}; times since run start. */
export interface GeneratorHealthOptions {
  readonly limits: VerdictLimits;
  /** Rows of the table `generator`. */
  readonly sink: TableSink;
  readonly phases: readonly PhaseSpan[];
  /** When the last invocation has been dispatched that was to be: the drain begins. */
  readonly windowMs: number;
  /** CPU time of this process; `null` on virtual time. */
  readonly readCpuMs: (() => number) | null;
  /** What of it went into waiting. */
  readonly readWaitingMs: () => number;
  /** What the machine does; `null` where that is unknown, as on virtual time. */
  readonly machine: MachineGauge | null;
}

/**
 * Watches the generator itself: dispatch lag, event-loop delay and CPU, second by
 * second and over the measurement. What is observed is booked in the second in
 * which it was, whenever it is told; a second's row is written when the next one
 * has ended, since some of it is told late. The evidence is of the measurement phase
 * alone: from its beginning to the end of the dispatch window, without what was
 * before, such as connecting and warm-up, and without the drain.
 */
export class GeneratorHealth {
  readonly #options: GeneratorHealthOptions;
  readonly #phases: PhaseLookup;
  /** Waits that are longer are told. */
  readonly #limitMs: number;
  readonly #lag: TimeHistogram;
  readonly #loopDelay: TimeHistogram;
  readonly #setUp = new TimeHistogram();
  readonly #peerWaits = new WaitTally();
  readonly #boundWaits = new WaitTally();
  #unsentForPeer = 0;
  #unsentForBound = 0;
  readonly #machine: MachineWatch | null;
  /** Seconds whose row is not written, in order, the first of them `#firstOpen`. */
  readonly #open: ObservedSecond[] = [];
  #firstOpen = 0;
  /** The second that was asked for last. */
  #last: ObservedSecond | undefined;
  #lastStartMs = NaN;
  #windowMs: number;
  readonly #busySeconds: number[] = [];
  #seconds = 0;
  #dropped = 0;
  /** Seconds measured whose waiting is known, and the sum of its percentages. */
  #waitingSeconds = 0;
  #waitingPercents = 0;
  /** When CPU time was read last, and what it was; waiting included. */
  #readAtMs = 0;
  #cpuMs = 0;
  #waitingMs = 0;

  constructor(options: GeneratorHealthOptions) {
    const { limits, phases, windowMs } = options;
    this.#options = options;
    this.#phases = new PhaseLookup(phases);
    this.#windowMs = windowMs;
    this.#limitMs = limits.dispatchLagP99Ms;
    this.#lag = new TimeHistogram(limits.dispatchLagP99Ms);
    this.#loopDelay = new TimeHistogram(limits.loopDelayP99Ms);
    this.#machine = options.machine === null ? null : new MachineWatch(options.machine);
    this.begin(0);
  }

  /** The run has started, at `nowMs` at the latest: what was used before is not of its first second. */
  begin(nowMs: number): void {
    this.#readAtMs = nowMs;
    this.#cpuMs = this.#options.readCpuMs?.() ?? 0;
    this.#waitingMs = this.#options.readWaitingMs();
    this.#machine?.begin();
  }

  /** An invocation was due. */
  recordDue(scheduledMs: number): void {
    this.#secondOf(scheduledMs).due++;
  }

  /** An invocation found the cap reached. */
  recordDropped(scheduledMs: number): void {
    this.#secondOf(scheduledMs).dropped++;
    if (this.#isMeasured(scheduledMs)) this.#dropped++;
  }

  /** An invocation was dispatched; of what it waited for before, NaN is none. */
  recordDispatch(
    scheduledMs: number,
    dispatchedMs: number,
    setUpMs: number,
    peerWaitMs: number,
    boundWaitMs: number,
  ): void {
    const lagMs = dispatchLagMs(scheduledMs, dispatchedMs, setUpMs, peerWaitMs);
    const second = this.#secondOf(dispatchedMs);
    second.dispatched++;
    if (lagMs > second.lagMaxMs) second.lagMaxMs = lagMs;
    if (this.#isMeasured(scheduledMs)) {
      this.#lag.record(lagMs);
      if (setUpMs >= 0) this.#setUp.record(setUpMs);
      if (boundWaitMs > this.#limitMs) this.#boundWaits.record(scheduledMs, boundWaitMs);
    }
    if (peerWaitMs > this.#limitMs) this.#recordPeerWait(second, scheduledMs, peerWaitMs);
  }

  /**
   * An invocation has ended that was never sent; of what it waited for, NaN is none.
   *
   * @param isUnsent its time was up; else no connection could be had
   */
  recordUnsent(
    scheduledMs: number,
    endedMs: number,
    peerWaitMs: number,
    boundWaitMs: number,
    isUnsent: boolean,
  ): void {
    const second = this.#secondOf(endedMs);
    second.unsent++;
    if (peerWaitMs > this.#limitMs) this.#recordPeerWait(second, scheduledMs, peerWaitMs);
    if (!isUnsent || !this.#isMeasured(scheduledMs)) return;
    // It is put down to what it waited for the longest.
    if (boundWaitMs > (peerWaitMs || 0)) {
      this.#unsentForBound++;
      this.#boundWaits.record(scheduledMs, boundWaitMs);
    } else this.#unsentForPeer++;
  }

  #recordPeerWait(second: ObservedSecond, scheduledMs: number, peerWaitMs: number): void {
    second.peerWaits++;
    if (peerWaitMs > second.peerWaitMaxMs) second.peerWaitMaxMs = peerWaitMs;
    if (this.#isMeasured(scheduledMs)) this.#peerWaits.record(scheduledMs, peerWaitMs);
  }

  /** An invocation has ended, answered or not. */
  recordCompletion(completedMs: number): void {
    this.#secondOf(completedMs).completed++;
  }

  /** The event loop came to what was due at `dueMs` so much later. */
  recordLoopDelay(dueMs: number, delayMs: number): void {
    const second = this.#secondOf(dueMs);
    if (delayMs > second.loopDelayMaxMs) second.loopDelayMaxMs = delayMs;
    if (this.#isMeasured(dueMs)) this.#loopDelay.record(delayMs);
  }

  /**
   * Reads what is used when seconds have ended: mostly one, more if the event loop
   * stood still, which then share it equally. All that was due by now is told
   * before. Writes the rows of the seconds before the last.
   */
  endSeconds(nowMs: number, inFlight: number, requestedMemoryMib: number): void {
    const ended = Math.floor(nowMs / SECOND_MS);
    this.#setReading(ended, this.#read(nowMs, inFlight, requestedMemoryMib));
    while (this.#firstOpen < ended - 1) this.#writeRow(SECOND_MS);
  }

  /** Of all seconds before one that have none. */
  #setReading(before: number, reading: SecondReading): void {
    for (let second = this.#firstOpen; second < before; second++) {
      this.#at(second).reading ??= reading;
    }
  }

  /** The load has ended before its time: nothing later is judged. */
  endWindow(nowMs: number): void {
    this.#windowMs = Math.min(this.#windowMs, nowMs);
  }

  /** The run has ended: writes the rows that are left, the last of the time that is left over. */
  end(nowMs: number, inFlight: number, requestedMemoryMib: number): void {
    const last = Math.max(0, Math.ceil(nowMs / SECOND_MS) - 1);
    const leftMs = Math.max(0, nowMs - last * SECOND_MS);
    if (leftMs === 0 && this.#open.length === 0) return;
    this.#setReading(last + 1, this.#read(nowMs, inFlight, requestedMemoryMib));
    while (this.#firstOpen < last) this.#writeRow(SECOND_MS);
    // At its very end.
    for (const later of this.#open.splice(1)) this.#open[0].add(later);
    this.#lastStartMs = NaN;
    this.#writeRow(leftMs);
  }

  #isMeasured(timeMs: number): boolean {
    return timeMs < this.#windowMs && this.#phases.phaseAt(timeMs) === "measurement";
  }

  /** Mostly the same as the last time. */
  #secondOf(timeMs: number): ObservedSecond {
    const sinceMs = timeMs - this.#lastStartMs;
    if (sinceMs >= 0 && sinceMs < SECOND_MS) return this.#last!;
    const second = Math.floor(timeMs / SECOND_MS);
    const observed = this.#at(second);
    if (second >= this.#firstOpen) {
      this.#lastStartMs = second * SECOND_MS;
      this.#last = observed;
    }
    return observed;
  }

  /** The second, or the first that is open if its row is written. */
  #at(second: number): ObservedSecond {
    const position = Math.max(0, second - this.#firstOpen);
    while (this.#open.length <= position) this.#open.push(new ObservedSecond());
    return this.#open[position];
  }

  #read(nowMs: number, inFlight: number, requestedMemoryMib: number): SecondReading {
    const { readCpuMs, readWaitingMs } = this.#options;
    const cpuMs = readCpuMs?.() ?? null;
    const elapsedMs = nowMs - this.#readAtMs;
    const waitedMs = readWaitingMs();
    const waitingMs = waitedMs - this.#waitingMs;
    const isKnown = cpuMs !== null && elapsedMs >= LEAST_SECOND_MS;
    const waitingPercent = isKnown ? 100 * waitingMs / elapsedMs : null;
    // Waiting is told by the wall clock: where the process was off its core meanwhile, too much.
    const cpuPercent = isKnown
      ? Math.max(0, 100 * (cpuMs - this.#cpuMs) / elapsedMs - waitingPercent!)
      : null;
    this.#readAtMs = nowMs;
    this.#cpuMs = cpuMs ?? 0;
    this.#waitingMs = waitedMs;
    const machine = elapsedMs >= LEAST_SECOND_MS ? this.#machine?.read(elapsedMs) : undefined;
    return {
      inFlight,
      requestedMemoryMib,
      cpuPercent,
      waitingPercent,
      machine: machine ?? UNKNOWN_MACHINE,
    };
  }

  /** Writes the row of the first second that is open, of which so much was of the run. */
  #writeRow(lengthMs: number): void {
    const second = this.#at(this.#firstOpen);
    this.#open.shift();
    this.#lastStartMs = NaN;
    const startMs = SECOND_MS * this.#firstOpen++;
    const middleMs = startMs + lengthMs / 2;
    const { inFlight, requestedMemoryMib, cpuPercent, waitingPercent, machine } = second.reading!;
    this.#options.sink.write([
      startMs + lengthMs,
      second.due,
      second.dispatched,
      second.completed,
      second.dropped,
      inFlight,
      requestedMemoryMib,
      finiteOrNull(second.lagMaxMs),
      finiteOrNull(second.loopDelayMaxMs),
      cpuPercent,
      waitingPercent,
      middleMs < this.#windowMs ? this.#phases.phaseAt(middleMs) : "drain",
      second.unsent,
      second.peerWaits,
      finiteOrNull(second.peerWaitMaxMs),
      ...cellsOf(machine),
    ]);
    if (lengthMs < LEAST_SECOND_MS || !this.#isMeasured(middleMs)) return;
    this.#seconds++;
    if (this.#isBusy(second)) this.#busySeconds.push(startMs / SECOND_MS);
    // What holds the generator up in one second may show in the next.
    const isLate = this.#isLate(second) || (this.#open.length > 0 && this.#isLate(this.#open[0]));
    this.#machine?.judge(startMs / SECOND_MS, machine, isLate);
    if (waitingPercent !== null) {
      this.#waitingSeconds++;
      this.#waitingPercents += waitingPercent;
    }
  }

  #isBusy({ reading }: ObservedSecond): boolean {
    return (reading?.cpuPercent ?? 0) > this.#options.limits.cpuPercent;
  }

  #isLate(second: ObservedSecond): boolean {
    const { dispatchLagP99Ms, loopDelayP99Ms } = this.#options.limits;
    return second.lagMaxMs > dispatchLagP99Ms || second.loopDelayMaxMs > loopDelayP99Ms ||
      second.dropped > 0 || this.#isBusy(second);
  }

  /** The evidence of the seconds whose rows are written; what was measured comes from the dispatcher. */
  evidence(measured: number, measuredNotOk: number): Verdict["evidence"] {
    return {
      dispatched: this.#lag.count,
      dropped: this.#dropped,
      lateDispatches: this.#lag.late,
      dispatchLagP50Ms: this.#lag.quantileMs(0.5),
      dispatchLagP99Ms: this.#lag.quantileMs(0.99),
      dispatchLagMaxMs: this.#lag.maximumMs(),
      loopProbes: this.#loopDelay.count,
      lateLoopProbes: this.#loopDelay.late,
      loopDelayP99Ms: this.#loopDelay.quantileMs(0.99),
      loopDelayMaxMs: this.#loopDelay.maximumMs(),
      busySeconds: this.#busySeconds,
      seconds: this.#seconds,
      measured,
      waitingPercent: this.#waitingSeconds === 0
        ? null
        : this.#waitingPercents / this.#waitingSeconds,
      measuredNotOk,
      unsentForPeer: this.#unsentForPeer,
      unsentForBound: this.#unsentForBound,
      peerWaits: this.#peerWaits.evidence(),
      boundWaits: this.#boundWaits.evidence(),
      setUpP50Ms: this.#setUp.quantileMs(0.5),
      setUpP99Ms: this.#setUp.quantileMs(0.99),
      machine: this.#machine?.evidence() ?? null,
    };
  }
}

/** What is unknown of the machine, as on virtual time in every second of a day. */
const UNKNOWN_CELLS: readonly null[] = MACHINE_FIGURES.map(() => null);

function cellsOf(machine: MachineFigures): readonly (number | null)[] {
  return machine === UNKNOWN_MACHINE
    ? UNKNOWN_CELLS
    : MACHINE_FIGURES.map((figure) => machine[figure]);
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
