import {
  deriveEmpiricalDistribution,
  type EmpiricalDistribution,
} from "../empirical_distribution.ts";
import type { ServingInstance, TwinSource } from "./source.ts";

/**
 * What passed from a call that found its function without an instance until one was
 * created for it: the autoscaler hears of the call and decides, and controllers
 * carry that out. Of calls that were the first of an instance.
 *
 * @param wayMs what a call usually takes until it is with the platform
 * @returns `null` where no call found its function at zero
 */
export function deriveReactionMs(
  sources: readonly TwinSource[],
  wayMs: number,
): EmpiricalDistribution | null {
  return deriveEmpiricalDistribution(
    sources.flatMap(({ instances }) =>
      instances
        .filter((instance) => endsZero(instance, instances))
        .map(({ createdMs, calls }) => createdMs - calls[0].dispatchedMs - wayMs)
    ),
  );
}

/** Whether its first call came before it, while its function had no other. */
function endsZero(instance: ServingInstance, instances: readonly ServingInstance[]): boolean {
  const { calls: [first], createdMs, functionId } = instance;
  if (first === undefined || !(first.dispatchedMs < createdMs)) return false;
  return !instances.some((other) =>
    other !== instance && other.functionId === functionId && isThere(other, first.dispatchedMs)
  );
}

/** Of what was created before the run it is not known when. */
function isThere({ createdMs, stoppingMs }: ServingInstance, timeMs: number): boolean {
  return !(createdMs > timeMs) && !(stoppingMs <= timeMs);
}
