import { join } from "./live_history.ts";
import type { LiveSample, LiveTotals } from "./live_message.ts";

/**
 * Makes one of the samples of simulated seconds, which come faster than anybody looks: what is
 * told is as long as what was simulated since.
 */
export class SampleGatherer {
  readonly #tell: (sample: LiveSample, totals: LiveTotals) => void;
  readonly #everyMs: number;
  readonly #readNowMs: () => number;
  #sample: LiveSample | null = null;
  #totals: LiveTotals | null = null;
  #toldMs = -Infinity;

  /** @param everyMs time that passes for whoever looks, by `readNowMs`, until the next is told */
  constructor(
    tell: (sample: LiveSample, totals: LiveTotals) => void,
    everyMs: number,
    readNowMs: () => number,
  ) {
    this.#tell = tell;
    this.#everyMs = everyMs;
    this.#readNowMs = readNowMs;
  }

  take(sample: LiveSample, totals: LiveTotals): void {
    this.#sample = this.#sample === null ? sample : join(this.#sample, sample);
    this.#totals = totals;
    if (this.#readNowMs() - this.#toldMs >= this.#everyMs) this.flush();
  }

  /** Tells what has come since. */
  flush(): void {
    if (this.#sample === null) return;
    this.#tell(this.#sample, this.#totals!);
    this.#sample = null;
    this.#toldMs = this.#readNowMs();
  }
}
