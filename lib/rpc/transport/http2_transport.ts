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
import { type EndCause, endingOf } from "../call_ending.ts";
import type { PooledConnection } from "./connector.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import { ReplyReader, REQUEST_BYTES, writeRequest } from "../executor/executor_messages.ts";
import { MessageReader } from "../grpc/message_reader.ts";
import { readGrpcFields } from "../grpc/reply_headers.ts";
import { STATUS } from "../grpc/status.ts";
import { ERROR_CODE, errorName } from "../http2/protocol.ts";
import type { ResponseBlock } from "../http2/field_blocks.ts";
import type { AbortReason, Stream, StreamListener } from "../http2/stream.ts";
import { BodyWords, cleanWords } from "../peer_words.ts";
import { SharedPool } from "./shared_pool.ts";
import { SingleUsePool } from "./single_use_pool.ts";
import {
  type ConnectionPool,
  LEAST_PEER_WAIT_MS,
  Wait,
  type WaitingCall,
  type WaitParts,
} from "./waiting_call.ts";

/** What shares a connection: all calls to an address, those of a function, or nothing. */
export type ConnectionSharing = "shared" | "function" | "invocation";

/** What is done to a call whose deadline has passed: its stream is reset, or left to end unread. */
export type ExpiredCalls = "reset" | "leave";

/** Options of {@linkcode createHttp2Transport}; times in milliseconds. */
export interface Http2TransportOptions {
  readonly clock: Clock;
  readonly deployments: readonly Deployment[];
  /**
   * Whether the platform marks cold invocations. Where it does not, `coldStart`
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

const NOT_SENT: WaitParts = { setUpMs: 0, boundMs: 0 };

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

class Http2Transport implements Transport {
  readonly clock: Clock;
  readonly calls: CallColumns;
  readonly maxReplyBytes: number;
  readonly coldStartsMarked: boolean;
  readonly replies = new ReplyReader();
  /** The body of the call that is being sent. */
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

  /** Sends a call that its peer has not looked at once more. */
  resend(call: GrpcCall): void {
    call.noteUnsent();
    if (call.refusals < MOST_SENDS) this.#send(call);
    else this.#refuse(call);
  }

  /** Ends a call, whose stream is gone. */
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

  /** A call was sent: it waits no longer. */
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

/** A call of `faas.Executor/Execute` and what has come of its reply; used again and again. */
class GrpcCall implements StreamListener, WaitingCall {
  readonly #transport: Http2Transport;
  /** Lent by the transport from the reply's first block on: most calls in flight have none yet. */
  #message: MessageReader | null = null;
  slot = 0;
  /** Connections that refused it, and did nothing else either. */
  refusals = 0;
  /** When it was handed to a connection, on the clock. */
  #sentAtMs = NaN;
  /** When its wait for a connection or the peer ended; NaN: it has not waited. */
  #waitedUntilMs = NaN;
  readonly wait = new Wait();
  pool: ConnectionPool | null = null;
  /** What it was sent on, while its stream is open. */
  connection: PooledConnection | null = null;
  stream: Stream | null = null;
  /** What the peer said last that did not look at it. */
  refusal: string | null = null;
  /** What the reply's first block said; 0: none came. */
  #httpStatus = 0;
  #contentType = "";
  #isGrpc = false;
  /** The first words of a reply that is no gRPC. */
  #words: BodyWords | null = null;
  /** Whether the reply's message came whole and could be read, into the columns. */
  #isReplyRead = false;

  constructor(transport: Http2Transport) {
    this.#transport = transport;
  }

  get bodyBytes(): number {
    return REQUEST_BYTES;
  }

  start(slot: number, pool: ConnectionPool): void {
    this.slot = slot;
    this.refusals = 0;
    this.#waitedUntilMs = NaN;
    this.wait.failures = 0;
    this.pool = pool;
  }

  /** Before it is used again. */
  end(): void {
    this.pool = null;
    this.connection = null;
    this.stream = null;
    this.refusal = null;
    this.#httpStatus = 0;
    this.#isGrpc = false;
    this.#words = null;
    this.#isReplyRead = false;
    this.#returnMessage();
  }

  send(connection: PooledConnection): void {
    const { calls, clock, body } = this.#transport;
    const { slot } = this;
    body.length = 0;
    writeRequest(body, calls.runtimeMs[slot], calls.memoryMib[slot]);
    const nowMs = this.#sentAtMs = clock.nowMs();
    const timeoutMs = calls.deadlineMs[slot] - nowMs;
    const block = connection.headers.encode(calls.functionIndex[slot], timeoutMs);
    this.connection = connection;
    this.stream = connection.http2.request(block, body, this);
    this.#transport.onSent(this);
  }

  /** Gives up the wait or the stream; tells whether it had been sent. */
  abandon(): boolean {
    this.#forgetServed();
    this.pool?.withdraw(this);
    const { stream } = this;
    if (stream === null) return false;
    this.noteUnsent();
    this.stream = null;
    this.connection!.http2.giveUp(stream);
    return true;
  }

  onWaited(waitedMs: number, { setUpMs, boundMs }: WaitParts): void {
    const { calls } = this.#transport;
    const { slot } = this;
    // Of a call that is sent once more, the first dispatch counts, and what it waited for that.
    if (!Number.isNaN(calls.dispatchedMs[slot])) return;
    // A connection that did not carry the call after all was made in vain.
    let peerMs = waitedMs - setUpMs - boundMs + (calls.setUpMs[slot] || 0);
    calls.setUpMs[slot] = NaN;
    if (setUpMs > 0) {
      // What the loader itself takes from a connection's readiness to the call.
      const restMs = peerMs < LEAST_PEER_WAIT_MS ? Math.max(0, peerMs) : 0;
      peerMs -= restMs;
      calls.setUpMs[slot] = setUpMs + restMs;
    }
    if (setUpMs > 0 || peerMs > 0) this.#waitedUntilMs = this.wait.sinceMs + waitedMs;
    if (peerMs > 0) calls.peerWaitMs[slot] = peerMs + (calls.peerWaitMs[slot] || 0);
    if (boundMs > 0) calls.boundWaitMs[slot] = boundMs + (calls.boundWaitMs[slot] || 0);
  }

  /** It was handed to a connection, and never left: the peer took nothing. */
  noteUnsent(): void {
    const { calls, clock } = this.#transport;
    if (!Number.isNaN(calls.dispatchedMs[this.slot])) return;
    const nowMs = clock.nowMs();
    this.onWaited(nowMs - this.#sentAtMs, NOT_SENT);
    this.#waitedUntilMs = nowMs;
  }

  onDispatched(nowMs: number): void {
    const { dispatchedMs } = this.#transport.calls;
    if (!Number.isNaN(dispatchedMs[this.slot])) return;
    dispatchedMs[this.slot] = nowMs;
    if (!Number.isNaN(this.#waitedUntilMs)) this.#endWait(nowMs);
  }

  /** What waited goes out in one batch: the time that takes is the wait's, too. */
  #endWait(dispatchedMs: number): void {
    const { setUpMs, peerWaitMs } = this.#transport.calls;
    const wait = Number.isNaN(peerWaitMs[this.slot]) ? setUpMs : peerWaitMs;
    wait[this.slot] += Math.max(0, dispatchedMs - this.#waitedUntilMs);
  }

  onHeaders(block: ResponseBlock, endStream: boolean): void {
    const fields = readGrpcFields(block);
    if (block.fields.tooLarge) {
      return this.#fail("reply", "The reply's header fields are too large.", endStream);
    }
    if (this.#httpStatus === 0) {
      this.#httpStatus = fields.httpStatus;
      this.#contentType = fields.contentType;
      this.#isGrpc = fields.isGrpc;
      this.#noteColdStart(fields.instanceReadyUnixMs);
    }
    if (!endStream) return;
    this.#finish(fields.statusCode, fields.statusMessage);
  }

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.#isGrpc) {
      const message = this.#message ??= this.#transport.lendMessage();
      const before = message.state;
      message.push(bytes, start, end, this.#transport.maxReplyBytes);
      const { state } = message;
      if (state === "whole" && before !== "whole") this.#readReply(message);
      else if (state === "too_large") {
        return this.#fail("too_large", "The reply's message is too large.", endStream);
      } else if (state === "compressed") {
        return this.#fail("reply", "The reply is compressed.", endStream);
      } else if (state === "several") {
        return this.#fail("reply", "The reply has more than one message.", endStream);
      }
    } else {
      // What is not gRPC is no message, and known by its HTTP status and its first words.
      this.#words ??= new BodyWords();
      this.#words.push(bytes, start, end);
    }
    if (endStream) this.#finish(null, null);
  }

  onAborted(reason: AbortReason, errorCode: number): void {
    const { http2 } = this.connection!;
    this.stream = null;
    switch (reason) {
      case "reset":
        return this.#complete(
          "reset",
          errorCode,
          `RST_STREAM ${errorName(errorCode)}`,
          http2.heardAtMs,
        );
      case "violation":
        return this.#complete(
          "reply",
          null,
          `The reply breaks the protocol (${errorName(errorCode)}).`,
          http2.heardAtMs,
        );
      case "lost":
        return this.#complete("lost", null, http2.loss, this.#transport.clock.nowMs());
      case "unprocessed":
        this.refusal = http2.farewell;
        // Where others were taken, its turn comes: the fewer are left.
        if (!http2.hasAnswered && !http2.hasTaken) this.refusals++;
        this.connection = null;
        this.#forgetReply();
        this.#transport.resend(this);
    }
  }

  /** The message lies in a buffer that is another's in a moment. */
  #readReply({ bytes, start, end }: MessageReader): void {
    const { replies, calls } = this.#transport;
    const { slot } = this;
    this.#isReplyRead = replies.read(bytes, start, end);
    if (!this.#isReplyRead) return;
    calls.servedRuntimeUs[slot] = replies.durationUs;
    calls.servedMemoryKib[slot] = replies.memoryKib;
    calls.instance[slot] = replies.instance;
  }

  /** Whether the instance became ready after the call went out, where the platform says so. */
  #noteColdStart(instanceReadyUnixMs: number): void {
    const { coldStartsMarked, calls, clock } = this.#transport;
    if (!coldStartsMarked) return;
    this.#noteSent(this.connection!.http2.heardAtMs);
    // Unmarked (NaN): the instance has served before.
    calls.coldStart[this.slot] = instanceReadyUnixMs >
      clock.originUnixMs + calls.dispatchedMs[this.slot];
  }

  /** The stream has ended with this status of gRPC, or without one. */
  #finish(statusCode: number | null, statusMessage: string | null): void {
    this.stream = null;
    const { heardAtMs } = this.connection!.http2;
    if (statusCode === null || (statusCode === STATUS.ok && !this.#isGrpc)) {
      return this.#complete("http", this.#httpStatus, this.#describeHttp(), heardAtMs);
    }
    if (statusCode === STATUS.ok && !this.#isReplyRead) {
      return this.#complete("reply", null, "The reply has no message that can be read.", heardAtMs);
    }
    this.#complete("status", statusCode, statusMessage, heardAtMs);
  }

  /** What a reply without a status of gRPC says. */
  #describeHttp(): string {
    const words = this.#words?.read(this.#contentType) ?? "";
    const status = `HTTP ${this.#httpStatus}`;
    // 200 without a status is no gRPC.
    if (this.#isGrpc) return `${status} without grpc-status`;
    if (this.#httpStatus !== 200) return words === "" ? status : `${status}: ${words}`;
    const type = cleanWords(this.#contentType);
    return words === "" ? `${status} with ${type}` : `${status} with ${type}: ${words}`;
  }

  /** Ends the call although its stream may go on. */
  #fail(cause: EndCause, sentence: string, endStream: boolean): void {
    const { http2 } = this.connection!;
    if (!endStream) http2.reset(this.stream!, ERROR_CODE.cancel);
    this.stream = null;
    this.#complete(cause, null, sentence, http2.heardAtMs);
  }

  #complete(
    cause: EndCause,
    code: number | null,
    message: string | null,
    completedMs: number,
  ): void {
    this.#noteSent(completedMs);
    const { calls } = this.#transport;
    const { slot } = this;
    if (cause !== "status" || code !== STATUS.ok) {
      this.#forgetServed();
      calls.statusMessage[slot] = message;
    }
    const { outcome, statusCode } = endingOf(cause, code, completedMs, calls.deadlineMs[slot]);
    this.#transport.finish(this, outcome, statusCode, completedMs);
  }

  /** An answer, seen at `nowMs`, can be faster than the return of the write that carried its call. */
  #noteSent(nowMs: number): void {
    const sinceMs = this.connection?.http2.writingSinceMs ?? NaN;
    this.onDispatched(Number.isNaN(sinceMs) ? nowMs : sinceMs);
  }

  /** A reply counts only with the status OK behind it. */
  #forgetServed(): void {
    if (!this.#isReplyRead) return;
    this.#isReplyRead = false;
    const { calls } = this.#transport;
    const { slot } = this;
    calls.servedRuntimeUs[slot] = calls.servedMemoryKib[slot] = NaN;
    calls.instance[slot] = null;
  }

  #forgetReply(): void {
    this.#httpStatus = 0;
    this.#isGrpc = false;
    this.#words = null;
    this.#forgetServed();
    this.#returnMessage();
  }

  #returnMessage(): void {
    if (this.#message === null) return;
    this.#transport.takeMessageBack(this.#message);
    this.#message = null;
  }
}

function withoutUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
