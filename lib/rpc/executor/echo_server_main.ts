/**
 * A server of `faas.Executor` that answers at once as if it had done what it was
 * asked for: to find out what this machine's generator can do. Prints its port as
 * a line of JSON, and ends when its standard input closes:
 *
 *     {"port":40123}
 */
import { RealClock } from "../../clock/clock.ts";
import { serveExecutor } from "./executor_server.ts";

/** More than a generator has in flight. */
const MAX_CONCURRENT_STREAMS = 1 << 20;

const ECHO = new TextEncoder().encode("echo");

export async function main(): Promise<never> {
  const server = serveExecutor({
    clock: new RealClock(),
    hostname: "127.0.0.1",
    port: 0,
    maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
    onCall: (call) => call.answer(ECHO, call.runtimeMs * 1000, call.memoryMib * 1024),
  });
  console.log(JSON.stringify({ port: server.port }));
  const buffer = new Uint8Array(64);
  while (await Deno.stdin.read(buffer) !== null);
  Deno.exit(0);
}

if (import.meta.main) await main();
