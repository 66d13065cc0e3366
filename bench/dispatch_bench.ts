/**
 * Punctuality of an open-loop load: Poisson, 200 functions, against a Go server on the same
 * machine. This build beside an earlier one by turns, with quiet cores and with two busy
 * neighbours; then for two minutes beside ghz and k6, which tell what was due and what was made;
 * then grpc-js under the same dispatcher, and memory with 100,000 calls in flight.
 *
 *     deno task peers:install && deno task bench:dispatch
 *     git worktree add ../before 6b5cd68 && deno task bench:dispatch --before=../before
 *     deno task bench:dispatch --turns=3 --seconds=5 --long-seconds=20   # a quick look
 *     deno task bench:dispatch --soak     # ten minutes, does memory grow?
 */
import Table from "cli-table3";
import { parseArgs } from "node:util";
import { z } from "zod";
import { EVENT_INTERVAL_VARIABLE } from "../lib/clock/event_interval.ts";
import { RUN_SCRIPT, startBenchServer } from "./bench_server.ts";
import { measureProcess } from "./measured_process.ts";
import { measureOthers } from "./other_generators.ts";
import {
  compareBuilds,
  measurePunctuality,
  type Setting,
  type Variant,
  variantsOf,
} from "./punctuality.ts";

const RESULT = z.object({
  verdict: z.string(),
  dispatched: z.number(),
  dropped: z.number(),
  outcomes: z.record(z.string(), z.number()),
  lagP50Ms: z.number().nullable(),
  lagP99Ms: z.number().nullable(),
  lagMaxMs: z.number().nullable(),
  cpuPercent: z.number(),
  waitingPercent: z.number(),
  mostInFlight: z.number(),
  peakMemoryMib: z.number(),
  memoryMib: z.array(z.number()),
});

interface Load {
  readonly transport: "http2" | "grpc-js";
  readonly ratePerS: number;
  readonly seconds: number;
  readonly maxInFlight?: number;
  readonly behaviour?: string;
}

async function run(load: Load, address: string): Promise<z.infer<typeof RESULT>> {
  const { transport, ratePerS, seconds, maxInFlight = 10_000, behaviour = "echo" } = load;
  const { stdout } = await measureProcess(Deno.execPath(), [
    ...RUN_SCRIPT,
    "bench/open_loop_client.ts",
    ...[transport, address],
    ...[ratePerS, seconds, maxInFlight].map(String),
    behaviour,
  ], { [EVENT_INTERVAL_VARIABLE]: "1" });
  const result = RESULT.parse(JSON.parse(stdout));
  // A server that says no at once makes any client look fast.
  const expected = behaviour === "hang" ? result.outcomes.timed_out : result.outcomes.ok;
  if (expected !== result.dispatched) {
    throw new Error(`Not all calls went well: ${JSON.stringify(result.outcomes)}`);
  }
  return result;
}

/** What is beside this build where every call is due at the same time. */
const LOADS: readonly Load[] = [
  { transport: "grpc-js", ratePerS: 1000, seconds: 20 },
  { transport: "grpc-js", ratePerS: 20_000, seconds: 10 },
  { transport: "http2", ratePerS: 50_000, seconds: 30 },
];

const SETTINGS: readonly Setting[] = [
  { ratePerS: 200, neighbours: 0 },
  { ratePerS: 2000, neighbours: 0 },
  { ratePerS: 20_000, neighbours: 0 },
  { ratePerS: 2000, neighbours: 2 },
];

function formatMs(value: number | null): string {
  return value === null ? "" : value < 10 ? value.toFixed(3) : value.toFixed(0);
}

async function measureLoads(address: string): Promise<void> {
  const table = new Table({
    head: [
      ...["client", "asked/s", "s", "dispatched", "dropped"],
      ...["lag p50 ms", "p99 ms", "max ms", "CPU %", "waiting %"],
    ],
    colAligns: Array.from({ length: 10 }, (_, i) => i < 1 ? "left" as const : "right" as const),
    style: { head: [], border: [], compact: true },
  });
  for (const load of LOADS) {
    const result = await run(load, address);
    table.push([
      load.transport,
      load.ratePerS.toLocaleString("en"),
      load.seconds,
      result.dispatched.toLocaleString("en"),
      result.dropped.toLocaleString("en"),
      formatMs(result.lagP50Ms),
      formatMs(result.lagP99Ms),
      formatMs(result.lagMaxMs),
      result.cpuPercent.toFixed(0),
      result.waitingPercent.toFixed(0),
    ]);
  }
  console.log(table.toString());
}

/** 20,000 a second across a turn of the minute, with every generator. */
async function measureLong(
  address: string,
  variants: readonly Variant[],
  seconds: number,
): Promise<void> {
  const ratePerS = 20_000;
  const table = new Table({
    head: ["generator", "due", "made", "CPU %", "lateness"],
    style: { head: [], border: [], compact: true },
  });
  for (const variant of variants) {
    const one = await measurePunctuality(variant, address, ratePerS, seconds);
    const times = [one.lagP50Ms, one.lagP99Ms, one.lagMaxMs].map(formatMs).join(", ");
    table.push([
      variant.name,
      one.due.toLocaleString("en"),
      one.sent.toLocaleString("en"),
      one.cpuPercent.toFixed(0),
      `p50, p99, max ${times} ms`,
    ]);
  }
  for (const one of await measureOthers(address, ratePerS, seconds)) {
    const [due, made] = [one.due, one.answered].map((count) => count.toLocaleString("en"));
    table.push([one.name, due, made, one.cpuPercent.toFixed(0), one.lateness]);
  }
  console.log(`${ratePerS.toLocaleString("en")} a second for ${seconds} s:\n${table}`);
}

async function measureMemory(address: string): Promise<void> {
  const result = await run({
    transport: "http2",
    ratePerS: 10_000,
    seconds: 10.2,
    maxInFlight: 100_000,
    behaviour: "hang",
  }, address);
  console.log(
    `100,000 in flight: ${result.mostInFlight.toLocaleString("en")} at the most, peak memory of ` +
      `the process ${result.peakMemoryMib.toFixed(0)} MiB`,
  );
}

async function soak(address: string): Promise<void> {
  const result = await run(
    { transport: "http2", ratePerS: 5000, seconds: 600 },
    address,
  );
  console.log(
    `5,000 a second for ten minutes: ${JSON.stringify(result.outcomes)}, lag p99 ` +
      `${formatMs(result.lagP99Ms)} ms; memory every ten seconds, MiB:\n` +
      result.memoryMib.join(" "),
  );
}

const { values } = parseArgs({
  options: {
    before: { type: "string" },
    turns: { type: "string", default: "5" },
    seconds: { type: "string", default: "10" },
    "long-seconds": { type: "string", default: "120" },
    soak: { type: "boolean", default: false },
  },
});
await using server = await startBenchServer();
if (values.soak) await soak(server.address);
else {
  const variants = variantsOf(values.before);
  await compareBuilds(server.address, variants, SETTINGS, {
    turns: Number(values.turns),
    seconds: Number(values.seconds),
  });
  await measureLong(server.address, variants, Number(values["long-seconds"]));
  await measureLoads(server.address);
  await measureMemory(server.address);
}
