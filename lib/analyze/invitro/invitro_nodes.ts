import type { Cell } from "../../model/table.ts";
import { NODES, PROCESSES } from "../../store/schema/tables.ts";
import { type ColumnTable, type StoredTables, textAt } from "../../store/read/stored_table.ts";

/** What a node used, and of how much, at the end of a window of the metrics. */
interface NodeUse {
  readonly timeMs: number;
  readonly node: string;
  readonly isControlPlane: boolean;
  readonly hasLoader: boolean;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly allocatableCpuMilli: number;
  readonly allocatableMemoryMib: number;
}

/** What the loader itself used. */
interface LoaderUse {
  readonly timeMs: number;
  readonly cpuMilli: number;
  readonly memoryMib: number;
}

/** The nodes' tables of a run, in order of time. */
export interface NodeSource {
  readonly nodes: readonly NodeUse[];
  readonly loader: readonly LoaderUse[];
}

/** A step of In-Vitro's columns of nodes. */
export interface NodeStep {
  readonly timeMs: number;
  /** `master_cpu` to `worker_mem`, in In-Vitro's order, %. */
  readonly cells: readonly Cell[];
}

/** A worker that uses this much of its CPU counts as active, % (In-Vitro's bound). */
const ACTIVE_CPU_PERCENT = 5;

/** Where nothing of nodes is known. */
export const UNKNOWN_NODES: readonly Cell[] = Array<null>(6).fill(null);

/**
 * Reads the use of nodes, and the loader's own; empty where the platform tells none.
 *
 * @throws LoaderError `result` when a table is broken
 */
export function readNodeSource(tables: StoredTables): NodeSource {
  return { nodes: listNodeUses(tables.get(NODES)), loader: listLoaderUses(tables.get(PROCESSES)) };
}

function listNodeUses(table: ColumnTable): NodeUse[] {
  const node = table.texts("node");
  const timeMs = table.numbers("time_ms");
  const isControlPlane = table.numbers("is_control_plane");
  const hasLoader = table.numbers("has_loader");
  const cpuMilli = table.numbers("cpu_milli");
  const memoryMib = table.numbers("memory_mib");
  const allocatableCpuMilli = table.numbers("allocatable_cpu_milli");
  const allocatableMemoryMib = table.numbers("allocatable_memory_mib");
  return Array.from({ length: table.rowCount }, (_, row) => ({
    timeMs: timeMs[row],
    node: textAt(node, row) ?? "",
    isControlPlane: isControlPlane[row] === 1,
    hasLoader: hasLoader[row] === 1,
    cpuMilli: cpuMilli[row],
    memoryMib: memoryMib[row],
    allocatableCpuMilli: allocatableCpuMilli[row],
    allocatableMemoryMib: allocatableMemoryMib[row],
  })).sort(byTime);
}

function listLoaderUses(table: ColumnTable): LoaderUse[] {
  const { codes, values } = table.texts("group");
  const timeMs = table.numbers("time_ms");
  const cpuPercent = table.numbers("cpu_percent");
  const memoryMib = table.numbers("memory_mib");
  const uses: LoaderUse[] = [];
  for (let row = 0; row < table.rowCount; row++) {
    if (values[codes[row]] !== "loader") continue;
    if (Number.isNaN(cpuPercent[row]) || Number.isNaN(memoryMib[row])) continue;
    // A hundredth of a core is ten milli-cores.
    uses.push({
      timeMs: timeMs[row],
      cpuMilli: 10 * cpuPercent[row],
      memoryMib: memoryMib[row],
    });
  }
  return uses.sort(byTime);
}

/**
 * Derives In-Vitro's columns of nodes, each from its time on until the next: use in percent of
 * what there is for pods, the control plane apart from the workers, and the loader's own taken off
 * the node that it runs on.
 */
export function deriveNodeSteps({ nodes, loader }: NodeSource): NodeStep[] {
  const latest = new Map<string, NodeUse>();
  const steps: NodeStep[] = [];
  let loaders = 0;
  for (const [row, use] of nodes.entries()) {
    latest.set(use.node, use);
    // Those of one scrape are of about the same time, mostly the very same.
    if (nodes[row + 1]?.timeMs === use.timeMs) continue;
    while (loaders < loader.length && loader[loaders].timeMs <= use.timeMs) loaders++;
    const own = loader[loaders - 1] ?? loader[0] ?? { cpuMilli: 0, memoryMib: 0 };
    steps.push({ timeMs: use.timeMs, cells: deriveCells([...latest.values()], own) });
  }
  return steps;
}

function deriveCells(
  nodes: readonly NodeUse[],
  own: Pick<LoaderUse, "cpuMilli" | "memoryMib">,
): Cell[] {
  const shares = nodes.map((node) => {
    const { cpuMilli, memoryMib } = node.hasLoader ? own : { cpuMilli: 0, memoryMib: 0 };
    return {
      isControlPlane: node.isControlPlane,
      cpu: 100 * Math.max(0, node.cpuMilli - cpuMilli) / node.allocatableCpuMilli,
      memory: 100 * Math.max(0, node.memoryMib - memoryMib) / node.allocatableMemoryMib,
    };
  });
  const masters = shares.filter(({ isControlPlane }) => isControlPlane);
  const workers = shares.filter(({ isControlPlane }) => !isControlPlane);
  const workerCpus = workers.map(({ cpu }) => cpu);
  return [
    meanOf(masters.map(({ cpu }) => cpu)),
    meanOf(masters.map(({ memory }) => memory)),
    meanOf(workerCpus),
    knownOrNull(workerCpus.length === 0 ? NaN : Math.max(...workerCpus)),
    meanOf(workerCpus.filter((cpu) => cpu >= ACTIVE_CPU_PERCENT)),
    meanOf(workers.map(({ memory }) => memory)),
  ];
}

function meanOf(values: readonly number[]): Cell {
  return knownOrNull(values.reduce((sum, value) => sum + value, 0) / values.length);
}

function knownOrNull(value: number): Cell {
  return Number.isNaN(value) ? null : value;
}

function byTime(a: { readonly timeMs: number }, b: { readonly timeMs: number }): number {
  return a.timeMs - b.timeMs;
}
