import type { TimeBins } from "../analyze/time_bins.ts";
import type { InstanceEvent } from "../model/platform.ts";
import type { InstanceFollower } from "../run/deployment_session.ts";

/** What instances take of a platform: their number, and what they request. */
export interface Usage {
  readonly instances: number;
  readonly cpuMilli: number;
  readonly memoryMib: number;
}

/** What is counted; see {@linkcode Usage}. */
export const USAGE_KEYS = ["instances", "cpuMilli", "memoryMib"] as const;

/** What all instances together take over time, from their creation until they are gone. */
export class InstanceUsage implements InstanceFollower {
  /** What one instance takes, by function id. */
  readonly requests: ReadonlyMap<string, Usage>;
  #now: Usage = { instances: 0, cpuMilli: 0, memoryMib: 0 };
  #runStartMs = 0;
  #steps: { readonly timeMs: number; readonly usage: Usage }[] = [];
  #createdMs: number[] = [];

  constructor(requests: ReadonlyMap<string, Usage>) {
    this.requests = requests;
  }

  record({ timeMs, functionId, event }: InstanceEvent): void {
    if (event !== "created" && event !== "gone") return;
    const request = this.requests.get(functionId)!;
    const sign = event === "created" ? 1 : -1;
    this.#now = {
      instances: this.#now.instances + sign,
      cpuMilli: this.#now.cpuMilli + sign * request.cpuMilli,
      memoryMib: this.#now.memoryMib + sign * request.memoryMib,
    };
    const sinceStartMs = timeMs - this.#runStartMs;
    this.#steps.push({ timeMs: sinceStartMs, usage: this.#now });
    if (event === "created") this.#createdMs.push(sinceStartMs);
  }

  /** A run starts, with the instances that are there. */
  begin(runStartMs: number): void {
    this.#runStartMs = runStartMs;
    this.#steps = [{ timeMs: 0, usage: this.#now }];
    this.#createdMs = [];
  }

  get now(): Usage {
    return this.#now;
  }

  /** When the instances of the run were created, in ms since its start. */
  get createdMs(): readonly number[] {
    return this.#createdMs;
  }

  /** The largest of each figure since the run began. */
  derivePeak(): Usage {
    const peakOf = (key: keyof Usage) =>
      this.#steps.reduce((peak, { usage }) => Math.max(peak, usage[key]), 0);
    return {
      instances: peakOf("instances"),
      cpuMilli: peakOf("cpuMilli"),
      memoryMib: peakOf("memoryMib"),
    };
  }

  /** The largest of a figure within each bin of the run. */
  deriveSeries(key: keyof Usage, bins: TimeBins): number[] {
    const maxima: number[] = [];
    let next = 0;
    let value = 0;
    for (let bin = 0; bin < bins.count; bin++) {
      const fromMs = bin * bins.binMs;
      // What happens at the first instant of a bin is its beginning.
      for (; this.#steps[next]?.timeMs <= fromMs; next++) value = this.#steps[next].usage[key];
      let most = value;
      for (; this.#steps[next]?.timeMs < fromMs + bins.binMs; next++) {
        value = this.#steps[next].usage[key];
        most = Math.max(most, value);
      }
      maxima.push(most);
    }
    return maxima;
  }
}
