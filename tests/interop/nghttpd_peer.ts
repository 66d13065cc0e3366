import * as protoLoader from "@grpc/proto-loader";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { freePort, PeerProcess } from "../support/peer_process.ts";
import { PROJECT, temporaryFolder } from "../support/script.ts";
import { INSTALLED, type RunningPeer } from "./peer.ts";

/** nghttp2's server of static files. */
export const NGHTTPD = join(INSTALLED, "bin/nghttpd");

/** A reply of `faas.Executor` that is served as a file. */
export interface StaticReply {
  readonly message: string;
  readonly durationInMicroSec: number;
  readonly memoryUsageInKb: number;
}

/** How nghttpd is started. */
export interface NghttpdOptions {
  /** What it answers to every call; without it, 404. */
  readonly reply?: StaticReply;
  /** Folder of the certificates: TLS instead of h2c. */
  readonly certificates?: string;
  /** More of its own flags. */
  readonly flags?: readonly string[];
}

/**
 * Starts nghttp2's server of static files. The file at the method's path is a
 * reply as gRPC frames it, and the status is a trailer for every file.
 */
export async function startNghttpd(options: NghttpdOptions = {}): Promise<RunningPeer> {
  await using started = new AsyncDisposableStack();
  const root = started.use(await temporaryFolder());
  const flags = ["--address=127.0.0.1", `--htdocs=${root.path}`, ...options.flags ?? []];
  if (options.reply !== undefined) {
    await Deno.mkdir(join(root.path, "faas.Executor"));
    await Deno.writeFile(join(root.path, "faas.Executor/Execute"), frame(options.reply));
    flags.push("--trailer=grpc-status: 0");
  }
  const port = freePort();
  const { certificates } = options;
  const args = certificates === undefined
    ? [...flags, "--no-tls", String(port)]
    : [...flags, String(port), join(certificates, "server.key"), join(certificates, "server.pem")];
  const server = started.use(await PeerProcess.start({ command: NGHTTPD, args, port }));
  const all = started.move();
  return {
    port,
    address: server.address,
    kill: () => server.kill(),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** A message behind its flag and length (grpc/grpc: doc/PROTOCOL-HTTP2.md). */
function frame(reply: StaticReply): Uint8Array {
  const definition = protoLoader.loadSync(join(PROJECT, "proto/faas.proto"), { keepCase: true });
  const service = definition["faas.Executor"] as protoLoader.ServiceDefinition;
  const message = service["Execute"].responseSerialize(reply);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
