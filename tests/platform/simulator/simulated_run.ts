import type { DispatchResult } from "../../../lib/invoke/dispatcher.ts";
import { dispatch } from "../../../lib/invoke/dispatcher.ts";
import { VERDICT_LIMITS } from "../../../lib/invoke/verdict.ts";
import type { FunctionSpec, InstanceEvent } from "../../../lib/model/platform.ts";
import type { InvocationRow } from "../../../lib/model/record.ts";
import type { Schedule, ScheduleChunk } from "../../../lib/model/schedule.ts";
import type { Cell } from "../../../lib/model/table.ts";
import { GENERATOR, PLATFORM_METRICS, SCALES } from "../../../lib/store/schema/tables.ts";
import type { SimulatorOptions } from "../../../lib/platform/simulator/simulator_options.ts";
import { createSimulatorPlatform } from "../../../lib/platform/simulator/simulator_platform.ts";
import { runScrapeLoop } from "../../../lib/scrape/scrape_loop.ts";
import { functionSpec } from "../../support/function_spec.ts";
import { MemorySink } from "../../support/memory_sink.ts";
import type { ScheduledInvocation } from "../../support/schedules.ts";

/** A schedule of given invocations, which need not be in order. */
export function scheduleOf(
  functions: number,
  invocations: readonly Partial<ScheduledInvocation>[],
  durationMs: number,
): Schedule {
  const rows = invocations
    .map((row) => ({ scheduledMs: 0, functionIndex: 0, runtimeMs: 10, memoryMib: 64, ...row }))
    .sort((a, b) => a.scheduledMs - b.scheduledMs || a.functionIndex - b.functionIndex);
  const chunk: ScheduleChunk = {
    scheduledMs: Float64Array.from(rows, (row) => row.scheduledMs),
    functionIndex: Uint32Array.from(rows, (row) => row.functionIndex),
    runtimeMs: Uint32Array.from(rows, (row) => row.runtimeMs),
    memoryMib: Uint32Array.from(rows, (row) => row.memoryMib),
  };
  return {
    functions: Array.from({ length: functions }, (_, i) => functionSpec(i).profile),
    durationMs,
    phases: [{ fromMs: 0, phase: "measurement" }],
    *chunks() {
      if (rows.length > 0) yield chunk;
    },
    hash: () => Promise.resolve(""),
  };
}

/** How a {@linkcode simulate} is made. */
export interface Simulation {
  readonly schedule: Schedule;
  readonly options?: SimulatorOptions;
  /** What differs from `functionSpec`, by function. */
  readonly specs?: readonly Partial<FunctionSpec>[];
  readonly timeoutMs?: number;
  readonly drainMs?: number;
  readonly maxInFlight?: number;
  /** Whether the platform is scraped, as a run does. */
  readonly scrapes?: boolean;
  /** Steps in the lives of instances beyond which it fails: it would never end. */
  readonly mostInstanceEvents?: number;
}

/** What a simulation came to. */
export interface Simulated {
  readonly rows: readonly InvocationRow[];
  /** Times since run start. */
  readonly events: readonly InstanceEvent[];
  readonly metrics: readonly Readonly<Record<string, Cell>>[];
  readonly scales: readonly Readonly<Record<string, Cell>>[];
  readonly generator: readonly Readonly<Record<string, Cell>>[];
  readonly result: DispatchResult;
  readonly runStartMs: number;
}

/** Runs a schedule on a simulator through the dispatcher, as a run does. */
export async function simulate(simulation: Simulation): Promise<Simulated> {
  const { schedule, options = {}, specs = [] } = simulation;
  await using platform = createSimulatorPlatform({ schedule, ...options });
  const heard: InstanceEvent[] = [];
  platform.onInstanceEvent((event) => {
    if (heard.length === simulation.mostInstanceEvents) throw new Error("too many events");
    heard.push(event);
  });
  const never = new AbortController().signal;
  await platform.deploy(schedule.functions.map((_, i) => functionSpec(i, specs[i] ?? {})), never);
  const rows: InvocationRow[] = [];
  const generator = new MemorySink(GENERATOR);
  const metrics = new MemorySink(PLATFORM_METRICS);
  const scales = new MemorySink(SCALES);
  const stopScraping = new AbortController();
  let runStartMs = 0;
  let scraping: Promise<unknown> = Promise.resolve();
  const result = await dispatch({
    clock: platform.clock,
    schedule,
    transport: platform.transport,
    invocations: { write: (row) => void rows.push({ ...row }) },
    generator,
    maxInFlight: simulation.maxInFlight ?? 100_000,
    timeoutMs: simulation.timeoutMs ?? 1e9,
    drainMs: simulation.drainMs ?? 1e9,
    limits: VERDICT_LIMITS,
    readCpuMs: null,
    signal: never,
    onStart: (startMs) => {
      runStartMs = startMs;
      if (simulation.scrapes !== true) return;
      scraping = runScrapeLoop({
        clock: platform.clock,
        scrapers: platform.scrapers(),
        sinks: { [PLATFORM_METRICS.name]: metrics, [SCALES.name]: scales },
        runStartMs,
        signal: stopScraping.signal,
      });
    },
  });
  stopScraping.abort();
  await scraping;
  await platform.teardown();
  return {
    rows,
    events: heard.map((event) => ({ ...event, timeMs: event.timeMs - runStartMs })),
    metrics: metrics.rows,
    scales: scales.rows,
    generator: generator.rows,
    result,
    runStartMs,
  };
}
