import type { Clock } from "../../clock/clock.ts";
import { errorMessage, LoaderError } from "../../base/error.ts";
import type {
  CallColumns,
  CompletionCallback,
  ConnectionCallback,
  Deployment,
  Transport,
  TransportFactory,
} from "../../model/platform.ts";
import type { Outcome } from "../../model/record.ts";
import { ByteWriter } from "../byte_writer.ts";
import { endingOf } from "../call_ending.ts";
import { ReplyReader } from "../executor/executor_messages.ts";
import { MessageReader } from "../grpc/message_reader.ts";
import { STATUS } from "../grpc/status.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import { type CallHost, GrpcCall } from "./grpc_call.ts";
import { SharedPool } from "./shared_pool.ts";
import { SingleUsePool } from "./single_use_pool.ts";
import type { ConnectionPool } from "./waiting_call.ts";

/** What shares a connection: all calls to an address, those of a function, or nothing. */
export type ConnectionSharing = "shared" | "function" | "invocation";

/** The fate of a call whose deadline has passed: its stream is reset, or left to end unread. */
export type ExpiredCalls = "reset" | "leave";

/** Options of {@linkcode createHttp2Transport}; times in milliseconds. */
export interface Http2TransportOptions {
  readonly clock: Clock;
  readonly deployments: readonly Deployment[];
  /**
   * The platform marks cold invocations. Where it does not, `coldStart`
   * stays `null`.
   */
  readonly coldStartsMarked: boolean;
  /** Longest wait for a connection; In-Vitro's 15 s by default. */
  readonly connectTimeoutMs?: number;
  /** Default: `shared`. */
  readonly connections?: ConnectionSharing;
  /** Most connections to one address (of one function, where those are apart). */
  readonly maxConnections?: number;
  /** Longest reply; gRPC's 4 MiB by default. */
  readonly maxReplyBytes?: number;
  /**
   * Silence of a peer, while calls are out, before it is pinged; `null`: never. By
   * default 8 s, which with the 6 s that it has to answer finds a dead one in 14 s.
   */
  readonly keepAliveMs?: number | null;
  /** Silence after a ping before the connection is given up. */
  readonly keepAliveTimeoutMs?: number;
  /** Default: `reset`. */
  readonly expiredCalls?: ExpiredCalls;
  /** Calls that are given up on one connection before another takes its place. */
  readonly mostGivenUp?: number;
  /** Connections that carry nothing for this long are closed; `null`: never. gRPC's 30 minutes. */
  readonly idleCloseMs?: number | null;
}

const DEFAULTS = {
  connectTimeoutMs: 15_000,
  connections: "shared",
  maxConnections: 1000,
  maxReplyBytes: 4 << 20,
  keepAliveMs: 8_000,
  keepAliveTimeoutMs: 6_000,
  expiredCalls: "reset",
  // Jetty 12 closes at 128 in a second, Envoy 1.40 at 250, Node at 1,000 (docs/method.md,
  // "Deadlines"); 100 in all are below each of these, however fast they come.
  mostGivenUp: 100,
  idleCloseMs: 1_800_000,
} as const;

/**
 * Sends of one call to connections that did no work: a peer that goes away again and
 * again has refused it. One that takes some calls of each connection takes all in the end.
 */
const MOST_SENDS = 4;

/** First connections that are opened at the same time. */
const CONNECTS_AT_ONCE = 50;

/**
 * The transport of our own HTTP/2: calls are slots, streams and calls are used
 * again, and everything that is sent in one turn of the event loop goes out in
 * one write. *Dispatched* is stamped when a call's first bytes are handed to the
 * socket; a call that waits for a connection, a stream or the connection's window
 * is not dispatched, and is sent as soon as there is room.
 *
 * Calls that a peer says it has not looked at (GOAWAY), or that were not handed to
 * the socket before the connection ended, are sent again; nothing else is.
 *
 * @throws LoaderError `platform` when there is no connection to an address at first
 */
export function createHttp2Transport(options: Http2TransportOptions): TransportFactory {
  return async (calls, onComplete, onConnection) => {
    const transport = new Http2Transport(options, calls, onComplete, onConnection);
    await transport.connect();
    return transport;
  };
}

class Http2Transport implements Transport, CallHost {
  readonly clock: Clock;
  readonly calls: CallColumns;
  readonly maxReplyBytes: number;
  readonly coldStartsMarked: boolean;
  readonly replies = new ReplyReader();
  readonly body = new ByteWriter(64);
  readonly #onComplete: CompletionCallback;
  readonly #poolOfFunction: readonly ConnectionPool[];
  /** Each pool once, with its address. */
  readonly #pools = new Map<ConnectionPool, string>();
  readonly #deadlines: DeadlineQueue;
  readonly #connectTimes: DeadlineQueue;
  readonly #connectTimeoutMs: number;
  /** The call in each slot, while it is out. */
  readonly #out: (GrpcCall | undefined)[];
  readonly #freeCalls: GrpcCall[] = [];
  readonly #freeMessages: MessageReader[] = [];
  /** Calls that were given up and not told yet. */
  readonly #cancelled: { readonly slot: number; readonly statusCode: number | null }[] = [];
  #isClosed = false;

  constructor(
    given: Http2TransportOptions,
    calls: CallColumns,
    onComplete: CompletionCallback,
    onConnection: ConnectionCallback = () => {},
  ) {
    const options = { ...DEFAULTS, ...withoutUndefined(given) };
    this.clock = options.clock;
    this.calls = calls;
    this.maxReplyBytes = options.maxReplyBytes;
    this.coldStartsMarked = options.coldStartsMarked;
    this.#onComplete = onComplete;
    this.#connectTimeoutMs = options.connectTimeoutMs;
    const slots = calls.functionIndex.length;
    this.#out = new Array(slots).fill(undefined);
    this.#deadlines = new DeadlineQueue(this.clock, slots, (slot) => this.#expire(slot));
    this.#connectTimes = new DeadlineQueue(this.clock, slots, (slot) => this.#giveUpWait(slot));
    const targets = options.deployments.map(({ authority, tls, metadata }) => ({
      scheme: tls === undefined ? "http" as const : "https" as const,
      authority,
      metadata: metadata ?? {},
    }));
    const createPool = ({ address, tls }: Deployment): ConnectionPool => {
      const poolOptions = {
        socket: { address, tls },
        targets,
        clock: options.clock,
        rules: { ...options, leavesGivenUp: options.expiredCalls === "leave" },
        onConnection,
        connectTimeoutMs: options.connectTimeoutMs,
        idleCloseMs: options.idleCloseMs,
        maxConnections: options.maxConnections,
      };
      const pool = options.connections === "invocation"
        ? new SingleUsePool(poolOptions)
        : new SharedPool(poolOptions);
      this.#pools.set(pool, address);
      return pool;
    };
    const shared = new Map<string, ConnectionPool>();
    this.#poolOfFunction = options.deployments.map((deployment) => {
      if (options.connections === "function") return createPool(deployment);
      const key = JSON.stringify([deployment.address, deployment.tls]);
      const pool = shared.get(key) ?? createPool(deployment);
      shared.set(key, pool);
      return pool;
    });
  }

  async connect(): Promise<void> {
    const pools = this.#pools.entries();
    const connectSome = async () => {
      for (const [pool, address] of pools) {
        try {
          await pool.connect();
        } catch (cause) {
          throw new LoaderError(
            "platform",
            `No connection to ${address} within ${this.#connectTimeoutMs / 1000} s ` +
              `(${errorMessage(cause)}); check that the platform is up.`,
            { cause },
          );
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: CONNECTS_AT_ONCE }, connectSome));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  invoke(slot: number): void {
    const { calls } = this;
    const functionIndex = calls.functionIndex[slot];
    const call = this.#freeCalls.pop() ?? new GrpcCall(this);
    const pool = this.#poolOfFunction[functionIndex];
    call.start(slot, pool);
    this.#out[slot] = call;
    this.#deadlines.set(slot, calls.deadlineMs[slot]);
    this.#send(call);
  }

  cancel(slot: number): void {
    const call = this.#out[slot];
    if (call === undefined) return;
    const statusCode = call.abandon() ? STATUS.cancelled : null;
    this.calls.completedMs[slot] = this.clock.nowMs();
    this.#forget(call);
    // A run that ends gives up all at once: one microtask for all of them.
    if (this.#cancelled.push({ slot, statusCode }) === 1) {
      queueMicrotask(() => {
        for (const { slot, statusCode } of this.#cancelled.splice(0)) {
          this.#onComplete(slot, "cancelled", statusCode);
        }
      });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#deadlines.close();
    this.#connectTimes.close();
    for (let slot = 0; slot < this.#out.length; slot++) this.cancel(slot);
    await Promise.all([...this.#pools.keys()].map((pool) => pool.close()));
  }

  resend(call: GrpcCall): void {
    call.noteUnsent();
    if (call.refusals < MOST_SENDS) this.#send(call);
    else this.#refuse(call);
  }

  finish(call: GrpcCall, outcome: Outcome, statusCode: number | null, completedMs: number): void {
    const { slot } = call;
    this.calls.completedMs[slot] = completedMs;
    this.#forget(call);
    this.#onComplete(slot, outcome, statusCode);
  }

  #send(call: GrpcCall): void {
    call.pool!.send(call);
    if (call.stream !== null) return;
    if (this.#isClosed) return this.cancel(call.slot);
    this.#connectTimes.set(call.slot, this.clock.nowMs() + this.#connectTimeoutMs);
  }

  onSent(call: GrpcCall): void {
    this.#connectTimes.clear(call.slot);
  }

  #forget(call: GrpcCall): void {
    this.#out[call.slot] = undefined;
    this.#deadlines.clear(call.slot);
    this.#connectTimes.clear(call.slot);
    const { pool, connection } = call;
    call.end();
    this.#freeCalls.push(call);
    if (connection !== null && !this.#isClosed) pool!.release(connection);
  }

  #expire(slot: number): void {
    const call = this.#out[slot];
    if (call === undefined) return;
    const nowMs = this.clock.nowMs();
    const isConnected = Number.isNaN(call.pool!.disconnectedSinceMs(call));
    call.abandon();
    if (!Number.isNaN(this.calls.dispatchedMs[slot])) {
      return this.finish(call, "timed_out", STATUS.deadlineExceeded, nowMs);
    }
    if (!isConnected) this.calls.statusMessage[slot] = call.pool!.failure;
    this.finish(call, isConnected ? "unsent" : "connect_failed", null, nowMs);
  }

  /** Nobody was there for long; one who waits behind others goes on waiting. */
  #giveUpWait(slot: number): void {
    const call = this.#out[slot];
    if (call === undefined) return;
    const nowMs = this.clock.nowMs();
    const sinceMs = call.pool!.disconnectedSinceMs(call);
    const dueMs = this.#connectTimeoutMs + (Number.isNaN(sinceMs) ? nowMs : sinceMs);
    if (dueMs > nowMs) return this.#connectTimes.set(slot, dueMs);
    call.abandon();
    this.#refuse(call);
  }

  lendMessage(): MessageReader {
    return this.#freeMessages.pop() ?? new MessageReader();
  }

  takeMessageBack(message: MessageReader): void {
    message.reset();
    this.#freeMessages.push(message);
  }

  /** Ends a call that found nobody to look at it. */
  #refuse(call: GrpcCall): void {
    const { calls } = this;
    const { slot } = call;
    const nowMs = this.clock.nowMs();
    if (Number.isNaN(calls.dispatchedMs[slot])) {
      calls.statusMessage[slot] = call.pool!.failure;
      this.finish(call, "connect_failed", null, nowMs);
    } else {
      calls.statusMessage[slot] = call.refusal;
      const { outcome, statusCode } = endingOf("unprocessed", null, nowMs, calls.deadlineMs[slot]);
      this.finish(call, outcome, statusCode, nowMs);
    }
  }
}

function withoutUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
