import { type CallResult, CallTable, MAX_CALLS } from "./call_table.ts";
import type { SpinCalibration } from "./calibration.ts";
import type { WorkerMessage, WorkerStart } from "./spin_worker.ts";

/** Called once with the end of a call. */
export type ResultCallback = (result: CallResult) => void;

/**
 * Hands calls to the worker that does them, so that this thread stays free to
 * answer HTTP/2.
 */
export class Executor {
  /** The constants in force. */
  readonly calibration: SpinCalibration;
  readonly #table: CallTable;
  readonly #callbacks = new Map<number, ResultCallback>();
  readonly #freeSlots = Array.from({ length: MAX_CALLS }, (_, slot) => MAX_CALLS - 1 - slot);

  private constructor(table: CallTable, worker: Worker, calibration: SpinCalibration) {
    this.#table = table;
    this.calibration = calibration;
    worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
      if ("slot" in data) this.#finish(data);
    };
  }

  /**
   * Starts the worker and waits until it is warm.
   *
   * @param calibration `null`: the worker finds it out, which takes a quarter of a second
   * @param onFailure called when the worker dies
   */
  static start(
    calibration: SpinCalibration | null,
    onFailure: (reason: string) => void,
  ): Promise<Executor> {
    const table = new CallTable();
    const worker = new Worker(new URL("./spin_worker.ts", import.meta.url), { type: "module" });
    worker.onerror = (event) => {
      event.preventDefault();
      onFailure(event.message);
    };
    const start: WorkerStart = { memory: table.memory, calibration };
    return new Promise((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
        if ("ready" in data) resolve(new Executor(table, worker, data.ready));
      };
      worker.postMessage(start);
    });
  }

  /**
   * Begins a call.
   *
   * @returns what cancels it, or `null` when there are too many calls already
   */
  execute(runtimeMs: number, memoryMib: number, onResult: ResultCallback): (() => void) | null {
    const slot = this.#freeSlots.pop();
    if (slot === undefined) return null;
    this.#callbacks.set(slot, onResult);
    this.#table.add(slot, runtimeMs, memoryMib);
    return () => {
      if (this.#callbacks.get(slot) === onResult) this.#table.cancel(slot);
    };
  }

  #finish(result: CallResult): void {
    const callback = this.#callbacks.get(result.slot);
    this.#callbacks.delete(result.slot);
    this.#freeSlots.push(result.slot);
    callback?.(result);
  }
}
