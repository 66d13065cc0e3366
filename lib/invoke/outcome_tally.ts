import { isJudged, type Outcome, OUTCOMES } from "../model/record.ts";
import type { Phase, PhaseSpan } from "../model/schedule.ts";
import { PhaseLookup } from "./phase_lookup.ts";

/** Different things that peers say; a message with a number in it would be without end. */
const MOST_COMPLAINTS = 100;

/** What peers said of calls that were not ok, or what ended them. */
export interface Complaint {
  readonly outcome: Outcome;
  /** `null`: none was said. */
  readonly statusCode: number | null;
  readonly message: string;
  readonly count: number;
}

/** Counts what became of the invocations of a run. */
export class OutcomeTally {
  readonly outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<
    Outcome,
    number
  >;
  readonly #phases: PhaseLookup;
  #measured = 0;
  #measuredNotOk = 0;
  readonly #complaints = new Map<string, { -readonly [K in keyof Complaint]: Complaint[K] }>();
  /** By function: whether it answered a call. */
  readonly #hasServed: Uint8Array;
  /** Functions that answered HTTP 502. */
  readonly #badGateways = new Set<number>();

  constructor(phases: readonly PhaseSpan[], functions: number) {
    this.#phases = new PhaseLookup(phases);
    this.#hasServed = new Uint8Array(functions);
  }

  /** Invocations of the measurement that are judged. */
  get measured(): number {
    return this.#measured;
  }

  get measuredNotOk(): number {
    return this.#measuredNotOk;
  }

  /** Counts an outcome and returns the phase that it belongs to. */
  count(scheduledMs: number, outcome: Outcome): Phase {
    this.outcomes[outcome]++;
    const phase = this.#phases.phaseAt(scheduledMs);
    if (phase === "measurement" && isJudged(outcome)) {
      this.#measured++;
      if (outcome !== "ok") this.#measuredNotOk++;
    }
    return phase;
  }

  /** Notes how a call of a function ended; `message` is `null` where it was ok or nothing was said. */
  noteEnd(
    functionIndex: number,
    outcome: Outcome,
    statusCode: number | null,
    message: string | null,
  ): void {
    if (outcome === "ok") this.#hasServed[functionIndex] = 1;
    if (message === null) return;
    this.#noteComplaint(outcome, statusCode, message);
    if (message.startsWith("HTTP 502")) this.#badGateways.add(functionIndex);
  }

  #noteComplaint(outcome: Outcome, statusCode: number | null, message: string): void {
    const key = `${outcome} ${statusCode} ${message}`;
    const known = this.#complaints.get(key);
    if (known !== undefined) known.count++;
    else if (this.#complaints.size < MOST_COMPLAINTS) {
      this.#complaints.set(key, { outcome, statusCode, message, count: 1 });
    }
  }

  /** What peers said of the calls that ended otherwise than ok, the most frequent first. */
  complaints(): Complaint[] {
    return [...this.#complaints.values()].sort((a, b) => b.count - a.count);
  }

  /** Functions that answered HTTP 502 and never a call, by index. */
  badGateways(): number[] {
    return [...this.#badGateways].filter((index) => this.#hasServed[index] === 0);
  }
}
