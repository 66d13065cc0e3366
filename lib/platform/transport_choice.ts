import type { Clock } from "../clock/clock.ts";
import { LoaderError } from "../base/error.ts";
import type { Deployment, TransportFactory } from "../model/platform.ts";
import type { ConnectionSharing, ExpiredCalls } from "../rpc/transport/http2_transport.ts";

/** Makes the client side; given, so that a platform does not depend on one client. */
export type CreateTransport = (
  deployments: readonly Deployment[],
  clock: Clock,
) => TransportFactory;

/** Which invocations share a connection: all to an address, those of a function, or none. */
export const CONNECTION_SHARINGS = [
  "shared",
  "function",
  "invocation",
] as const satisfies readonly ConnectionSharing[];

/** What is done to a call whose deadline has passed: reset, or left to end unread. */
export const EXPIRED_CALLS = ["reset", "leave"] as const satisfies readonly ExpiredCalls[];

/** How invocations travel. */
export interface TransportChoice {
  readonly transport?: TransportName;
  readonly connections?: ConnectionSharing;
  readonly expiredCalls?: ExpiredCalls;
}

interface TransportSettings {
  readonly connections: ConnectionSharing;
  readonly expiredCalls: ExpiredCalls;
  /** True if the platform marks cold invocations in its replies. */
  readonly coldStartsMarked: boolean;
}

/** The name of a transport, as `--transport` takes it: the project's own HTTP/2, or grpc-js. */
export type TransportName = "http2" | "grpc-js";

/** The transport where none is chosen. */
export const DEFAULT_TRANSPORT: TransportName = "http2";

/** Loaded when asked for: the code of one does not slow the start of another. */
const LOADERS: Readonly<
  Record<TransportName, (settings: TransportSettings) => Promise<CreateTransport>>
> = {
  "http2": async (settings) => {
    const { createHttp2Transport } = await import("../rpc/transport/http2_transport.ts");
    return (deployments, clock) => createHttp2Transport({ deployments, clock, ...settings });
  },
  "grpc-js": async ({ connections, expiredCalls, coldStartsMarked }) => {
    if (connections !== "shared") {
      throw new LoaderError(
        "usage",
        `The transport grpc-js cannot have connections by ${connections}; choose shared ones ` +
          `(--connections), or another transport (--transport).`,
        { value: connections },
      );
    }
    if (expiredCalls !== "reset") {
      throw new LoaderError(
        "usage",
        "The transport grpc-js resets calls whose deadline has passed (--expired-calls reset); " +
          "choose that, or another transport (--transport).",
        { value: expiredCalls },
      );
    }
    const { createGrpcJsTransport } = await import("../rpc/grpc_js/grpc_js_transport.ts");
    return (deployments, clock) => createGrpcJsTransport({ deployments, clock, coldStartsMarked });
  },
};

/** Every transport there is. */
export const TRANSPORT_NAMES = Object.keys(LOADERS) as readonly TransportName[];

/**
 * Loads the transport that is chosen.
 *
 * @throws LoaderError `usage` when it cannot have such connections, or leave calls
 */
export async function loadTransport(
  { transport = DEFAULT_TRANSPORT, connections = "shared", expiredCalls = "reset" }:
    TransportChoice,
  coldStartsMarked: boolean,
): Promise<CreateTransport> {
  return await LOADERS[transport]({ connections, expiredCalls, coldStartsMarked });
}
