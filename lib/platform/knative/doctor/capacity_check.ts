import type { V1Pod } from "@kubernetes/client-node";
import { type Finding, okay, problem, warning } from "../../finding.ts";
import { queueProxyCpuMilliOf } from "../settings/config_maps.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";
import { addRequests, deriveRoom, type NodeRoom, scaleRequests } from "../cluster/node_room.ts";
import type { ConfigMaps } from "../cluster/knative_objects.ts";
import { parseMemoryMib } from "../../../scrape/kubernetes_quantity.ts";
import type { ExpectedDemand, InstanceRequests } from "../../definition.ts";
import type { Checkup } from "./checkup.ts";

/** Checks that the nodes have room for what is expected. */
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
    cpuMilli: queueProxyCpuMilliOf(maps),
    memoryMib: parseMemoryMib(deployment["queue-sidecar-memory-request"]),
  });
}

/**
 * Compares what runs ask for with the room that there is.
 *
 * @param sidecar what Knative adds to each instance
 */
export function judgeCapacity(
  room: NodeRoom,
  demands: readonly ExpectedDemand[],
  sidecar: InstanceRequests,
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

function withSidecars(level: InstanceRequests, sidecar: InstanceRequests): InstanceRequests {
  return {
    ...addRequests(level, scaleRequests(sidecar, level.instances)),
    instances: level.instances,
  };
}

/** What does not fit, described whole; `null`: it fits. */
function shortage(level: InstanceRequests, free: InstanceRequests): string | null {
  const fits = level.instances <= free.instances && level.cpuMilli <= free.cpuMilli &&
    level.memoryMib <= free.memoryMib;
  return fits ? null : describe(level);
}

function describe({ instances, cpuMilli, memoryMib }: InstanceRequests): string {
  const count = (value: number) => Math.round(value).toLocaleString("en");
  return `${count(instances)} ${instances === 1 ? "instance" : "instances"}, ${
    (cpuMilli / 1000).toFixed(2)
  } cores and ${count(memoryMib)} MiB`;
}
