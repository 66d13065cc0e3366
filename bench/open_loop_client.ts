/**
 * Replays a Poisson load on 200 functions with the dispatcher and tells how
 * punctual it was, and what it cost; a process of its own.
 *
 *     deno run -A bench/open_loop_client.ts http2 127.0.0.1:50051 20000 60 10000 echo
 *
 * Arguments: transport, address, calls a second, seconds, cap of calls in
 * flight, and the first word of the functions' authority, by which the server
 * knows what to do (tests/peers/README.md); `tallied` last of all, and the schedule is counted and
 * hashed as it is replayed.
 */
import { neverAborted } from "../lib/base/signal.ts";
import { join } from "node:path";
import { RealClock } from "../lib/clock/clock.ts";
import { ownCpuMs, ownPeakMemoryMib } from "../lib/base/process.ts";
import { TalliedSchedule } from "../lib/schedule/tallied_schedule.ts";
import { generateSchedule } from "../lib/schedule/trace_schedule.ts";
import { dispatch } from "../lib/invoke/dispatcher.ts";
import { VERDICT_LIMITS } from "../lib/invoke/verdict.ts";
import type { Deployment } from "../lib/model/platform.ts";
import { functionKey } from "../lib/model/trace.ts";
import { InvocationCsvSink } from "../lib/store/write/invocation_csv_sink.ts";
import { functionSpec } from "../tests/support/function_spec.ts";
import { createFlatTrace } from "./flat_trace.ts";

const FUNCTIONS = 200;
const FLUSH_EVERY_MS = 250;

const [transport, address, rateText, secondsText, capText, behaviour, tally] = Deno.args;
const clock = new RealClock();
const durationMs = Number(secondsText) * 1000;
const trace = createFlatTrace(
  FUNCTIONS,
  Math.round(Number(rateText) * 60 / FUNCTIONS),
  Math.ceil(durationMs / 60_000),
);
const generated = generateSchedule(trace, { seed: 42, durationMs });
const schedule = tally === "tallied" ? new TalliedSchedule(generated) : generated;
const deployments = trace.functions.map((profile, index): Deployment => {
  const name = `${behaviour}-${index}`;
  return {
    spec: functionSpec(index, { name, profile }),
    address,
    authority: `${behaviour}.f${index}.bench`,
  };
});
const { createTransport } = transport === "grpc-js"
  ? {
    createTransport:
      (await import("../lib/rpc/grpc_js/grpc_js_transport.ts")).createGrpcJsTransport,
  }
  : {
    createTransport: (await import("../lib/rpc/transport/http2_transport.ts")).createHttp2Transport,
  };

const folder = Deno.makeTempDirSync();
const sink = new InvocationCsvSink(
  join(folder, "invocations.csv"),
  trace.functions.map(functionKey),
);
let mostInFlight = 0;
let waitingMs = 0;
let cpuMs = 0;
const memoryMib: number[] = [];
let ended = false;
const flushing = clock.at(clock.nowMs() + FLUSH_EVERY_MS, function flush() {
  if (ended) return;
  sink.flush();
  clock.at(clock.nowMs() + FLUSH_EVERY_MS, flush);
});
const result = await dispatch({
  clock,
  schedule,
  transport: createTransport({ clock, deployments, coldStartsMarked: false }),
  invocations: sink,
  generator: { write() {} },
  maxInFlight: Number(capText),
  timeoutMs: 120_000,
  drainMs: 10_000,
  limits: VERDICT_LIMITS,
  readCpuMs: ownCpuMs,
  signal: neverAborted(),
  onStart() {
    waitingMs = clock.waitingMs;
    cpuMs = ownCpuMs();
  },
  onProgress({ inFlight }) {
    mostInFlight = Math.max(mostInFlight, inFlight);
    memoryMib.push(Math.round(Deno.memoryUsage().rss / 2 ** 20));
  },
});
ended = true;
flushing.cancel();
waitingMs = clock.waitingMs - waitingMs;
cpuMs = ownCpuMs() - cpuMs;
await sink.close();
Deno.removeSync(folder, { recursive: true });
const { evidence, verdict } = result.verdict;
console.log(JSON.stringify({
  outcomes: result.outcomes,
  verdict,
  dispatched: evidence.dispatched,
  dropped: evidence.dropped,
  lagP50Ms: evidence.dispatchLagP50Ms,
  lagP99Ms: evidence.dispatchLagP99Ms,
  lagMaxMs: evidence.dispatchLagMaxMs,
  loopDelayP99Ms: evidence.loopDelayP99Ms,
  busySeconds: evidence.busySeconds.length,
  cpuPercent: 100 * (cpuMs - waitingMs) / durationMs,
  waitingPercent: 100 * waitingMs / durationMs,
  mostInFlight,
  peakMemoryMib: ownPeakMemoryMib(),
  memoryMib: memoryMib.filter((_, second) => second % 10 === 0 || second === memoryMib.length - 1),
}));
Deno.exit(0);
