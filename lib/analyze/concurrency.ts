import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import type { Stays } from "./occupancy.ts";
import type { TimeBins } from "./time_bins.ts";

/** Invocations in flight, for each bin of time. */
export interface ConcurrencySeries {
  readonly bins: TimeBins;
  /** Average over the bin, weighted by time. */
  readonly mean: Float64Array;
  /** Largest within the bin. */
  readonly max: Uint32Array;
}

/** Lists when invocations went in flight (were dispatched), and when they completed. */
export function listInFlightStays(table: StoredInvocations): Stays {
  const starts: number[] = [];
  const ends: number[] = [];
  for (let row = 0; row < table.count; row++) {
    const startMs = table.dispatchedMs[row];
    const endMs = Number.isNaN(table.completedMs[row]) ? Infinity : table.completedMs[row];
    // Never dispatched, or over at the instant of its dispatch: never in flight.
    if (!(endMs > startMs)) continue;
    starts.push(startMs);
    ends.push(endMs);
  }
  return { startsMs: Float64Array.from(starts).sort(), endsMs: Float64Array.from(ends).sort() };
}

/** Derives the number of invocations in flight over time. */
export function deriveConcurrency({ startsMs, endsMs }: Stays, bins: TimeBins): ConcurrencySeries {
  const mean = new Float64Array(bins.count);
  const max = new Uint32Array(bins.count);
  let inFlight = 0;
  let start = 0;
  let end = 0;
  for (let bin = 0; bin < bins.count; bin++) {
    const untilMs = (bin + 1) * bins.binMs;
    let nowMs = bin * bins.binMs;
    let areaMs = 0;
    max[bin] = inFlight;
    for (;;) {
      // A call that ends at the instant at which another begins was never beside it.
      const isEnd = !(startsMs[start] < endsMs[end]);
      const nextMs = isEnd ? endsMs[end] : startsMs[start];
      if (!(nextMs < untilMs)) break;
      areaMs += inFlight * (nextMs - nowMs);
      nowMs = nextMs;
      if (isEnd) {
        inFlight--;
        end++;
      } else {
        inFlight++;
        start++;
      }
      if (inFlight > max[bin]) max[bin] = inFlight;
    }
    mean[bin] = (areaMs + inFlight * (untilMs - nowMs)) / bins.binMs;
  }
  return { bins, mean, max };
}
