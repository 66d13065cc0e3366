import type { Clock } from "../../lib/clock/clock.ts";
import type { Deployment, TransportFactory } from "../../lib/model/platform.ts";
import { createGrpcJsTransport } from "../../lib/rpc/grpc_js/grpc_js_transport.ts";
import { createHttp2Transport } from "../../lib/rpc/transport/http2_transport.ts";
import type { Peer } from "./peer.ts";

/** What every transport is made from. */
export interface TransportOptions {
  readonly clock: Clock;
  readonly deployments: readonly Deployment[];
  readonly connectTimeoutMs: number;
  readonly coldStartsMarked: boolean;
}

/** A transport under test. */
export interface NamedTransport {
  readonly name: string;
  create(options: TransportOptions): TransportFactory;
}

const HTTP2: NamedTransport = { name: "http2", create: createHttp2Transport };
const GRPC_JS: NamedTransport = { name: "grpc-js", create: createGrpcJsTransport };

/** The transports that tests in this folder run on: another is another line. */
export const TRANSPORTS: readonly NamedTransport[] = [HTTP2, GRPC_JS];

/**
 * Those that outlive a server that is killed: below grpc-js, Deno's own HTTP/2 can
 * abort the whole process then (denoland/deno#36788), and with it the other tests.
 */
export const LASTING_TRANSPORTS: readonly NamedTransport[] = [HTTP2];

const told = new Set<string>();

/**
 * A test on every transport. Where a file that it needs is not installed, it is
 * skipped, which is told once; on CI it fails.
 */
export function interopTest(
  name: string,
  needs: Pick<Peer, "needs">,
  body: (transport: NamedTransport, t: Deno.TestContext) => Promise<void>,
  transports: readonly NamedTransport[] = TRANSPORTS,
): void {
  for (const transport of transports) {
    peerTest(`${transport.name}: ${name}`, needs, (t) => body(transport, t));
  }
}

/** A test that needs files of `deno task peers:install`, told as {@linkcode interopTest} does. */
export function peerTest(
  name: string,
  { needs }: Pick<Peer, "needs">,
  body: (t: Deno.TestContext) => Promise<void>,
): void {
  const missing = needs.filter((path) => !isFile(path));
  const title = `interop: ${name}`;
  if (missing.length === 0) {
    Deno.test(title, body);
    return;
  }
  const sentence = `${missing.join(", ")} is not there; run \`deno task peers:install\`.`;
  if (Deno.env.get("CI") === "true") {
    Deno.test(title, () => {
      throw new Error(sentence);
    });
    return;
  }
  if (!told.has(sentence)) console.warn(`Skipped: ${sentence}`);
  told.add(sentence);
  Deno.test.ignore(title, () => {});
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
