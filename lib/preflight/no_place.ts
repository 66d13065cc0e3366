import { LoaderError } from "../base/error.ts";
import type { Capacity, FunctionSpec } from "../model/platform.ts";
import type { SimulatorSettings } from "../platform/simulator/simulator_options.ts";
import { type Usage, USAGE_KEYS } from "../run/instance_usage.ts";

/** Functions find no place on a platform, however little load there is. */
export class NoPlaceError extends LoaderError {
  constructor(sentence: string, cause?: unknown) {
    super("platform", sentence, { cause });
  }
}

/**
 * Looks whether each function fits on a node, and the initial instances on all.
 *
 * @param requests what one instance takes, by function id
 * @throws NoPlaceError where not
 */
export function refuseWithoutPlace(
  specs: readonly FunctionSpec[],
  requests: ReadonlyMap<string, Usage>,
  capacity: Capacity,
  { nodes, nodeInstances, nodeMemoryMib }: SimulatorSettings,
): void {
  if (nodes === 0) throw new NoPlaceError("There is no node (--nodes 0).");
  const node: Usage = {
    instances: nodeInstances,
    cpuMilli: capacity.cpuMilli! / nodes,
    memoryMib: nodeMemoryMib,
  };
  const initial: Record<keyof Usage, number> = { instances: 0, cpuMilli: 0, memoryMib: 0 };
  for (const { name, functionId, initialScale } of specs) {
    const request = requests.get(functionId)!;
    for (const key of USAGE_KEYS) {
      // Without room for one instance a run begins all the same, and all of its calls wait.
      if (key !== "instances" && request[key] > node[key]) {
        throw new NoPlaceError(
          `An instance of ${name} needs ${describe(request)}, and a node has ${describe(node)}.`,
        );
      }
      initial[key] += initialScale * request[key];
    }
  }
  if (USAGE_KEYS.some((key) => initial[key] > capacity[key]!)) {
    throw new NoPlaceError(
      `The ${initial.instances} initial instances need ${describe(initial)}, and there are ` +
        `${describe(capacity as Usage)} for at most ${capacity.instances}.`,
    );
  }
}

function describe({ cpuMilli, memoryMib }: Usage): string {
  return `${Number((cpuMilli / 1000).toFixed(3))} cores and ${memoryMib.toLocaleString("en")} MiB`;
}
