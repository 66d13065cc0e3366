import type { Clock } from "../../lib/base/clock.ts";
import type { Deployment, TransportFactory } from "../../lib/model/platform.ts";
import { createGrpcJsTransport } from "../../lib/rpc/grpc_js_transport.ts";
import { createHttp2Transport } from "../../lib/rpc/http2_transport.ts";

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

/** The transports that all tests in this folder run on: another is another line. */
export const TRANSPORTS: readonly NamedTransport[] = [
  { name: "http2", create: createHttp2Transport },
  { name: "grpc-js", create: createGrpcJsTransport },
];
