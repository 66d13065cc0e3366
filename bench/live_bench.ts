/**
 * What `--live` costs the generator: CPU time (all threads) for each invocation that counters
 * see, beside the same rows without them, and for each second that is told to the page's thread
 * with readers connected. With and without take turns.
 *
 *     deno task bench:live
 */
import { setImmediate } from "node:timers/promises";
import { ownCpuMs } from "../lib/base/process.ts";
import { LiveServer } from "../lib/live/live_server.ts";
import { RunCounters } from "../lib/live/run_counters.ts";
import { createInvocationRow, type InvocationSink } from "../lib/model/record.ts";
import type { Cell } from "../lib/model/table.ts";
import { observedInvocations, type RunObserver } from "../lib/run/run_observer.ts";
import { GENERATOR } from "../lib/store/schema/tables.ts";

const ROWS = 2_000_000;
const SECONDS = 1000;
const REPETITIONS = 7;
const READERS = 2;
const RATES_PER_S = [100, 1000, 10_000, 50_000];

const EXPERIMENT = {
  name: "bench",
  question: "What does it cost?",
  platform: "local",
  isVirtual: false,
};

/** What a reader is, in a process of its own: it counts the seconds that it is told. */
const READER = `
const response = await fetch(Deno.args[0] + "events");
let told = 0;
for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
  told += text.split("event: second").length - 1;
  if (told >= Number(Deno.args[1])) break;
}
Deno.exit(told >= Number(Deno.args[1]) ? 0 : 1);
`;

let written = 0;
const NOWHERE: InvocationSink = { write: (row) => void (written += row.index) };

function measureRows(observer: RunObserver | undefined): number {
  const sink = observedInvocations(NOWHERE, observer);
  const row = createInvocationRow();
  row.outcome = "ok";
  const beforeMs = ownCpuMs();
  for (let index = 0; index < ROWS; index++) {
    row.index = index;
    row.scheduledMs = index * 0.02;
    row.dispatchedMs = row.scheduledMs + 0.0831 + index % 7;
    row.completedMs = row.dispatchedMs + 12.7342 + index % 997;
    sink.write(row);
  }
  return (ownCpuMs() - beforeMs) * 1e6 / ROWS;
}

function secondRow(second: number): Cell[] {
  const values: Record<string, Cell> = {
    time_ms: second * 1000,
    scheduled: 1000,
    dispatched: 1000,
    completed: 990,
    in_flight: 37,
    dispatch_lag_max_ms: 0.713,
    loop_delay_max_ms: 0.41,
    cpu_percent: 11.3,
    phase: "measurement",
  };
  return GENERATOR.columns.map(({ name }) => values[name] ?? null);
}

/**
 * CPU time for a second that is told: what counters make of it, its way to the page's thread and
 * what that does, here in one thread; readers are other processes.
 */
async function measureSeconds(readers: number): Promise<number> {
  const server = new LiveServer(0, EXPERIMENT);
  const processes = Array.from(
    { length: readers },
    () =>
      new Deno.Command(Deno.execPath(), {
        args: ["eval", READER, `http://127.0.0.1:${server.port}/`, String(SECONDS)],
        stdout: "null",
      }).spawn(),
  );
  while (server.readers < readers) await setImmediate();
  const observer = new RunCounters((sample, totals) =>
    server.take(structuredClone({ kind: "second" as const, sample, totals }))
  );
  const beforeMs = ownCpuMs();
  for (let second = 1; second <= SECONDS; second++) {
    observer.onSecond(secondRow(second));
    // Each is sent by itself, as where a second is between them.
    for (let turn = 0; turn < 3; turn++) await setImmediate();
  }
  const cpuMs = ownCpuMs() - beforeMs;
  for (const process of processes) {
    if (!(await process.status).success) throw new Error("a reader was not told every second");
  }
  await server.close();
  return cpuMs / SECONDS;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

const without: number[] = [];
const withCounters: number[] = [];
for (let repetition = 0; repetition < REPETITIONS; repetition++) {
  without.push(measureRows(undefined));
  withCounters.push(measureRows(new RunCounters(() => {})));
}
const added = median(withCounters.map((ns, i) => ns - without[i]));
console.log(
  `An invocation: ${median(without).toFixed(1)} ns without, ${
    median(withCounters).toFixed(1)
  } ns with, ${added.toFixed(1)} ns added`,
);
for (const readers of [0, READERS]) {
  const figures: number[] = [];
  for (let i = 0; i < REPETITIONS; i++) figures.push(await measureSeconds(readers));
  const secondMs = median(figures);
  console.log(`A second, ${readers} readers: ${secondMs.toFixed(3)} ms`);
  for (const rate of RATES_PER_S) {
    const percent = (secondMs + rate * added / 1e6) / 10;
    console.log(`  at ${rate} invocations a second: ${percent.toFixed(3)} % of a core`);
  }
}
if (written < 0) throw new Error("nothing was written");
