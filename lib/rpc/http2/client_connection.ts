import { errorMessage } from "../../base/error.ts";
import type { Clock } from "../../clock/clock.ts";
import type { ByteWriter } from "../byte_writer.ts";
import type { HeaderBlock } from "../hpack/header_block.ts";
import type { ByteStream } from "../socket.ts";
import { type AbortReason, ClientStream, type StreamListener } from "./client_stream.ts";
import { brokenBy, ConnectionEnd, type EndedBy } from "./connection_end.ts";
import { Http2Connection, type RoleTraits, STREAM_WINDOW_BYTES } from "./connection.ts";
import { ResponseBlock } from "./field_blocks.ts";
import { writeGoaway, writeHeaders, writePing } from "./frame_writer.ts";
import { HEADER_TABLE_BYTES, MAX_HEADER_LIST_BYTES } from "./header_reader.ts";
import { KeepAlive, type KeepAliveRules } from "./keep_alive.ts";
import {
  CONNECTION_PREFACE,
  DEFAULT_MAX_FRAME_BYTES,
  ERROR_CODE,
  type Http2Error,
  MAX_STREAM_ID,
  SETTING,
} from "./protocol.ts";
import { afterReceivingEnd, afterSendingEnd, STREAM_STATE } from "./stream.ts";

const CLIENT: RoleTraits = {
  preface: CONNECTION_PREFACE,
  settings: [
    [SETTING.headerTableSize, HEADER_TABLE_BYTES],
    [SETTING.enablePush, 0],
    [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
    [SETTING.maxFrameSize, DEFAULT_MAX_FRAME_BYTES],
    [SETTING.maxHeaderListSize, MAX_HEADER_LIST_BYTES],
  ],
  // A server may say 0 only.
  maxEnablePush: 0,
  readPauseBytes: Infinity,
  maxUnsentAnswers: 1000,
};

/** What waits for a socket that takes nothing; some 150,000 requests. */
const MAX_UNSENT_BYTES = 1 << 24;

/** Streams that are kept to be used again. */
const MAX_FREE_STREAMS = 1 << 17;

/** The listener of a request that was given up and left to end. */
const UNREAD: StreamListener = {
  onDispatched() {},
  onHeaders() {},
  onData() {},
  onAborted() {},
};

/** How a connection is watched over, and spared. */
export interface ConnectionRules extends KeepAliveRules {
  /**
   * Requests that may be given up on it, by RST_STREAM or unread: then it takes no
   * more, and ends when the others have. Infinity: any number.
   */
  readonly mostGivenUp: number;
  /** Requests that are given up are left to end unread, instead of being reset. */
  readonly leavesGivenUp: boolean;
}

/** Of the requests that may be given up: from here on another connection should be there. */
const WORN_SHARE = 0.6;

/** Whom a connection tells; none is called from within a method of the connection. */
export interface ConnectionListener {
  /** The peer's SETTINGS came: requests may be sent. */
  onReady(): void;
  /** There may be more room than before. */
  onRoom(): void;
  /** No new request will be taken soon: the peer is going away, or has had to bear enough. */
  onGoingAway(): void;
  /** It is over, every stream has ended. `reason` is a part of a sentence. */
  onEnd(reason: string): void;
}

/**
 * The client's side of a connection. Most requests are whole when they are made, so that a
 * stream is a request's header fields and body, and a listener for its reply.
 */
export class Http2ClientConnection extends Http2Connection<ClientStream> {
  /** Why it is over, or will be. */
  readonly ending = new ConnectionEnd();
  readonly #listener: ConnectionListener;
  readonly #rules: ConnectionRules;
  readonly #keepAlive: KeepAlive;
  readonly #freeStreams: ClientStream[] = [];
  #nextStreamId = 1;
  /** Since when there are requests out, if there are. */
  #outSinceMs = NaN;
  /** Somebody was told that there is no room because the socket takes nothing. */
  #isFull = false;

  /** The peer has ended a request: it answered, or reset it other than by refusing it. */
  hasAnswered = false;
  /** The peer, which goes away, says that it has taken a request at all. */
  hasTaken = false;
  /** Requests that were out when it ended. */
  callsLost = 0;
  /** Requests that were given up, and those of them that were left and have not ended. */
  #givenUp = 0;
  #left = 0;

  constructor(
    socket: ByteStream,
    clock: Clock,
    rules: ConnectionRules,
    listener: ConnectionListener,
  ) {
    super(socket, clock, CLIENT);
    this.#rules = rules;
    this.#listener = listener;
    this.#keepAlive = new KeepAlive(clock, rules, {
      heardAtMs: () => this.heardAtMs,
      outSinceMs: () => this.streams.size === 0 ? NaN : this.#outSinceMs,
      takeHeard: () => {
        const { hasHeard } = this;
        this.hasHeard = false;
        return hasHeard;
      },
      sendPing: () => {
        writePing(this.out.writer, false, new Uint8Array(8), 0);
        this.out.scheduleFlush();
      },
      onSilent: (silentMs) =>
        this.#endBy("network", `the peer was silent for ${Math.round(silentMs)} ms`),
    });
    this.readFrames();
  }

  /** Requests that may be made now with a body of `bodyBytes`. */
  room(bodyBytes: number): number {
    if (!this.#takesRequests || bodyBytes > this.sender.window) return 0;
    if (this.out.writer.length > MAX_UNSENT_BYTES) {
      this.#isFull = true;
      return 0;
    }
    return this.maxStreams - this.streams.size;
  }

  /** When the write that is going on began; NaN: none is. */
  get writingSinceMs(): number {
    return this.out.writingSinceMs;
  }

  /** Requests may be made for long, now or once others have ended. */
  get isUsable(): boolean {
    return this.#takesRequests && !this.isWorn;
  }

  get #takesRequests(): boolean {
    return this.isReady && !this.ending.isGoingAway && !this.isClosing &&
      this.#nextStreamId <= MAX_STREAM_ID && !this.#isWornOut;
  }

  /** Another should be there soon. */
  get isWorn(): boolean {
    return this.#givenUp >= WORN_SHARE * this.#rules.mostGivenUp;
  }

  get #isWornOut(): boolean {
    return this.#givenUp >= this.#rules.mostGivenUp;
  }

  /** Requests that were made. */
  get requests(): number {
    return (this.#nextStreamId - 1) / 2;
  }

  /**
   * Makes a request, for which there must be {@linkcode Http2ClientConnection.room}:
   * `block` was just made by the `encoder`. Both are copied. Without a `body`, it
   * follows by {@linkcode Http2ClientConnection.send}.
   */
  request(block: ByteWriter, body: ByteWriter | null, listener: StreamListener): ClientStream {
    const stream = this.#freeStreams.pop() ?? new ClientStream();
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    const { sender, streams, out } = this;
    if (streams.size === 0) this.#outSinceMs = this.clock.nowMs();
    stream.open(id, listener, sender.initialWindow, STREAM_WINDOW_BYTES);
    streams.add(stream);
    out.mark(id);
    writeHeaders(out.writer, id, block, false, sender.maxFrameBytes);
    if (body !== null && sender.send(stream, body.bytes, 0, body.length, true)) {
      stream.state = STREAM_STATE.halfClosedLocal;
    }
    out.scheduleFlush();
    return stream;
  }

  /** Sends a part of the body of a request that is neither whole nor over: `source[start, end)`. */
  send(
    stream: ClientStream,
    source: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): void {
    const isSent = this.sender.send(stream, source, start, end, endStream);
    if (isSent && endStream) stream.state = afterSendingEnd(stream.state);
    this.out.scheduleFlush();
  }

  /** Ends a request with RST_STREAM; its listener hears no more. */
  reset(stream: ClientStream, errorCode: number): void {
    this.writeReset(stream.id, errorCode);
    this.#close(stream);
    this.#free(stream);
    if (this.ending.isGoingAway) queueMicrotask(() => this.onBatch());
    this.out.scheduleFlush();
  }

  /**
   * Gives a request up; its listener hears no more. It is reset, until the peer has
   * had to bear that too often: then, and where the rules say so, it is left to end
   * unread. Servers count resets, and close the connection with all that is on it.
   */
  giveUp(stream: ClientStream): void {
    const { mostGivenUp, leavesGivenUp } = this.#rules;
    const wasWorn = this.isWorn;
    if (leavesGivenUp || this.#givenUp >= mostGivenUp) {
      stream.listener = UNREAD;
      this.#left++;
    } else {
      this.reset(stream, ERROR_CODE.cancel);
    }
    this.#givenUp++;
    if (!wasWorn && this.isWorn) {
      queueMicrotask(() => this.isEnded || this.#listener.onGoingAway());
    }
    if (this.#isWornOut || this.ending.isGoingAway) queueMicrotask(() => this.onBatch());
  }

  /** Says goodbye and closes the socket; requests that are out are aborted. */
  close(): void {
    if (this.isClosing) return;
    writeGoaway(this.out.writer, 0, ERROR_CODE.noError);
    this.ending.noteClosed();
    this.leave();
    this.out.flush();
  }

  // Coming in

  protected override isOpened(streamId: number): boolean {
    return streamId % 2 === 1 && streamId < this.#nextStreamId;
  }

  protected override mayHaveHeaders(streamId: number): boolean {
    return this.isOpened(streamId);
  }

  protected override onBlock(streamId: number, fields: HeaderBlock, endStream: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    const block = ResponseBlock.of(fields);
    if (stream.hasHeaders) {
      // Trailers: they end the stream and have no pseudo-header field (sections 8.1, 8.1.1).
      if (!endStream || block.status !== 0) return this.refuse(stream, ERROR_CODE.protocolError);
    } else if (!fields.tooLarge) {
      if (!(block.status >= 100)) return this.refuse(stream, ERROR_CODE.protocolError);
      if (block.status < 200) {
        // Informational: another block follows.
        if (endStream) this.refuse(stream, ERROR_CODE.protocolError);
        return;
      }
      stream.contentLeft = block.contentLength;
    }
    if (endStream && stream.contentLeft > 0) return this.refuse(stream, ERROR_CODE.protocolError);
    stream.hasHeaders = true;
    const listener = stream.listener!;
    if (endStream) this.#endReceiving(stream);
    listener.onHeaders(block, endStream);
    if (endStream) this.#free(stream);
  }

  protected override onData(
    stream: ClientStream,
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): void {
    if (!stream.hasHeaders) return this.refuse(stream, ERROR_CODE.protocolError);
    const listener = stream.listener!;
    if (endStream) this.#endReceiving(stream);
    listener.onData(bytes, start, end, endStream);
    if (endStream) this.#free(stream);
  }

  protected override onReset(stream: ClientStream, errorCode: number): void {
    if (errorCode !== ERROR_CODE.refusedStream) this.hasAnswered = true;
    this.#abort(stream, "reset", errorCode);
  }

  protected override onRefused(stream: ClientStream, errorCode: number): void {
    this.#abort(stream, "violation", errorCode);
  }

  protected override onSettings(isFirst: boolean): void {
    if (isFirst) this.#listener.onReady();
    else this.#listener.onRoom();
  }

  protected override onWidened(): void {
    this.#listener.onRoom();
  }

  protected override onGoaway(lastStreamId: number, errorCode: number, words: string): void {
    const wasGoingAway = this.ending.isGoingAway;
    this.ending.noteGoaway(errorCode, words);
    this.hasTaken = lastStreamId > 0;
    if (!wasGoingAway) this.#listener.onGoingAway();
    for (const stream of this.streams.streams()) {
      if (stream.id > lastStreamId && this.#isOpen(stream)) {
        this.#abort(stream, "unprocessed", errorCode);
      }
    }
  }

  /** Where no more requests are taken, the last reply that anybody waits for has come: it ends. */
  protected override onBatch(): void {
    if ((this.ending.isGoingAway || this.#isWornOut) && this.streams.size === this.#left) {
      this.close();
    }
  }

  // Streams

  /** The peer has said everything; a request that is not out as a whole is given up. */
  #endReceiving(stream: ClientStream): void {
    this.hasAnswered = true;
    stream.state = afterReceivingEnd(stream.state);
    if (stream.state === STREAM_STATE.halfClosedRemote) {
      this.writeReset(stream.id, ERROR_CODE.noError);
    }
    this.#close(stream);
  }

  #abort(stream: ClientStream, reason: AbortReason, errorCode: number): void {
    const listener = stream.listener!;
    this.#close(stream);
    listener.onAborted(reason, errorCode);
    this.#free(stream);
  }

  #close(stream: ClientStream): void {
    if (stream.listener === UNREAD) {
      this.#left--;
      // Nobody else tells that its place is free.
      queueMicrotask(() => this.#listener.onRoom());
    }
    this.remove(stream);
  }

  #free(stream: ClientStream): void {
    stream.listener = null;
    stream.unsent = null;
    if (this.#freeStreams.length < MAX_FREE_STREAMS) this.#freeStreams.push(stream);
  }

  /** What was not handed to the socket, nobody has looked at. */
  #abortStreams(): void {
    const unsent = new Set(this.out.unsentMarks());
    for (const stream of this.streams.streams()) {
      if (!this.#isOpen(stream)) continue;
      const reason = unsent.has(stream.id) ? "unprocessed" : "lost";
      if (reason === "lost" && stream.listener !== UNREAD) this.callsLost++;
      this.#abort(stream, reason, ERROR_CODE.noError);
    }
  }

  /** A stream was not ended by what a listener did meanwhile. */
  #isOpen(stream: ClientStream): boolean {
    return this.streams.get(stream.id) === stream;
  }

  // Going out

  protected override onSent(streamId: number, nowMs: number): void {
    // What ended in the meantime, by its deadline for one, has been told already.
    this.streams.get(streamId)?.listener?.onDispatched(nowMs);
  }

  protected override onResumed(stream: ClientStream): void {
    if (stream.endsWithData) stream.state = afterSendingEnd(stream.state);
  }

  protected override onWritten(isEmpty: boolean): void {
    if (isEmpty && this.isClosing) return this.end();
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#listener.onRoom();
  }

  // The end

  protected override onPeerDone(isCut: boolean): void {
    this.#endBy(
      "peer",
      isCut ? "the peer closed it in the middle of a frame" : "the peer closed it",
    );
  }

  protected override onReadFailed(error: unknown): void {
    this.#endBy(brokenBy(error), errorMessage(error));
  }

  protected override onWriteFailed(error: unknown): void {
    if (this.isClosing) return this.end();
    // What the peer said before it hung up, GOAWAY for one, is still to be
    // read; the end of that is the end.
    this.ending.note(brokenBy(error), errorMessage(error));
    this.leave();
  }

  protected override onViolation(error: Http2Error, violation: string): void {
    const reason = this.isReady ? violation : "its first bytes are not those of HTTP/2";
    if (this.isClosing) return this.#endBy("loader", reason);
    this.ending.noteViolation(error.errorCode, reason);
    this.leave();
    this.#abortStreams();
    // Requests that wait for the socket have just been given up.
    this.out.clear();
    writeGoaway(this.out.writer, 0, error.errorCode, error.message);
    this.out.flush();
  }

  protected override onEnded(): void {
    this.#keepAlive.stop();
    this.#abortStreams();
    this.#listener.onEnd(this.ending.reason);
  }

  #endBy(by: EndedBy, reason: string): void {
    if (this.isEnded) return;
    this.ending.note(by, reason);
    this.end();
  }
}
