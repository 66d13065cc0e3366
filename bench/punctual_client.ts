/**
 * Replays a Poisson load on 200 functions with the dispatcher of a build and tells how punctual
 * it was, how long calls took and what all of it cost; a process of its own.
 *
 *     deno run -A bench/punctual_client.ts 127.0.0.1:50051 2000 20
 *     deno run -A bench/punctual_client.ts 127.0.0.1:50051 2000 20 --build=../before --pacing=precise
 *
 * Arguments: address, calls a second, seconds; the pacing of builds that had several.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ownCpuMs } from "../lib/base/process.ts";
import { neverAborted } from "../lib/base/signal.ts";
import type { RealClock } from "../lib/clock/clock.ts";
import { VERDICT_LIMITS } from "../lib/invoke/verdict.ts";
import type { Deployment } from "../lib/model/platform.ts";
import type { InvocationRow, InvocationSink } from "../lib/model/record.ts";
import { functionKey } from "../lib/model/trace.ts";
import { functionSpec } from "../tests/support/function_spec.ts";
import { loadBuild } from "./build_under_test.ts";
import { createFlatTrace } from "./flat_trace.ts";

const FUNCTIONS = 200;
const FLUSH_EVERY_MS = 250;
/** The code is compiled meanwhile. */
const WARMUP_MS = 1000;

const { values, positionals: [address, rateText, secondsText] } = parseArgs({
  options: { build: { type: "string" }, pacing: { type: "string" } },
  allowPositionals: true,
});
const build = await loadBuild(values.build);
// A pacing is known to earlier builds alone.
const pacing = values.pacing === undefined ? [] : [values.pacing];
const clock: RealClock = new (build.clock.RealClock as new (...args: unknown[]) => RealClock)(
  ...pacing,
);
const durationMs = Number(secondsText) * 1000 + WARMUP_MS;
const perMinute = Math.round(Number(rateText) * 60 / FUNCTIONS);
const trace = createFlatTrace(FUNCTIONS, perMinute, Math.ceil(durationMs / 60_000));
const schedule = build.schedule.generateSchedule(trace, { seed: 42, durationMs });
const deployments = trace.functions.map((profile, index): Deployment => ({
  spec: functionSpec(index, { name: `echo-${index}`, profile }),
  address,
  authority: `echo.f${index}.bench`,
}));

const folder = Deno.makeTempDirSync();
const csv = new build.sink.InvocationCsvSink(
  join(folder, "invocations.csv"),
  trace.functions.map(functionKey),
);
const mostRows = perMinute * FUNCTIONS * trace.slots;
const lagMs = new Float64Array(mostRows);
const latencyMs = new Float64Array(mostRows);
let measured = 0;
let due = 0;
/** Writes what is recorded as a run does, and keeps the times of what counts. */
const sink: InvocationSink = {
  write(row: InvocationRow) {
    csv.write(row);
    if (row.scheduledMs < WARMUP_MS) return;
    due++;
    if (row.outcome !== "ok") return;
    lagMs[measured] = row.dispatchedMs - row.scheduledMs;
    latencyMs[measured++] = row.completedMs - row.dispatchedMs;
  },
};
let ended = false;
const flushing = clock.at(clock.nowMs() + FLUSH_EVERY_MS, function flush() {
  if (ended) return;
  csv.flush();
  clock.at(clock.nowMs() + FLUSH_EVERY_MS, flush);
});
let cpuMs = 0;
await build.dispatcher.dispatch({
  clock,
  schedule,
  transport: build.http2.createHttp2Transport({ clock, deployments, coldStartsMarked: false }),
  invocations: sink,
  generator: { write() {} },
  maxInFlight: 10_000,
  timeoutMs: 120_000,
  drainMs: 10_000,
  limits: VERDICT_LIMITS,
  readCpuMs: ownCpuMs,
  signal: neverAborted(),
  onStart: (runStartMs) =>
    void clock.at(runStartMs + WARMUP_MS, () => {
      cpuMs = ownCpuMs();
    }),
});
cpuMs = ownCpuMs() - cpuMs;
ended = true;
flushing.cancel();
await csv.close();
Deno.removeSync(folder, { recursive: true });

/** A quantile of what was measured, by rank. */
function quantileMs(times: Float64Array, quantile: number): number {
  return times[Math.ceil(quantile * measured) - 1];
}

const [lag, latency] = [lagMs, latencyMs].map((times) => times.subarray(0, measured).sort());
console.log(JSON.stringify({
  due,
  sent: measured,
  lagP50Ms: quantileMs(lag, 0.5),
  lagP90Ms: quantileMs(lag, 0.9),
  lagP99Ms: quantileMs(lag, 0.99),
  lagMaxMs: quantileMs(lag, 1),
  latencyP50Ms: quantileMs(latency, 0.5),
  latencyP99Ms: quantileMs(latency, 0.99),
  cpuPercent: 100 * cpuMs / (durationMs - WARMUP_MS),
}));
Deno.exit(0);
