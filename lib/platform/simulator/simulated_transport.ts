import type { VirtualClock } from "../../clock/virtual_clock.ts";
import type {
  CallColumns,
  CompletionCallback,
  DirectCalls,
  RecordCallback,
  Transport,
} from "../../model/platform.ts";
import type { InvocationRow } from "../../model/record.ts";
import type { SimulatedGateway } from "./simulated_gateway.ts";

/** What a {@linkcode SimulatedTransport} needs. */
export interface SimulatedTransportOptions {
  readonly clock: VirtualClock;
  readonly calls: CallColumns;
  readonly onComplete: CompletionCallback;
  /** Makes the gateway of a run and puts it to work; `timeoutMs` is `Infinity` for never. */
  readonly open: (timeoutMs: number, onRecord: RecordCallback) => SimulatedGateway;
}

/**
 * The simulated gateway as a transport. A run of the dispatcher takes its calls directly;
 * whoever wants slots, as with other transports, has them filled in from the records.
 */
export class SimulatedTransport implements Transport {
  readonly #options: SimulatedTransportOptions;
  #gateway: SimulatedGateway | null = null;
  /** By slot of the columns, the slot of the gateway; only where `invoke` is used. */
  readonly #slots = new Map<number, number>();

  constructor(options: SimulatedTransportOptions) {
    this.#options = options;
  }

  direct(timeoutMs: number, onRecord: RecordCallback): DirectCalls {
    return this.#gateway = this.#options.open(timeoutMs, onRecord);
  }

  invoke(slot: number): void {
    const { calls, clock, open } = this.#options;
    const gateway = this.#gateway ??= open(Infinity, (row) => this.#onRecord(row));
    calls.dispatchedMs[slot] = clock.nowMs();
    // Whose invocation it is nobody asks: its index is its slot.
    const taken = gateway.take({ ...calls, scheduledMs: calls.dispatchedMs }, slot, slot);
    this.#slots.set(slot, taken);
    clock.at(calls.deadlineMs[slot], () => this.#end(slot, taken, "timed_out"));
  }

  cancel(slot: number): void {
    const taken = this.#slots.get(slot);
    if (taken === undefined) return;
    const { clock } = this.#options;
    clock.at(clock.nowMs(), () => this.#end(slot, taken, "cancelled"));
  }

  close(): Promise<void> {
    this.#gateway?.giveUp("cancelled");
    return Promise.resolve();
  }

  /** Ends the call, if it is still out. */
  #end(slot: number, taken: number, outcome: "timed_out" | "cancelled"): void {
    if (this.#slots.get(slot) === taken) this.#gateway!.end(taken, outcome);
  }

  #onRecord(row: InvocationRow): void {
    const { calls, onComplete } = this.#options;
    const slot = row.index;
    this.#slots.delete(slot);
    calls.completedMs[slot] = row.completedMs;
    calls.servedRuntimeUs[slot] = row.servedRuntimeMs * 1000;
    calls.servedMemoryKib[slot] = row.servedMemoryMib * 1024;
    calls.instance[slot] = row.instance;
    calls.coldStart[slot] = row.coldStart;
    onComplete(slot, row.outcome, Number.isNaN(row.statusCode) ? null : row.statusCode);
  }
}
