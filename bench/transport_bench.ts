/**
 * CPU per call at saturation, 100 in flight: our own HTTP/2, grpc-js and ghz
 * against the same Go server, turn by turn in one run. Ours and grpc-js make
 * everything that a run makes (200 functions, deadlines, a row written for each
 * call); the CPU time is the operating system's account of the whole process.
 *
 *     deno task peers:install && deno task bench:transport
 */
import Table from "cli-table3";
import { findGhz, ghzArguments, RUN_SCRIPT, startBenchServer } from "./bench_server.ts";
import { measureProcess, median } from "./measured_process.ts";

const ROUNDS = 5;
const IN_FLIGHT = 100;

interface Client {
  readonly name: string;
  /** So many that the start of the process does not count. */
  readonly calls: number;
  readonly command: string;
  readonly args: readonly string[];
}

function ourClient(transport: string, calls: number, address: string): Client {
  const script = "bench/closed_loop_client.ts";
  const counts = [String(calls), String(IN_FLIGHT)];
  return {
    name: transport,
    calls,
    command: Deno.execPath(),
    args: [...RUN_SCRIPT, script, transport, address, ...counts],
  };
}

await using server = await startBenchServer();
const { address } = server;
const ghz = findGhz();
const clients = [
  ourClient("http2", 1_000_000, address),
  ourClient("grpc-js", 60_000, address),
];
if (ghz !== null) {
  const calls = 200_000;
  const args = ghzArguments(address, ["-c", String(IN_FLIGHT), "-n", String(calls)]);
  clients.push({ name: "ghz", calls, command: ghz, args });
}

const cpuUs = new Map<string, number[]>();
const ratePerS = new Map<string, number[]>();
for (let round = 0; round < ROUNDS; round++) {
  for (const { name, calls, command, args } of clients) {
    const { cpuMs, elapsedMs, stdout } = await measureProcess(command, args);
    const allOk = stdout.match(/\[OK\]\s+(\d+) responses/)?.[1] === String(calls);
    if (name === "ghz" && !allOk) throw new Error(`Not all calls went well:\n${stdout}`);
    cpuUs.set(name, [...cpuUs.get(name) ?? [], cpuMs * 1000 / calls]);
    ratePerS.set(name, [...ratePerS.get(name) ?? [], calls / elapsedMs * 1000]);
  }
}

const ours = median(cpuUs.get("http2")!);
const table = new Table({
  head: ["client", "CPU µs a call", "least – most", "× http2", "calls/s"],
  colAligns: ["left", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const [name, values] of cpuUs) {
  const middle = median(values);
  table.push([
    name,
    middle.toFixed(2),
    `${Math.min(...values).toFixed(2)} – ${Math.max(...values).toFixed(2)}`,
    (middle / ours).toFixed(1),
    Math.round(median(ratePerS.get(name)!)).toLocaleString("en"),
  ]);
}
console.log(table.toString());
console.log(
  `Medians of ${ROUNDS} turns, ${IN_FLIGHT} in flight, one Go server for all on the same machine.`,
);
