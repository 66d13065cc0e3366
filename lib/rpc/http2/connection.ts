import type { Clock, TimerHandle } from "../../clock/clock.ts";
import { errorMessage } from "../../base/error.ts";
import type { ByteWriter } from "../byte_writer.ts";
import { HpackEncoder } from "../hpack/encoder.ts";
import { type HeaderBlock, HpackError } from "../hpack/header_block.ts";
import type { ByteStream } from "../socket.ts";
import { DataSender } from "./data_sender.ts";
import { flowControl, frameSize, readSettings, readUint32, violation } from "./frame_checks.ts";
import { FrameReader } from "./frame_reader.ts";
import {
  writeGoaway,
  writeHeaders,
  writePing,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from "./frame_writer.ts";
import { readWords } from "../peer_words.ts";
import { HEADER_TABLE_BYTES, HeaderReader, MAX_HEADER_LIST_BYTES } from "./header_reader.ts";
import { OutBuffer } from "./out_buffer.ts";
import {
  CONNECTION_PREFACE,
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ERROR_CODE,
  errorName,
  FLAG,
  FRAME,
  Http2Error,
  MAX_STREAM_ID,
  SETTING,
} from "./protocol.ts";
import {
  afterReceivingEnd,
  afterSendingEnd,
  Stream,
  STREAM_STATE,
  type StreamListener,
} from "./stream.ts";
import { ResponseBlock } from "./field_blocks.ts";
import { StreamTable } from "./stream_table.ts";

/** What the peer may send on one stream before it hears from us. */
const STREAM_WINDOW_BYTES = 1 << 20;

/** What the peer may send on the whole connection before it hears from us. */
const CONNECTION_WINDOW_BYTES = 1 << 24;

/** Answers to PING and SETTINGS that may wait for a peer that does not read. */
const MAX_UNSENT_ANSWERS = 1000;

/** What waits for a socket that takes nothing; some 150,000 requests. */
const MAX_UNSENT_BYTES = 1 << 24;

/** Streams that are kept to be used again. */
const MAX_FREE_STREAMS = 1 << 17;

/** Longest wait for the socket to take the goodbye. */
const CLOSE_MS = 1000;

/**
 * Pings in a row that may come soon. Servers count a ping within five minutes of the
 * last one as a strike unless they sent HEADERS or DATA in between; grpc-java
 * ends the connection at the third ping (KeepAliveEnforcer.java, which counts the
 * first too), grpc-go 1.85 and gRPC core at the fourth (http2_server.go,
 * ping_abuse_policy.cc).
 */
const SOON_PINGS = 2;

/** Silence before any other ping: beyond the five minutes of gRPC (grpc/proposal, A8). */
const SPARE_PING_MS = 360_000;

const CLOSED = "it was closed";

/** The listener of a request that was given up and left to end. */
const UNREAD: StreamListener = {
  onDispatched() {},
  onHeaders() {},
  onData() {},
  onAborted() {},
};

/** How a connection is watched over, and spared. */
export interface ConnectionRules {
  /**
   * Silence of the peer, in ms, while calls are out, before it is pinged; `null`: never.
   * Where it answers pings alone, it is pinged once more like that, and then every six
   * minutes.
   */
  readonly keepAliveMs: number | null;
  /** Silence after the ping, in ms, before the connection is given up. */
  readonly keepAliveTimeoutMs: number;
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

/** Who ended a connection: `network` when nobody said anything. */
export type EndedBy = "peer" | "loader" | "network";

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
 * The client's side of a connection of HTTP/2 (RFC 9113): one loop reads, and
 * whatever was written in one turn of the event loop goes out in one write.
 * Most requests are whole when they are made, so that a stream is a request's
 * header fields and body, and a listener for its reply.
 */
export class Http2Connection {
  /** Compresses the header fields of requests; its blocks must be sent in order. */
  readonly encoder = new HpackEncoder();
  readonly #socket: ByteStream;
  readonly #clock: Clock;
  readonly #listener: ConnectionListener;
  readonly #rules: ConnectionRules;
  readonly #headers = new HeaderReader((streamId, fields, endStream) =>
    this.#onBlock(streamId, fields, endStream)
  );
  readonly #reader = new FrameReader((type, flags, streamId, bytes, start, end) =>
    this.#onFrame(type, flags, streamId, bytes, start, end)
  );
  readonly #streams = new StreamTable<Stream>();
  readonly #freeStreams: Stream[] = [];
  #nextStreamId = 1;

  // What the peer has said
  #isReady = false;
  /** Somebody was told that there is no room because the socket takes nothing. */
  #isFull = false;
  #maxStreams = Infinity;
  #isGoingAway = false;

  // What comes in
  #receiveWindow = CONNECTION_WINDOW_BYTES;
  #heardAtMs: number;

  // What goes out
  readonly #out: OutBuffer;
  readonly #sender: DataSender<Stream>;
  #unsentAnswers = 0;

  /** Whether the peer has ended a request: it answered, or reset it other than by refusing it. */
  hasAnswered = false;
  /** Whether the peer, which goes away, says that it has taken a request at all. */
  hasTaken = false;
  /** RST_STREAM frames that were sent, and that came for requests that were out. */
  resetsSent = 0;
  resetsReceived = 0;
  /** Requests that were out when it ended. */
  callsLost = 0;
  /** Requests that were given up, and those of them that were left and have not ended. */
  #givenUp = 0;
  #left = 0;

  #isEnded = false;
  /** No request is taken, and the end is near. */
  #isClosing = false;
  #endReason = "";
  #endedBy: EndedBy | null = null;
  /** What was said at the end, by GOAWAY: an error code, and the peer's words. */
  #goodbyeCode: number | null = null;
  #goodbyeWords = "";
  #loss: string | null = null;
  #keepAliveTimer: TimerHandle | undefined;
  #closeTimer: TimerHandle | undefined;
  #pingedAtMs = NaN;
  /** Pings since the peer last sent HEADERS or DATA, which is when servers forget them. */
  #pings = 0;
  /** Since when there are requests out, if there are. */
  #outSinceMs = NaN;

  constructor(
    socket: ByteStream,
    clock: Clock,
    rules: ConnectionRules,
    listener: ConnectionListener,
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#rules = rules;
    this.#listener = listener;
    this.#heardAtMs = clock.nowMs();
    this.#out = new OutBuffer(socket, clock, {
      // What ended in the meantime, by its deadline for one, has been told already.
      onSent: (id, nowMs) => this.#streams.get(id)?.listener?.onDispatched(nowMs),
      onWritten: (isEmpty) => {
        this.#unsentAnswers = 0;
        if (isEmpty && this.#isClosing) return this.#end(this.endedBy, this.#endReason);
        if (!this.#isFull) return;
        this.#isFull = false;
        this.#listener.onRoom();
      },
      onFailed: (error) => {
        if (this.#isClosing) return this.#end(this.endedBy, this.#endReason);
        // What the peer said before it hung up, GOAWAY for one, is still to be
        // read; the end of that is the end.
        this.#leave(brokenBy(error), errorMessage(error));
      },
    });
    this.#sender = new DataSender(this.#out, (stream) => {
      if (stream.endsWithData) stream.state = afterSendingEnd(stream.state);
    });
    this.#out.writer.append(CONNECTION_PREFACE);
    writeSettings(this.#out.writer, [
      [SETTING.headerTableSize, HEADER_TABLE_BYTES],
      [SETTING.enablePush, 0],
      [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
      [SETTING.maxFrameSize, DEFAULT_MAX_FRAME_BYTES],
      [SETTING.maxHeaderListSize, MAX_HEADER_LIST_BYTES],
    ]);
    writeWindowUpdate(this.#out.writer, 0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
    this.#out.scheduleFlush();
    this.#armKeepAlive();
    this.#readAll();
  }

  /** Requests that may be made now with a body of `bodyBytes`. */
  room(bodyBytes: number): number {
    if (!this.#takesRequests || bodyBytes > this.#sender.window) return 0;
    if (this.#out.writer.length > MAX_UNSENT_BYTES) {
      this.#isFull = true;
      return 0;
    }
    return this.#maxStreams - this.#streams.size;
  }

  /** When the write that is going on began; NaN: none is. */
  get writingSinceMs(): number {
    return this.#out.writingSinceMs;
  }

  /** Whether requests may be made for long, now or once others have ended. */
  get isUsable(): boolean {
    return this.#takesRequests && !this.isWorn;
  }

  get #takesRequests(): boolean {
    return this.#isReady && !this.#isGoingAway && !this.#isEnded && !this.#isClosing &&
      this.#nextStreamId <= MAX_STREAM_ID && !this.#isWornOut;
  }

  /** Whether another should be there soon. */
  get isWorn(): boolean {
    return this.#givenUp >= WORN_SHARE * this.#rules.mostGivenUp;
  }

  get #isWornOut(): boolean {
    return this.#givenUp >= this.#rules.mostGivenUp;
  }

  /** Requests at once that the peer allows. */
  get maxStreams(): number {
    return this.#maxStreams;
  }

  /** Requests that are out. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** When bytes of the peer last came, on the clock. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Requests that were made. */
  get requests(): number {
    return (this.#nextStreamId - 1) / 2;
  }

  /** Who ended it; whoever began to, while it ends. */
  get endedBy(): EndedBy {
    return this.#endedBy ?? "network";
  }

  /** The name of the error code at its end, such as `ENHANCE_YOUR_CALM`; `null`: none was said. */
  get endCode(): string | null {
    return this.#goodbyeCode === null ? null : errorName(this.#goodbyeCode);
  }

  /** What the peer said at its end, else why it ended; `null`: this side closed it. */
  get endDetail(): string | null {
    return this.#goodbyeWords || (this.#endReason === CLOSED ? null : this.#endReason);
  }

  /** What calls are told that were not looked at; `null`: the peer said nothing. */
  get farewell(): string | null {
    return this.#isGoingAway ? this.#goaway : null;
  }

  get #goaway(): string {
    return `GOAWAY ${this.endCode} ${this.#goodbyeWords}`.trimEnd();
  }

  /** What calls are told that were out when it ended; one text for all of them. */
  get loss(): string {
    return this.#loss ??= `connection lost: ${this.#endReason}` +
      (this.#isGoingAway ? ` after ${this.#goaway}` : "");
  }

  /**
   * Makes a request, for which there must be {@linkcode Http2Connection.room}:
   * `block` was just made by the `encoder`. Both are copied. Without a `body`, it
   * follows by {@linkcode Http2Connection.send}.
   */
  request(block: ByteWriter, body: ByteWriter | null, listener: StreamListener): Stream {
    const stream = this.#freeStreams.pop() ?? new Stream();
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    const sender = this.#sender;
    if (this.#streams.size === 0) this.#outSinceMs = this.#clock.nowMs();
    stream.open(id, listener, sender.initialWindow, STREAM_WINDOW_BYTES);
    this.#streams.add(stream);
    this.#out.mark(id);
    writeHeaders(this.#out.writer, id, block, false, sender.maxFrameBytes);
    if (body !== null && sender.send(stream, body.bytes, 0, body.length, true)) {
      stream.state = STREAM_STATE.halfClosedLocal;
    }
    this.#out.scheduleFlush();
    return stream;
  }

  /** Sends a part of the body of a request that is neither whole nor over: `source[start, end)`. */
  send(stream: Stream, source: Uint8Array, start: number, end: number, endStream: boolean): void {
    const isSent = this.#sender.send(stream, source, start, end, endStream);
    if (isSent && endStream) stream.state = afterSendingEnd(stream.state);
    this.#out.scheduleFlush();
  }

  /** Ends a request with RST_STREAM; its listener hears no more. */
  reset(stream: Stream, errorCode: number): void {
    this.#writeReset(stream.id, errorCode);
    this.#close(stream);
    this.#free(stream);
    if (this.#isGoingAway) queueMicrotask(() => this.#endIfDone());
    this.#out.scheduleFlush();
  }

  /**
   * Gives a request up; its listener hears no more. It is reset, until the peer has
   * had to bear that too often: then, and where the rules say so, it is left to end
   * unread. Servers count resets, and close the connection with all that is on it.
   */
  giveUp(stream: Stream): void {
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
      queueMicrotask(() => this.#isEnded || this.#listener.onGoingAway());
    }
    if (this.#isWornOut || this.#isGoingAway) queueMicrotask(() => this.#endIfDone());
  }

  /** Says goodbye and closes the socket; requests that are out are aborted. */
  close(): void {
    if (this.#isEnded || this.#isClosing) return;
    writeGoaway(this.#out.writer, 0, ERROR_CODE.noError);
    this.#goodbyeCode ??= ERROR_CODE.noError;
    this.#leave(this.#isGoingAway ? "peer" : "loader", CLOSED);
    this.#out.flush();
  }

  // Coming in

  async #readAll(): Promise<void> {
    const socket = this.#socket;
    const reader = this.#reader;
    for (;;) {
      let count: number | null;
      try {
        count = await socket.read(reader.room());
      } catch (error) {
        return this.#end(brokenBy(error), errorMessage(error));
      }
      if (this.#isEnded) return;
      if (count === null) {
        return this.#end(
          "peer",
          reader.holdsPart ? "the peer closed it in the middle of a frame" : "the peer closed it",
        );
      }
      this.#heardAtMs = this.#clock.nowMs();
      try {
        reader.advance(count);
      } catch (error) {
        if (error instanceof Http2Error) return this.#fail(error);
        if (!(error instanceof HpackError)) throw error;
        return this.#fail(new Http2Error(ERROR_CODE.compressionError, error.message));
      }
      this.#endIfDone();
      this.#out.flush();
    }
  }

  #onFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.#isEnded) return;
    this.#headers.check(type, streamId);
    if (!this.#isReady && (type !== FRAME.settings || (flags & FLAG.ack) !== 0)) {
      throw violation("The peer's first frame is not SETTINGS; it may not speak HTTP/2.");
    }
    switch (type) {
      case FRAME.data:
        this.#pings = 0;
        return this.#onData(flags, streamId, bytes, start, end);
      case FRAME.headers:
        this.#pings = 0;
        this.#checkNumber(streamId, "HEADERS");
        return this.#headers.readHeaders(flags, streamId, bytes, start, end);
      case FRAME.priority:
        return this.#onPriority(streamId, end - start);
      case FRAME.rstStream:
        return this.#onReset(streamId, bytes, start, end);
      case FRAME.settings:
        return this.#onSettings(flags, streamId, bytes, start, end);
      case FRAME.pushPromise:
        throw violation("The peer sent PUSH_PROMISE, which was turned off.");
      case FRAME.ping:
        return this.#onPing(flags, streamId, bytes, start, end);
      case FRAME.goaway:
        return this.#onGoaway(streamId, bytes, start, end);
      case FRAME.windowUpdate:
        return this.#onWindowUpdate(streamId, bytes, start, end);
      case FRAME.continuation:
        return this.#headers.readContinuation(flags, bytes, start, end);
      default:
        // Frames of other types are ignored (section 5.5).
    }
  }

  #onData(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    // Credited on arrival, from half of the window on: no peer can be seen to exceed it.
    this.#receiveWindow -= length;
    if (2 * this.#receiveWindow < CONNECTION_WINDOW_BYTES) {
      writeWindowUpdate(this.#out.writer, 0, CONNECTION_WINDOW_BYTES - this.#receiveWindow);
      this.#receiveWindow = CONNECTION_WINDOW_BYTES;
    }
    const stream = this.#receiving(streamId, "DATA");
    if ((flags & FLAG.padded) !== 0) {
      const padding = length === 0 ? 0 : bytes[start];
      start++;
      end -= padding;
      if (end < start) throw violation("The peer sent DATA with more padding than payload.");
    }
    if (stream === undefined) return;
    stream.receiveWindow -= length;
    if (!stream.hasHeaders) return this.#refuse(stream, ERROR_CODE.protocolError);
    const endStream = (flags & FLAG.endStream) !== 0;
    if (!endStream && 2 * stream.receiveWindow < STREAM_WINDOW_BYTES) {
      writeWindowUpdate(this.#out.writer, streamId, STREAM_WINDOW_BYTES - stream.receiveWindow);
      stream.receiveWindow = STREAM_WINDOW_BYTES;
    }
    stream.contentLeft -= end - start;
    if (stream.contentLeft < 0 || (endStream && stream.contentLeft > 0)) {
      return this.#refuse(stream, ERROR_CODE.protocolError);
    }
    const listener = stream.listener!;
    if (endStream) this.#endReceiving(stream);
    listener.onData(bytes, start, end, endStream);
    if (endStream) this.#free(stream);
  }

  #onBlock(streamId: number, fields: HeaderBlock, endStream: boolean): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    const block = ResponseBlock.of(fields);
    if (stream.hasHeaders) {
      // Trailers: they end the stream and have no pseudo-header field (sections 8.1, 8.1.1).
      if (!endStream || block.status !== 0) {
        return this.#refuse(stream, ERROR_CODE.protocolError);
      }
    } else if (!fields.tooLarge) {
      if (!(block.status >= 100)) return this.#refuse(stream, ERROR_CODE.protocolError);
      if (block.status < 200) {
        // Informational: another block follows.
        if (endStream) this.#refuse(stream, ERROR_CODE.protocolError);
        return;
      }
      stream.contentLeft = block.contentLength;
    }
    if (endStream && stream.contentLeft > 0) {
      return this.#refuse(stream, ERROR_CODE.protocolError);
    }
    stream.hasHeaders = true;
    const listener = stream.listener!;
    if (endStream) this.#endReceiving(stream);
    listener.onHeaders(block, endStream);
    if (endStream) this.#free(stream);
  }

  /** It means nothing any more (section 5.3.2) but must have its form (section 6.3). */
  #onPriority(streamId: number, length: number): void {
    if (streamId === 0) throw violation("The peer sent PRIORITY for no stream.");
    if (length === 5) return;
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#refuse(stream, ERROR_CODE.frameSizeError);
  }

  #onReset(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) throw frameSize("RST_STREAM");
    const stream = this.#receiving(streamId, "RST_STREAM");
    if (stream === undefined) return;
    this.resetsReceived++;
    const errorCode = readUint32(bytes, start);
    if (errorCode !== ERROR_CODE.refusedStream) this.hasAnswered = true;
    this.#abort(stream, "reset", errorCode);
  }

  #onSettings(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number) {
    if (streamId !== 0) throw violation("The peer sent SETTINGS for a stream.");
    if ((flags & FLAG.ack) !== 0) {
      if (end !== start) throw frameSize("SETTINGS");
      return;
    }
    readSettings(bytes, start, end, (identifier, value) => this.#applySetting(identifier, value));
    this.#answer();
    writeSettingsAck(this.#out.writer);
    if (!this.#isReady) {
      this.#isReady = true;
      this.#listener.onReady();
    } else {
      this.#listener.onRoom();
    }
  }

  #applySetting(identifier: number, value: number): void {
    switch (identifier) {
      case SETTING.headerTableSize:
        this.encoder.setMaxTableSize(value);
        return;
      case SETTING.enablePush:
        // A server may say 0 only (section 6.5.2).
        if (value !== 0) throw violation(`The peer set ENABLE_PUSH to ${value}.`);
        return;
      case SETTING.maxConcurrentStreams:
        this.#maxStreams = value;
        return;
      case SETTING.initialWindowSize: {
        const sender = this.#sender;
        const difference = value - sender.initialWindow;
        sender.initialWindow = value;
        for (const stream of this.#streams.streams()) {
          if (sender.widenStream(stream, difference)) continue;
          throw flowControl(
            `The peer set INITIAL_WINDOW_SIZE to ${value}: stream ${stream.id} has too large a window.`,
          );
        }
        return;
      }
      case SETTING.maxFrameSize:
        this.#sender.maxFrameBytes = value;
        return;
      default:
        // MAX_HEADER_LIST_SIZE is advice (and requests are small); others are ignored.
    }
  }

  #onPing(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) throw violation("The peer sent PING for a stream.");
    if (end - start !== 8) throw frameSize("PING");
    if ((flags & FLAG.ack) !== 0) return;
    this.#answer();
    writePing(this.#out.writer, true, bytes, start);
  }

  #onGoaway(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) throw violation("The peer sent GOAWAY for a stream.");
    if (end - start < 8) throw frameSize("GOAWAY");
    const lastStreamId = readUint32(bytes, start) & 0x7fffffff;
    const errorCode = readUint32(bytes, start + 4);
    // What is said last counts: a peer that leaves in two steps says why in the second.
    this.#goodbyeCode = errorCode;
    this.#goodbyeWords = readWords(bytes, start + 8, end) || this.#goodbyeWords;
    this.hasTaken = lastStreamId > 0;
    const wasGoingAway = this.#isGoingAway;
    this.#isGoingAway = true;
    if (!wasGoingAway) this.#listener.onGoingAway();
    for (const stream of this.#streams.streams()) {
      if (stream.id > lastStreamId && this.#isOpen(stream)) {
        this.#abort(stream, "unprocessed", errorCode);
      }
    }
  }

  #onWindowUpdate(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) throw frameSize("WINDOW_UPDATE");
    const increment = readUint32(bytes, start) & 0x7fffffff;
    if (streamId === 0) {
      if (increment === 0) throw violation("The peer sent WINDOW_UPDATE of 0.");
      this.#sender.widen(increment);
      this.#listener.onRoom();
      return;
    }
    const stream = this.#receiving(streamId, "WINDOW_UPDATE");
    if (stream === undefined) return;
    if (increment === 0) return this.#refuse(stream, ERROR_CODE.protocolError);
    if (!this.#sender.widenStream(stream, increment)) {
      this.#refuse(stream, ERROR_CODE.flowControlError);
    }
  }

  /** The stream that a frame is for; `undefined` when it has ended here already. */
  #receiving(streamId: number, frame: string): Stream | undefined {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) this.#checkNumber(streamId, frame);
    return stream;
  }

  #checkNumber(streamId: number, frame: string): void {
    if (streamId === 0 || streamId % 2 === 0 || streamId >= this.#nextStreamId) {
      throw violation(`The peer sent ${frame} for stream ${streamId}, which nobody opened.`);
    }
  }

  // Streams

  /** The peer has said everything; a request that is not out as a whole is given up. */
  #endReceiving(stream: Stream): void {
    this.hasAnswered = true;
    stream.state = afterReceivingEnd(stream.state);
    if (stream.state === STREAM_STATE.halfClosedRemote) {
      this.#writeReset(stream.id, ERROR_CODE.noError);
    }
    this.#close(stream);
  }

  #writeReset(streamId: number, errorCode: number): void {
    this.resetsSent++;
    writeReset(this.#out.writer, streamId, errorCode);
  }

  #refuse(stream: Stream, errorCode: number): void {
    this.#writeReset(stream.id, errorCode);
    this.#abort(stream, "violation", errorCode);
  }

  #abort(
    stream: Stream,
    reason: Parameters<StreamListener["onAborted"]>[0],
    errorCode: number,
  ): void {
    const listener = stream.listener!;
    this.#close(stream);
    listener.onAborted(reason, errorCode);
    this.#free(stream);
  }

  #close(stream: Stream): void {
    if (stream.listener === UNREAD) {
      this.#left--;
      // Nobody else tells that its place is free.
      queueMicrotask(() => this.#listener.onRoom());
    }
    stream.state = STREAM_STATE.closed;
    this.#streams.delete(stream.id);
    this.#sender.forget(stream);
  }

  #free(stream: Stream): void {
    stream.listener = null;
    stream.unsent = null;
    if (this.#freeStreams.length < MAX_FREE_STREAMS) this.#freeStreams.push(stream);
  }

  /** Where no more requests are taken, the last reply that anybody waits for has come: it ends. */
  #endIfDone(): void {
    if ((this.#isGoingAway || this.#isWornOut) && this.#streams.size === this.#left) this.close();
  }

  // Going out

  /** Counts an answer that the peer makes us send, and gives up one that only asks. */
  #answer(): void {
    if (++this.#unsentAnswers > MAX_UNSENT_ANSWERS) {
      throw new Http2Error(
        ERROR_CODE.enhanceYourCalm,
        `The peer asked for ${this.#unsentAnswers} answers and read none.`,
      );
    }
  }

  // The end

  /** Ends every stream, and the connection once the peer has been told what it did wrong. */
  #fail(error: Http2Error): void {
    if (this.#isEnded) return;
    const reason = this.#isReady
      ? `${error.message.replace(/\.$/, "")} (${errorName(error.errorCode)})`
      : "its first bytes are not those of HTTP/2";
    if (this.#isClosing) return this.#end("loader", reason);
    this.#goodbyeCode = error.errorCode;
    this.#leave("loader", reason);
    this.#abortStreams();
    // Requests that wait for the socket have just been given up.
    this.#out.clear();
    writeGoaway(this.#out.writer, 0, error.errorCode, error.message);
    this.#out.flush();
  }

  /** Takes no more requests, and ends when all is written, or soon: some peers do not read. */
  #leave(by: EndedBy, reason: string): void {
    this.#isClosing = true;
    this.#noteEnd(by, reason);
    this.#closeTimer = this.#clock.at(this.#clock.nowMs() + CLOSE_MS, () => this.#end(by, reason));
  }

  /** The first reason is the reason. */
  #noteEnd(by: EndedBy, reason: string): void {
    if (this.#endedBy !== null) return;
    this.#endedBy = this.#isGoingAway ? "peer" : by;
    this.#endReason = reason;
  }

  #end(by: EndedBy, reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#noteEnd(by, reason);
    this.#keepAliveTimer?.cancel();
    this.#closeTimer?.cancel();
    this.#out.close();
    this.#socket.close();
    this.#abortStreams();
    this.#listener.onEnd(this.#endReason);
  }

  /** What was not handed to the socket, nobody has looked at. */
  #abortStreams(): void {
    const unsent = new Set(this.#out.unsentMarks());
    for (const stream of this.#streams.streams()) {
      if (!this.#isOpen(stream)) continue;
      const reason = unsent.has(stream.id) ? "unprocessed" : "lost";
      if (reason === "lost" && stream.listener !== UNREAD) this.callsLost++;
      this.#abort(stream, reason, ERROR_CODE.noError);
    }
  }

  /** Whether a stream was not ended by what a listener did meanwhile. */
  #isOpen(stream: Stream): boolean {
    return this.#streams.get(stream.id) === stream;
  }

  #armKeepAlive(): void {
    const { keepAliveMs, keepAliveTimeoutMs } = this.#rules;
    if (keepAliveMs === null) return;
    const nowMs = this.#clock.nowMs();
    const isPinged = this.#pingedAtMs > this.#heardAtMs;
    const silenceMs = this.#pings < SOON_PINGS ? keepAliveMs : Math.max(SPARE_PING_MS, keepAliveMs);
    const dueMs = isPinged
      ? this.#pingedAtMs + keepAliveTimeoutMs
      : this.#streams.size === 0
      ? nowMs + keepAliveMs
      : Math.max(this.#heardAtMs, this.#outSinceMs) + silenceMs;
    if (dueMs <= nowMs) {
      if (isPinged) {
        const silentMs = Math.round(nowMs - this.#heardAtMs);
        return this.#end("network", `the peer was silent for ${silentMs} ms`);
      }
      this.#pingedAtMs = nowMs;
      this.#pings++;
      writePing(this.#out.writer, false, new Uint8Array(8), 0);
      this.#out.scheduleFlush();
    }
    this.#keepAliveTimer = this.#clock.at(
      dueMs <= nowMs ? nowMs + keepAliveTimeoutMs : dueMs,
      () => this.#armKeepAlive(),
    );
  }
}

/** Who broke a connection: a reset or a refusal is the peer's, what else breaks it is the network. */
export function brokenBy(error: unknown): EndedBy {
  const isPeer = error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.UnexpectedEof;
  return isPeer ? "peer" : "network";
}
