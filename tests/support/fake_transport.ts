import type { Clock, TimerHandle } from "../../lib/clock/clock.ts";
import type { CallColumns, TransportFactory } from "../../lib/model/platform.ts";
import type { Outcome } from "../../lib/model/record.ts";

/** What becomes of a call, decided when it is invoked. */
export interface FakeAnswer {
  /** From the invocation to the dispatch; `null`: never dispatched. */
  readonly dispatchAfterMs?: number | null;
  /** Of the time until then: set-up of the connection, and waiting for the peer. */
  readonly setUpMs?: number;
  readonly peerWaitMs?: number;
  readonly boundWaitMs?: number;
  /** From the invocation to the completion; `null`: never. */
  readonly completeAfterMs: number | null;
  readonly outcome?: Outcome;
  readonly statusCode?: number | null;
}

/** What a fake transport has seen. */
export interface FakeLog {
  readonly invokedAtMs: number[];
  readonly cancelledSlots: number[];
  mostInFlight: number;
  closed: boolean;
}

/** A transport on a virtual clock whose answers a test decides. */
export function createFakeTransport(
  clock: Clock,
  answer: (calls: CallColumns, slot: number) => FakeAnswer,
): { readonly factory: TransportFactory; readonly log: FakeLog } {
  const log: FakeLog = { invokedAtMs: [], cancelledSlots: [], mostInFlight: 0, closed: false };
  let inFlight = 0;
  const timers = new Map<number, TimerHandle[]>();
  const factory: TransportFactory = (calls, onComplete) =>
    Promise.resolve({
      invoke(slot) {
        const now = clock.nowMs();
        log.invokedAtMs.push(now);
        log.mostInFlight = Math.max(log.mostInFlight, ++inFlight);
        const given = answer(calls, slot);
        const { dispatchAfterMs = 0, completeAfterMs, outcome = "ok", statusCode = 0 } = given;
        calls.setUpMs[slot] = given.setUpMs ?? NaN;
        calls.peerWaitMs[slot] = given.peerWaitMs ?? NaN;
        calls.boundWaitMs[slot] = given.boundWaitMs ?? NaN;
        const stamp = () => {
          calls.dispatchedMs[slot] = clock.nowMs();
        };
        const timersOfCall: TimerHandle[] = [];
        timers.set(slot, timersOfCall);
        // A real one sends what was handed to it only later.
        if (dispatchAfterMs === 0) stamp();
        else if (dispatchAfterMs !== null) {
          timersOfCall.push(clock.at(now + dispatchAfterMs, stamp));
        }
        if (completeAfterMs === null) return;
        const timer = clock.at(now + completeAfterMs, () => {
          inFlight--;
          if (outcome === "ok") {
            calls.servedRuntimeUs[slot] = calls.runtimeMs[slot] * 1000;
            calls.servedMemoryKib[slot] = calls.memoryMib[slot] * 512;
            calls.instance[slot] = "instance-0";
            calls.coldStart[slot] = false;
          }
          calls.completedMs[slot] = clock.nowMs();
          onComplete(slot, outcome, statusCode);
        });
        timersOfCall.push(timer);
      },
      cancel(slot) {
        log.cancelledSlots.push(slot);
        for (const timer of timers.get(slot) ?? []) timer.cancel();
      },
      close() {
        log.closed = true;
        return Promise.resolve();
      },
    });
  return { factory, log };
}
