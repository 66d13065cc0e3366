import { errorMessage, LoaderError } from "../base/error.ts";
import type { ScrapedRow, Scraper } from "../model/platform.ts";
import { NODES, PROCESSES } from "../store/schema/tables.ts";
import { parseQuantity } from "./kubernetes_quantity.ts";

/** A node as it is known without the metrics. */
export interface ClusterNode {
  readonly name: string;
  readonly isControlPlane: boolean;
  readonly hasLoader: boolean;
  readonly allocatableCpuMilli: number;
  readonly allocatableMemoryMib: number;
}

/** A group of pods whose use is summed up. */
export interface PodGroup {
  /** Name of the group in the table of processes: `instances`, `system`. */
  readonly group: string;
  readonly namespace: string;
  /** Selects some of the namespace's pods by their labels; absent: all. */
  readonly labelSelector?: string;
}

/** Options of {@linkcode createMetricsServerScraper}. */
export interface MetricsServerOptions {
  /** GET of a path of the API server. */
  readonly readText: (path: string, signal: AbortSignal) => Promise<string>;
  readonly groups: readonly PodGroup[];
  /** Origin of the platform's clock: rows are of the time that the metrics tell. */
  readonly originUnixMs: number;
  readonly everyMs: number;
  readonly timeoutMs: number;
}

/** A scraper of the metrics API with what became of it. */
export interface MetricsServerScraper extends Scraper {
  /** What a reader of the figures should know. */
  notes(): string[];
}

/** The parts of `metrics.k8s.io/v1beta1` that are read. */
interface Usage {
  readonly cpu: string;
  readonly memory: string;
}
interface Measured {
  readonly metadata: { readonly name: string };
  /** End of the window that it is an average of, RFC 3339 in whole seconds. */
  readonly timestamp: string;
}
interface NodeMetrics extends Measured {
  readonly usage: Usage;
}
interface PodMetrics extends Measured {
  readonly containers: readonly { readonly usage: Usage }[];
}

const API = "/apis/metrics.k8s.io/v1beta1";

/**
 * Scrapes CPU and memory of nodes and pods from the metrics API
 * (`metrics.k8s.io`), whose figures are averages over its own window of about
 * 15 s: a row is of the end of that window, or of the latest of a group. Pods that
 * are too new for it, and a node's share of which it does not tell, are missing.
 */
export function createMetricsServerScraper(options: MetricsServerOptions): MetricsServerScraper {
  const { readText, groups, originUnixMs, everyMs, timeoutMs } = options;
  let nodes: ReadonlyMap<string, ClusterNode> | null = null;
  let scrapes = 0;
  let gaps = 0;
  let lastTrouble = "";

  const timeOf = (measured: readonly Measured[]): number | undefined =>
    measured.length === 0
      ? undefined
      : Math.max(...measured.map(({ timestamp }) => Date.parse(timestamp))) - originUnixMs;

  const scrapeNodes = async (signal: AbortSignal): Promise<ScrapedRow[]> => {
    nodes ??= await readNodes(readText, signal).catch(() => new Map());
    const metrics = await readItems<NodeMetrics>(readText, `${API}/nodes`, signal);
    return metrics.map((measured): ScrapedRow => {
      const { metadata: { name }, usage } = measured;
      const node = nodes?.get(name);
      return {
        table: NODES,
        timeMs: timeOf([measured]),
        cells: [
          name,
          node?.isControlPlane ?? null,
          node?.hasLoader ?? null,
          1000 * parseQuantity(usage.cpu),
          parseQuantity(usage.memory) / 2 ** 20,
          node?.allocatableCpuMilli ?? null,
          node?.allocatableMemoryMib ?? null,
          null,
        ],
      };
    });
  };

  const scrapeGroup = async (
    { group, namespace, labelSelector }: PodGroup,
    signal: AbortSignal,
  ) => {
    const query = labelSelector === undefined
      ? ""
      : `?labelSelector=${encodeURIComponent(labelSelector)}`;
    const path = `${API}/namespaces/${namespace}/pods${query}`;
    const pods = await readItems<PodMetrics>(readText, path, signal);
    const containers = pods.flatMap((pod) => pod.containers);
    const sum = (key: keyof Usage) =>
      containers.reduce((total, { usage }) => total + parseQuantity(usage[key]), 0);
    const cells = [group, containers.length, 100 * sum("cpu"), sum("memory") / 2 ** 20, null];
    return { table: PROCESSES, timeMs: timeOf(pods), cells };
  };

  return {
    name: "metrics API",
    tables: [NODES, PROCESSES],
    everyMs,
    timeoutMs,
    async scrape(signal) {
      scrapes++;
      // One that fails (such as a right that is missing) leaves the others.
      const settled = await Promise.allSettled([
        scrapeNodes(signal),
        ...groups.map((group) => scrapeGroup(group, signal)),
      ]);
      const failed = settled.find((result) => result.status === "rejected");
      if (failed !== undefined) {
        gaps++;
        lastTrouble = errorMessage(failed.reason);
      }
      const [ofNodes, ...ofGroups] = settled;
      return [
        ...ofNodes.status === "fulfilled" ? ofNodes.value as ScrapedRow[] : [],
        ...ofGroups.map((result, i) =>
          result.status === "fulfilled" ? result.value as ScrapedRow : gapOf(groups[i])
        ),
      ];
    },
    gap: () => groups.map(gapOf),
    notes: () =>
      gaps === 0
        ? []
        : [`${gaps} of ${scrapes} scrapes of the metrics API have gaps: ${lastTrouble}`],
  };
}

function gapOf({ group }: PodGroup): ScrapedRow {
  return { table: PROCESSES, cells: [group, null, null, null, null] };
}

/** The parts of a node that are read. */
interface NodeObject {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status: {
    readonly allocatable: Usage;
    readonly addresses?: readonly { readonly address: string }[];
  };
}

/** Labels of nodes of the control plane; the second until Kubernetes 1.24. */
const CONTROL_PLANE_LABELS = [
  "node-role.kubernetes.io/control-plane",
  "node-role.kubernetes.io/master",
];

async function readNodes(
  readText: MetricsServerOptions["readText"],
  signal: AbortSignal,
): Promise<Map<string, ClusterNode>> {
  const objects = await readItems<NodeObject>(readText, "/api/v1/nodes", signal);
  const here = new Set(Deno.networkInterfaces().map(({ address }) => address));
  return new Map(objects.map(({ metadata: { name, labels = {} }, status }) => [name, {
    name,
    isControlPlane: CONTROL_PLANE_LABELS.some((label) => label in labels),
    hasLoader: (status.addresses ?? []).some(({ address }) => here.has(address)),
    allocatableCpuMilli: 1000 * parseQuantity(status.allocatable.cpu),
    allocatableMemoryMib: parseQuantity(status.allocatable.memory) / 2 ** 20,
  }]));
}

async function readItems<T>(
  readText: MetricsServerOptions["readText"],
  path: string,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const { items } = JSON.parse(await readText(path, signal)) as { readonly items?: readonly T[] };
  if (items !== undefined) return items;
  throw new LoaderError("platform", `The answer to ${path} is no list.`);
}
