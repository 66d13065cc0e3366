import type { HeaderField } from "../hpack/encoder.ts";
import type { SendingStream } from "./data_sender.ts";
import type { RequestBlock } from "./field_blocks.ts";
import type { Http2ServerConnection } from "./server_connection.ts";
import { STREAM_STATE, type StreamState } from "./stream.ts";

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

/** A request and its reply. What is sent once it has ended, for whatever reason, is dropped. */
export class ServerStream implements SendingStream {
  readonly id: number;
  readonly #connection: Http2ServerConnection;
  // What follows belongs to the connection.
  state: StreamState = STREAM_STATE.open;
  listener: RequestListener | null = null;
  sendWindow: number;
  receiveWindow: number;
  unsent: Uint8Array | null = null;
  endsWithData = false;
  /** What goes out after the data that waits. */
  trailers: readonly HeaderField[] | null = null;
  /** Octets that `content-length` still promises; NaN: it promised nothing. */
  contentLeft: number;

  constructor(
    connection: Http2ServerConnection,
    id: number,
    sendWindow: number,
    receiveWindow: number,
    contentLength: number,
  ) {
    this.#connection = connection;
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.contentLeft = contentLength;
  }

  /** Bytes that wait for the peer's windows. */
  get unsentBytes(): number {
    return this.unsent?.length ?? 0;
  }

  /**
   * Sends header fields, `:status` first, or trailers, which end the stream.
   * Lists that repeat should be the same object each time: their compressed form
   * is kept.
   */
  sendHeaders(fields: readonly HeaderField[], endStream: boolean): void {
    this.#connection.sendHeaders(this, fields, endStream);
  }

  /** Sends a part of the body: `source[start, end)`, which is copied. */
  sendData(source: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.#connection.sendData(this, source, start, end, endStream);
  }

  /** Gives the request up with RST_STREAM; the listener hears no more. */
  reset(errorCode: number): void {
    this.#connection.reset(this, errorCode);
  }
}
