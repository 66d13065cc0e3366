/**
 * Simulated invocations a second, on one core: the dispatcher, the simulator with
 * Knative's autoscaler, every record derived, and a sink.
 *
 *     deno task bench:simulator             # all but the week, some minutes
 *     deno task bench:simulator --short     # some seconds
 *     deno task bench:simulator 3           # one case by its number
 *
 * With `--v8-flags=--expose-gc` the week (case 4) tells the heap that is left after a collection.
 * Beside another checkout, and beside SimFaaS: `bench/simulator_turns.ts`.
 */
import { neverAborted } from "../lib/base/signal.ts";
import { ownPeakMemoryMib } from "../lib/base/process.ts";
import { Rng } from "../lib/base/rng.ts";
import { generateSchedule } from "../lib/schedule/trace_schedule.ts";
import { dispatch } from "../lib/invoke/dispatcher.ts";
import { VERDICT_LIMITS } from "../lib/invoke/verdict.ts";
import type { InvocationRow, InvocationSink } from "../lib/model/record.ts";
import type { TableSink } from "../lib/model/table.ts";
import { SlotCountsBuilder } from "../lib/model/slot_counts.ts";
import { functionKey, type Trace } from "../lib/model/trace.ts";
import { createSimulatorPlatform } from "../lib/platform/simulator/simulator_platform.ts";
import type { SimulatorOptions } from "../lib/platform/simulator/simulator_options.ts";
import { InvocationCsvSink } from "../lib/store/write/invocation_csv_sink.ts";
import { runScrapeLoop } from "../lib/scrape/scrape_loop.ts";
import { cpuRequestMilli, memoryRequestMib } from "../lib/trace/profile.ts";
import { NO_CONDITIONS, synthesizeFunctions } from "../lib/trace/synthesize/demonstration.ts";
import { createFlatTrace } from "./flat_trace.ts";

const DAY_MINUTES = 1440;
const DAY_MS = DAY_MINUTES * 60_000;

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
  /** Invocations that a day of the trace is scaled to. */
  readonly invocationsPerDay?: number;
  readonly options: SimulatorOptions;
  readonly sink: "count" | "csv";
  /** Tells the memory at the end of each day. */
  readonly tellsDays?: true;
}

async function measure(each: Case): Promise<void> {
  const { name, minutes, options, sink } = each;
  const trace = each.trace();
  const schedule = generateSchedule(trace, {
    seed: 1,
    startMs: 0,
    durationMs: minutes * 60_000,
    rateScale: each.invocationsPerDay === undefined
      ? 1
      : rateScaleFor(trace, each.invocationsPerDay),
  });
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
  const never = neverAborted();
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
  let scraping: Promise<unknown> = Promise.resolve();
  const startMs = performance.now();
  const { outcomes } = await dispatch({
    clock: platform.clock,
    schedule,
    transport: platform.transport,
    invocations,
    generator: table,
    maxInFlight: 100_000,
    timeoutMs: 900_000,
    drainMs: 900_000,
    limits: VERDICT_LIMITS,
    readCpuMs: null,
    signal: never,
    onProgress: ({ timeMs, handled }) => {
      if (each.tellsDays && timeMs % DAY_MS === 0) {
        (globalThis as { gc?: () => void }).gc?.();
        const { rss, heapUsed } = Deno.memoryUsage();
        const [mib, heapMib] = [rss, heapUsed].map((bytes) => (bytes / 2 ** 20).toFixed(1));
        console.log(
          `  day ${timeMs / DAY_MS}: ${handled} invocations, ${mib} MiB, heap ${heapMib} MiB`,
        );
      }
    },
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

/**
 * Functions with the published distributions of the Azure trace, but none that is
 * invoked more than 500 times a minute: without a bound ten of them would make half
 * of the load.
 */
function createSyntheticDay(functions: number): Trace {
  const rng = Rng.fromSeed(3, "synthetic day");
  const conditions = { ...NO_CONDITIONS, maxPerMinute: 500, maxConcurrency: 20 };
  return {
    name: "synthetic day",
    slotMs: 60_000,
    slots: DAY_MINUTES,
    functions: synthesizeFunctions(rng, { functions, conditions }),
    repairs: [],
    hash: "",
  };
}

/** The same day again and again. */
function repeatDays(day: Trace, days: number): Trace {
  const functions = day.functions.map((profile) => {
    const counts = new SlotCountsBuilder();
    for (let i = 0; i < days; i++) {
      profile.invocationsPerSlot.forEach((slot, count) => counts.add(i * day.slots + slot, count));
    }
    return { ...profile, invocationsPerSlot: counts.finish(days * day.slots) };
  });
  return { ...day, slots: days * day.slots, functions };
}

/** One function as in `simfaas_case.py`: its whole runtime is the platform's to draw. */
function createSimfaasTrace(minutes: number): Trace {
  const trace = createFlatTrace(1, 54, minutes);
  const runtimeMs = { quantiles: [0, 1], values: [1, 1], mean: 1 };
  return { ...trace, functions: [{ ...trace.functions[0], runtimeMs }] };
}

/** Thins or multiplies a trace to about so many invocations a day. */
function rateScaleFor(trace: Trace, invocations: number): number {
  let total = 0;
  for (const { invocationsPerSlot } of trace.functions) total += invocationsPerSlot.total;
  return invocations * (trace.slots / DAY_MINUTES) / total;
}

const ROOMY: SimulatorOptions = {
  nodes: 100,
  nodeCores: 64,
  nodeMemoryMib: 262_144,
  nodeInstances: 500,
  scrapeIntervalMs: 60_000,
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
    trace: () => createSyntheticDay(10_000),
    minutes: isShort ? 60 : DAY_MINUTES,
    invocationsPerDay: 50e6,
    options: ROOMY,
    sink: "count",
  },
  {
    name: isShort ? "a week of 100 functions" : "a week of 10,000 functions",
    trace: () => repeatDays(createSyntheticDay(isShort ? 100 : 10_000), 7),
    minutes: 7 * DAY_MINUTES,
    invocationsPerDay: isShort ? 0.3e6 : 50e6,
    options: ROOMY,
    sink: "count",
    tellsDays: true,
  },
  {
    name: "SimFaaS' case: one function, 0.9 a second, kept for ten minutes",
    trace: () => createSimfaasTrace(isShort ? 10_000 : 50_000),
    minutes: isShort ? 10_000 : 50_000,
    options: {
      ...ROOMY,
      policy: "fixed-10min",
      networkMs: { kind: "constant", value: 0 },
      serviceFactor: { kind: "exponential", mean: 1991 },
      startMs: { kind: "constant", value: 253 },
    },
    sink: "count",
  },
];

/** Too long to be one of all. */
const WEEK = 4;

const only = Deno.args.find((argument) => /^\d+$/.test(argument));
for (const [i, each] of CASES.entries()) {
  if (only === undefined ? isShort || i !== WEEK : Number(only) === i) await measure(each);
}
