import type { Clock, TimerHandle } from "../../base/clock.ts";
import { errorMessage } from "../../base/error.ts";
import { ByteWriter } from "../byte_writer.ts";
import { HpackDecoder } from "../hpack/decoder.ts";
import { HpackEncoder } from "../hpack/encoder.ts";
import type { HeaderBlock } from "../hpack/header_block.ts";
import { HpackError } from "../hpack/hpack_error.ts";
import type { ByteStream } from "./byte_stream.ts";
import { FrameReader } from "./frame_reader.ts";
import {
  writeData,
  writeGoaway,
  writeHeaders,
  writePing,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from "./frame_writer.ts";
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
  MAX_WINDOW_BYTES,
  SETTING,
} from "./protocol.ts";
import {
  afterReceivingEnd,
  afterSendingEnd,
  Stream,
  STREAM_STATE,
  type StreamListener,
} from "./stream.ts";
import { ResponseBlock } from "./response_block.ts";
import { StreamTable } from "./stream_table.ts";

/** Memory of HPACK that we offer the peer: the default (RFC 9113, section 6.5.2). */
const HEADER_TABLE_BYTES = 4096;

/** Largest list of header fields that is taken: gRPC's usual bound is 8 KiB to 16 KiB. */
const MAX_HEADER_LIST_BYTES = 32_768;

/** Largest block of header fields over HEADERS and CONTINUATION, encoded. */
const MAX_HEADER_BLOCK_BYTES = 2 * MAX_HEADER_LIST_BYTES;

/** CONTINUATION frames of one block; an endless row of empty ones is an attack (CVE-2024-27316). */
const MAX_CONTINUATIONS = 64;

/** What the peer may send on one stream before it hears from us. */
const STREAM_WINDOW_BYTES = 1 << 20;

/** What the peer may send on the whole connection before it hears from us. */
const CONNECTION_WINDOW_BYTES = 1 << 24;

/** Answers to PING and SETTINGS that may wait for a peer that does not read. */
const MAX_UNSENT_ANSWERS = 1000;

/** A write that took longer than this found the socket full. */
const BLOCKED_WRITE_MS = 1;

/** Streams that are kept to be used again. */
const MAX_FREE_STREAMS = 1 << 17;

const OUT_BYTES = 4096;

/** Longest wait for the socket to take the goodbye. */
const CLOSE_MS = 1000;

const CLOSED = "it was closed";

/** How a connection is watched over; times in milliseconds, `null`: not. */
export interface ConnectionTimes {
  /** Silence of the peer, while calls are out, before it is pinged. */
  readonly keepAliveMs: number | null;
  /** Silence after the ping before the connection is given up. */
  readonly keepAliveTimeoutMs: number;
}

/** Whom a connection tells; none is called from within a method of the connection. */
export interface ConnectionListener {
  /** The peer's SETTINGS came: requests may be sent. */
  onReady(): void;
  /** There may be more room than before. */
  onRoom(): void;
  /** No new request will be taken: the peer is going away. */
  onGoingAway(): void;
  /** It is over; every stream has been aborted. `reason` is a sentence's part. */
  onEnd(reason: string): void;
}

/**
 * The client's side of a connection of HTTP/2 (RFC 9113): one loop reads, and
 * whatever was written in one turn of the event loop goes out in one write.
 * Requests are whole when they are made, so that a stream is a request's
 * header fields and body, and a listener for its reply.
 */
export class Http2Connection {
  /** Compresses the header fields of requests; its blocks must be sent in order. */
  readonly encoder = new HpackEncoder();
  readonly #socket: ByteStream;
  readonly #clock: Clock;
  readonly #listener: ConnectionListener;
  readonly #times: ConnectionTimes;
  readonly #decoder = new HpackDecoder({
    maxTableSize: HEADER_TABLE_BYTES,
    maxHeaderListSize: MAX_HEADER_LIST_BYTES,
  });
  readonly #reader = new FrameReader((type, flags, streamId, bytes, start, end) =>
    this.#onFrame(type, flags, streamId, bytes, start, end)
  );
  readonly #streams = new StreamTable<Stream>();
  readonly #freeStreams: Stream[] = [];
  #nextStreamId = 1;
  /** Streams with a part of their body unsent. */
  readonly #blocked = new Set<Stream>();

  // What the peer has said
  #isReady = false;
  #maxStreams = Infinity;
  #maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  #initialSendWindow = DEFAULT_WINDOW_BYTES;
  #sendWindow = DEFAULT_WINDOW_BYTES;
  #isGoingAway = false;

  // What comes in
  #receiveWindow = CONNECTION_WINDOW_BYTES;
  #heardAtMs: number;
  /** The stream whose block of header fields goes on in CONTINUATION; 0: none. */
  #continued = 0;
  #continuedEndStream = false;
  #continuations = 0;
  readonly #block = new ByteWriter(0);

  // What goes out
  #out = new ByteWriter(OUT_BYTES);
  #spare = new ByteWriter(OUT_BYTES);
  #isWriting = false;
  #isFlushScheduled = false;
  #unsentAnswers = 0;
  /** Requests in `#out`: where they begin, and their streams. */
  #outStarts: number[] = [];
  #outStreamIds: number[] = [];
  #spareStarts: number[] = [];
  #spareStreamIds: number[] = [];

  #isEnded = false;
  #isClosing = false;
  #keepAliveTimer: TimerHandle | undefined;
  #closeTimer: TimerHandle | undefined;
  #pingedAtMs = NaN;
  readonly #flush = () => this.#flushNow();

  constructor(
    socket: ByteStream,
    clock: Clock,
    times: ConnectionTimes,
    listener: ConnectionListener,
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#times = times;
    this.#listener = listener;
    this.#heardAtMs = clock.nowMs();
    this.#out.append(CONNECTION_PREFACE);
    writeSettings(this.#out, [
      [SETTING.headerTableSize, HEADER_TABLE_BYTES],
      [SETTING.enablePush, 0],
      [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
      [SETTING.maxFrameSize, DEFAULT_MAX_FRAME_BYTES],
      [SETTING.maxHeaderListSize, MAX_HEADER_LIST_BYTES],
    ]);
    writeWindowUpdate(this.#out, 0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
    this.#scheduleFlush();
    this.#armKeepAlive();
    this.#readAll();
  }

  /** Requests that may be made now with a body of `bodyBytes`. */
  room(bodyBytes: number): number {
    if (!this.isUsable || bodyBytes > this.#sendWindow) return 0;
    return this.#maxStreams - this.#streams.size;
  }

  /** Whether requests may be made at all, now or once others have ended. */
  get isUsable(): boolean {
    return this.#isReady && !this.#isGoingAway && !this.#isEnded && !this.#isClosing &&
      this.#nextStreamId <= MAX_STREAM_ID;
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

  /**
   * Makes a request, for which there must be {@linkcode Http2Connection.room}:
   * `block` was just made by the `encoder`. Both are copied.
   */
  request(block: ByteWriter, body: ByteWriter, listener: StreamListener): Stream {
    const stream = this.#freeStreams.pop() ?? new Stream();
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    stream.open(id, listener, this.#initialSendWindow, STREAM_WINDOW_BYTES);
    this.#streams.add(stream);
    const out = this.#out;
    this.#outStarts.push(out.length);
    this.#outStreamIds.push(id);
    writeHeaders(out, id, block, false, this.#maxFrameBytes);
    const { length } = body;
    if (length <= this.#initialSendWindow && length <= this.#maxFrameBytes) {
      this.#sendWindow -= length;
      stream.sendWindow -= length;
      writeData(out, id, body.bytes, 0, length, true);
      stream.state = STREAM_STATE.halfClosedLocal;
    } else {
      stream.unsent = body.view().slice();
      this.#blocked.add(stream);
      this.#sendUnsent(stream);
    }
    this.#scheduleFlush();
    return stream;
  }

  /** Gives a request up with RST_STREAM; its listener hears no more. */
  reset(stream: Stream, errorCode: number): void {
    writeReset(this.#out, stream.id, errorCode);
    this.#close(stream);
    this.#free(stream);
    if (this.#isGoingAway) queueMicrotask(() => this.#endIfDone());
    this.#scheduleFlush();
  }

  /** Says goodbye and closes the socket; requests that are out are aborted as `lost`. */
  close(): void {
    if (this.#isEnded || this.#isClosing) return;
    this.#isClosing = true;
    writeGoaway(this.#out, 0, ERROR_CODE.noError);
    this.#flushNow();
    // A peer that does not read is not waited for.
    this.#closeTimer = this.#clock.at(this.#clock.nowMs() + CLOSE_MS, () => this.#end(CLOSED));
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
        return this.#end(errorMessage(error));
      }
      if (this.#isEnded) return;
      if (count === null) {
        return this.#end(
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
      this.#flushNow();
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
    if (this.#continued !== 0 && (type !== FRAME.continuation || streamId !== this.#continued)) {
      throw violation("The peer sent another frame before the end of a block of header fields.");
    }
    if (!this.#isReady && (type !== FRAME.settings || (flags & FLAG.ack) !== 0)) {
      throw violation("The peer's first frame is not SETTINGS; it may not speak HTTP/2.");
    }
    switch (type) {
      case FRAME.data:
        return this.#onData(flags, streamId, bytes, start, end);
      case FRAME.headers:
        return this.#onHeaders(flags, streamId, bytes, start, end);
      case FRAME.priority:
        if (streamId === 0) throw violation("The peer sent PRIORITY for no stream.");
        return;
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
        return this.#onContinuation(flags, bytes, start, end);
      default:
        // Frames of other types are ignored (section 5.5).
    }
  }

  #onData(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) {
      throw new Http2Error(
        ERROR_CODE.flowControlError,
        "The peer sent more DATA than the connection's window allows.",
      );
    }
    if (2 * this.#receiveWindow < CONNECTION_WINDOW_BYTES) {
      writeWindowUpdate(this.#out, 0, CONNECTION_WINDOW_BYTES - this.#receiveWindow);
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
    if (stream.receiveWindow < 0) return this.#refuse(stream, ERROR_CODE.flowControlError);
    if (!stream.hasHeaders) return this.#refuse(stream, ERROR_CODE.protocolError);
    const endStream = (flags & FLAG.endStream) !== 0;
    if (!endStream && 2 * stream.receiveWindow < STREAM_WINDOW_BYTES) {
      writeWindowUpdate(this.#out, streamId, STREAM_WINDOW_BYTES - stream.receiveWindow);
      stream.receiveWindow = STREAM_WINDOW_BYTES;
    }
    const listener = stream.listener!;
    if (endStream) this.#endReceiving(stream);
    listener.onData(bytes, start, end, endStream);
    if (endStream) this.#free(stream);
  }

  #onHeaders(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if ((flags & FLAG.padded) !== 0) {
      if (start === end) throw frameSize("HEADERS");
      end -= bytes[start++];
    }
    if ((flags & FLAG.priority) !== 0) start += 5;
    if (end < start) throw violation("The peer sent HEADERS with more padding than payload.");
    const endStream = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) {
      return this.#onBlock(streamId, this.#decoder.decode(bytes, start, end), endStream);
    }
    this.#checkNumber(streamId, "HEADERS");
    this.#continued = streamId;
    this.#continuedEndStream = endStream;
    this.#continuations = 0;
    this.#block.length = 0;
    this.#block.append(bytes, start, end);
  }

  #onContinuation(flags: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#continued === 0) throw violation("The peer sent CONTINUATION of nothing.");
    const block = this.#block;
    block.append(bytes, start, end);
    if (++this.#continuations > MAX_CONTINUATIONS || block.length > MAX_HEADER_BLOCK_BYTES) {
      throw new Http2Error(
        ERROR_CODE.enhanceYourCalm,
        `The peer sent a block of header fields without end (${this.#continuations} ` +
          `CONTINUATION frames, ${block.length} bytes).`,
      );
    }
    if ((flags & FLAG.endHeaders) === 0) return;
    const streamId = this.#continued;
    this.#continued = 0;
    const decoded = this.#decoder.decode(block.bytes, 0, block.length);
    this.#onBlock(streamId, decoded, this.#continuedEndStream);
  }

  #onBlock(streamId: number, fields: HeaderBlock, endStream: boolean): void {
    const stream = this.#receiving(streamId, "HEADERS");
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
    }
    stream.hasHeaders = true;
    const listener = stream.listener!;
    if (endStream) this.#endReceiving(stream);
    listener.onHeaders(block, endStream);
    if (endStream) this.#free(stream);
  }

  #onReset(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) throw frameSize("RST_STREAM");
    const stream = this.#receiving(streamId, "RST_STREAM");
    if (stream === undefined) return;
    this.#abort(stream, "reset", readUint32(bytes, start));
  }

  #onSettings(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number) {
    if (streamId !== 0) throw violation("The peer sent SETTINGS for a stream.");
    if ((flags & FLAG.ack) !== 0) {
      if (end !== start) throw frameSize("SETTINGS");
      return;
    }
    if ((end - start) % 6 !== 0) throw frameSize("SETTINGS");
    for (let at = start; at < end; at += 6) {
      this.#applySetting((bytes[at] << 8) | bytes[at + 1], readUint32(bytes, at + 2));
    }
    this.#answer();
    writeSettingsAck(this.#out);
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
        if (value > MAX_WINDOW_BYTES) {
          throw new Http2Error(
            ERROR_CODE.flowControlError,
            `The peer set INITIAL_WINDOW_SIZE to ${value}, above the largest there is.`,
          );
        }
        const difference = value - this.#initialSendWindow;
        this.#initialSendWindow = value;
        for (const stream of this.#streams.streams()) this.#widen(stream, difference);
        return;
      }
      case SETTING.maxFrameSize:
        if (value < DEFAULT_MAX_FRAME_BYTES || value > 0xffffff) {
          throw violation(`The peer set MAX_FRAME_SIZE to ${value}.`);
        }
        this.#maxFrameBytes = value;
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
    writePing(this.#out, true, bytes, start);
  }

  #onGoaway(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) throw violation("The peer sent GOAWAY for a stream.");
    if (end - start < 8) throw frameSize("GOAWAY");
    const lastStreamId = readUint32(bytes, start) & 0x7fffffff;
    const errorCode = readUint32(bytes, start + 4);
    const wasGoingAway = this.#isGoingAway;
    this.#isGoingAway = true;
    if (!wasGoingAway) this.#listener.onGoingAway();
    for (const stream of this.#streams.streams()) {
      if (stream.id > lastStreamId) this.#abort(stream, "unprocessed", errorCode);
    }
  }

  #onWindowUpdate(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) throw frameSize("WINDOW_UPDATE");
    const increment = readUint32(bytes, start) & 0x7fffffff;
    if (streamId === 0) {
      if (increment === 0) throw violation("The peer sent WINDOW_UPDATE of 0.");
      this.#sendWindow += increment;
      if (this.#sendWindow > MAX_WINDOW_BYTES) {
        throw new Http2Error(
          ERROR_CODE.flowControlError,
          "The peer made the connection's window larger than there is.",
        );
      }
      for (const stream of [...this.#blocked]) this.#sendUnsent(stream);
      this.#listener.onRoom();
      return;
    }
    const stream = this.#receiving(streamId, "WINDOW_UPDATE");
    if (stream === undefined) return;
    if (increment === 0) return this.#refuse(stream, ERROR_CODE.protocolError);
    this.#widen(stream, increment);
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
    stream.state = afterReceivingEnd(stream.state);
    if (stream.state === STREAM_STATE.halfClosedRemote) {
      writeReset(this.#out, stream.id, ERROR_CODE.noError);
    }
    this.#close(stream);
  }

  #refuse(stream: Stream, errorCode: number): void {
    writeReset(this.#out, stream.id, errorCode);
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
    stream.state = STREAM_STATE.closed;
    this.#streams.delete(stream.id);
    if (stream.unsent !== null) this.#blocked.delete(stream);
  }

  #free(stream: Stream): void {
    stream.listener = null;
    stream.unsent = null;
    if (this.#freeStreams.length < MAX_FREE_STREAMS) this.#freeStreams.push(stream);
  }

  /** A peer that goes away has had its last reply fetched: the connection ends. */
  #endIfDone(): void {
    if (this.#isGoingAway && this.#streams.size === 0) this.close();
  }

  #widen(stream: Stream, increment: number): void {
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW_BYTES) {
      return this.#refuse(stream, ERROR_CODE.flowControlError);
    }
    this.#sendUnsent(stream);
  }

  #sendUnsent(stream: Stream): void {
    let unsent = stream.unsent;
    if (unsent === null) return;
    while (unsent.length > 0) {
      const count = Math.min(
        unsent.length,
        stream.sendWindow,
        this.#sendWindow,
        this.#maxFrameBytes,
      );
      if (count <= 0) {
        stream.unsent = unsent;
        return;
      }
      stream.sendWindow -= count;
      this.#sendWindow -= count;
      writeData(this.#out, stream.id, unsent, 0, count, count === unsent.length);
      unsent = unsent.subarray(count);
    }
    stream.unsent = null;
    this.#blocked.delete(stream);
    stream.state = afterSendingEnd(stream.state);
    this.#scheduleFlush();
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

  #scheduleFlush(): void {
    if (this.#isFlushScheduled || this.#isWriting) return;
    this.#isFlushScheduled = true;
    queueMicrotask(this.#flush);
  }

  #flushNow(): void {
    this.#isFlushScheduled = false;
    if (this.#isWriting || this.#isEnded || this.#out.length === 0) return;
    this.#isWriting = true;
    this.#writeOut();
  }

  async #writeOut(): Promise<void> {
    try {
      while (this.#out.length > 0) {
        const writer = this.#out;
        this.#out = this.#spare;
        this.#spare = writer;
        const starts = this.#outStarts;
        const streamIds = this.#outStreamIds;
        this.#outStarts = this.#spareStarts;
        this.#outStreamIds = this.#spareStreamIds;
        this.#spareStarts = starts;
        this.#spareStreamIds = streamIds;
        let dispatched = 0;
        for (let written = 0; written < writer.length;) {
          const beforeMs = this.#clock.nowMs();
          written += await this.#socket.write(writer.bytes.subarray(written, writer.length));
          if (this.#isEnded) return;
          const afterMs = this.#clock.nowMs();
          const nowMs = afterMs - beforeMs > BLOCKED_WRITE_MS ? afterMs : beforeMs;
          for (; dispatched < starts.length && starts[dispatched] < written; dispatched++) {
            // What ended in the meantime, by its deadline for one, has been told already.
            this.#streams.get(streamIds[dispatched])?.listener?.onDispatched(nowMs);
          }
        }
        writer.length = 0;
        starts.length = 0;
        streamIds.length = 0;
        this.#unsentAnswers = 0;
      }
      this.#isWriting = false;
      if (this.#isClosing) this.#end(CLOSED);
    } catch (error) {
      this.#end(errorMessage(error));
    }
  }

  // The end

  /** Tells the peer what it did wrong, and ends. */
  #fail(error: Http2Error): void {
    if (this.#isEnded) return;
    writeGoaway(this.#out, 0, error.errorCode, error.message);
    // One write, if the socket takes it; a peer that does not read is not waited for.
    if (!this.#isWriting) this.#socket.write(this.#out.view()).catch(() => {});
    const sentence = error.message.replace(/\.$/, "");
    this.#end(
      this.#isReady
        ? `${sentence} (${errorName(error.errorCode)})`
        : "its first bytes are not those of HTTP/2",
    );
  }

  #end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#keepAliveTimer?.cancel();
    this.#closeTimer?.cancel();
    this.#socket.close();
    for (const stream of this.#streams.streams()) this.#abort(stream, "lost", ERROR_CODE.noError);
    this.#listener.onEnd(reason);
  }

  #armKeepAlive(): void {
    const { keepAliveMs, keepAliveTimeoutMs } = this.#times;
    if (keepAliveMs === null) return;
    const nowMs = this.#clock.nowMs();
    const isPinged = this.#pingedAtMs > this.#heardAtMs;
    const dueMs = isPinged
      ? this.#pingedAtMs + keepAliveTimeoutMs
      : this.#streams.size === 0
      ? nowMs + keepAliveMs
      : this.#heardAtMs + keepAliveMs;
    if (dueMs <= nowMs) {
      if (isPinged) {
        return this.#end(`the peer was silent for ${Math.round(nowMs - this.#heardAtMs)} ms`);
      }
      this.#pingedAtMs = nowMs;
      writePing(this.#out, false, new Uint8Array(8), 0);
      this.#scheduleFlush();
    }
    this.#keepAliveTimer = this.#clock.at(
      dueMs <= nowMs ? nowMs + keepAliveTimeoutMs : dueMs,
      () => this.#armKeepAlive(),
    );
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function violation(message: string): Http2Error {
  return new Http2Error(ERROR_CODE.protocolError, message);
}

function frameSize(frame: string): Http2Error {
  return new Http2Error(
    ERROR_CODE.frameSizeError,
    `The peer sent ${frame} of a length that it cannot have.`,
  );
}
