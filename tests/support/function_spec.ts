import type { FunctionSpec } from "../../lib/model/platform.ts";
import { SlotCounts } from "../../lib/model/slot_counts.ts";

const PERCENTILES = { quantiles: [0, 1], values: [1, 1], mean: 1 };

/** A function to deploy. */
export function functionSpec(index: number, given: Partial<FunctionSpec> = {}): FunctionSpec {
  return {
    index,
    functionId: `owner/app/f${index}`,
    name: `f-${index}`,
    profile: {
      id: `f${index}`,
      appId: "app",
      ownerId: "owner",
      trigger: null,
      invocationsPerSlot: SlotCounts.none(1),
      runtimeMs: PERCENTILES,
      memoryMib: PERCENTILES,
    },
    initialScale: 0,
    cpuRequestMilli: 83,
    memoryRequestMib: 16,
    ...given,
  };
}
