/**
 * Simulated invocations a second, on one core: the dispatcher, the simulator with
 * Knative's autoscaler, every record derived, and a sink.
 *
 *     deno task bench:simulator                # all of it
 *     deno task bench:simulator -- --short     # a few seconds
 */
import { ownPeakMemoryMib } from "../../lib/base/process_usage.ts";
import { Rng } from "../../lib/base/rng.ts";
import { generateSchedule } from "../../lib/generate/trace_schedule.ts";
import { dispatch } from "../../lib/invoke/dispatcher.ts";
import { VERDICT_LIMITS } from "../../lib/invoke/verdict.ts";
import type { InvocationRow, InvocationSink } from "../../lib/model/record.ts";
import type { TableSink } from "../../lib/model/table.ts";
import { functionKey, type Trace } from "../../lib/model/trace.ts";
import { createSimulatorPlatform } from "../../lib/platform/simulator/simulator_platform.ts";
import type { SimulatorOptions } from "../../lib/platform/simulator/simulator_options.ts";
import { InvocationCsvSink } from "../../lib/result/invocation_csv_sink.ts";
import { runScrapeLoop } from "../../lib/scrape/scrape_loop.ts";
import { cpuRequestMilli, memoryRequestMib } from "../../lib/trace/profile.ts";
import { createFlatTrace } from "./flat_trace.ts";

/** Counts rows, and looks at enough of them that none is left out. */
class CountingSink implements InvocationSink {
  rows = 0;
  cold = 0;
  responseMs = 0;

  write(row: InvocationRow): void {
    this.rows++;
    if (row.coldStart === true) this.cold++;
    this.responseMs += row.completedMs - row.scheduledMs;
  }
}

interface Case {
  readonly name: string;
  readonly trace: () => Trace;
  readonly minutes: number;
  readonly options: SimulatorOptions;
  readonly sink: "count" | "csv";
}

async function measure({ name, trace: createTrace, minutes, options, sink }: Case): Promise<void> {
  const trace = createTrace();
  const schedule = generateSchedule(trace, { seed: 1, startMinute: 0, durationMinutes: minutes });
  await using platform = createSimulatorPlatform(options);
  let instances = 0;
  platform.onInstanceEvent(({ event }) => {
    if (event === "created") instances++;
  });
  const specs = schedule.functions.map((profile, index) => {
    const mib = memoryRequestMib(profile);
    return {
      index,
      functionId: functionKey(profile),
      name: `f-${index}`,
      profile,
      initialScale: 0,
      cpuRequestMilli: cpuRequestMilli(mib),
      memoryRequestMib: mib,
    };
  });
  const never = new AbortController().signal;
  await platform.deploy(specs, never);
  const counting = new CountingSink();
  const folder = await Deno.makeTempDir({ prefix: "loader-bench-" });
  const csv = sink === "csv"
    ? new InvocationCsvSink(`${folder}/invocations.csv`, schedule.functions.map(functionKey))
    : null;
  const invocations = csv ?? counting;
  let rowsOfTables = 0;
  const table: TableSink = { write: () => void rowsOfTables++ };
  const stopScraping = new AbortController();
  let scraping = Promise.resolve();
  const startMs = performance.now();
  const { outcomes } = await dispatch({
    clock: platform.clock,
    schedule,
    transport: platform.transport,
    invocations,
    generator: table,
    inFlightCap: 100_000,
    timeoutMs: 900_000,
    drainMs: 900_000,
    limits: VERDICT_LIMITS,
    readCpuMs: null,
    signal: never,
    onStart: (runStartMs) => {
      scraping = runScrapeLoop({
        clock: platform.clock,
        scrapers: platform.scrapers(),
        sinks: { platform_metrics: table, scales: table },
        runStartMs,
        signal: stopScraping.signal,
      });
    },
  });
  stopScraping.abort();
  await scraping;
  await csv?.close();
  const seconds = (performance.now() - startMs) / 1000;
  await Deno.remove(folder, { recursive: true });
  const count = Object.values(outcomes).reduce((sum, n) => sum + n, 0);
  console.log(
    `${name}: ${(count / 1e6).toFixed(2)} million invocations (${outcomes.ok} ok, ${instances} ` +
      `instances, ${rowsOfTables} other rows) in ${seconds.toFixed(2)} s: ` +
      `${(count / seconds / 1e6).toFixed(2)} million/s; peak ${ownPeakMemoryMib().toFixed(0)} MiB`,
  );
}

/** A day of functions whose rates span orders of magnitude (Zipf), in bursts of minutes. */
function createSkewedTrace(functions: number, invocations: number, minutes: number): Trace {
  const flat = createFlatTrace(functions, 0, minutes);
  let harmonic = 0;
  for (let i = 1; i <= functions; i++) harmonic += 1 / i;
  const rng = Rng.fromSeed(3, "skewed trace");
  return {
    ...flat,
    functions: flat.functions.map((profile, i) => {
      const perMinute = invocations / minutes / harmonic / (i + 1);
      // The fractions are drawn, so that quiet functions have a minute with one now and then.
      const invocationsPerMinute = Uint32Array.from(
        { length: minutes },
        () => Math.floor(perMinute + rng.nextFloat()),
      );
      return { ...profile, invocationsPerMinute };
    }),
  };
}

const ROOMY: SimulatorOptions = {
  nodes: 100,
  nodeCores: 64,
  nodeMemoryMib: 262_144,
  nodeInstances: 500,
  scrapeEveryMs: 60_000,
};

const isShort = Deno.args.includes("--short");
const MILLIONS = isShort ? 2 : 10;

const CASES: readonly Case[] = [
  {
    name: "1,000 functions alike, 10 a second each, rows counted",
    trace: () => createFlatTrace(1000, 600, Math.ceil(MILLIONS / 0.6)),
    minutes: Math.ceil(MILLIONS / 0.6),
    options: ROOMY,
    sink: "count",
  },
  {
    name: "1,000 functions alike, 1 a second each, rows counted",
    trace: () => createFlatTrace(1000, 60, Math.ceil(MILLIONS / 0.06)),
    minutes: Math.ceil(MILLIONS / 0.06),
    options: ROOMY,
    sink: "count",
  },
  {
    name: "1,000 functions alike, 10 a second each, rows written",
    trace: () => createFlatTrace(1000, 600, Math.ceil(MILLIONS / 0.6)),
    minutes: Math.ceil(MILLIONS / 0.6),
    options: ROOMY,
    sink: "csv",
  },
  {
    name: isShort ? "an hour of 10,000 functions" : "a day of 10,000 functions",
    trace: () => createSkewedTrace(10_000, isShort ? 50e6 / 24 : 50e6, isShort ? 60 : 1440),
    minutes: isShort ? 60 : 1440,
    options: ROOMY,
    sink: "count",
  },
];

const only = Deno.args.find((argument) => /^\d+$/.test(argument));
for (const [i, each] of CASES.entries()) {
  if (only === undefined || Number(only) === i) await measure(each);
}
