import type { Clock } from "../../clock/clock.ts";
import type { CallColumns } from "../../model/platform.ts";
import type { Outcome } from "../../model/record.ts";
import type { ByteWriter } from "../byte_writer.ts";
import { type EndCause, endingOf } from "../call_ending.ts";
import { type ReplyReader, REQUEST_BYTES, writeRequest } from "../executor/executor_messages.ts";
import type { MessageReader } from "../grpc/message_reader.ts";
import { readGrpcFields } from "../grpc/reply_headers.ts";
import { STATUS } from "../grpc/status.ts";
import type { AbortReason, ClientStream, StreamListener } from "../http2/client_stream.ts";
import type { ResponseBlock } from "../http2/field_blocks.ts";
import { ERROR_CODE, errorName } from "../http2/protocol.ts";
import { BodyWords, cleanWords } from "../peer_words.ts";
import type { PooledConnection } from "./connector.ts";
import {
  type ConnectionPool,
  LEAST_PEER_WAIT_MS,
  Wait,
  type WaitingCall,
  type WaitParts,
} from "./waiting_call.ts";

const NOT_SENT: WaitParts = { setUpMs: 0, boundMs: 0 };

/** What calls share, and whom they tell. */
export interface CallHost {
  readonly clock: Clock;
  readonly calls: CallColumns;
  readonly maxReplyBytes: number;
  readonly coldStartsMarked: boolean;
  readonly replies: ReplyReader;
  /** The body of the call that is being sent. */
  readonly body: ByteWriter;
  /** A call was sent: it waits no longer. */
  onSent(call: GrpcCall): void;
  /** Sends a call that its peer has not looked at once more. */
  resend(call: GrpcCall): void;
  /** Ends a call, whose stream is gone. */
  finish(call: GrpcCall, outcome: Outcome, statusCode: number | null, completedMs: number): void;
  lendMessage(): MessageReader;
  takeMessageBack(message: MessageReader): void;
}

/** A call of `faas.Executor/Execute` and what has come of its reply; used again and again. */
export class GrpcCall implements StreamListener, WaitingCall {
  readonly #host: CallHost;
  /** Lent by the host from the reply's first block on: most calls in flight have none yet. */
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
  stream: ClientStream | null = null;
  /** What the peer said last that did not look at it. */
  refusal: string | null = null;
  /** What the reply's first block said; 0: none came. */
  #httpStatus = 0;
  #contentType = "";
  #isGrpc = false;
  /** The first words of a reply that is no gRPC. */
  #words: BodyWords | null = null;
  /** The reply's message came whole and could be read, into the columns. */
  #isReplyRead = false;

  constructor(host: CallHost) {
    this.#host = host;
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
    const { calls, clock, body } = this.#host;
    const { slot } = this;
    body.length = 0;
    writeRequest(body, calls.runtimeMs[slot], calls.memoryMib[slot]);
    const nowMs = this.#sentAtMs = clock.nowMs();
    const timeoutMs = calls.deadlineMs[slot] - nowMs;
    const block = connection.headers.encode(
      calls.functionIndex[slot],
      timeoutMs,
      calls.traceparent[slot],
    );
    this.connection = connection;
    this.stream = connection.http2.request(block, body, this);
    this.#host.onSent(this);
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
    const { calls } = this.#host;
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
    const { calls, clock } = this.#host;
    if (!Number.isNaN(calls.dispatchedMs[this.slot])) return;
    const nowMs = clock.nowMs();
    this.onWaited(nowMs - this.#sentAtMs, NOT_SENT);
    this.#waitedUntilMs = nowMs;
  }

  onDispatched(nowMs: number): void {
    const { dispatchedMs } = this.#host.calls;
    if (!Number.isNaN(dispatchedMs[this.slot])) return;
    dispatchedMs[this.slot] = nowMs;
    if (!Number.isNaN(this.#waitedUntilMs)) this.#endWait(nowMs);
  }

  /** What waited goes out in one batch: the time that takes is the wait's, too. */
  #endWait(dispatchedMs: number): void {
    const { setUpMs, peerWaitMs } = this.#host.calls;
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
      const message = this.#message ??= this.#host.lendMessage();
      const before = message.state;
      message.push(bytes, start, end, this.#host.maxReplyBytes);
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
      // A reply that is not gRPC has no message, and is known by its HTTP status and its first words.
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
        return this.#complete("lost", null, http2.ending.loss, this.#host.clock.nowMs());
      case "unprocessed":
        this.refusal = http2.ending.farewell;
        // Where others were taken, its turn comes: the fewer are left.
        if (!http2.hasAnswered && !http2.hasTaken) this.refusals++;
        this.connection = null;
        this.#forgetReply();
        this.#host.resend(this);
    }
  }

  /** The message lies in a buffer that is another's in a moment. */
  #readReply({ bytes, start, end }: MessageReader): void {
    const { replies, calls } = this.#host;
    const { slot } = this;
    this.#isReplyRead = replies.read(bytes, start, end);
    if (!this.#isReplyRead) return;
    calls.servedRuntimeUs[slot] = replies.durationUs;
    calls.servedMemoryKib[slot] = replies.memoryKib;
    calls.instance[slot] = replies.instance;
  }

  /** Notes if the instance became ready after the call went out, where the platform says so. */
  #noteColdStart(instanceReadyUnixMs: number): void {
    const { coldStartsMarked, calls, clock } = this.#host;
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
    const { calls } = this.#host;
    const { slot } = this;
    if (cause !== "status" || code !== STATUS.ok) {
      this.#forgetServed();
      calls.statusMessage[slot] = message;
    }
    const { outcome, statusCode } = endingOf(cause, code, completedMs, calls.deadlineMs[slot]);
    this.#host.finish(this, outcome, statusCode, completedMs);
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
    const { calls } = this.#host;
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
    this.#host.takeMessageBack(this.#message);
    this.#message = null;
  }
}
