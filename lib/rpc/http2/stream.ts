import type { ResponseBlock } from "./field_blocks.ts";

/**
 * States of a stream that a client opened, as it sees them (RFC 9113, section 5.1). A stream that
 * is idle or closed is not kept, and push, which has the reserved states, is
 * turned off.
 */
export const STREAM_STATE = {
  /** Both sides may send. */
  open: 0,
  /** The request is out as a whole. */
  halfClosedLocal: 1,
  /** The reply has ended before the request. */
  halfClosedRemote: 2,
  closed: 3,
} as const;

/** One of {@linkcode STREAM_STATE}. */
export type StreamState = (typeof STREAM_STATE)[keyof typeof STREAM_STATE];

/** The state after this side has sent END_STREAM. */
export function afterSendingEnd(state: StreamState): StreamState {
  return state === STREAM_STATE.open ? STREAM_STATE.halfClosedLocal : STREAM_STATE.closed;
}

/** The state after the peer's END_STREAM has come. */
export function afterReceivingEnd(state: StreamState): StreamState {
  return state === STREAM_STATE.open ? STREAM_STATE.halfClosedRemote : STREAM_STATE.closed;
}

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

/** A stream; the connection reuses it for another request once it is closed. */
export class Stream {
  id = 0;
  state: StreamState = STREAM_STATE.closed;
  listener: StreamListener | null = null;
  /** Bytes of DATA that the peer allows still. */
  sendWindow = 0;
  /** Bytes of DATA that the peer may still send. */
  receiveWindow = 0;
  /** Whether the final (not 1xx) header fields came. */
  hasHeaders = false;
  /** Octets that the reply's `content-length` still promises; NaN: it promised nothing. */
  contentLeft = NaN;
  /** What of the request's body waits for a window; `null`: nothing. */
  unsent: Uint8Array | null = null;
  /** Whether the last byte of what is unsent ends the request. */
  endsWithData = false;

  /** Bytes that wait for the peer's windows. */
  get unsentBytes(): number {
    return this.unsent?.length ?? 0;
  }

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
