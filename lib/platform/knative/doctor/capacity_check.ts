import type { V1Node, V1Pod } from "@kubernetes/client-node";
import { type Finding, okay, problem, warning } from "../../finding.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";
import type { Checkup, ConfigMaps, DemandLevel, ExpectedDemand } from "./checkup.ts";
import { parseCount, parseCpuMilli, parseMemoryMib } from "../../../scrape/kubernetes_quantity.ts";

/** Request of the queue-proxy where config-deployment says nothing (Knative's default). */
const QUEUE_PROXY_CPU = "25m";

/** Whether the nodes have room for what is expected. */
export async function checkCapacity(
  { core }: Pick<KubeAccess, "core">,
  demandOn: Checkup["demandOn"],
  maps: ConfigMaps,
): Promise<Finding[]> {
  const { items: nodes } = await core.listNode();
  let pods: readonly V1Pod[] = [];
  try {
    ({ items: pods } = await core.listPodForAllNamespaces());
  } catch {
    // Without the right, which is a finding of its own, all that there is counts as free.
  }
  const deployment = maps.get("config-deployment") ?? {};
  const room = deriveRoom(nodes, pods);
  // What the platform cuts initial scales to.
  const demands = await demandOn({ ...room.free, instanceOverheadMib: 0 });
  return judgeCapacity(room, demands, {
    instances: 1,
    cpuMilli: parseCpuMilli(deployment["queue-sidecar-cpu-request"] ?? QUEUE_PROXY_CPU),
    memoryMib: parseMemoryMib(deployment["queue-sidecar-memory-request"]),
  });
}

/** What the nodes have for functions. */
export interface NodeRoom {
  readonly nodes: number;
  /** Nodes that take no pods now. */
  readonly closed: number;
  readonly total: DemandLevel;
  /** What no pod has asked for. */
  readonly free: DemandLevel;
}

/** Adds up what nodes that take pods have, and what pods on them ask for. */
export function deriveRoom(nodes: readonly V1Node[], pods: readonly V1Pod[]): NodeRoom {
  const open = nodes.filter(isOpen);
  const names = new Set(open.map(({ metadata }) => metadata?.name));
  const total = open.map(({ status }) => ({
    instances: parseCount(status?.allocatable?.pods),
    cpuMilli: parseCpuMilli(status?.allocatable?.cpu),
    memoryMib: parseMemoryMib(status?.allocatable?.memory),
  })).reduce(add, NOTHING);
  const taken = pods
    .filter(({ spec, status }) =>
      names.has(spec?.nodeName) && !["Succeeded", "Failed"].includes(status?.phase ?? "")
    )
    .map(({ spec }) =>
      (spec?.containers ?? []).map(({ resources }) => ({
        instances: 0,
        cpuMilli: parseCpuMilli(resources?.requests?.cpu),
        memoryMib: parseMemoryMib(resources?.requests?.memory),
      })).reduce(add, { ...NOTHING, instances: 1 })
    ).reduce(add, NOTHING);
  return {
    nodes: open.length,
    closed: nodes.length - open.length,
    total,
    free: add(total, scale(taken, -1)),
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

const NOTHING: DemandLevel = { instances: 0, cpuMilli: 0, memoryMib: 0 };

function add(a: DemandLevel, b: DemandLevel): DemandLevel {
  return {
    instances: a.instances + b.instances,
    cpuMilli: a.cpuMilli + b.cpuMilli,
    memoryMib: a.memoryMib + b.memoryMib,
  };
}

function scale(level: DemandLevel, factor: number): DemandLevel {
  return {
    instances: factor * level.instances,
    cpuMilli: factor * level.cpuMilli,
    memoryMib: factor * level.memoryMib,
  };
}

/**
 * Whether there is room.
 *
 * @param sidecar what Knative adds to each instance
 */
export function judgeCapacity(
  room: NodeRoom,
  demands: readonly ExpectedDemand[],
  sidecar: DemandLevel,
): Finding[] {
  const closed = room.closed === 0 ? "" : ` (${room.closed} more take no pods)`;
  const nodes = `${room.nodes} ${room.nodes === 1 ? "node" : "nodes"}${closed}`;
  if (room.nodes === 0) {
    return [
      problem(
        "capacity",
        `None of the cluster's nodes (${room.closed}) takes pods.`,
        "kubectl get nodes",
      ),
    ];
  }
  const free = `${describe(room.free)} free on ${nodes}`;
  if (demands.length === 0) {
    return [okay("capacity", `There are ${free}.`)];
  }
  const findings: Finding[] = [];
  for (const { name, initial, peak } of demands) {
    const atStart = shortage(withSidecars(initial, sidecar), room.free);
    const atPeak = shortage(withSidecars(peak, sidecar), room.free);
    if (atStart !== null) {
      findings.push(
        problem(
          "capacity",
          `${name} starts with ${atStart}, and there are ${free}: some would never start.`,
          "kubectl describe nodes",
        ),
      );
    } else if (atPeak !== null) {
      findings.push(
        warning(
          "capacity",
          `${name} needs ${atPeak} in its fullest minute, and there are ${free}: instances will ` +
            `wait for room.`,
          "kubectl describe nodes",
        ),
      );
    }
  }
  if (findings.length > 0) return findings;
  const largest = demands.reduce((a, b) => b.peak.cpuMilli > a.peak.cpuMilli ? b : a);
  return [
    okay(
      "capacity",
      `The largest run, ${largest.name}, needs ${
        describe(withSidecars(largest.peak, sidecar))
      } in its fullest minute, and there are ${free}.`,
    ),
  ];
}

function withSidecars(level: DemandLevel, sidecar: DemandLevel): DemandLevel {
  return { ...add(level, scale(sidecar, level.instances)), instances: level.instances };
}

/** What does not fit, described whole; `null`: it fits. */
function shortage(level: DemandLevel, free: DemandLevel): string | null {
  const fits = level.instances <= free.instances && level.cpuMilli <= free.cpuMilli &&
    level.memoryMib <= free.memoryMib;
  return fits ? null : describe(level);
}

function describe({ instances, cpuMilli, memoryMib }: DemandLevel): string {
  const count = (value: number) => Math.round(value).toLocaleString("en");
  return `${count(instances)} ${instances === 1 ? "instance" : "instances"}, ${
    (cpuMilli / 1000).toFixed(2)
  } cores and ${count(memoryMib)} MiB`;
}
