import type { HeaderField } from "../hpack/encoder.ts";
import type { RequestBlock } from "./field_blocks.ts";
import { Stream, STREAM_STATE } from "./stream.ts";

/** Who answers a request; hears what comes after its header fields. */
export interface RequestListener {
  /**
   * A part of the body came: `bytes[start, end)`, valid until this returns. It may be
   * empty where only the end came; once with `endStream`, then the request is whole.
   */
  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** The caller gave it up, or is gone: what is sent now goes nowhere. Not after the reply's end. */
  onAborted(): void;
}

/** Decides who answers a request, whose header fields have come. */
export type RequestHandler = (stream: ServerStream, block: RequestBlock) => RequestListener;

/** What sends the parts of replies: the connection that the stream is on. */
export interface ReplySender {
  sendHeaders(stream: ServerStream, fields: readonly HeaderField[], endStream: boolean): void;
  sendData(
    stream: ServerStream,
    source: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): void;
  reset(stream: ServerStream, errorCode: number): void;
}

/** A request and its reply. What is sent once it has ended, for whatever reason, is dropped. */
export class ServerStream extends Stream {
  readonly #sender: ReplySender;
  listener: RequestListener | null = null;
  /** What goes out after the data that waits; the connection's. */
  trailers: readonly HeaderField[] | null = null;

  constructor(
    sender: ReplySender,
    id: number,
    sendWindow: number,
    receiveWindow: number,
    contentLength: number,
  ) {
    super();
    this.#sender = sender;
    this.id = id;
    this.state = STREAM_STATE.open;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.contentLeft = contentLength;
  }

  /**
   * Sends header fields, `:status` first, or trailers, which end the stream.
   * Lists that repeat should be the same object each time: their compressed form
   * is kept.
   */
  sendHeaders(fields: readonly HeaderField[], endStream: boolean): void {
    this.#sender.sendHeaders(this, fields, endStream);
  }

  /** Sends a part of the body: `source[start, end)`, which is copied. */
  sendData(source: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.#sender.sendData(this, source, start, end, endStream);
  }

  /** Gives the request up with RST_STREAM; the listener hears no more. */
  reset(errorCode: number): void {
    this.#sender.reset(this, errorCode);
  }
}
