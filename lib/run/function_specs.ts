import { deriveKey } from "../base/rng.ts";
import type { Capacity, FunctionSpec } from "../model/platform.ts";
import { functionKey } from "../model/trace.ts";
import { allocateMaxMax } from "../trace/allocation.ts";
import { cpuRequestMilli, memoryRequestMib, SYSTEM_OVERHEAD_SHARE } from "../trace/profile.ts";
import type { PlannedRun } from "./experiment.ts";

/** What instances request otherwise than the table of memory says, and how many there are at least. */
export interface RequestChoice {
  /** CPU of every instance in milli-cores; `null`: by the table. */
  readonly cpuRequestMilli: number | null;
  /** `none`: best effort, nothing is requested. */
  readonly requests: "table" | "none";
  /** Instances that a function has at least. */
  readonly minScale: number;
}

const BY_TABLE: RequestChoice = { cpuRequestMilli: null, requests: "table", minScale: 0 };

/**
 * What to deploy for a run: names that carry the index and a suffix that the
 * seed, the run and `salt` decide, requests by the functions' memory, and initial scales
 * cut by max-max allocation to the capacity: to the CPU that the system leaves,
 * then to the number of instances and the memory, where these are bounded. What
 * nothing is requested of cuts nothing.
 *
 * @param salt makes the names another deployment's with the same seed; empty: no one else's
 */
export function deriveFunctionSpecs(
  run: PlannedRun,
  seed: number,
  capacity: Capacity,
  { cpuRequestMilli: asked, requests, minScale }: RequestChoice = BY_TABLE,
  salt = "",
): FunctionSpec[] {
  const isRequesting = requests === "table";
  const tableMib = run.schedule.functions.map(memoryRequestMib);
  const memoryMib = isRequesting ? tableMib : tableMib.map(() => 0);
  const cpuMilli = tableMib.map((mib) => isRequesting ? asked ?? cpuRequestMilli(mib) : 0);
  const withOverheadMib = memoryMib.map((mib) => mib + capacity.instanceOverheadMib);
  // As Knative: who is to have some at least begins with them.
  let scales: readonly number[] = run.initialScales.map((scale) => Math.max(scale, minScale));
  if (isRequesting) scales = cut(scales, cpuMilli, capacity.cpuMilli, SYSTEM_OVERHEAD_SHARE);
  scales = cut(scales, scales.map(() => 1), capacity.instances, 0);
  if (isRequesting) scales = cut(scales, withOverheadMib, capacity.memoryMib, 0);
  return run.schedule.functions.map((profile, index) => {
    const functionId = functionKey(profile);
    const [suffix] = deriveKey(
      seed,
      "name",
      run.deployment ?? run.name,
      functionId,
      ...(salt === "" ? [] : [salt]),
    );
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

function cut(
  scales: readonly number[],
  costs: readonly number[],
  bound: number | null,
  overheadShare: number,
): readonly number[] {
  return bound === null ? scales : allocateMaxMax(scales, costs, bound, overheadShare);
}
