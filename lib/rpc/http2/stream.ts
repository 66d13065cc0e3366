/**
 * States of a stream that a client opened (RFC 9113, section 5.1); "local" is the side that
 * keeps it. A stream that is idle or closed is not kept, and push, which has the reserved
 * states, is turned off.
 */
export const STREAM_STATE = {
  /** Both sides may send. */
  open: 0,
  /** This side has said everything. */
  halfClosedLocal: 1,
  /** The peer has said everything. */
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

/** A stream as the connection keeps it, whichever its side; the fields belong to the connection. */
export class Stream {
  id = 0;
  state: StreamState = STREAM_STATE.closed;
  /** Bytes of DATA that the peer allows still; below 0 after a change of its settings. */
  sendWindow = 0;
  /** Bytes of DATA that the peer may still send. */
  receiveWindow = 0;
  /** Octets that the peer's `content-length` still promises; NaN: it promised nothing. */
  contentLeft = NaN;
  /** What of this side's body waits for a window; `null`: nothing. */
  unsent: Uint8Array | null = null;
  /** END_STREAM goes with the last byte of what is unsent. */
  endsWithData = false;

  /** Bytes that wait for the peer's windows. */
  get unsentBytes(): number {
    return this.unsent?.length ?? 0;
  }
}
