import http2 from "node:http2";
import type { Clock } from "../../base/clock.ts";
import type { FunctionPool, PooledInstance, PooledRequest } from "./function_pool.ts";
import { type GatewayStatus, GRPC_STATUS } from "./grpc_status.ts";
import type { InstanceProcess } from "./instance_process.ts";

/** Tells the caller, once per instance, when the instance became ready. */
export const INSTANCE_READY_HEADER = "x-instance-ready-unix-ms";

/** What the proxy forwards to, and whom it tells. */
export interface ProxyOptions {
  readonly clock: Clock;
  /** The pool of the function with this authority (without port). */
  readonly poolOf: (authority: string) => FunctionPool<InstanceProcess> | undefined;
  /** A request was answered: by an instance (200), or as a gateway would say it in HTTP. */
  readonly onAnswered: (authority: string, httpStatus: number) => void;
  /** SETTINGS_MAX_CONCURRENT_STREAMS of each connection. */
  readonly maxConcurrentStreams: number;
}

/** The HTTP status that Knative's activator answers with where ours speaks gRPC. */
const HTTP_STATUS_OF: Record<GatewayStatus, number> = {
  [GRPC_STATUS.resourceExhausted]: 503,
  [GRPC_STATUS.unimplemented]: 404,
  [GRPC_STATUS.unavailable]: 502,
};

/** An HTTP/2 server without TLS that forwards each request by its `:authority`. */
export function createProxy(options: ProxyOptions): http2.Http2Server {
  const { clock } = options;
  const server = http2.createServer({
    settings: { maxConcurrentStreams: options.maxConcurrentStreams },
  });
  server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    const authority = String(headers[":authority"] ?? "").replace(/:\d+$/, "").toLowerCase();
    const pool = options.poolOf(authority);
    stream.on("error", () => {/* The caller is gone; "close" follows. */});
    if (pool === undefined) {
      options.onAnswered(authority, HTTP_STATUS_OF[GRPC_STATUS.unimplemented]);
      return respondTrailersOnly(
        stream,
        GRPC_STATUS.unimplemented,
        `No function is deployed at "${authority}".`,
      );
    }
    pool.submit(
      new ProxiedRequest(stream, headers, pool, (status) => options.onAnswered(authority, status)),
    );
  });
  // A connection that breaks is the caller's affair.
  server.on("sessionError", () => {});
  // A GOAWAY ends its session at once, from within the reading of what came
  // with it; if that holds another frame, Deno 2.9 reads on in freed memory and
  // aborts (denoland/deno#36788). So it ends a turn later.
  server.on("session", (session) => {
    const close = session.close.bind(session);
    session.close = (callback) => void clock.at(clock.nowMs(), () => close(callback));
  });
  return server;
}

/** A request on its way through the gateway. */
class ProxiedRequest implements PooledRequest<InstanceProcess> {
  readonly #stream: http2.ServerHttp2Stream;
  readonly #headers: http2.IncomingHttpHeaders;
  readonly #pool: FunctionPool<InstanceProcess>;
  readonly #onAnswered: (httpStatus: number) => void;
  #upstream: http2.ClientHttp2Stream | null = null;

  constructor(
    stream: http2.ServerHttp2Stream,
    headers: http2.IncomingHttpHeaders,
    pool: FunctionPool<InstanceProcess>,
    onAnswered: (httpStatus: number) => void,
  ) {
    this.#stream = stream;
    this.#headers = headers;
    this.#pool = pool;
    this.#onAnswered = onAnswered;
    stream.on("close", () => {
      if (this.#upstream === null) pool.cancel(this);
      else if (!this.#upstream.closed) this.#upstream.close(http2.constants.NGHTTP2_CANCEL);
    });
  }

  reject(status: GatewayStatus, sentence: string): void {
    this.#onAnswered(HTTP_STATUS_OF[status]);
    respondTrailersOnly(this.#stream, status, sentence);
  }

  assign(instance: PooledInstance<InstanceProcess>): void {
    const stream = this.#stream;
    const upstream = instance.handle.session.request(this.#headers, { endStream: false });
    this.#upstream = upstream;
    let trailers: http2.IncomingHttpHeaders | undefined;
    let answered = false;
    stream.pipe(upstream);
    upstream.on("response", (headers, flags) => {
      answered = true;
      if (stream.destroyed) return;
      this.#onAnswered(200);
      const readyUnixMs = instance.takeReadyUnixMs();
      if (readyUnixMs !== null) headers[INSTANCE_READY_HEADER] = readyUnixMs.toFixed(3);
      if ((flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0) {
        stream.respond(headers, { endStream: true });
        return;
      }
      stream.respond(headers, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
      upstream.pipe(stream);
    });
    upstream.on("trailers", (received) => trailers = received);
    upstream.on("error", () => {/* "close" follows. */});
    upstream.on("close", () => {
      if (!stream.destroyed) {
        if (!answered) {
          this.reject(
            GRPC_STATUS.unavailable,
            `The instance ${instance.name} ended during the call.`,
          );
        } else if (upstream.rstCode !== http2.constants.NGHTTP2_NO_ERROR) {
          stream.close(upstream.rstCode);
        }
      }
      this.#pool.complete(instance);
    });
  }
}

/** An answer without a body: the status is in the one block of headers. */
function respondTrailersOnly(
  stream: http2.ServerHttp2Stream,
  status: GatewayStatus,
  sentence: string,
): void {
  if (stream.destroyed || stream.headersSent) return;
  stream.respond({
    ":status": 200,
    "content-type": "application/grpc",
    "grpc-status": String(status),
    // Percent-encoding of all but printable ASCII, as the gRPC specification has it.
    "grpc-message": sentence.replace(/[^ -$&-~]/gu, encodeURIComponent),
  }, { endStream: true });
}
