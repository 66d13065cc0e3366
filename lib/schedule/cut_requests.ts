import {
  MEMORY_LIMITS_MIB,
  RUNTIME_LIMITS_MS,
  type Schedule,
  type ScheduleChunk,
} from "../model/schedule.ts";
import type { CutRequests } from "../store/schema/manifest.ts";
import type { Percentiles } from "../model/trace.ts";

/**
 * Mean of the part of a distribution that lies at or beyond a limit, linear
 * between its percentiles as it is drawn; `null` where nothing lies beyond.
 *
 * @example
 * ```ts
 * import { meanBeyond } from "./cut_requests.ts";
 * const percentiles = { quantiles: [0, 1], values: [0, 100], mean: 50 };
 * if (meanBeyond(percentiles, 60) !== 80) throw new Error("uniform from 60 to 100");
 * if (meanBeyond(percentiles, 100) !== null) throw new Error("nothing is beyond");
 * ```
 */
export function meanBeyond({ quantiles, values }: Percentiles, limit: number): number | null {
  const last = values.length - 1;
  if (values[last] <= limit) return null;
  // Constant below the first percentile and above the last.
  let share = 1 - quantiles[last];
  let sum = share * values[last];
  if (values[0] >= limit) {
    share += quantiles[0];
    sum += quantiles[0] * values[0];
  }
  for (let i = 1; i <= last; i++) {
    const [low, high] = [values[i - 1], values[i]];
    if (high < limit) continue;
    const from = Math.max(low, limit);
    const part = (quantiles[i] - quantiles[i - 1]) *
      (high === low ? 1 : (high - from) / (high - low));
    share += part;
    sum += part * (from + high) / 2;
  }
  // The last percentile alone, at quantile 1, has no share.
  return share === 0 ? values[last] : sum / share;
}

/**
 * Counts what of a schedule asks for the most that is ever asked for, where its
 * trace has more.
 */
export class CutCounter {
  readonly #runtimeMsBeyond: readonly (number | null)[];
  readonly #memoryMibBeyond: readonly (number | null)[];
  readonly #hasAny: boolean;
  #runtimes = 0;
  #memories = 0;
  #lostMs = 0;

  constructor({ functions }: Pick<Schedule, "functions">) {
    this.#runtimeMsBeyond = functions.map(({ runtimeMs }) =>
      meanBeyond(runtimeMs, RUNTIME_LIMITS_MS.maximum)
    );
    this.#memoryMibBeyond = functions.map(({ memoryMib }) =>
      meanBeyond(memoryMib, MEMORY_LIMITS_MIB.maximum)
    );
    this.#hasAny = [...this.#runtimeMsBeyond, ...this.#memoryMibBeyond].some((mean) =>
      mean !== null
    );
  }

  /** Takes in the invocations of a chunk. */
  add({ functionIndex, runtimeMs, memoryMib }: ScheduleChunk): void {
    if (!this.#hasAny) return;
    for (let i = 0; i < functionIndex.length; i++) {
      const index = functionIndex[i];
      const beyondMs = this.#runtimeMsBeyond[index];
      if (beyondMs !== null && runtimeMs[i] === RUNTIME_LIMITS_MS.maximum) {
        this.#runtimes++;
        this.#lostMs += beyondMs - RUNTIME_LIMITS_MS.maximum;
      }
      if (this.#memoryMibBeyond[index] !== null && memoryMib[i] === MEMORY_LIMITS_MIB.maximum) {
        this.#memories++;
      }
    }
  }

  /**
   * What was cut; `null`: nothing.
   *
   * @param runtimeSumMs all requested runtimes, as cut
   */
  derive(runtimeSumMs: number, durationMs: number): CutRequests | null {
    if (this.#runtimes === 0 && this.#memories === 0) return null;
    return {
      runtimes: this.#runtimes,
      memories: this.#memories,
      uncutConcurrency: (runtimeSumMs + this.#lostMs) / durationMs,
    };
  }
}
