import type { Phase, PhaseSpan } from "../model/schedule.ts";

/**
 * Tells the phase of instants of a schedule. Those that come one after the other
 * are mostly of one span, so that the last one found is tried first.
 */
export class PhaseLookup {
  readonly #spans: readonly PhaseSpan[];
  #phase: Phase = "measurement";
  #fromMs = NaN;
  #untilMs = NaN;

  /** `spans` as in a schedule: ascending. */
  constructor(spans: readonly PhaseSpan[]) {
    this.#spans = spans;
  }

  /** The same as `phaseAt`. */
  phaseAt(scheduledMs: number): Phase {
    if (scheduledMs >= this.#fromMs && scheduledMs < this.#untilMs) return this.#phase;
    const spans = this.#spans;
    const next = spans.findIndex((span) => span.fromMs > scheduledMs);
    const after = next < 0 ? spans.length : next;
    this.#phase = after === 0 ? "measurement" : spans[after - 1].phase;
    this.#fromMs = after === 0 ? -Infinity : spans[after - 1].fromMs;
    this.#untilMs = after === spans.length ? Infinity : spans[after].fromMs;
    return this.#phase;
  }
}
