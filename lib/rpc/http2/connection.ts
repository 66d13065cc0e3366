import type { Clock, TimerHandle } from "../../clock/clock.ts";
import { HpackEncoder } from "../hpack/encoder.ts";
import { type HeaderBlock, HpackError } from "../hpack/header_block.ts";
import { readWords } from "../peer_words.ts";
import type { ByteStream } from "../socket.ts";
import { DataSender } from "./data_sender.ts";
import { flowControl, frameSize, readSettings, readUint32, violation } from "./frame_checks.ts";
import { FrameReader } from "./frame_reader.ts";
import {
  writePing,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from "./frame_writer.ts";
import { HeaderReader } from "./header_reader.ts";
import { OutBuffer } from "./out_buffer.ts";
import {
  DEFAULT_WINDOW_BYTES,
  ERROR_CODE,
  errorName,
  FLAG,
  FRAME,
  Http2Error,
  SETTING,
} from "./protocol.ts";
import { type Stream, STREAM_STATE } from "./stream.ts";
import { StreamTable } from "./stream_table.ts";

/** What the peer may send on one stream before it hears from us. */
export const STREAM_WINDOW_BYTES = 1 << 20;

/** What the peer may send on the whole connection before it hears from us. */
const CONNECTION_WINDOW_BYTES = 1 << 24;

/** Longest wait for the socket, or the peer, to take the goodbye. */
const CLOSE_MS = 1000;

/** What sets the two roles apart from the start. */
export interface RoleTraits {
  /** Goes out before SETTINGS. */
  readonly preface: Uint8Array;
  readonly settings: readonly (readonly [identifier: number, value: number])[];
  /** The largest ENABLE_PUSH that the peer may set (RFC 9113, section 6.5.2). */
  readonly maxEnablePush: 0 | 1;
  /** With more than this unsent nothing is read; Infinity: reading always goes on. */
  readonly readPauseBytes: number;
  /** Answers to PING and SETTINGS that may wait for a peer that does not read. */
  readonly maxUnsentAnswers: number;
}

/**
 * What both sides of a connection of HTTP/2 (RFC 9113) do alike: one loop reads, frames are
 * checked and handed out, SETTINGS and PING answered, windows kept, and whatever was written
 * in one turn of the event loop goes out in one write. The role, client or server, is a
 * subclass: who may open streams, what header fields mean, and when it is over.
 *
 * A stream whose peer breaks the protocol on it is reset and the role told
 * ({@linkcode Http2Connection.onRefused}); what breaks the whole connection ends it
 * ({@linkcode Http2Connection.onViolation}).
 */
export abstract class Http2Connection<S extends Stream> {
  /** Compresses header fields; its blocks must be sent in order. */
  readonly encoder = new HpackEncoder();
  /** RST_STREAM frames that were sent, and that came for streams that were open. */
  resetsSent = 0;
  resetsReceived = 0;
  protected readonly socket: ByteStream;
  protected readonly clock: Clock;
  protected readonly out: OutBuffer;
  protected readonly sender: DataSender<S>;
  protected readonly streams = new StreamTable<S>();
  /** HEADERS or DATA came; for the role to take back. */
  protected hasHeard = false;
  readonly #traits: RoleTraits;
  readonly #headers = new HeaderReader((streamId, fields, endStream) =>
    this.onBlock(streamId, fields, endStream)
  );
  readonly #reader = new FrameReader((type, flags, streamId, bytes, start, end) =>
    this.#onFrame(type, flags, streamId, bytes, start, end)
  );
  #receiveWindow = CONNECTION_WINDOW_BYTES;
  #maxStreams = Infinity;
  #heardAtMs: number;
  #unsentAnswers = 0;
  #isReady = false;
  #isClosing = false;
  #isEnded = false;
  #closeTimer: TimerHandle | undefined;
  #onDrained: () => void = () => {};

  /** Greets; what comes is read from {@linkcode Http2Connection.readFrames} on. */
  constructor(socket: ByteStream, clock: Clock, traits: RoleTraits) {
    this.socket = socket;
    this.clock = clock;
    this.#traits = traits;
    this.#heardAtMs = clock.nowMs();
    this.out = new OutBuffer(socket, clock, {
      onSent: (streamId, nowMs) => this.onSent(streamId, nowMs),
      onWritten: (isEmpty) => {
        this.#unsentAnswers = 0;
        this.#onDrained();
        this.onWritten(isEmpty);
      },
      onFailed: (error) => this.onWriteFailed(error),
    });
    this.sender = new DataSender(this.out, (stream) => this.onResumed(stream));
    this.out.writer.append(traits.preface);
    writeSettings(this.out.writer, traits.settings);
    writeWindowUpdate(this.out.writer, 0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
    this.out.scheduleFlush();
  }

  /** Streams that are open. */
  get openStreams(): number {
    return this.streams.size;
  }

  /** Streams at once that the peer allows. */
  get maxStreams(): number {
    return this.#maxStreams;
  }

  /** When bytes of the peer last came, on the clock. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The peer's SETTINGS came. */
  protected get isReady(): boolean {
    return this.#isReady;
  }

  /** The end is near: what is written goes out still. */
  protected get isClosing(): boolean {
    return this.#isClosing;
  }

  // What the role decides

  /** A stream of that number was opened once. */
  protected abstract isOpened(streamId: number): boolean;
  /** HEADERS may come for a stream of that number. */
  protected abstract mayHaveHeaders(streamId: number): boolean;
  /** A block of header fields is whole; its stream may be new, open, or over. */
  protected abstract onBlock(streamId: number, fields: HeaderBlock, endStream: boolean): void;
  /** DATA came that is within `content-length`, and all of it with `endStream`. */
  protected abstract onData(
    stream: S,
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): void;
  /** The peer gave a stream up. */
  protected abstract onReset(stream: S, errorCode: number): void;
  /** A stream was reset, because the peer broke the protocol on it or asks for too much. */
  protected abstract onRefused(stream: S, errorCode: number): void;
  /** What of a stream had waited for a window is sent. */
  protected abstract onResumed(stream: S): void;
  /** The peer's SETTINGS came, for the first time or again. */
  protected abstract onSettings(isFirst: boolean): void;
  /** The peer sends nothing more; `isCut`: in the middle of a frame. */
  protected abstract onPeerDone(isCut: boolean): void;
  protected abstract onReadFailed(error: unknown): void;
  protected abstract onWriteFailed(error: unknown): void;
  /** What was collected when the last write began is out; `isEmpty`: nothing came since. */
  protected abstract onWritten(isEmpty: boolean): void;
  /** The peer broke the protocol: it is told, and the connection ends. `reason`: a part of a sentence. */
  protected abstract onViolation(error: Http2Error, reason: string): void;
  /** The socket is closed: whatever is open is aborted. */
  protected abstract onEnded(): void;

  /** What was marked in `out` went to the socket. */
  protected onSent(_mark: number, _nowMs: number): void {}
  /** What came at once has been handed out. */
  protected onBatch(): void {}
  /** The connection's window is larger. */
  protected onWidened(): void {}
  /** The peer goes away; `words`: what it says about it. */
  protected onGoaway(_lastStreamId: number, _errorCode: number, _words: string): void {}

  // What the role does

  /** Reads until the end. */
  protected async readFrames(): Promise<void> {
    const { socket, out } = this;
    const reader = this.#reader;
    const { readPauseBytes } = this.#traits;
    for (;;) {
      let count: number | null;
      try {
        count = await socket.read(reader.room());
      } catch (error) {
        return this.onReadFailed(error);
      }
      if (this.#isEnded) return;
      if (count === null) return this.onPeerDone(reader.holdsPart);
      this.#heardAtMs = this.clock.nowMs();
      try {
        reader.advance(count);
      } catch (error) {
        return this.#fail(error);
      }
      this.onBatch();
      out.flush();
      while (out.writer.length > readPauseBytes && !this.#isEnded) {
        await new Promise<void>((resolve) => this.#onDrained = resolve);
      }
      if (this.#isEnded) return;
    }
  }

  protected writeReset(streamId: number, errorCode: number): void {
    this.resetsSent++;
    writeReset(this.out.writer, streamId, errorCode);
  }

  /** Resets a stream, and tells the role. */
  protected refuse(stream: S, errorCode: number): void {
    this.writeReset(stream.id, errorCode);
    this.onRefused(stream, errorCode);
  }

  /** A stream is over. */
  protected remove(stream: S): void {
    stream.state = STREAM_STATE.closed;
    this.streams.delete(stream.id);
    this.sender.forget(stream);
  }

  /** Waits for what is written to go out, but not for long: some peers do not read. */
  protected leave(): void {
    if (this.#isClosing || this.#isEnded) return;
    this.#isClosing = true;
    this.#closeTimer = this.clock.at(this.clock.nowMs() + CLOSE_MS, () => this.end());
  }

  /** Closes the socket. */
  protected end(): void {
    if (this.#isEnded) return;
    this.#isEnded = this.#isClosing = true;
    this.#closeTimer?.cancel();
    this.out.close();
    this.socket.close();
    this.onEnded();
    this.#onDrained();
  }

  // Frames

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
        return this.#onData(flags, streamId, bytes, start, end);
      case FRAME.headers:
        this.hasHeard = true;
        if (!this.mayHaveHeaders(streamId)) throw unopened("HEADERS", streamId);
        return this.#headers.readHeaders(flags, streamId, bytes, start, end);
      case FRAME.priority:
        return this.#onPriority(streamId, end - start);
      case FRAME.rstStream:
        return this.#onReset(streamId, bytes, start, end);
      case FRAME.settings:
        return this.#onSettings(flags, streamId, bytes, start, end);
      case FRAME.pushPromise:
        throw violation("The peer sent PUSH_PROMISE, which it may not.");
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
    this.hasHeard = true;
    const length = end - start;
    // Credited on arrival, from half of the window on: no peer can be seen to exceed it.
    this.#receiveWindow -= length;
    if (2 * this.#receiveWindow < CONNECTION_WINDOW_BYTES) {
      writeWindowUpdate(this.out.writer, 0, CONNECTION_WINDOW_BYTES - this.#receiveWindow);
      this.#receiveWindow = CONNECTION_WINDOW_BYTES;
    }
    const stream = this.#openStream(streamId, "DATA");
    if ((flags & FLAG.padded) !== 0) {
      const padding = length === 0 ? 0 : bytes[start];
      start++;
      end -= padding;
      if (end < start) throw violation("The peer sent DATA with more padding than payload.");
    }
    if (stream === undefined) return;
    if (stream.state === STREAM_STATE.halfClosedRemote) {
      return this.refuse(stream, ERROR_CODE.streamClosed);
    }
    const endStream = (flags & FLAG.endStream) !== 0;
    stream.receiveWindow -= length;
    stream.contentLeft -= end - start;
    if (stream.contentLeft < 0 || (endStream && stream.contentLeft > 0)) {
      return this.refuse(stream, ERROR_CODE.protocolError);
    }
    if (!endStream && 2 * stream.receiveWindow < STREAM_WINDOW_BYTES) {
      writeWindowUpdate(this.out.writer, streamId, STREAM_WINDOW_BYTES - stream.receiveWindow);
      stream.receiveWindow = STREAM_WINDOW_BYTES;
    }
    this.onData(stream, bytes, start, end, endStream);
  }

  /** It means nothing any more (section 5.3.2) but must have its form (section 6.3). */
  #onPriority(streamId: number, length: number): void {
    if (streamId === 0) throw violation("The peer sent PRIORITY for no stream.");
    if (length === 5) return;
    const stream = this.streams.get(streamId);
    if (stream !== undefined) this.refuse(stream, ERROR_CODE.frameSizeError);
  }

  #onReset(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) throw frameSize("RST_STREAM");
    const stream = this.#openStream(streamId, "RST_STREAM");
    if (stream === undefined) return;
    this.resetsReceived++;
    this.onReset(stream, readUint32(bytes, start));
  }

  #onSettings(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number) {
    if (streamId !== 0) throw violation("The peer sent SETTINGS for a stream.");
    if ((flags & FLAG.ack) !== 0) {
      if (end !== start) throw frameSize("SETTINGS");
      return;
    }
    readSettings(bytes, start, end, (identifier, value) => this.#applySetting(identifier, value));
    this.#countAnswer();
    writeSettingsAck(this.out.writer);
    const isFirst = !this.#isReady;
    this.#isReady = true;
    this.onSettings(isFirst);
  }

  #applySetting(identifier: number, value: number): void {
    const { sender } = this;
    switch (identifier) {
      case SETTING.headerTableSize:
        this.encoder.setMaxTableSize(value);
        return;
      case SETTING.enablePush:
        if (value <= this.#traits.maxEnablePush) return;
        throw violation(`The peer set ENABLE_PUSH to ${value}.`);
      case SETTING.maxConcurrentStreams:
        this.#maxStreams = value;
        return;
      case SETTING.initialWindowSize: {
        const difference = value - sender.initialWindow;
        sender.initialWindow = value;
        for (const stream of this.streams.streams()) {
          if (sender.widenStream(stream, difference)) continue;
          throw flowControl(
            `The peer set INITIAL_WINDOW_SIZE to ${value}: stream ${stream.id} has too large a window.`,
          );
        }
        return;
      }
      case SETTING.maxFrameSize:
        sender.maxFrameBytes = value;
        return;
      default:
        // MAX_HEADER_LIST_SIZE is advice (and blocks are small); others are ignored.
    }
  }

  #onPing(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) throw violation("The peer sent PING for a stream.");
    if (end - start !== 8) throw frameSize("PING");
    if ((flags & FLAG.ack) !== 0) return;
    this.#countAnswer();
    writePing(this.out.writer, true, bytes, start);
  }

  #onGoaway(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) throw violation("The peer sent GOAWAY for a stream.");
    if (end - start < 8) throw frameSize("GOAWAY");
    const lastStreamId = readUint32(bytes, start) & 0x7fffffff;
    this.onGoaway(lastStreamId, readUint32(bytes, start + 4), readWords(bytes, start + 8, end));
  }

  #onWindowUpdate(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) throw frameSize("WINDOW_UPDATE");
    const increment = readUint32(bytes, start) & 0x7fffffff;
    if (streamId === 0) {
      if (increment === 0) throw violation("The peer sent WINDOW_UPDATE of 0.");
      this.sender.widen(increment);
      return this.onWidened();
    }
    const stream = this.#openStream(streamId, "WINDOW_UPDATE");
    if (stream === undefined) return;
    if (increment === 0) return this.refuse(stream, ERROR_CODE.protocolError);
    if (!this.sender.widenStream(stream, increment)) {
      this.refuse(stream, ERROR_CODE.flowControlError);
    }
  }

  /** The stream that a frame is for; `undefined` when it has ended here already. */
  #openStream(streamId: number, frame: string): S | undefined {
    const stream = this.streams.get(streamId);
    if (stream === undefined && !this.isOpened(streamId)) throw unopened(frame, streamId);
    return stream;
  }

  /** Counts an answer that the peer makes us send, and gives up one that only asks. */
  #countAnswer(): void {
    if (++this.#unsentAnswers <= this.#traits.maxUnsentAnswers) return;
    throw new Http2Error(
      ERROR_CODE.enhanceYourCalm,
      `The peer asked for ${this.#unsentAnswers} answers and read none.`,
    );
  }

  /** Wrong frames are the peer's fault; any other error is one of our own. */
  #fail(error: unknown): void {
    const reason = error instanceof HpackError
      ? new Http2Error(ERROR_CODE.compressionError, error.message)
      : error;
    if (!(reason instanceof Http2Error)) throw error;
    if (this.#isEnded) return;
    const { message, errorCode } = reason;
    this.onViolation(reason, `${message.replace(/\.$/, "")} (${errorName(errorCode)})`);
  }
}

function unopened(frame: string, streamId: number): Http2Error {
  return violation(`The peer sent ${frame} for stream ${streamId}, which nobody opened.`);
}
