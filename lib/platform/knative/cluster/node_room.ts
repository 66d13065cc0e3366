import type { InstanceRequests } from "../../definition.ts";
import type { V1Node, V1Pod } from "@kubernetes/client-node";
import { parseCount, parseCpuMilli, parseMemoryMib } from "../../../scrape/kubernetes_quantity.ts";

/** What the nodes have for functions. */
export interface NodeRoom {
  readonly nodes: number;
  /** Nodes that take no pods now. */
  readonly closed: number;
  readonly total: InstanceRequests;
  /** What no pod has asked for. */
  readonly free: InstanceRequests;
}

/** Adds up what nodes that take pods have, and what pods on them ask for. */
export function deriveRoom(nodes: readonly V1Node[], pods: readonly V1Pod[]): NodeRoom {
  const open = nodes.filter(isOpen);
  const names = new Set(open.map(({ metadata }) => metadata?.name));
  const total = open.map(({ status }) => ({
    instances: parseCount(status?.allocatable?.pods),
    cpuMilli: parseCpuMilli(status?.allocatable?.cpu),
    memoryMib: parseMemoryMib(status?.allocatable?.memory),
  })).reduce(addRequests, NOTHING);
  const taken = pods
    .filter(({ spec, status }) =>
      names.has(spec?.nodeName) && !["Succeeded", "Failed"].includes(status?.phase ?? "")
    )
    .map(({ spec }) =>
      (spec?.containers ?? []).map(({ resources }) => ({
        instances: 0,
        cpuMilli: parseCpuMilli(resources?.requests?.cpu),
        memoryMib: parseMemoryMib(resources?.requests?.memory),
      })).reduce(addRequests, { ...NOTHING, instances: 1 })
    ).reduce(addRequests, NOTHING);
  return {
    nodes: open.length,
    closed: nodes.length - open.length,
    total,
    free: addRequests(total, scaleRequests(taken, -1)),
  };
}

/** Ready, and neither cordoned nor tainted against everyone. */
function isOpen({ spec, status }: V1Node): boolean {
  const isReady = (status?.conditions ?? []).some(({ type, status }) =>
    type === "Ready" && status === "True"
  );
  return isReady && spec?.unschedulable !== true &&
    !(spec?.taints ?? []).some(({ effect }) => effect === "NoSchedule" || effect === "NoExecute");
}

const NOTHING: InstanceRequests = { instances: 0, cpuMilli: 0, memoryMib: 0 };

/** The sum of both. */
export function addRequests(a: InstanceRequests, b: InstanceRequests): InstanceRequests {
  return {
    instances: a.instances + b.instances,
    cpuMilli: a.cpuMilli + b.cpuMilli,
    memoryMib: a.memoryMib + b.memoryMib,
  };
}

/** So many times as much. */
export function scaleRequests(level: InstanceRequests, factor: number): InstanceRequests {
  return {
    instances: factor * level.instances,
    cpuMilli: factor * level.cpuMilli,
    memoryMib: factor * level.memoryMib,
  };
}
