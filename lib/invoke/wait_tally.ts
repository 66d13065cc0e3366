import type { WaitEvidence } from "../store/schema/manifest.ts";

const SECOND_MS = 1000;

/** Counts waits of invocations, and the seconds in which those were due. */
export class WaitTally {
  readonly #seconds = new Set<number>();
  #invocations = 0;
  #longestMs = -Infinity;

  record(scheduledMs: number, waitedMs: number): void {
    this.#invocations++;
    if (waitedMs > this.#longestMs) this.#longestMs = waitedMs;
    this.#seconds.add(Math.floor(scheduledMs / SECOND_MS));
  }

  evidence(): WaitEvidence {
    return {
      invocations: this.#invocations,
      longestMs: this.#invocations === 0 ? null : this.#longestMs,
      seconds: [...this.#seconds].sort((a, b) => a - b),
    };
  }
}
