/**
 * What the local platform's gateway costs: its CPU time for each call, by the
 * operating system's accounting, with eight calls of 1 ms in flight to two real
 * functions; and what it adds to the latency of a call, against a call straight
 * to a function server, one in flight each.
 *
 *     deno task bench:gateway
 */
import { neverAborted } from "../lib/base/signal.ts";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { RealClock } from "../lib/clock/clock.ts";
import { createCallColumns } from "../lib/invoke/calls_in_flight.ts";
import type { Deployment, Transport, TransportFactory } from "../lib/model/platform.ts";
import { readLines } from "../lib/platform/local/control.ts";
import { createLocalPlatform } from "../lib/platform/local/local_platform.ts";
import { createHttp2Transport } from "../lib/rpc/transport/http2_transport.ts";
import { functionSpec } from "../tests/support/function_spec.ts";
import { median } from "./measured_process.ts";

const FUNCTIONS = 2;
const INSTANCES_EACH = 4;
const IN_FLIGHT = FUNCTIONS * INSTANCES_EACH;
const RUNTIME_MS = 1;
const REPETITIONS = 3;
const CALLS = 4000;
const LATENCY_CALLS = 1000;
const TIMEOUT_MS = 60_000;
/** The kernel's unit of CPU time in /proc (USER_HZ, on every architecture that Deno runs on). */
const TICK_MS = 10;

interface Figure {
  readonly cpuUs: number;
  readonly ratePerS: number;
  readonly throughMs: number;
  readonly directMs: number;
}

const clock = new RealClock();
const platform = createLocalPlatform({
  createTransport: (deployments) => transportTo(deployments),
});

function transportTo(deployments: readonly Deployment[]): TransportFactory {
  return createHttp2Transport({ clock, deployments, coldStartsMarked: false });
}

/** User and system time of a process, all threads (proc_pid_stat(5)). */
function cpuMsOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name, which may hold anything, ends at the last bracket; user time is the 14th field.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Makes calls over one connection, so many in flight. */
class ClosedLoop {
  readonly #calls = createCallColumns(IN_FLIGHT);
  #transport: Transport | null = null;
  #onCompleted: (slot: number) => void = () => {};

  static async connect(factory: TransportFactory): Promise<ClosedLoop> {
    const loop = new ClosedLoop();
    loop.#transport = await factory(loop.#calls, (slot, outcome, statusCode) => {
      assert.equal(outcome, "ok", `status ${statusCode}`);
      loop.#onCompleted(slot);
    });
    return loop;
  }

  /** Tells the transport latency of each call less the time served. */
  async run(functions: number, inFlight: number, total: number): Promise<number[]> {
    const calls = this.#calls;
    const overheadsMs: number[] = [];
    const done = Promise.withResolvers<void>();
    let sent = 0;
    const send = (slot: number) => {
      calls.functionIndex[slot] = sent++ % functions;
      calls.runtimeMs[slot] = RUNTIME_MS;
      calls.memoryMib[slot] = 1;
      calls.deadlineMs[slot] = clock.nowMs() + TIMEOUT_MS;
      calls.dispatchedMs[slot] = NaN;
      this.#transport!.invoke(slot);
    };
    this.#onCompleted = (slot) => {
      overheadsMs.push(
        calls.completedMs[slot] - calls.dispatchedMs[slot] - calls.servedRuntimeUs[slot] / 1000,
      );
      if (sent < total) send(slot);
      else if (overheadsMs.length === total) done.resolve();
    };
    for (let slot = 0; slot < inFlight; slot++) send(slot);
    await done.promise;
    return overheadsMs;
  }

  async close(): Promise<void> {
    await this.#transport?.close();
  }
}

/** A function server with nobody in front. */
async function startFunction(): Promise<{ deployment: Deployment; child: Deno.ChildProcess }> {
  const main = fileURLToPath(new URL("../workloads/trace_function/main.ts", import.meta.url));
  const child = new Deno.Command("nice", {
    args: [
      ...["-n", "19", Deno.execPath(), "run", "--quiet", "-A", main],
      ...["--host", "127.0.0.1", "--port", "0", "--exit-with-stdin"],
    ],
    stdin: "piped",
    stdout: "piped",
    // What it says when its connection closes is no figure.
    stderr: "null",
  }).spawn();
  for await (const line of readLines(child.stdout)) {
    const { port } = JSON.parse(line);
    const deployment = { spec: functionSpec(0), address: `127.0.0.1:${port}`, authority: "direct" };
    return { deployment, child };
  }
  throw new Error("the function server has ended");
}

const functions = Array.from(
  { length: FUNCTIONS },
  (_, index) => functionSpec(index, { initialScale: INSTANCES_EACH }),
);
const direct = await startFunction();
try {
  await platform.deploy(functions, neverAborted());
  const gatewayPid = Number(platform.describe().gatewayPid);
  const through = await ClosedLoop.connect(platform.transport);
  const straight = await ClosedLoop.connect(transportTo([direct.deployment]));
  const figures: Figure[] = [];
  // The first repetition is for the compilers.
  for (let repetition = 0; repetition <= REPETITIONS; repetition++) {
    const beforeCpuMs = cpuMsOf(gatewayPid);
    const beforeMs = clock.nowMs();
    await through.run(FUNCTIONS, IN_FLIGHT, CALLS);
    const elapsedMs = clock.nowMs() - beforeMs;
    const cpuMs = cpuMsOf(gatewayPid) - beforeCpuMs;
    const throughMs = await through.run(1, 1, LATENCY_CALLS);
    const directMs = await straight.run(1, 1, LATENCY_CALLS);
    if (repetition === 0) continue;
    figures.push({
      cpuUs: cpuMs * 1000 / CALLS,
      ratePerS: CALLS * 1000 / elapsedMs,
      throughMs: median(throughMs),
      directMs: median(directMs),
    });
  }
  const of = (name: keyof Figure) => median(figures.map((f) => f[name]));
  console.log(`gateway CPU       ${of("cpuUs").toFixed(0)} us/call, ${IN_FLIGHT} in flight`);
  console.log(`rate              ${of("ratePerS").toFixed(0)} calls/s`);
  console.log(`latency, p50      ${of("throughMs").toFixed(3)} ms beside the time served`);
  console.log(`straight, p50     ${of("directMs").toFixed(3)} ms`);
  console.log(`the gateway adds  ${(of("throughMs") - of("directMs")).toFixed(3)} ms`);
  await through.close();
  await straight.close();
} finally {
  await platform.teardown();
  await direct.child.stdin.close();
  await direct.child.stdout.cancel().catch(() => {});
  await direct.child.status;
}
