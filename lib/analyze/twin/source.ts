import { join } from "node:path";
import type { RunManifest } from "../../store/schema/manifest.ts";
import { AUTOSCALER, INSTANCES, INVOCATIONS, PROCESSES } from "../../store/schema/tables.ts";
import { readCsvTable, type TextColumn } from "../../store/read/stored_table.ts";

/** A call that was answered with ok; times in ms since run start. */
export interface ServedCall {
  readonly scheduledMs: number;
  readonly dispatchedMs: number;
  readonly completedMs: number;
  readonly requestedRuntimeMs: number;
  readonly servedRuntimeMs: number;
  /** Whether the instance became ready after the dispatch. */
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
  /** When the autoscaler made the first decision of the run that was due; `null` if unknown. */
  readonly firstTickMs: number | null;
}

/**
 * Reads what a twin is made from. Calls of which the records name no instance or
 * no served runtime say nothing of the platform's parts and are left out.
 *
 * @throws LoaderError `result` when a table is broken
 */
export async function readTwinSource(
  runPath: string,
  manifest: RunManifest,
): Promise<TwinSource> {
  const calls = await readCalls(runPath);
  return {
    manifest,
    instances: await readInstances(runPath, calls),
    cpu: await readCpu(runPath),
    firstTickMs: await readFirstTick(runPath),
  };
}

async function readCalls(runPath: string): Promise<Map<string, ServedCall[]>> {
  const table = await readCsvTable(join(runPath, `${INVOCATIONS.name}.csv`), INVOCATIONS, [
    "scheduled_ms",
    "dispatched_ms",
    "completed_ms",
    "requested_runtime_ms",
    "served_runtime_ms",
    "instance",
    "cold_start",
    "outcome",
  ]);
  const scheduledMs = table.numbers("scheduled_ms");
  const dispatchedMs = table.numbers("dispatched_ms");
  const completedMs = table.numbers("completed_ms");
  const requestedRuntimeMs = table.numbers("requested_runtime_ms");
  const servedRuntimeMs = table.numbers("served_runtime_ms");
  const coldStart = table.numbers("cold_start");
  const instance = table.texts("instance");
  const outcome = table.texts("outcome");
  const ok = outcome.values.indexOf("ok");
  const calls = new Map<string, ServedCall[]>();
  for (let row = 0; row < table.rowCount; row++) {
    const name = valueAt(instance, row);
    if (outcome.codes[row] !== ok || name === null || Number.isNaN(servedRuntimeMs[row])) continue;
    const call = {
      scheduledMs: scheduledMs[row],
      dispatchedMs: dispatchedMs[row],
      completedMs: completedMs[row],
      requestedRuntimeMs: requestedRuntimeMs[row],
      servedRuntimeMs: servedRuntimeMs[row],
      isCold: coldStart[row] === 1,
    };
    const those = calls.get(name);
    if (those === undefined) calls.set(name, [call]);
    else those.push(call);
  }
  for (const those of calls.values()) those.sort((a, b) => a.completedMs - b.completedMs);
  return calls;
}

async function readInstances(
  runPath: string,
  calls: ReadonlyMap<string, readonly ServedCall[]>,
): Promise<ServingInstance[]> {
  const table = await readCsvTable(join(runPath, `${INSTANCES.name}.csv`), INSTANCES, [
    "time_ms",
    "function_id",
    "instance",
    "event",
  ]);
  const timeMs = table.numbers("time_ms");
  const functionId = table.texts("function_id");
  const instance = table.texts("instance");
  const event = table.texts("event");
  const lives = new Map<string, { functionId: string } & Record<string, number | string>>();
  for (let row = 0; row < table.rowCount; row++) {
    const name = valueAt(instance, row) ?? "";
    const life = lives.get(name) ?? { functionId: valueAt(functionId, row) ?? "" };
    life[valueAt(event, row) ?? ""] ??= timeMs[row];
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

async function readCpu(runPath: string): Promise<Map<string, CpuReading[]>> {
  const table = await readCsvTable(join(runPath, `${PROCESSES.name}.csv`), PROCESSES, [
    "time_ms",
    "group",
    "cpu_percent",
  ]);
  const timeMs = table.numbers("time_ms");
  const group = table.texts("group");
  const cpuPercent = table.numbers("cpu_percent");
  const readings = new Map<string, CpuReading[]>();
  const lastMs = new Map<string, number>();
  for (let row = 0; row < table.rowCount; row++) {
    const name = valueAt(group, row) ?? "";
    const fromMs = lastMs.get(name);
    lastMs.set(name, timeMs[row]);
    if (fromMs === undefined || Number.isNaN(cpuPercent[row])) continue;
    const those = readings.get(name) ?? [];
    those.push({ fromMs, untilMs: timeMs[row], cpuPercent: cpuPercent[row] });
    readings.set(name, those);
  }
  return readings;
}

async function readFirstTick(runPath: string): Promise<number | null> {
  const table = await readCsvTable(join(runPath, `${AUTOSCALER.name}.csv`), AUTOSCALER, [
    "time_ms",
    "step",
  ]);
  const step = table.texts("step");
  const row = step.codes.indexOf(step.values.indexOf("tick"));
  return row < 0 ? null : table.numbers("time_ms")[row];
}

function valueAt({ codes, values }: TextColumn, row: number): string | null {
  return codes[row] < 0 ? null : values[codes[row]];
}
