import { SlotCounts } from "../lib/model/slot_counts.ts";
import type { Trace } from "../lib/model/trace.ts";

/** A trace of functions that are all invoked equally often in every minute. */
export function createFlatTrace(functions: number, ratePerMinute: number, minutes: number): Trace {
  const invocationsPerSlot = SlotCounts.from(new Uint32Array(minutes).fill(ratePerMinute));
  return {
    name: "benchmark",
    slotMs: 60_000,
    slots: minutes,
    functions: Array.from({ length: functions }, (_, i) => ({
      id: `function-${i}`,
      appId: "app",
      ownerId: "owner",
      trigger: null,
      invocationsPerSlot,
      runtimeMs: {
        quantiles: [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1],
        values: [1, 2, 20, 50, 120, 900, 3000],
        mean: 90,
      },
      memoryMib: {
        quantiles: [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1],
        values: [20, 30, 60, 90, 120, 180, 220, 300],
        mean: 95,
      },
    })),
    repairs: [],
    hash: "",
  };
}
