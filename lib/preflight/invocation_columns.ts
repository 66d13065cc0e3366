import { type StoredInvocations } from "../store/read/stored_invocations.ts";
import { type InvocationRow, type InvocationSink, OUTCOMES } from "../model/record.ts";

/** Keeps the records of a run in memory, as the columns that are analysed. */
export class InvocationColumns implements InvocationSink {
  readonly #functionIds: readonly string[];
  readonly #functionCode: Int32Array;
  readonly #measured: Uint8Array;
  readonly #scheduledMs: Float64Array;
  readonly #dispatchedMs: Float64Array;
  readonly #setUpMs: Float64Array;
  readonly #peerWaitMs: Float64Array;
  readonly #completedMs: Float64Array;
  readonly #requestedRuntimeMs: Float64Array;
  readonly #servedRuntimeMs: Float64Array;
  readonly #coldStart: Float64Array;
  readonly #outcome: Uint8Array;
  #count = 0;

  /**
   * @param functionIds by index in the schedule
   * @param capacity most rows that there will be: the invocations of the schedule
   */
  constructor(functionIds: readonly string[], capacity: number) {
    this.#functionIds = functionIds;
    this.#functionCode = new Int32Array(capacity);
    this.#measured = new Uint8Array(capacity);
    this.#scheduledMs = new Float64Array(capacity);
    this.#dispatchedMs = new Float64Array(capacity);
    this.#setUpMs = new Float64Array(capacity);
    this.#peerWaitMs = new Float64Array(capacity);
    this.#completedMs = new Float64Array(capacity);
    this.#requestedRuntimeMs = new Float64Array(capacity);
    this.#servedRuntimeMs = new Float64Array(capacity);
    this.#coldStart = new Float64Array(capacity);
    this.#outcome = new Uint8Array(capacity);
  }

  write(row: InvocationRow): void {
    const at = this.#count++;
    this.#functionCode[at] = row.functionIndex;
    this.#measured[at] = row.phase === "measurement" ? 1 : 0;
    this.#scheduledMs[at] = row.scheduledMs;
    this.#dispatchedMs[at] = row.dispatchedMs;
    this.#setUpMs[at] = row.setUpMs;
    this.#peerWaitMs[at] = row.peerWaitMs;
    this.#completedMs[at] = row.completedMs;
    this.#requestedRuntimeMs[at] = row.requestedRuntimeMs;
    this.#servedRuntimeMs[at] = row.servedRuntimeMs;
    this.#coldStart[at] = row.coldStart === null ? NaN : row.coldStart ? 1 : 0;
    this.#outcome[at] = OUTCOMES.indexOf(row.outcome);
  }

  /** The records so far, in the order in which they ended. */
  get table(): StoredInvocations {
    const count = this.#count;
    return {
      count,
      functionIds: this.#functionIds,
      functionCode: this.#functionCode.subarray(0, count),
      measured: this.#measured.subarray(0, count),
      scheduledMs: this.#scheduledMs.subarray(0, count),
      dispatchedMs: this.#dispatchedMs.subarray(0, count),
      setUpMs: this.#setUpMs.subarray(0, count),
      peerWaitMs: this.#peerWaitMs.subarray(0, count),
      completedMs: this.#completedMs.subarray(0, count),
      requestedRuntimeMs: this.#requestedRuntimeMs.subarray(0, count),
      coldStart: this.#coldStart.subarray(0, count),
      outcome: this.#outcome.subarray(0, count),
    };
  }

  /** What each function ran for, row by row of the table; NaN without a reply. */
  get servedRuntimeMs(): Float64Array {
    return this.#servedRuntimeMs.subarray(0, this.#count);
  }
}
