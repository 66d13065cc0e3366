/**
 * Makes calls as fast as they are answered, so many in flight, with everything
 * that a run has switched on: deadlines, 200 functions, a row written for each.
 * A process of its own, so that the operating system can tell what it costs.
 *
 *     deno run -A bench/closed_loop_client.ts http2 127.0.0.1:50051 100000 100
 */
import { join } from "node:path";
import { RealClock } from "../lib/clock/clock.ts";
import { createCallColumns } from "../lib/invoke/calls_in_flight.ts";
import type { Deployment, TransportFactory } from "../lib/model/platform.ts";
import { createInvocationRow } from "../lib/model/record.ts";
import { InvocationCsvSink } from "../lib/store/write/invocation_csv_sink.ts";
import { functionSpec } from "../tests/support/function_spec.ts";

const FUNCTIONS = 200;
const TIMEOUT_MS = 120_000;

async function loadTransport(
  name: string,
  deployments: readonly Deployment[],
  clock: RealClock,
): Promise<TransportFactory> {
  const options = { clock, deployments, coldStartsMarked: false };
  if (name === "grpc-js") {
    const { createGrpcJsTransport } = await import("../lib/rpc/grpc_js/grpc_js_transport.ts");
    return createGrpcJsTransport(options);
  }
  const { createHttp2Transport } = await import("../lib/rpc/transport/http2_transport.ts");
  return createHttp2Transport(options);
}

const [transportName, address, callsText, inFlightText] = Deno.args;
const total = Number(callsText);
const inFlight = Number(inFlightText);
const clock = new RealClock();
const deployments = Array.from({ length: FUNCTIONS }, (_, index): Deployment => {
  const name = `echo-${index}`;
  return { spec: functionSpec(index, { name }), address, authority: `${name}.bench` };
});
const calls = createCallColumns(inFlight);
const row = createInvocationRow();
const folder = Deno.makeTempDirSync();
const sink = new InvocationCsvSink(
  join(folder, "invocations.csv"),
  deployments.map(({ spec }) => spec.functionId),
);
const scheduledMs = new Float64Array(inFlight);
const done = Promise.withResolvers<void>();
let sent = 0;
let ended = 0;
let notOk = 0;

const factory = await loadTransport(transportName, deployments, clock);
const transport = await factory(calls, (slot, outcome, statusCode) => {
  row.index = ended++;
  row.functionIndex = calls.functionIndex[slot];
  row.scheduledMs = scheduledMs[slot];
  row.dispatchedMs = calls.dispatchedMs[slot];
  row.setUpMs = calls.setUpMs[slot];
  row.peerWaitMs = calls.peerWaitMs[slot];
  row.completedMs = calls.completedMs[slot];
  row.requestedRuntimeMs = calls.runtimeMs[slot];
  row.servedRuntimeMs = calls.servedRuntimeUs[slot] / 1000;
  row.requestedMemoryMib = calls.memoryMib[slot];
  row.servedMemoryMib = calls.servedMemoryKib[slot] / 1024;
  row.instance = calls.instance[slot];
  row.coldStart = calls.coldStart[slot];
  row.outcome = outcome;
  row.statusCode = statusCode ?? NaN;
  sink.write(row);
  if (outcome !== "ok") notOk++;
  if (sent < total) send(slot);
  else if (ended === total) done.resolve();
});

function send(slot: number): void {
  const nowMs = clock.nowMs();
  calls.functionIndex[slot] = sent++ % FUNCTIONS;
  calls.runtimeMs[slot] = 1000;
  calls.memoryMib[slot] = 170;
  calls.deadlineMs[slot] = nowMs + TIMEOUT_MS;
  calls.dispatchedMs[slot] = NaN;
  calls.servedRuntimeUs[slot] = NaN;
  calls.servedMemoryKib[slot] = NaN;
  calls.instance[slot] = null;
  scheduledMs[slot] = nowMs;
  transport.invoke(slot);
}

const startMs = clock.nowMs();
for (let slot = 0; slot < Math.min(inFlight, total); slot++) send(slot);
await done.promise;
const elapsedMs = clock.nowMs() - startMs;
await sink.close();
await transport.close();
const lines = Deno.readTextFileSync(join(folder, "invocations.csv")).trimEnd().split("\n").length;
Deno.removeSync(folder, { recursive: true });
if (notOk > 0) throw new Error(`${notOk} of ${total} calls were not ok`);
if (lines !== total + 1) throw new Error(`${lines - 1} rows for ${total} calls`);
console.log(JSON.stringify({ calls: total, ratePerS: total / elapsedMs * 1000 }));
