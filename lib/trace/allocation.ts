import { LoaderError } from "../base/error.ts";
import { SYSTEM_OVERHEAD_SHARE } from "./profile.ts";

/**
 * Max-max allocation: cuts numbers of instances so that their CPU requests
 * fit. Where they fit already they stay. Else the largest demands come first,
 * equal demands share equally what is left, the rest gets what remains. An
 * equal share is a whole number of instances; what is then left of it goes to
 * the same demands, one instance each in order, as far as it reaches.
 *
 * @param demands wanted instances of each function
 * @param cpuPerInstanceMilli CPU request of an instance of each function
 * @param capacityMilli CPU of the cluster
 * @param overheadShare share of it that the system uses
 * @returns granted instances of each function, in the order of `demands`
 * @throws LoaderError `usage` when the lengths differ or a number is out of range
 *
 * @example
 * ```ts
 * import { allocateMaxMax } from "./allocation.ts";
 * const granted = allocateMaxMax([8, 1, 9, 8], [1, 1, 1, 1], 21, 0);
 * if (granted.join() !== "6,0,9,6") throw new Error(granted.join());
 * ```
 */
export function allocateMaxMax(
  demands: readonly number[],
  cpuPerInstanceMilli: readonly number[],
  capacityMilli: number,
  overheadShare = SYSTEM_OVERHEAD_SHARE,
): number[] {
  validateAllocation(demands, cpuPerInstanceMilli, capacityMilli, overheadShare);
  let leftMilli = capacityMilli * (1 - overheadShare);
  const wantedMilli = demands.reduce((sum, n, i) => sum + n * cpuPerInstanceMilli[i], 0);
  if (wantedMilli <= leftMilli) return [...demands];

  const granted = demands.map(() => 0);
  const descending = [...new Set(demands)].sort((a, b) => b - a);
  for (const demand of descending) {
    const group = demands.flatMap((other, index) => other === demand ? [index] : []);
    const groupMilli = group.reduce((sum, index) => sum + cpuPerInstanceMilli[index], 0);
    const share = Math.min(demand, Math.floor(leftMilli / groupMilli));
    leftMilli -= share * groupMilli;
    for (const index of group) {
      const extra = share < demand && cpuPerInstanceMilli[index] <= leftMilli ? 1 : 0;
      granted[index] = share + extra;
      leftMilli -= extra * cpuPerInstanceMilli[index];
    }
  }
  return granted;
}

function validateAllocation(
  demands: readonly number[],
  cpuPerInstanceMilli: readonly number[],
  capacityMilli: number,
  overheadShare: number,
): void {
  if (demands.length !== cpuPerInstanceMilli.length) {
    throw new LoaderError(
      "usage",
      `Expected a CPU request for each of ${demands.length} demands, ` +
        `got ${cpuPerInstanceMilli.length}.`,
    );
  }
  const wrong = demands.find((demand) => !Number.isInteger(demand) || demand < 0) ??
    cpuPerInstanceMilli.find((cpuMilli) => !(cpuMilli > 0)) ??
    [capacityMilli].find((capacity) => !(capacity >= 0)) ??
    [overheadShare].find((share) => !(share >= 0 && share <= 1));
  if (wrong !== undefined) {
    throw new LoaderError(
      "usage",
      `Expected whole demands from 0, CPU above 0, a capacity from 0 and an overhead ` +
        `in [0, 1], got ${wrong}.`,
      { value: wrong },
    );
  }
}
