import type { ResponseBlock } from "./field_blocks.ts";
import { Stream, STREAM_STATE } from "./stream.ts";

/**
 * Why a stream ended without the peer's END_STREAM:
 * - `reset`: by the peer's RST_STREAM
 * - `violation`: by ours, because the peer broke the protocol on it
 * - `unprocessed`: the connection went before the request did, or the peer has said
 *   that it did not look at it
 * - `lost`: the connection is gone, and nobody knows
 */
export type AbortReason = "reset" | "violation" | "unprocessed" | "lost";

/** Who made a request; the stream is gone already when the last of these is called. */
export interface StreamListener {
  /** The first bytes of the request went to the socket. */
  onDispatched(nowMs: number): void;
  /** Header fields (`:status` first) or trailers came. */
  onHeaders(block: ResponseBlock, endStream: boolean): void;
  /** Data came: `bytes[start, end)`, valid until this returns. */
  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** It ended otherwise. */
  onAborted(reason: AbortReason, errorCode: number): void;
}

/** A request and its reply; the connection uses it again for another once it is closed. */
export class ClientStream extends Stream {
  listener: StreamListener | null = null;
  /** The final (not 1xx) header fields came. */
  hasHeaders = false;

  open(id: number, listener: StreamListener, sendWindow: number, receiveWindow: number): void {
    this.id = id;
    this.state = STREAM_STATE.open;
    this.listener = listener;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.hasHeaders = false;
    this.contentLeft = NaN;
    this.unsent = null;
  }
}
