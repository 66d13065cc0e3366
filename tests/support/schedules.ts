import type { Schedule } from "../../lib/model/schedule.ts";
import { SlotCounts } from "../../lib/model/slot_counts.ts";
import type { FunctionProfile, Percentiles, Trace } from "../../lib/model/trace.ts";

/** One invocation of a schedule. */
export interface ScheduledInvocation {
  readonly scheduledMs: number;
  readonly functionIndex: number;
  readonly runtimeMs: number;
  readonly memoryMib: number;
}

/** All invocations of a schedule, as rows. */
export function listInvocations(schedule: Schedule): ScheduledInvocation[] {
  const rows: ScheduledInvocation[] = [];
  for (const chunk of schedule.chunks()) {
    for (let i = 0; i < chunk.scheduledMs.length; i++) {
      rows.push({
        scheduledMs: chunk.scheduledMs[i],
        functionIndex: chunk.functionIndex[i],
        runtimeMs: chunk.runtimeMs[i],
        memoryMib: chunk.memoryMib[i],
      });
    }
  }
  return rows;
}

export const RUNTIME_MS: Percentiles = {
  quantiles: [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1],
  values: [2, 5, 20, 50, 120, 900, 3000],
  mean: 100,
};

export const MEMORY_MIB: Percentiles = {
  quantiles: [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1],
  values: [20, 30, 60, 90, 120, 180, 220, 300],
  mean: 95,
};

/** A function named by its index, with its counts by minute. */
export function profileWithCounts(name: string, counts: readonly number[]): FunctionProfile {
  return {
    id: name,
    appId: "app",
    ownerId: "owner",
    trigger: "http",
    invocationsPerSlot: SlotCounts.from(counts),
    runtimeMs: RUNTIME_MS,
    memoryMib: MEMORY_MIB,
  };
}

/** A trace of functions `f0`, `f1`, … with the given counts by minute. */
export function traceWithCounts(...counts: readonly (readonly number[])[]): Trace {
  return {
    name: "test",
    slotMs: 60_000,
    slots: counts[0]?.length ?? 0,
    functions: counts.map((perMinute, i) => profileWithCounts(`f${i}`, perMinute)),
    repairs: [],
    hash: "",
  };
}
