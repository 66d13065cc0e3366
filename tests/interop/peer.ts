import { join } from "node:path";
import { PeerProcess } from "../support/peer_process.ts";
import { PROJECT } from "../support/script.ts";

/** How a peer is started. */
export interface PeerOptions {
  /** Any free one by default. */
  readonly port?: number;
  /** Folder of the certificates: TLS instead of h2c. */
  readonly certificates?: string;
  /** Clients must show a certificate; the Go peer alone can ask. */
  readonly asksForCertificate?: boolean;
  /** Streams at once on a connection. */
  readonly maxStreams?: number;
  /** Age at which a connection gets GOAWAY. */
  readonly maxConnectionAgeMs?: number;
}

/** A peer that listens; ends when disposed of. */
export interface RunningPeer extends AsyncDisposable {
  readonly port: number;
  readonly address: string;
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
}

/** A server that no one here wrote. */
export interface Peer {
  readonly name: string;
  /** Message of its replies to `echo`. */
  readonly instance: string;
  /** Files without which it cannot be started. */
  readonly needs: readonly string[];
  /**
   * Counts streams towards its limit for a while after their end, and refuses new
   * ones meanwhile, though the client keeps to the limit (RFC 9113, section 5.1.2).
   */
  readonly countsEndedStreams?: boolean;
  start(options?: PeerOptions): Promise<RunningPeer>;
}

/** Folder of what `deno task peers:install` installs. */
export const INSTALLED = join(PROJECT, ".peers");

const GO_PEER = join(INSTALLED, "bin/go-peer");
const PYTHON = join(INSTALLED, "venv/bin/python");

/** The server of grpc-go. */
export const GO: Peer = {
  name: "go",
  instance: "go-1",
  needs: [GO_PEER],
  start: (options) => PeerProcess.start({ command: GO_PEER, args: flagsOf(options) }),
};

/** The server of grpc's core, in C++. */
export const PYTHON_GRPCIO: Peer = {
  name: "python",
  instance: "python-1",
  needs: [PYTHON],
  countsEndedStreams: true,
  start: (options) =>
    PeerProcess.start({
      command: PYTHON,
      args: [join(PROJECT, "tests/peers/python/server.py"), ...flagsOf(options)],
    }),
};

/**
 * The server of grpc-js on Node. The HTTP/2 server of Deno 2.9.6 would get in the
 * way: over TLS it breaks the handshake, and it may end with `free(): invalid
 * pointer` when many connections close.
 */
export const GRPC_JS: Peer = {
  name: "grpc-js",
  instance: "grpc-js-1",
  needs: [join(INSTALLED, "grpc_js/node_modules/@grpc/grpc-js/package.json")],
  start: (options) =>
    PeerProcess.start({
      command: "node",
      args: [join(PROJECT, "tests/peers/grpc_js/server.mjs"), ...flagsOf(options)],
    }),
};

function flagsOf(options: PeerOptions = {}): string[] {
  const flags = ["--addr", `127.0.0.1:${options.port ?? 0}`];
  if (options.certificates !== undefined) {
    flags.push("--tls-cert", join(options.certificates, "server.pem"));
    flags.push("--tls-key", join(options.certificates, "server.key"));
    if (options.asksForCertificate) {
      flags.push("--tls-client-ca", join(options.certificates, "ca.pem"));
    }
  }
  if (options.maxStreams !== undefined) flags.push("--max-streams", String(options.maxStreams));
  if (options.maxConnectionAgeMs !== undefined) {
    flags.push("--max-conn-age-ms", String(options.maxConnectionAgeMs));
  }
  return flags;
}
