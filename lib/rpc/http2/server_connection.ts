import type { Clock, TimerHandle } from "../../clock/clock.ts";
import { errorMessage } from "../../base/error.ts";
import { FieldCache, type HeaderField, HpackEncoder } from "../hpack/encoder.ts";
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
import { HeaderReader, MAX_HEADER_LIST_BYTES } from "./header_reader.ts";
import { OutBuffer } from "./out_buffer.ts";
import {
  CONNECTION_PREFACE,
  DEFAULT_WINDOW_BYTES,
  ERROR_CODE,
  errorName,
  FLAG,
  FRAME,
  Http2Error,
  MAX_STREAM_ID,
  SETTING,
} from "./protocol.ts";
import { RequestBlock } from "./field_blocks.ts";
import { type RequestHandler, ServerStream } from "./server_stream.ts";
import { afterReceivingEnd, afterSendingEnd, STREAM_STATE } from "./stream.ts";
import { StreamTable } from "./stream_table.ts";

/** What the peer may send on one stream before it hears from us. */
const STREAM_WINDOW_BYTES = 1 << 20;

/** What the peer may send on the whole connection before it hears from us. */
const CONNECTION_WINDOW_BYTES = 1 << 24;

/** With more than this unsent, nothing is read: a peer must take its replies. */
const MAX_UNSENT_BYTES = 1 << 20;

/** Longest wait for the peer's preface and SETTINGS, and for it to take the goodbye. */
const PREFACE_MS = 10_000;
const CLOSE_MS = 1000;

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
 * The server's side of a connection of HTTP/2 (RFC 9113), the counterpart of
 * `Http2Connection`: one loop reads, and all replies of one turn of the event
 * loop go out in one write. Requests may come in parts, replies may go out in parts.
 *
 * What a peer can make it hold is bounded: streams by their limit, what comes in
 * by windows, blocks of header fields by their size, and what goes out by reading
 * no more while the peer does not read.
 */
export class Http2ServerConnection {
  readonly #socket: ByteStream;
  readonly #options: ServerConnectionOptions;
  readonly #encoder = new HpackEncoder();
  readonly #fields = new FieldCache(this.#encoder);
  readonly #headers = new HeaderReader((streamId, fields, endStream) =>
    this.#onBlock(streamId, fields, endStream)
  );
  readonly #reader = new FrameReader((type, flags, streamId, bytes, start, end) =>
    this.#onFrame(type, flags, streamId, bytes, start, end)
  );
  readonly #out: OutBuffer;
  readonly #sender: DataSender<ServerStream>;
  readonly #streams = new StreamTable<ServerStream>();
  #lastStreamId = 0;
  /** Streams above this are not looked at: we are going away. */
  #lastServedId = MAX_STREAM_ID;
  #receiveWindow = CONNECTION_WINDOW_BYTES;
  #isReady = false;
  /** The peer sends nothing more. */
  #isHalfClosed = false;
  /** Ends when all is written and the peer has hung up. */
  #isClosing = false;
  #endReason = "it was closed";
  #isEnded = false;
  /** Streams given up of late, and when they were last counted down. */
  #resets = 0;
  #resetsAtMs: number;
  #timer: TimerHandle;
  #onDrained: () => void = () => {};

  constructor(socket: ByteStream, options: ServerConnectionOptions) {
    const { clock, maxConcurrentStreams } = options;
    this.#socket = socket;
    this.#options = options;
    this.#resetsAtMs = clock.nowMs();
    this.#out = new OutBuffer(socket, clock, {
      onSent() {},
      onWritten: (isEmpty) => {
        this.#onDrained();
        if (isEmpty) this.#endIfSilent();
      },
      onFailed: (error) => this.#end(errorMessage(error)),
    });
    this.#sender = new DataSender(this.#out, (stream) => this.#onResumed(stream));
    this.#timer = clock.at(
      clock.nowMs() + PREFACE_MS,
      () => this.#end(`the peer sent no SETTINGS of HTTP/2 in ${PREFACE_MS / 1000} s`),
    );
    writeSettings(this.#out.writer, [
      [SETTING.maxConcurrentStreams, maxConcurrentStreams],
      [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
      [SETTING.maxHeaderListSize, MAX_HEADER_LIST_BYTES],
    ]);
    writeWindowUpdate(this.#out.writer, 0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
    this.#out.scheduleFlush();
    this.#readAll();
  }

  /** Requests without a whole reply. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /**
   * Goes away: requests that are out are still answered, others refused, and
   * when the last reply is out the connection ends.
   */
  shutDown(): void {
    if (this.#isEnded || this.#lastServedId !== MAX_STREAM_ID) return;
    this.#lastServedId = this.#lastStreamId;
    writeGoaway(this.#out.writer, this.#lastServedId, ERROR_CODE.noError);
    this.#out.scheduleFlush();
    this.#endIfDone();
  }

  /** Goes away too, but aborts the requests that are out, and tells the peer. */
  close(): void {
    this.shutDown();
    for (const { id } of this.#streams.streams()) {
      writeReset(this.#out.writer, id, ERROR_CODE.cancel);
    }
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
    writeHeaders(this.#out.writer, stream.id, block, endStream, this.#sender.maxFrameBytes);
    if (endStream) this.#endSending(stream);
    this.#out.scheduleFlush();
  }

  sendData(
    stream: ServerStream,
    source: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): void {
    if (isReplied(stream)) return;
    const isSent = this.#sender.send(stream, source, start, end, endStream);
    if (isSent && endStream) this.#endSending(stream);
    this.#out.scheduleFlush();
  }

  reset(stream: ServerStream, errorCode: number): void {
    if (stream.state === STREAM_STATE.closed) return;
    writeReset(this.#out.writer, stream.id, errorCode);
    this.#close(stream);
    this.#out.scheduleFlush();
  }

  // Coming in

  async #readAll(): Promise<void> {
    const reader = this.#reader;
    try {
      if (!await this.#readPreface()) {
        return this.#end("its first bytes are not those of HTTP/2");
      }
      for (;;) {
        const count = await this.#socket.read(reader.room());
        if (this.#isEnded) return;
        if (count === null) return this.#onPeerDone();
        reader.advance(count);
        this.#out.flush();
        while (this.#out.writer.length > MAX_UNSENT_BYTES && !this.#isEnded) {
          await new Promise<void>((resolve) => this.#onDrained = resolve);
        }
        if (this.#isEnded) return;
      }
    } catch (error) {
      if (error instanceof Http2Error) return this.#fail(error);
      if (error instanceof HpackError) {
        return this.#fail(new Http2Error(ERROR_CODE.compressionError, error.message));
      }
      this.#end(errorMessage(error));
    }
  }

  /** Whether the first bytes are those of a client of HTTP/2. */
  async #readPreface(): Promise<boolean> {
    const preface = new Uint8Array(CONNECTION_PREFACE.length);
    for (let at = 0; at < preface.length;) {
      const count = await this.#socket.read(preface.subarray(at));
      if (count === null) return false;
      for (const end = at + count; at < end; at++) {
        if (preface[at] !== CONNECTION_PREFACE[at]) return false;
      }
    }
    return true;
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
      throw violation("The peer's first frame is not SETTINGS.");
    }
    switch (type) {
      case FRAME.data:
        return this.#onData(flags, streamId, bytes, start, end);
      case FRAME.headers:
        return this.#headers.readHeaders(flags, streamId, bytes, start, end);
      case FRAME.priority:
        if (streamId === 0) throw violation("The peer sent PRIORITY for no stream.");
        if (end - start !== 5) throw frameSize("PRIORITY");
        return;
      case FRAME.rstStream:
        return this.#onReset(streamId, start, end);
      case FRAME.settings:
        return this.#onSettings(flags, streamId, bytes, start, end);
      case FRAME.pushPromise:
        throw violation("The peer sent PUSH_PROMISE, which a client must not.");
      case FRAME.ping:
        if (streamId !== 0) throw violation("The peer sent PING for a stream.");
        if (end - start !== 8) throw frameSize("PING");
        if ((flags & FLAG.ack) === 0) writePing(this.#out.writer, true, bytes, start);
        return;
      case FRAME.goaway:
        // It will say no more than it has; what is out is answered.
        if (streamId !== 0) throw violation("The peer sent GOAWAY for a stream.");
        if (end - start < 8) throw frameSize("GOAWAY");
        return;
      case FRAME.windowUpdate:
        return this.#onWindowUpdate(streamId, bytes, start, end);
      case FRAME.continuation:
        return this.#headers.readContinuation(flags, bytes, start, end);
      default:
        // Frames of other types are ignored (section 5.5).
    }
  }

  #onBlock(streamId: number, fields: HeaderBlock, endStream: boolean): void {
    if (streamId % 2 === 0) throw violation(`The peer sent HEADERS for stream ${streamId}.`);
    if (streamId <= this.#lastStreamId) return this.#onTrailers(streamId, endStream);
    this.#lastStreamId = streamId;
    // They are told apart by GOAWAY; the peer sends them elsewhere.
    if (streamId > this.#lastServedId) return;
    const block = RequestBlock.of(fields);
    const { maxConcurrentStreams, onRequest } = this.#options;
    const stream = new ServerStream(
      this,
      streamId,
      this.#sender.initialWindow,
      STREAM_WINDOW_BYTES,
      block.contentLength,
    );
    if (this.#streams.size >= maxConcurrentStreams) {
      return this.#refuse(stream, ERROR_CODE.refusedStream);
    }
    this.#streams.add(stream);
    if (fields.tooLarge) return this.sendHeaders(stream, TOO_LARGE, true);
    if (!block.isWellFormed) return this.#refuse(stream, ERROR_CODE.protocolError);
    stream.listener = onRequest(stream, block);
    if (endStream) this.#endReceiving(stream, NOTHING, 0, 0);
  }

  /** Fields after the body mean nothing to us but its end. */
  #onTrailers(streamId: number, endStream: boolean): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    if (stream.state === STREAM_STATE.halfClosedRemote) {
      return this.#refuse(stream, ERROR_CODE.streamClosed);
    }
    if (!endStream) return this.#refuse(stream, ERROR_CODE.protocolError);
    this.#endReceiving(stream, NOTHING, 0, 0);
  }

  #onData(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    // Credited on arrival, from half of the window on: no peer can be seen to exceed it.
    this.#receiveWindow -= length;
    if (2 * this.#receiveWindow < CONNECTION_WINDOW_BYTES) {
      writeWindowUpdate(this.#out.writer, 0, CONNECTION_WINDOW_BYTES - this.#receiveWindow);
      this.#receiveWindow = CONNECTION_WINDOW_BYTES;
    }
    const stream = this.#known(streamId, "DATA");
    if ((flags & FLAG.padded) !== 0) {
      const padding = length === 0 ? 0 : bytes[start];
      start++;
      end -= padding;
      if (end < start) throw violation("The peer sent DATA with more padding than payload.");
    }
    if (stream === undefined) return;
    if (stream.state === STREAM_STATE.halfClosedRemote) {
      return this.#refuse(stream, ERROR_CODE.streamClosed);
    }
    stream.receiveWindow -= length;
    stream.contentLeft -= end - start;
    if (stream.contentLeft < 0) return this.#refuse(stream, ERROR_CODE.protocolError);
    if ((flags & FLAG.endStream) !== 0) return this.#endReceiving(stream, bytes, start, end);
    if (2 * stream.receiveWindow < STREAM_WINDOW_BYTES) {
      writeWindowUpdate(this.#out.writer, streamId, STREAM_WINDOW_BYTES - stream.receiveWindow);
      stream.receiveWindow = STREAM_WINDOW_BYTES;
    }
    stream.listener!.onData(bytes, start, end, false);
  }

  #onReset(streamId: number, start: number, end: number): void {
    if (end - start !== 4) throw frameSize("RST_STREAM");
    const stream = this.#known(streamId, "RST_STREAM");
    if (stream === undefined) return;
    this.#countReset();
    this.#abort(stream);
  }

  #onSettings(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number) {
    if (streamId !== 0) throw violation("The peer sent SETTINGS for a stream.");
    if ((flags & FLAG.ack) !== 0) {
      if (end !== start) throw frameSize("SETTINGS");
      return;
    }
    readSettings(bytes, start, end, (identifier, value) => this.#applySetting(identifier, value));
    writeSettingsAck(this.#out.writer);
    if (this.#isReady) return;
    this.#isReady = true;
    this.#timer.cancel();
  }

  #applySetting(identifier: number, value: number): void {
    const sender = this.#sender;
    switch (identifier) {
      case SETTING.headerTableSize:
        this.#encoder.setMaxTableSize(value);
        return;
      case SETTING.initialWindowSize: {
        const difference = value - sender.initialWindow;
        sender.initialWindow = value;
        for (const stream of this.#streams.streams()) {
          if (sender.widenStream(stream, difference)) continue;
          throw flowControl(`INITIAL_WINDOW_SIZE of ${value} is too much for a stream's window.`);
        }
        return;
      }
      case SETTING.maxFrameSize:
        sender.maxFrameBytes = value;
        return;
      default:
        // Push is not used, MAX_HEADER_LIST_SIZE is advice; others are ignored.
    }
  }

  #onWindowUpdate(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) throw frameSize("WINDOW_UPDATE");
    const increment = readUint32(bytes, start) & 0x7fffffff;
    if (streamId === 0) {
      if (increment === 0) throw violation("The peer sent WINDOW_UPDATE of 0.");
      return this.#sender.widen(increment);
    }
    const stream = this.#known(streamId, "WINDOW_UPDATE");
    if (stream === undefined) return;
    if (increment === 0) return this.#refuse(stream, ERROR_CODE.protocolError);
    if (!this.#sender.widenStream(stream, increment)) {
      this.#refuse(stream, ERROR_CODE.flowControlError);
    }
  }

  /** The stream that a frame is for; `undefined` when it has ended here already. */
  #known(streamId: number, frame: string): ServerStream | undefined {
    const stream = this.#streams.get(streamId);
    if (stream === undefined && (streamId % 2 === 0 || streamId > this.#lastStreamId)) {
      throw violation(`The peer sent ${frame} for stream ${streamId}, which it has not opened.`);
    }
    return stream;
  }

  // Streams

  #endReceiving(stream: ServerStream, bytes: Uint8Array, start: number, end: number): void {
    if (stream.state === STREAM_STATE.closed) return;
    if (stream.contentLeft > 0) return this.#refuse(stream, ERROR_CODE.protocolError);
    stream.state = afterReceivingEnd(stream.state);
    stream.listener!.onData(bytes, start, end, true);
  }

  /** The reply is whole. A request that is not has been answered anyway (section 8.1). */
  #endSending(stream: ServerStream): void {
    stream.state = afterSendingEnd(stream.state);
    if (stream.state !== STREAM_STATE.closed) {
      writeReset(this.#out.writer, stream.id, ERROR_CODE.noError);
    }
    this.#close(stream);
  }

  /** What waited for a window is out. */
  #onResumed(stream: ServerStream): void {
    const { trailers } = stream;
    if (stream.endsWithData) return this.#endSending(stream);
    if (trailers === null) return;
    stream.trailers = null;
    this.sendHeaders(stream, trailers, true);
  }

  #refuse(stream: ServerStream, errorCode: number): void {
    writeReset(this.#out.writer, stream.id, errorCode);
    this.#countReset();
    this.#abort(stream);
  }

  #abort(stream: ServerStream): void {
    const { listener } = stream;
    this.#close(stream);
    listener?.onAborted();
  }

  #close(stream: ServerStream): void {
    stream.state = STREAM_STATE.closed;
    stream.listener = null;
    this.#streams.delete(stream.id);
    this.#sender.forget(stream);
    this.#endIfDone();
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
  #onPeerDone(): void {
    this.#endReason = "the peer closed it";
    if (!this.#isReady || this.#reader.holdsPart) return this.#end(this.#endReason);
    this.#isHalfClosed = true;
    this.#endIfDone();
    this.#endIfSilent();
    this.#pingHalfClosed();
  }

  #pingHalfClosed(): void {
    if (this.#isEnded || this.#isClosing) return;
    const { clock } = this.#options;
    writePing(this.#out.writer, false, new Uint8Array(8), 0);
    this.#out.scheduleFlush();
    this.#timer = clock.at(clock.nowMs() + HALF_CLOSED_PING_MS, () => this.#pingHalfClosed());
  }

  #endIfDone(): void {
    const isLast = this.#isHalfClosed || this.#lastServedId !== MAX_STREAM_ID;
    if (isLast && this.#streams.size === 0) this.#leave();
  }

  /** Tells the peer what it did wrong, and ends. */
  #fail(error: Http2Error): void {
    if (this.#isEnded) return;
    this.#endReason = `${error.message.replace(/\.$/, "")} (${errorName(error.errorCode)})`;
    this.#lastServedId = this.#lastStreamId;
    writeGoaway(this.#out.writer, this.#lastStreamId, error.errorCode, error.message);
    // It is not listened to any more.
    this.#isHalfClosed = true;
    this.#abortStreams();
    this.#leave();
  }

  /** Ends as soon as all is written and the peer has hung up, or soon: some do neither. */
  #leave(): void {
    if (this.#isClosing || this.#isEnded) return;
    this.#isClosing = true;
    const { clock } = this.#options;
    this.#timer.cancel();
    this.#timer = clock.at(clock.nowMs() + CLOSE_MS, () => this.#end(this.#endReason));
    this.#out.scheduleFlush();
    this.#endIfSilent();
  }

  #endIfSilent(): void {
    if (this.#isClosing && this.#isHalfClosed && this.#out.isIdle) this.#end(this.#endReason);
  }

  #end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#isClosing = true;
    this.#timer.cancel();
    this.#out.close();
    this.#socket.close();
    this.#abortStreams();
    this.#onDrained();
    this.#options.onEnd(reason);
  }

  #abortStreams(): void {
    for (const stream of this.#streams.streams()) {
      if (stream.state !== STREAM_STATE.closed) this.#abort(stream);
    }
  }
}

/** Whether nothing more can be said. */
function isReplied({ state, trailers }: ServerStream): boolean {
  return state === STREAM_STATE.closed || state === STREAM_STATE.halfClosedLocal ||
    trailers !== null;
}
