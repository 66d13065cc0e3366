/**
 * The trace function: a server that works for as long and holds as much memory
 * as each call asks for. Prints one line of JSON when it can be called:
 *
 *     {"ready":true,"name":"trace-func-0-00001","port":40123}
 */
import process from "node:process";
import { Executor } from "./executor.ts";
import { type FunctionServerOptions, parseFunctionServerOptions } from "./options.ts";

function fail(reason: string): never {
  console.error(reason);
  Deno.exit(1);
}

/** Orphan protection: the pipe closes however the parent ends, even by `kill -9`. */
async function exitWithStdin(): Promise<never> {
  const buffer = new Uint8Array(64);
  while (await Deno.stdin.read(buffer) !== null);
  Deno.exit(0);
}

/** Serves until it is told to stop; resolves when it can be called. */
export async function main(args: readonly string[]): Promise<void> {
  let options: FunctionServerOptions;
  try {
    options = parseFunctionServerOptions(args, (name) => Deno.env.get(name));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(2);
  }
  if (options.exitWithStdin) exitWithStdin();
  // The worker starts while the gRPC library loads: that is most of a cold start.
  const executor = Executor.start(options.calibration, fail);
  const { serveFunction } = await import("./server.ts");
  const server = await serveFunction(executor, options).catch((error) => fail(error.message));
  process.once("SIGTERM", () => server.drain().then(() => Deno.exit(0)));
  console.log(JSON.stringify({ ready: true, name: options.name, port: server.port }));
}

if (import.meta.main) await main(Deno.args);
