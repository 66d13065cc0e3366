import { ByteWriter } from "../../rpc/byte_writer.ts";
import { INSTANCE_READY_KEY, trailersOnly } from "../../rpc/grpc/reply_headers.ts";
import { STATUS } from "../../rpc/grpc/status.ts";
import type { HeaderField } from "../../rpc/hpack/encoder.ts";
import type { HeaderBlock } from "../../rpc/hpack/header_block.ts";
import { ERROR_CODE } from "../../rpc/http2/protocol.ts";
import type { RequestBlock, ResponseBlock } from "../../rpc/http2/field_blocks.ts";
import type {
  RequestHandler,
  RequestListener,
  ServerStream,
} from "../../rpc/http2/server_stream.ts";
import type { AbortReason, ClientStream, StreamListener } from "../../rpc/http2/client_stream.ts";
import type {
  FunctionPool,
  GatewayStatus,
  InstanceHandle,
  PooledInstance,
  PooledRequest,
} from "./function_pool.ts";
import type { Upstream } from "./upstream.ts";

/** Of a request or a reply, what may wait for the other side; gRPC's own bound of a message. */
const MAX_WAITING_BYTES = 4 << 20;

/** An instance that requests are forwarded to. */
export interface ProxiedInstance extends InstanceHandle {
  /** Only while it is connected. */
  readonly upstream: Upstream;
}

/** Where the proxy gets an instance for each request. */
export type RequestPool = Pick<FunctionPool<ProxiedInstance>, "submit" | "cancel" | "complete">;

/** What the proxy forwards to, and whom it tells. */
export interface ProxyOptions {
  /** The pool of the function with this authority (without port). */
  readonly poolOf: (authority: string) => RequestPool | undefined;
  /** A request was answered: by an instance (200), or as a gateway would say it in HTTP. */
  readonly onAnswered: (authority: string, httpStatus: number) => void;
}

/** The HTTP status that Knative's activator answers with where ours speaks gRPC. */
const HTTP_STATUS_OF: Record<GatewayStatus, number> = {
  [STATUS.resourceExhausted]: 503,
  [STATUS.unimplemented]: 404,
  [STATUS.unavailable]: 503,
};

/** What Knative's queue-proxy answers, in HTTP, where the function breaks off. */
const BAD_GATEWAY = 502;
const BAD_GATEWAY_HEADERS: readonly HeaderField[] = [
  { name: ":status", value: String(BAD_GATEWAY), indexing: "index" },
  { name: "content-type", value: "text/plain; charset=utf-8", indexing: "index" },
];

/** Fields that are the same in many requests or replies, and so are worth a place in HPACK's table. */
const REPEATING: ReadonlySet<string> = new Set([
  ...[":method", ":scheme", ":path", ":authority", ":status", "te", "user-agent"],
  ...["content-type", "accept-encoding", "grpc-encoding", "grpc-accept-encoding", "grpc-status"],
]);

/** Secrets are not to be guessed by what they are compressed with (RFC 7541, section 7.1). */
const SECRET: ReadonlySet<string> = new Set(["authorization", "cookie", "set-cookie"]);

/** Where requests with a certain block of header fields go; kept with the block. */
interface Route {
  readonly authority: string;
  readonly pool: RequestPool | undefined;
  readonly fields: readonly HeaderField[];
}

/** Forwards each request by its `:authority`, and its reply, in parts as they come. */
export function createProxy(options: ProxyOptions): RequestHandler {
  return (stream, block) => {
    const route = routeOf(block, options);
    const { authority, pool, fields } = route;
    const request = new ProxiedRequest(
      stream,
      fields,
      pool,
      (httpStatus) => options.onAnswered(authority, httpStatus),
    );
    if (pool !== undefined) pool.submit(request);
    else request.reject(STATUS.unimplemented, `No function is deployed at "${authority}".`);
    return request;
  };
}

function routeOf(block: RequestBlock, { poolOf }: ProxyOptions): Route {
  if (block.view === undefined) {
    const authority = block.authority.replace(/:\d+$/, "").toLowerCase();
    const route: Route = { authority, pool: poolOf(authority), fields: listFields(block.fields) };
    block.view = route;
  }
  return block.view as Route;
}

function listFields({ names, values }: HeaderBlock): readonly HeaderField[] {
  return names.map((name, i) => ({
    name,
    value: values[i],
    indexing: SECRET.has(name) ? "never" : REPEATING.has(name) ? "index" : "literal",
  }));
}

/** A request on its way through the gateway. */
class ProxiedRequest implements PooledRequest<ProxiedInstance>, RequestListener {
  readonly #stream: ServerStream;
  readonly #fields: readonly HeaderField[];
  readonly #pool: RequestPool | undefined;
  readonly #onAnswered: (httpStatus: number) => void;
  /** What came before there was an instance. */
  readonly #waiting = new ByteWriter(0);
  #isWhole = false;
  #reply: ProxiedReply | null = null;

  constructor(
    stream: ServerStream,
    fields: readonly HeaderField[],
    pool: RequestPool | undefined,
    onAnswered: (httpStatus: number) => void,
  ) {
    this.#stream = stream;
    this.#fields = fields;
    this.#pool = pool;
    this.#onAnswered = onAnswered;
  }

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.#isWhole = endStream;
    if (this.#reply !== null) return this.#reply.send(bytes, start, end, endStream);
    if (this.#waiting.length + end - start <= MAX_WAITING_BYTES) {
      return this.#waiting.append(bytes, start, end);
    }
    this.#pool!.cancel(this);
    this.reject(
      STATUS.resourceExhausted,
      `Of a request no more than ${MAX_WAITING_BYTES} bytes can wait.`,
    );
  }

  onAborted(): void {
    if (this.#reply === null) this.#pool!.cancel(this);
    else this.#reply.cancel();
  }

  assign(instance: PooledInstance<ProxiedInstance>): void {
    this.#reply = new ProxiedReply(this.#stream, instance, {
      onAnswered: () => this.#onAnswered(200),
      onFailed: (sentence) => this.#breakOff(sentence),
      onEnd: () => this.#pool!.complete(instance),
    });
    this.#reply.start(this.#fields);
    const { bytes, length } = this.#waiting;
    if (length > 0 || this.#isWhole) this.#reply.send(bytes, 0, length, this.#isWhole);
  }

  /** Without a body: the status is in the one block of header fields. */
  reject(status: GatewayStatus, sentence: string): void {
    this.#onAnswered(HTTP_STATUS_OF[status]);
    this.#stream.sendHeaders(trailersOnly(status, sentence), true);
  }

  /** It was begun and will not be answered, which is no refusal. */
  #breakOff(sentence: string): void {
    this.#onAnswered(BAD_GATEWAY);
    this.#stream.sendHeaders(BAD_GATEWAY_HEADERS, false);
    const body = new TextEncoder().encode(sentence);
    this.#stream.sendData(body, 0, body.length, true);
  }
}

/** Whom a reply tells. */
interface ReplyCallbacks {
  /** The first header fields came. */
  readonly onAnswered: () => void;
  /** There are none. */
  readonly onFailed: (sentence: string) => void;
  /** The instance is done with it, well or not. */
  readonly onEnd: () => void;
}

/** The reply of an instance, forwarded as it comes. */
class ProxiedReply implements StreamListener {
  readonly #stream: ServerStream;
  readonly #instance: PooledInstance<ProxiedInstance>;
  readonly #callbacks: ReplyCallbacks;
  /** The stream to the instance, until it is over. */
  #upstream: ClientStream | null = null;
  #isAnswered = false;

  constructor(
    stream: ServerStream,
    instance: PooledInstance<ProxiedInstance>,
    callbacks: ReplyCallbacks,
  ) {
    this.#stream = stream;
    this.#instance = instance;
    this.#callbacks = callbacks;
  }

  /** Makes the request. */
  start(fields: readonly HeaderField[]): void {
    this.#upstream = this.#instance.handle.upstream.request(fields, this);
  }

  /** Sends a part of the request, unless the reply is over without it. */
  send(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    const upstream = this.#upstream;
    if (upstream === null) return;
    this.#instance.handle.upstream.send(upstream, bytes, start, end, endStream);
    if (upstream.unsentBytes > MAX_WAITING_BYTES) this.#giveUp("takes no more");
  }

  /** The caller is gone; the instance may have said everything already. */
  cancel(): void {
    if (this.#upstream === null) return;
    this.#instance.handle.upstream.reset(this.#upstream, ERROR_CODE.cancel);
    this.#end();
  }

  onDispatched(): void {
    // Of interest to those who measure.
  }

  onHeaders(block: ResponseBlock, endStream: boolean): void {
    if (endStream) this.#upstream = null;
    if (block.fields.tooLarge) return this.#giveUp("sent header fields that are too large");
    let fields = (block.view ??= listFields(block.fields)) as readonly HeaderField[];
    if (!this.#isAnswered) {
      this.#isAnswered = true;
      this.#callbacks.onAnswered();
      fields = this.#markFirst(fields);
    }
    this.#stream.sendHeaders(fields, endStream);
    if (endStream) this.#end();
  }

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (endStream) this.#upstream = null;
    this.#stream.sendData(bytes, start, end, endStream);
    if (endStream) this.#end();
    else if (this.#stream.unsentBytes > MAX_WAITING_BYTES) this.#giveUp("sent more than is taken");
  }

  onAborted(reason: AbortReason, errorCode: number): void {
    this.#upstream = null;
    const hasCode = reason === "reset" && errorCode !== ERROR_CODE.noError;
    this.#fail("ended during the call", hasCode ? errorCode : ERROR_CODE.internalError);
  }

  /** Adds when the instance became ready, if this is its first reply. */
  #markFirst(fields: readonly HeaderField[]): readonly HeaderField[] {
    const readyUnixMs = this.#instance.takeReadyUnixMs();
    return readyUnixMs === null ? fields : [
      ...fields,
      { name: INSTANCE_READY_KEY, value: readyUnixMs.toFixed(3), indexing: "literal" },
    ];
  }

  #giveUp(what: string): void {
    if (this.#upstream !== null) {
      this.#instance.handle.upstream.reset(this.#upstream, ERROR_CODE.cancel);
    }
    this.#fail(what, ERROR_CODE.enhanceYourCalm);
  }

  #fail(what: string, errorCode: number): void {
    if (this.#isAnswered) this.#stream.reset(errorCode);
    else this.#callbacks.onFailed(`The instance ${this.#instance.name} ${what}.`);
    this.#end();
  }

  #end(): void {
    this.#upstream = null;
    this.#callbacks.onEnd();
  }
}
