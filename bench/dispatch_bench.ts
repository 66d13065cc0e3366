/**
 * Punctuality of an open-loop load: Poisson, 200 functions, against a Go server
 * on the same machine, beside grpc-js under the same dispatcher and beside ghz;
 * then memory with 100,000 calls in flight.
 *
 *     deno task peers:install && deno task bench:dispatch
 *     deno task bench:dispatch --soak     # ten minutes, does memory grow?
 */
import Table from "cli-table3";
import { z } from "zod";
import { findGhz, ghzArguments, RUN_SCRIPT, startBenchServer } from "./bench_server.ts";
import { measureProcess } from "./measured_process.ts";

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
  readonly pacing: "precise" | "economical";
  readonly ratePerS: number;
  readonly seconds: number;
  readonly maxInFlight?: number;
  readonly behaviour?: string;
}

async function run(load: Load, address: string): Promise<z.infer<typeof RESULT>> {
  const { transport, pacing, ratePerS, seconds, maxInFlight = 10_000, behaviour = "echo" } = load;
  const { stdout } = await measureProcess(Deno.execPath(), [
    ...RUN_SCRIPT,
    "bench/open_loop_client.ts",
    ...[transport, pacing, address],
    ...[ratePerS, seconds, maxInFlight].map(String),
    behaviour,
  ]);
  const result = RESULT.parse(JSON.parse(stdout));
  // A server that says no at once makes any client look fast.
  const expected = behaviour === "hang" ? result.outcomes.timed_out : result.outcomes.ok;
  if (expected !== result.dispatched) {
    throw new Error(`Not all calls went well: ${JSON.stringify(result.outcomes)}`);
  }
  return result;
}

const LOADS: readonly Load[] = [
  { transport: "http2", pacing: "precise", ratePerS: 1000, seconds: 20 },
  { transport: "http2", pacing: "economical", ratePerS: 1000, seconds: 20 },
  { transport: "grpc-js", pacing: "precise", ratePerS: 1000, seconds: 20 },
  { transport: "http2", pacing: "precise", ratePerS: 20_000, seconds: 60 },
  { transport: "http2", pacing: "economical", ratePerS: 20_000, seconds: 20 },
  { transport: "grpc-js", pacing: "precise", ratePerS: 20_000, seconds: 10 },
  { transport: "http2", pacing: "precise", ratePerS: 50_000, seconds: 30 },
];

function formatMs(value: number | null): string {
  return value === null ? "" : value < 10 ? value.toFixed(3) : value.toFixed(0);
}

async function measureLoads(address: string): Promise<void> {
  const table = new Table({
    head: [
      ...["client", "pacing", "asked/s", "s", "dispatched", "dropped"],
      ...["lag p50 ms", "p99 ms", "max ms", "CPU %", "waiting %"],
    ],
    colAligns: Array.from({ length: 11 }, (_, i) => i < 2 ? "left" as const : "right" as const),
    style: { head: [], border: [], compact: true },
  });
  for (const load of LOADS) {
    const result = await run(load, address);
    table.push([
      load.transport,
      load.pacing,
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

/** ghz keeps a rate too, but tells nothing of its lag: only what it reached, and its CPU. */
async function measureGhz(ghz: string, address: string): Promise<void> {
  const ratePerS = 20_000;
  const seconds = 20;
  const { cpuMs, elapsedMs, stdout } = await measureProcess(
    ghz,
    ghzArguments(address, [
      ...["--rps", String(ratePerS), "--async", "-c", "10000"],
      ...["-n", String(ratePerS * seconds), "--format", "csv"],
    ]),
  );
  const ok = stdout.split("\n").filter((line) => line.includes(",OK,")).length;
  const reached = Math.round(ok / elapsedMs * 1000);
  console.log(
    `ghz, ${ratePerS} a second asked for: ${reached.toLocaleString("en")} reached, CPU ` +
      `${(100 * cpuMs / elapsedMs).toFixed(0)} % of a core; it tells no lag.`,
  );
}

async function measureMemory(address: string): Promise<void> {
  const result = await run({
    transport: "http2",
    pacing: "precise",
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
    { transport: "http2", pacing: "precise", ratePerS: 5000, seconds: 600 },
    address,
  );
  console.log(
    `5,000 a second for ten minutes: ${JSON.stringify(result.outcomes)}, lag p99 ` +
      `${formatMs(result.lagP99Ms)} ms; memory every ten seconds, MiB:\n` +
      result.memoryMib.join(" "),
  );
}

await using server = await startBenchServer();
if (Deno.args.includes("--soak")) {
  await soak(server.address);
} else {
  await measureLoads(server.address);
  const ghz = findGhz();
  if (ghz !== null) await measureGhz(ghz, server.address);
  await measureMemory(server.address);
}
