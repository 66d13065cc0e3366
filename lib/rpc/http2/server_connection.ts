import { errorMessage } from "../../base/error.ts";
import type { Clock, TimerHandle } from "../../clock/clock.ts";
import { FieldCache, type HeaderField } from "../hpack/encoder.ts";
import type { HeaderBlock } from "../hpack/header_block.ts";
import type { ByteStream } from "../socket.ts";
import { Http2Connection, STREAM_WINDOW_BYTES } from "./connection.ts";
import { areTrailersWellFormed, RequestBlock } from "./field_blocks.ts";
import { writeGoaway, writeHeaders, writePing } from "./frame_writer.ts";
import { MAX_HEADER_LIST_BYTES } from "./header_reader.ts";
import { CONNECTION_PREFACE, ERROR_CODE, Http2Error, MAX_STREAM_ID, SETTING } from "./protocol.ts";
import { type ReplySender, type RequestHandler, ServerStream } from "./server_stream.ts";
import { afterReceivingEnd, afterSendingEnd, STREAM_STATE } from "./stream.ts";

/** With more than this unsent, nothing is read: a peer must take its replies. */
const READ_PAUSE_BYTES = 1 << 20;

/** Longest wait for the peer's preface and SETTINGS. */
const PREFACE_MS = 10_000;

/**
 * A peer that has said its last may still read, or be gone: only writing tells.
 * It is pinged this often while replies are due.
 */
const HALF_CLOSED_PING_MS = 250;

/**
 * Streams may be given up as often as calls that live this long on average; more
 * is an attack that makes work and takes no reply ("rapid reset", CVE-2023-44487).
 */
const LEAST_CALL_MS = 100;

/** Streams that may be given up at once beside those of a full connection. */
const RESET_BURST = 1000;

const NOTHING = new Uint8Array(0);

const TOO_LARGE: readonly HeaderField[] = [{ name: ":status", value: "431", indexing: "literal" }];

/** What a server gives each of its connections. */
export interface ServerConnectionOptions {
  readonly clock: Clock;
  /** SETTINGS_MAX_CONCURRENT_STREAMS. */
  readonly maxConcurrentStreams: number;
  readonly onRequest: RequestHandler;
  /** It is over; every stream has been aborted. `reason` is a part of a sentence. */
  readonly onEnd: (reason: string) => void;
}

/**
 * The server's side of a connection. Requests may come in parts, replies may go out in parts.
 *
 * What a peer can make it hold is bounded: streams by their limit, what comes in
 * by windows, blocks of header fields by their size, and what goes out by reading
 * no more while the peer does not read.
 */
export class Http2ServerConnection extends Http2Connection<ServerStream> implements ReplySender {
  readonly #options: ServerConnectionOptions;
  readonly #fields = new FieldCache(this.encoder);
  #lastStreamId = 0;
  /** Streams above this are not looked at: we are going away. */
  #lastServedId = MAX_STREAM_ID;
  /** The peer sends nothing more. */
  #isHalfClosed = false;
  #endReason = "it was closed";
  /** Streams given up of late, and when they were last counted down. */
  #resets = 0;
  #resetsAtMs: number;
  #timer: TimerHandle;

  constructor(socket: ByteStream, options: ServerConnectionOptions) {
    const { clock, maxConcurrentStreams } = options;
    super(socket, clock, {
      preface: NOTHING,
      settings: [
        [SETTING.maxConcurrentStreams, maxConcurrentStreams],
        [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
        [SETTING.maxHeaderListSize, MAX_HEADER_LIST_BYTES],
      ],
      maxEnablePush: 1,
      readPauseBytes: READ_PAUSE_BYTES,
      // Reading stops before there are too many.
      maxUnsentAnswers: Infinity,
    });
    this.#options = options;
    this.#resetsAtMs = clock.nowMs();
    this.#timer = clock.at(
      clock.nowMs() + PREFACE_MS,
      () => this.#endFor(`the peer sent no SETTINGS of HTTP/2 in ${PREFACE_MS / 1000} s`),
    );
    this.#readAll();
  }

  /**
   * Goes away: requests that are out are still answered, others refused, and
   * when the last reply is out the connection ends.
   */
  shutDown(): void {
    if (this.isEnded || this.#lastServedId !== MAX_STREAM_ID) return;
    this.#lastServedId = this.#lastStreamId;
    writeGoaway(this.out.writer, this.#lastServedId, ERROR_CODE.noError);
    this.out.scheduleFlush();
    this.#endIfDone();
  }

  /** Goes away too, but aborts the requests that are out, and tells the peer. */
  close(): void {
    this.shutDown();
    for (const { id } of this.streams.streams()) this.writeReset(id, ERROR_CODE.cancel);
    this.#abortStreams();
  }

  /** See {@linkcode ServerStream}, which is the way to call these three. */
  sendHeaders(stream: ServerStream, fields: readonly HeaderField[], endStream: boolean): void {
    if (isReplied(stream)) return;
    if (stream.unsent !== null) {
      // Only trailers come after data.
      stream.trailers = fields;
      return;
    }
    const block = this.#fields.encode(fields);
    writeHeaders(this.out.writer, stream.id, block, endStream, this.sender.maxFrameBytes);
    if (endStream) this.#endSending(stream);
    this.out.scheduleFlush();
  }

  sendData(
    stream: ServerStream,
    source: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): void {
    if (isReplied(stream)) return;
    const isSent = this.sender.send(stream, source, start, end, endStream);
    if (isSent && endStream) this.#endSending(stream);
    this.out.scheduleFlush();
  }

  reset(stream: ServerStream, errorCode: number): void {
    if (stream.state === STREAM_STATE.closed) return;
    this.writeReset(stream.id, errorCode);
    this.#close(stream);
    this.out.scheduleFlush();
  }

  // Coming in

  async #readAll(): Promise<void> {
    let isHttp2: boolean;
    try {
      isHttp2 = await this.#readPreface();
    } catch (error) {
      return this.#endFor(errorMessage(error));
    }
    if (this.isEnded) return;
    if (!isHttp2) return this.#endFor("its first bytes are not those of HTTP/2");
    await this.readFrames();
  }

  /** Tells if the first bytes are those of a client of HTTP/2. */
  async #readPreface(): Promise<boolean> {
    const preface = new Uint8Array(CONNECTION_PREFACE.length);
    for (let at = 0; at < preface.length;) {
      const count = await this.socket.read(preface.subarray(at));
      if (count === null) return false;
      for (const end = at + count; at < end; at++) {
        if (preface[at] !== CONNECTION_PREFACE[at]) return false;
      }
    }
    return true;
  }

  protected override isOpened(streamId: number): boolean {
    return streamId % 2 === 1 && streamId <= this.#lastStreamId;
  }

  protected override mayHaveHeaders(streamId: number): boolean {
    return streamId % 2 === 1;
  }

  protected override onBlock(streamId: number, fields: HeaderBlock, endStream: boolean): void {
    if (streamId <= this.#lastStreamId) return this.#onTrailers(streamId, fields, endStream);
    this.#lastStreamId = streamId;
    // They are told apart by GOAWAY; the peer sends them elsewhere.
    if (streamId > this.#lastServedId) return;
    const block = RequestBlock.of(fields);
    const { maxConcurrentStreams, onRequest } = this.#options;
    const stream = new ServerStream(
      this,
      streamId,
      this.sender.initialWindow,
      STREAM_WINDOW_BYTES,
      block.contentLength,
    );
    if (this.streams.size >= maxConcurrentStreams) {
      return this.refuse(stream, ERROR_CODE.refusedStream);
    }
    this.streams.add(stream);
    if (fields.tooLarge) return this.sendHeaders(stream, TOO_LARGE, true);
    if (!block.isWellFormed) return this.refuse(stream, ERROR_CODE.protocolError);
    stream.listener = onRequest(stream, block);
    if (endStream) this.#endReceiving(stream, NOTHING, 0, 0);
  }

  /** Fields after the body mean nothing to us but its end. */
  #onTrailers(streamId: number, fields: HeaderBlock, endStream: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    if (stream.state === STREAM_STATE.halfClosedRemote) {
      return this.refuse(stream, ERROR_CODE.streamClosed);
    }
    if (!endStream || !areTrailersWellFormed(fields)) {
      return this.refuse(stream, ERROR_CODE.protocolError);
    }
    this.#endReceiving(stream, NOTHING, 0, 0);
  }

  protected override onData(
    stream: ServerStream,
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): void {
    if (endStream) this.#endReceiving(stream, bytes, start, end);
    else stream.listener!.onData(bytes, start, end, false);
  }

  protected override onReset(stream: ServerStream): void {
    this.#countReset();
    this.#abort(stream);
  }

  protected override onRefused(stream: ServerStream): void {
    this.#countReset();
    this.#abort(stream);
  }

  protected override onSettings(isFirst: boolean): void {
    if (isFirst) this.#timer.cancel();
  }

  // Streams

  #endReceiving(stream: ServerStream, bytes: Uint8Array, start: number, end: number): void {
    if (stream.state === STREAM_STATE.closed) return;
    if (stream.contentLeft > 0) return this.refuse(stream, ERROR_CODE.protocolError);
    stream.state = afterReceivingEnd(stream.state);
    stream.listener!.onData(bytes, start, end, true);
  }

  /** The reply is whole. A request that is not has been answered anyway (section 8.1). */
  #endSending(stream: ServerStream): void {
    stream.state = afterSendingEnd(stream.state);
    if (stream.state !== STREAM_STATE.closed) this.writeReset(stream.id, ERROR_CODE.noError);
    this.#close(stream);
  }

  /** What waited for a window is out. */
  protected override onResumed(stream: ServerStream): void {
    const { trailers } = stream;
    if (stream.endsWithData) return this.#endSending(stream);
    if (trailers === null) return;
    stream.trailers = null;
    this.sendHeaders(stream, trailers, true);
  }

  #abort(stream: ServerStream): void {
    const { listener } = stream;
    this.#close(stream);
    listener?.onAborted();
  }

  #close(stream: ServerStream): void {
    stream.listener = null;
    this.remove(stream);
    this.#endIfDone();
  }

  #abortStreams(): void {
    for (const stream of this.streams.streams()) {
      if (stream.state !== STREAM_STATE.closed) this.#abort(stream);
    }
  }

  /** A bucket that leaks as fast as a full connection of short calls would fill it. */
  #countReset(): void {
    const { clock, maxConcurrentStreams } = this.#options;
    const nowMs = clock.nowMs();
    const leaked = (nowMs - this.#resetsAtMs) * maxConcurrentStreams / LEAST_CALL_MS;
    this.#resets = Math.max(0, this.#resets - leaked) + 1;
    this.#resetsAtMs = nowMs;
    if (this.#resets > maxConcurrentStreams + RESET_BURST) {
      throw new Http2Error(
        ERROR_CODE.enhanceYourCalm,
        "The peer makes requests only to give them up.",
      );
    }
  }

  // The end

  /** The peer sends nothing more; what it asked for it may still read. */
  protected override onPeerDone(isCut: boolean): void {
    this.#endReason = "the peer closed it";
    if (!this.isReady || isCut) return this.end();
    this.#isHalfClosed = true;
    this.#endIfDone();
    this.#endIfSilent();
    this.#pingHalfClosed();
  }

  #pingHalfClosed(): void {
    if (this.isClosing) return;
    writePing(this.out.writer, false, new Uint8Array(8), 0);
    this.out.scheduleFlush();
    const dueMs = this.clock.nowMs() + HALF_CLOSED_PING_MS;
    this.#timer = this.clock.at(dueMs, () => this.#pingHalfClosed());
  }

  protected override onReadFailed(error: unknown): void {
    this.#endFor(errorMessage(error));
  }

  protected override onWriteFailed(error: unknown): void {
    this.#endFor(errorMessage(error));
  }

  protected override onWritten(isEmpty: boolean): void {
    if (isEmpty) this.#endIfSilent();
  }

  protected override onViolation(error: Http2Error, reason: string): void {
    this.#endReason = reason;
    this.#lastServedId = this.#lastStreamId;
    writeGoaway(this.out.writer, this.#lastStreamId, error.errorCode, error.message);
    // It is not listened to any more.
    this.#isHalfClosed = true;
    this.#abortStreams();
    this.#goAway();
  }

  protected override onEnded(): void {
    this.#timer.cancel();
    this.#abortStreams();
    this.#options.onEnd(this.#endReason);
  }

  #endIfDone(): void {
    const isLast = this.#isHalfClosed || this.#lastServedId !== MAX_STREAM_ID;
    if (isLast && this.streams.size === 0) this.#goAway();
  }

  /** Ends as soon as all is written and the peer has hung up, or soon: some do neither. */
  #goAway(): void {
    if (this.isClosing) return;
    this.leave();
    this.#timer.cancel();
    this.out.scheduleFlush();
    this.#endIfSilent();
  }

  #endIfSilent(): void {
    if (this.isClosing && this.#isHalfClosed && this.out.isIdle) this.end();
  }

  #endFor(reason: string): void {
    if (this.isEnded) return;
    this.#endReason = reason;
    this.end();
  }
}

/** Nothing more can be said. */
function isReplied({ state, trailers }: ServerStream): boolean {
  return state === STREAM_STATE.closed || state === STREAM_STATE.halfClosedLocal ||
    trailers !== null;
}
