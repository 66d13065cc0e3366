import type { WarmupCheck } from "../store/schema/manifest.ts";
import type { InvocationSink } from "../model/record.ts";
import { adfTest } from "../stats/adf.ts";

/** The part of the warm-up, at its end, that must be stationary. */
const LAST_MS = 60_000;
/** Largest p-value of a unit root that counts as stationary. */
const SIGNIFICANCE = 0.05;

/**
 * Listens to the records of a run and tells at its end whether the last minute
 * of the warm-up was stationary: response time − served runtime, in time order,
 * by an augmented Dickey-Fuller test.
 */
export class WarmupWatch {
  readonly #warmupEndMs: number;
  readonly #points: { readonly scheduledMs: number; readonly overheadMs: number }[] = [];

  constructor(warmupEndMs: number) {
    this.#warmupEndMs = warmupEndMs;
  }

  /** A sink that passes invocations on and keeps what the test needs. */
  listen(sink: InvocationSink): InvocationSink {
    return {
      write: (row) => {
        sink.write(row);
        if (row.phase !== "warmup" || row.outcome !== "ok") return;
        const { scheduledMs } = row;
        if (scheduledMs < this.#warmupEndMs - LAST_MS) return;
        const overheadMs = row.completedMs - scheduledMs - row.servedRuntimeMs;
        // Unknown where a server does not say what it ran for.
        if (!Number.isNaN(overheadMs)) this.#points.push({ scheduledMs, overheadMs });
      },
    };
  }

  derive(): WarmupCheck {
    const series = this.#points
      .toSorted((a, b) => a.scheduledMs - b.scheduledMs)
      .map((point) => point.overheadMs);
    const result = adfTest(series);
    if (result === null) {
      return {
        stationary: null,
        observations: series.length,
        statistic: null,
        pValue: null,
        criticalValue5Percent: null,
      };
    }
    const critical = result.criticalValues["5%"];
    return {
      stationary: result.pValue <= SIGNIFICANCE && result.statistic <= critical,
      observations: series.length,
      statistic: result.statistic,
      pValue: result.pValue,
      criticalValue5Percent: critical,
    };
  }
}
