import type { RunManifest } from "../../store/schema/manifest.ts";
import { AUTOSCALER, INSTANCES, INVOCATIONS, PROCESSES } from "../../store/schema/tables.ts";
import {
  createInvocations,
  OK_CODE,
  type StoredInvocations,
} from "../../store/read/stored_invocations.ts";
import { type ColumnTable, StoredTables, textAt } from "../../store/read/stored_table.ts";
import { type Clockwork, deriveClockwork } from "./clockwork.ts";

/** A call that was answered with ok; times in ms since run start. */
export interface ServedCall {
  readonly scheduledMs: number;
  readonly dispatchedMs: number;
  readonly completedMs: number;
  readonly requestedRuntimeMs: number;
  readonly servedRuntimeMs: number;
  /** True if the instance became ready after the dispatch. */
  readonly isCold: boolean;
}

/** An instance and the calls that it served, in the order of their ends. */
export interface ServingInstance {
  readonly functionId: string;
  /** NaN where unknown: before the run. */
  readonly createdMs: number;
  readonly readyMs: number;
  /** When it was told to stop; NaN if it was not. */
  readonly stoppingMs: number;
  readonly goneMs: number;
  readonly calls: readonly ServedCall[];
}

/** CPU of a group of processes between two looks, % of a core. */
export interface CpuReading {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly cpuPercent: number;
}

/** What the tables of a run tell of the platform that it ran on. */
export interface TwinSource {
  readonly manifest: RunManifest;
  readonly instances: readonly ServingInstance[];
  /** Each group's readings, in order of time; none where the platform tells nothing. */
  readonly cpu: ReadonlyMap<string, readonly CpuReading[]>;
  /** When the autoscaler acts; `null` where nothing tells. */
  readonly clockwork: Clockwork | null;
}

/**
 * Reads what a twin is made from. Calls of which the records name no instance or
 * no served runtime say nothing of the platform's parts and are left out.
 *
 * @throws LoaderError `result` when a table is broken
 */
export function readTwinSource(runPath: string, manifest: RunManifest): TwinSource {
  const tables = new StoredTables(runPath);
  const calls = listCalls(createInvocations(tables.get(INVOCATIONS)));
  return {
    manifest,
    instances: deriveInstances(tables.get(INSTANCES), calls),
    cpu: deriveCpu(tables.get(PROCESSES)),
    clockwork: deriveClockwork(tables.get(AUTOSCALER)),
  };
}

function listCalls(table: StoredInvocations): Map<string, ServedCall[]> {
  const { instances, instanceCode, outcome, servedRuntimeMs } = table;
  const calls = new Map<string, ServedCall[]>();
  for (let row = 0; row < table.count; row++) {
    if (outcome[row] !== OK_CODE || instanceCode[row] < 0 || Number.isNaN(servedRuntimeMs[row])) {
      continue;
    }
    const name = instances[instanceCode[row]];
    const call = {
      scheduledMs: table.scheduledMs[row],
      dispatchedMs: table.dispatchedMs[row],
      completedMs: table.completedMs[row],
      requestedRuntimeMs: table.requestedRuntimeMs[row],
      servedRuntimeMs: servedRuntimeMs[row],
      isCold: table.coldStart[row] === 1,
    };
    const those = calls.get(name);
    if (those === undefined) calls.set(name, [call]);
    else those.push(call);
  }
  for (const those of calls.values()) those.sort((a, b) => a.completedMs - b.completedMs);
  return calls;
}

function deriveInstances(
  table: ColumnTable,
  calls: ReadonlyMap<string, readonly ServedCall[]>,
): ServingInstance[] {
  const timeMs = table.numbers("time_ms");
  const functionId = table.texts("function_id");
  const instance = table.texts("instance");
  const event = table.texts("event");
  const lives = new Map<string, { functionId: string } & Record<string, number | string>>();
  for (let row = 0; row < table.rowCount; row++) {
    const name = textAt(instance, row) ?? "";
    const life = lives.get(name) ?? { functionId: textAt(functionId, row) ?? "" };
    life[textAt(event, row) ?? ""] ??= timeMs[row];
    lives.set(name, life);
  }
  return [...lives].map(([name, life]) => ({
    functionId: life.functionId,
    createdMs: Number(life.created ?? NaN),
    readyMs: Number(life.ready ?? NaN),
    stoppingMs: Number(life.stopping ?? NaN),
    goneMs: Number(life.gone ?? NaN),
    calls: calls.get(name) ?? [],
  }));
}

function deriveCpu(table: ColumnTable): Map<string, CpuReading[]> {
  const timeMs = table.numbers("time_ms");
  const group = table.texts("group");
  const cpuPercent = table.numbers("cpu_percent");
  const readings = new Map<string, CpuReading[]>();
  const lastMs = new Map<string, number>();
  for (let row = 0; row < table.rowCount; row++) {
    const name = textAt(group, row) ?? "";
    const fromMs = lastMs.get(name);
    lastMs.set(name, timeMs[row]);
    if (fromMs === undefined || Number.isNaN(cpuPercent[row])) continue;
    const those = readings.get(name) ?? [];
    those.push({ fromMs, untilMs: timeMs[row], cpuPercent: cpuPercent[row] });
    readings.set(name, those);
  }
  return readings;
}
