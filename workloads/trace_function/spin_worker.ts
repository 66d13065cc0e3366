/// <reference lib="deno.worker" />
import { Call } from "./call.ts";
import { type CallResult, CallTable, MAX_CALLS } from "./call_table.ts";
import { BlockPool } from "./touched_memory.ts";
import { calibrateQuickly, type SpinCalibration, warmUpSpin } from "./calibration.ts";

/** What the serving thread tells the worker, once. */
export interface WorkerStart {
  readonly memory: SharedArrayBuffer;
  /** `null`: find it out now. */
  readonly calibration: SpinCalibration | null;
}

/** What the worker tells the serving thread: first that it is ready, then a result a call. */
export type WorkerMessage = { readonly ready: SpinCalibration } | CallResult;

/** Lets the compiler reach its best code, so that the first call runs like the others. */
const WARM_UP_MS = 4;

declare const self: DedicatedWorkerGlobalScope;

self.onmessage = (event: MessageEvent<WorkerStart>) => {
  const { memory, calibration } = event.data;
  if (calibration !== null) warmUpSpin(WARM_UP_MS);
  const inForce = calibration ?? calibrateQuickly();
  tell({ ready: inForce });
  workForever(new CallTable(memory), inForce);
};

/** An instance is one virtual CPU: its calls share this thread turn by turn. */
function workForever(table: CallTable, calibration: SpinCalibration): never {
  const pool = new BlockPool();
  const calls = new Map<number, Call>();
  const begun = new Int32Array(MAX_CALLS);
  let seen = 0;
  for (;;) {
    if (calls.size === 0) table.waitForAddition(seen);
    const additions = table.additions();
    if (additions !== seen) {
      seen = additions;
      for (let slot = 0; slot < MAX_CALLS; slot++) {
        const number = table.callNumber(slot);
        if (number === begun[slot]) continue;
        begun[slot] = number;
        const runtimeMs = table.runtimeMs(slot);
        calls.set(slot, new Call(runtimeMs, table.memoryMib(slot), calibration, pool));
      }
    }
    for (const [slot, call] of calls) {
      const end = table.isCancelled(slot) ? "cancelled" : workOneTurn(call);
      if (end === null) continue;
      calls.delete(slot);
      const { durationUs, memoryKib } = call;
      call.free();
      tell({ slot, end, durationUs, memoryKib });
    }
  }
}

function workOneTurn(call: Call): "done" | "out_of_memory" | null {
  try {
    return call.workOneTurn() ? "done" : null;
  } catch (error) {
    if (error instanceof RangeError) return "out_of_memory";
    throw error;
  }
}

function tell(message: WorkerMessage): void {
  self.postMessage(message);
}
