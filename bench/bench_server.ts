import { statIfPresent } from "../lib/base/file.ts";
import { PeerProcess } from "../tests/support/peer_process.ts";

const GO_PEER = ".peers/bin/go-peer";
const GHZ = ".peers/bin/ghz";

/** How deno runs a measured script: with what the tasks of experiments run with. */
export const RUN_SCRIPT = [
  ...["run", "-q", "-P", "--no-check"],
  // A small young generation: see docs/design.md.
  "--v8-flags=--max-semi-space-size=4",
];

/** The Go server that the benchmarks call; ends when disposed of. */
export async function startBenchServer(): Promise<PeerProcess> {
  if (statIfPresent(GO_PEER)?.isFile !== true) {
    console.error(`The Go server is not there; install it with "deno task peers:install".`);
    Deno.exit(2);
  }
  return await PeerProcess.start({ command: GO_PEER, args: ["--addr", "127.0.0.1:0"] });
}

/** The program ghz, or `null` where it was not installed. */
export function findGhz(): string | null {
  if (statIfPresent(GHZ)?.isFile === true) return GHZ;
  console.error(`ghz is not there and is left out; "deno task peers:install" installs it.`);
  return null;
}

/** Arguments of ghz for calls of one function on one connection. */
export function ghzArguments(address: string, more: readonly string[]): string[] {
  return [
    ...["--insecure", "--proto", "proto/faas.proto", "--call", "faas.Executor.Execute"],
    ...["--data", '{"runtimeInMilliSec":1000,"memoryInMebiBytes":170}'],
    ...["--authority", "echo-0.bench", "--connections", "1", "--timeout", "120s"],
    ...more,
    address,
  ];
}
