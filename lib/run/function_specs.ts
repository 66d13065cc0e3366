import { deriveKey } from "../base/rng.ts";
import type { FunctionSpec } from "../model/platform.ts";
import { functionKey } from "../model/trace.ts";
import { allocateMaxMax } from "../trace/allocation.ts";
import { cpuRequestMilli, memoryRequestMib, SYSTEM_OVERHEAD_SHARE } from "../trace/profile.ts";
import type { PlannedRun } from "./experiment.ts";

/**
 * What to deploy for a run: names that carry the index and a suffix that the
 * seed and the run decide, requests by the functions' memory, and initial scales
 * cut by max-max allocation to the capacity.
 */
export function deriveFunctionSpecs(
  run: PlannedRun,
  seed: number,
  capacityMilli: number | null,
): FunctionSpec[] {
  const memoryMib = run.schedule.functions.map(memoryRequestMib);
  const cpuMilli = memoryMib.map(cpuRequestMilli);
  const scales = capacityMilli === null
    ? run.initialScales
    : allocateMaxMax(run.initialScales, cpuMilli, capacityMilli, SYSTEM_OVERHEAD_SHARE);
  return run.schedule.functions.map((profile, index) => {
    const functionId = functionKey(profile);
    const [suffix] = deriveKey(seed, "name", run.deployment ?? run.name, functionId);
    return {
      index,
      functionId,
      name: `trace-func-${index}-${(suffix >>> 0).toString(16).padStart(8, "0")}`,
      profile,
      initialScale: scales[index],
      cpuRequestMilli: cpuMilli[index],
      memoryRequestMib: memoryMib[index],
    };
  });
}
