import * as grpc from "@grpc/grpc-js";
import * as protoLoader from "@grpc/proto-loader";
import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { checkServerIdentity, getCACertificates, type PeerCertificate } from "node:tls";
import { parseAddress } from "../../base/address.ts";
import type { Clock, TimerHandle } from "../../clock/clock.ts";
import { errorMessage, LoaderError } from "../../base/error.ts";
import type {
  CallColumns,
  CompletionCallback,
  Deployment,
  TlsSettings,
  Transport,
  TransportFactory,
} from "../../model/platform.ts";
import type { Outcome } from "../../model/record.ts";
import { authoritiesOf } from "../socket.ts";
import { type EndCause, endingOf } from "../call_ending.ts";
import { callInTrace } from "./call_context.ts";
import { readGrpcJsEnding } from "./grpc_js_ending.ts";
import { INSTANCE_READY_KEY } from "../grpc/reply_headers.ts";
import { LEAST_PEER_WAIT_MS } from "../transport/waiting_call.ts";

/**
 * Calls that share one connection. A peer's stream limit is 100 or more by
 * recommendation (RFC 9113, section 6.5.2), so none of them waits for a stream
 * unseen inside the client.
 */
const CALLS_PER_CONNECTION = 100;

/** Options of {@linkcode createGrpcJsTransport}. */
export interface GrpcJsOptions {
  readonly clock: Clock;
  readonly deployments: readonly Deployment[];
  /** Longest wait for a connection; In-Vitro's 15 s by default. */
  readonly connectTimeoutMs?: number;
  /**
   * The platform marks cold invocations. Where it does not, `coldStart`
   * stays `null`.
   */
  readonly coldStartsMarked: boolean;
}

interface FaasRequest {
  readonly message: string;
  readonly runtimeInMilliSec: number;
  readonly memoryInMebiBytes: number;
}

interface FaasReply {
  readonly message: string;
  readonly durationInMicroSec: number;
  readonly memoryUsageInKb: number;
}

type ExecuteMethod = protoLoader.MethodDefinition<FaasRequest, FaasReply, FaasRequest, FaasReply>;

function loadExecuteMethod(): ExecuteMethod {
  const path = new URL("../../../proto/faas.proto", import.meta.url).pathname;
  const definition = protoLoader.loadSync(decodeURIComponent(path), {
    defaults: true,
    keepCase: true,
  });
  const service = definition["faas.Executor"] as protoLoader.ServiceDefinition;
  return service["Execute"] as ExecuteMethod;
}

/**
 * The reference transport: `@grpc/grpc-js`, over a pool of connections for each
 * address that grows before a call would have to wait for a stream. A call for
 * which there is no connection waits up to `connectTimeoutMs` and is not
 * dispatched until then.
 *
 * @throws LoaderError `platform` when there is no connection to an address at first
 */
export function createGrpcJsTransport(options: GrpcJsOptions): TransportFactory {
  return async (calls, onComplete) => {
    const transport = new GrpcJsTransport(options, calls, onComplete);
    await transport.connect();
    return transport;
  };
}

/** A connection of its own, and how many calls it carries. */
class Connection {
  readonly client: grpc.Client;
  callsInFlight = 0;
  /** When it could first be used, on the clock; NaN: not yet. */
  readyAtMs = NaN;

  constructor(
    address: string,
    security: Security,
    number: number,
    /** When its making began, on the clock. */
    readonly openedAtMs: number,
    /** Made while no other could be used: how often it was tried is not told. */
    readonly isOfAway: boolean,
  ) {
    this.client = new grpc.Client(address, security.credentials, {
      ...security.options,
      // Channels with equal options would share a connection.
      "grpc.use_local_subchannel_pool": 1,
      "loader.connection_number": number,
      // A proxy of the environment would be measured too.
      "grpc.enable_http_proxy": 0,
      "grpc.max_receive_message_length": -1,
      // By default a server that is back is found only seconds later.
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1000,
    });
  }

  get ready(): boolean {
    const state = this.client.getChannel().getConnectivityState(true);
    return state === grpc.connectivityState.READY;
  }
}

/** How to speak to an address: credentials, and options of the channel that go with them. */
interface Security {
  readonly credentials: grpc.ChannelCredentials;
  readonly options: grpc.ChannelOptions;
}

function createSecurity(address: string, tls: TlsSettings | undefined): Security {
  if (tls === undefined) return { credentials: grpc.credentials.createInsecure(), options: {} };
  const { certificate } = tls;
  const host = parseAddress(address).hostname;
  const credentials = grpc.credentials.createSsl(
    // What is given here replaces what the runtime trusts, unlike in `Deno.connectTls`.
    Buffer.from([...getCACertificates(), ...authoritiesOf(tls)].join("\n")),
    certificate === null ? null : Buffer.from(certificate.key),
    certificate === null ? null : Buffer.from(certificate.chain),
    {
      checkServerIdentity: (_name: string, found: PeerCertificate) =>
        checkServerIdentity(host, found),
    },
  );
  // grpc-js would name an IP address to the server, which TLS forbids (RFC 6066,
  // section 3) and the runtime refuses; the check above is against the address.
  const options = isIP(host) === 0 ? {} : { "grpc.ssl_target_name_override": "address.invalid" };
  return { credentials, options };
}

/** The metadata of a function's calls; `-bin` values are base64 in a deployment, bytes here. */
function createMetadata(entries: Deployment["metadata"] = {}): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(entries)) {
    metadata.set(name, name.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  return metadata;
}

/** The connections to one address. */
class ConnectionPool {
  readonly connections: Connection[] = [];
  /** Slots that wait for a connection, in order. */
  readonly waiting: number[] = [];

  constructor(
    readonly address: string,
    readonly security: Security,
    readonly maxConnections: number,
  ) {}

  /** A ready connection with room, the fullest first so that others may idle. */
  take(): Connection | undefined {
    let fullest: Connection | undefined;
    for (const connection of this.connections) {
      if (connection.callsInFlight >= CALLS_PER_CONNECTION || !connection.ready) continue;
      if (fullest === undefined || connection.callsInFlight > fullest.callsInFlight) {
        fullest = connection;
      }
    }
    return fullest;
  }

  /** The next connection should be opened: before the others are full. */
  get wantsAnother(): boolean {
    if (this.connections.length >= this.maxConnections) return false;
    const inFlight = this.connections.reduce((sum, c) => sum + c.callsInFlight, 0);
    return inFlight + this.waiting.length >
      (this.connections.length - 0.5) * CALLS_PER_CONNECTION;
  }
}

class GrpcJsTransport implements Transport {
  readonly #clock: Clock;
  readonly #calls: CallColumns;
  readonly #onComplete: CompletionCallback;
  readonly #deployments: readonly Deployment[];
  readonly #connectTimeoutMs: number;
  readonly #coldStartsMarked: boolean;
  /** By address and how to speak to it. */
  readonly #pools = new Map<string, ConnectionPool>();
  readonly #poolOfFunction: readonly ConnectionPool[];
  readonly #metadataOfFunction: readonly grpc.Metadata[];
  readonly #method = loadExecuteMethod();
  /** The call in each slot, while it is out. */
  readonly #out: (grpc.ClientUnaryCall | undefined)[];
  /** Slots whose call was given up here; the peer's own CANCELLED is a failure. */
  readonly #givenUp = new Set<number>();
  /** Since when a slot waits for a connection, on the clock. */
  readonly #waitSinceMs: Float64Array;
  /** What ends the wait of a slot for a connection. */
  readonly #connectTimers = new Map<number, TimerHandle>();
  /** Connections that are told when they are ready again. */
  readonly #watched = new WeakSet<Connection>();
  #closed = false;

  constructor(options: GrpcJsOptions, calls: CallColumns, onComplete: CompletionCallback) {
    this.#clock = options.clock;
    this.#calls = calls;
    this.#onComplete = (slot, outcome, statusCode) => {
      calls.completedMs[slot] = this.#clock.nowMs();
      onComplete(slot, outcome, statusCode);
    };
    this.#deployments = options.deployments;
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 15_000;
    this.#coldStartsMarked = options.coldStartsMarked;
    const slots = calls.functionIndex.length;
    this.#out = new Array(slots).fill(undefined);
    this.#waitSinceMs = new Float64Array(slots);
    const maxConnections = Math.ceil(slots / CALLS_PER_CONNECTION) + 1;
    this.#metadataOfFunction = options.deployments.map(({ metadata }) => createMetadata(metadata));
    this.#poolOfFunction = options.deployments.map(({ address, tls }) => {
      const server = JSON.stringify([address, tls]);
      let pool = this.#pools.get(server);
      if (pool === undefined) {
        pool = new ConnectionPool(address, createSecurity(address, tls), maxConnections);
        this.#pools.set(server, pool);
      }
      return pool;
    });
  }

  async connect(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(async (pool) => {
      try {
        await this.#open(pool);
      } catch (cause) {
        throw new LoaderError(
          "platform",
          `No connection to ${pool.address} within ${this.#connectTimeoutMs / 1000} s ` +
            `(${errorMessage(cause)}); check that the platform is up.`,
          { cause },
        );
      }
    }));
  }

  invoke(slot: number): void {
    const pool = this.#poolOfFunction[this.#calls.functionIndex[slot]];
    if (pool.wantsAnother) this.#open(pool).catch(() => {/* told by the calls that wait */});
    const connection = pool.take();
    if (connection !== undefined) {
      this.#send(slot, pool, connection);
      return;
    }
    pool.waiting.push(slot);
    const nowMs = this.#waitSinceMs[slot] = this.#clock.nowMs();
    const deadlineMs = this.#calls.deadlineMs[slot];
    const dueMs = Math.min(deadlineMs, nowMs + this.#connectTimeoutMs);
    const timer = this.#clock.at(dueMs, () => {
      const place = pool.waiting.indexOf(slot);
      if (place < 0) return;
      pool.waiting.splice(place, 1);
      this.#endWait(slot, null);
      const isExpired = this.#clock.nowMs() >= deadlineMs;
      const isConnected = pool.connections.some(({ ready }) => ready);
      this.#complete(slot, isExpired && isConnected ? "unsent" : "connect_failed", null);
    });
    this.#connectTimers.set(slot, timer);
    for (const waitedFor of pool.connections) this.#watch(pool, waitedFor);
  }

  cancel(slot: number): void {
    const call = this.#out[slot];
    if (call !== undefined) {
      this.#giveUp(slot, call);
      return;
    }
    for (const pool of this.#pools.values()) {
      const place = pool.waiting.indexOf(slot);
      if (place < 0) continue;
      pool.waiting.splice(place, 1);
      this.#endWait(slot, null);
      queueMicrotask(() => this.#complete(slot, "cancelled", null));
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#connectTimers.values()) timer.cancel();
    for (const pool of this.#pools.values()) {
      for (const connection of pool.connections) connection.client.close();
    }
    this.#out.forEach((call, slot) => {
      if (call !== undefined) this.#giveUp(slot, call);
    });
    return Promise.resolve();
  }

  #complete(slot: number, outcome: Outcome, statusCode: number | null): void {
    this.#calls.completedMs[slot] = this.#clock.nowMs();
    this.#onComplete(slot, outcome, statusCode);
  }

  #giveUp(slot: number, call: grpc.ClientUnaryCall): void {
    this.#givenUp.add(slot);
    call.cancel();
  }

  #open(pool: ConnectionPool): Promise<void> {
    const connection = new Connection(
      pool.address,
      pool.security,
      pool.connections.length,
      this.#clock.nowMs(),
      pool.connections.length > 0 && !pool.connections.some(({ ready }) => ready),
    );
    pool.connections.push(connection);
    const deadlineUnixMs = this.#clock.originUnixMs + this.#clock.nowMs() + this.#connectTimeoutMs;
    return new Promise((resolve, reject) => {
      connection.client.waitForReady(new Date(deadlineUnixMs), (error) => {
        if (error) return reject(error);
        connection.readyAtMs = this.#clock.nowMs();
        this.#sendWaiting(pool);
        resolve();
      });
    });
  }

  /** Sends what waits as soon as a connection is ready again. */
  #watch(pool: ConnectionPool, connection: Connection): void {
    if (this.#watched.has(connection) || this.#closed) return;
    this.#watched.add(connection);
    const deadlineUnixMs = this.#clock.originUnixMs + this.#clock.nowMs() + this.#connectTimeoutMs;
    connection.client.waitForReady(new Date(deadlineUnixMs), () => {
      this.#watched.delete(connection);
      if (this.#closed) return;
      this.#sendWaiting(pool);
      // A call that began to wait meanwhile still needs to be told.
      if (pool.waiting.length > 0) this.#watch(pool, connection);
    });
  }

  #sendWaiting(pool: ConnectionPool): void {
    while (pool.waiting.length > 0) {
      const connection = pool.take();
      if (connection === undefined) return;
      const slot = pool.waiting.shift()!;
      this.#endWait(slot, connection);
      this.#send(slot, pool, connection);
    }
  }

  /**
   * `connection`: what the call is sent on; `null`: it was given up. How long a
   * connection took to come again is not told: that is the peer's.
   */
  #endWait(slot: number, connection: Connection | null): void {
    this.#connectTimers.get(slot)?.cancel();
    this.#connectTimers.delete(slot);
    const sinceMs = this.#waitSinceMs[slot];
    const waitedMs = this.#clock.nowMs() - sinceMs;
    const setUpMs = connection !== null && !connection.isOfAway && connection.readyAtMs >= sinceMs
      ? connection.readyAtMs - Math.max(connection.openedAtMs, sinceMs)
      : 0;
    const isSetUpAlone = setUpMs > 0 && waitedMs - setUpMs < LEAST_PEER_WAIT_MS;
    if (setUpMs > 0) this.#calls.setUpMs[slot] = isSetUpAlone ? waitedMs : setUpMs;
    if (!isSetUpAlone) this.#calls.peerWaitMs[slot] = waitedMs - setUpMs;
  }

  #send(slot: number, pool: ConnectionPool, connection: Connection): void {
    const calls = this.#calls;
    const functionIndex = calls.functionIndex[slot];
    connection.callsInFlight++;
    const request = () =>
      connection.client.makeUnaryRequest(
        this.#method.path,
        this.#method.requestSerialize,
        this.#method.responseDeserialize,
        {
          message: "",
          runtimeInMilliSec: calls.runtimeMs[slot],
          memoryInMebiBytes: calls.memoryMib[slot],
        },
        this.#metadataOf(slot),
        {
          host: this.#deployments[functionIndex].authority,
          // A date is whole milliseconds; never before the deadline.
          deadline: new Date(Math.ceil(this.#clock.originUnixMs + calls.deadlineMs[slot])),
        },
        (error, reply) => {
          this.#out[slot] = undefined;
          connection.callsInFlight--;
          if (reply !== undefined && error === null) this.#readReply(slot, reply);
          const givenUp = this.#givenUp.delete(slot) && error?.code === grpc.status.CANCELLED;
          if (givenUp) this.#complete(slot, "cancelled", error.code);
          else if (error === null) this.#finish(slot, "status", grpc.status.OK);
          else this.#fail(slot, error);
          if (pool.waiting.length > 0 && !this.#closed) this.#sendWaiting(pool);
        },
      );
    const call = callInTrace(calls.traceparent[slot], request);
    this.#out[slot] = call;
    if (this.#coldStartsMarked) {
      call.on("metadata", (metadata: grpc.Metadata) => this.#readColdStart(slot, metadata));
    }
    // On a ready connection grpc-js hands the call to HTTP/2 one promise later,
    // when everything else that is due now has been handed over too.
    Promise.resolve().then(() => {}).then(() => {
      if (this.#out[slot] === call) calls.dispatchedMs[slot] = this.#clock.nowMs();
    });
  }

  /** That of its function, with what is this call's alone. */
  #metadataOf(slot: number): grpc.Metadata {
    const { functionIndex, traceparent } = this.#calls;
    const metadata = this.#metadataOfFunction[functionIndex[slot]];
    const value = traceparent[slot];
    if (value === null) return metadata;
    const own = metadata.clone();
    own.set("traceparent", value);
    return own;
  }

  #fail(slot: number, { code: statusCode, details }: grpc.ServiceError): void {
    const { cause, code, message } = readGrpcJsEnding(statusCode, details);
    this.#calls.statusMessage[slot] = message;
    if (cause !== "unsent") return this.#finish(slot, cause, code);
    this.#calls.dispatchedMs[slot] = NaN;
    this.#complete(slot, "connect_failed", null);
  }

  #finish(slot: number, cause: EndCause, code: number | null): void {
    const deadlineMs = this.#calls.deadlineMs[slot];
    const { outcome, statusCode } = endingOf(cause, code, this.#clock.nowMs(), deadlineMs);
    this.#complete(slot, outcome, statusCode);
  }

  #readReply(slot: number, reply: FaasReply): void {
    this.#calls.servedRuntimeUs[slot] = reply.durationInMicroSec;
    this.#calls.servedMemoryKib[slot] = reply.memoryUsageInKb;
    this.#calls.instance[slot] = reply.message === "" ? null : reply.message;
  }

  #readColdStart(slot: number, metadata: grpc.Metadata): void {
    const readyUnixMs = Number(metadata.get(INSTANCE_READY_KEY)[0] ?? NaN);
    const dispatchedUnixMs = this.#clock.originUnixMs + this.#calls.dispatchedMs[slot];
    // Unmarked: the instance has served before.
    this.#calls.coldStart[slot] = readyUnixMs > dispatchedUnixMs;
  }
}
