import type { PooledConnection } from "./connector.ts";

/** A wait for the peer beside the set-up of a connection that is shorter is taken for set-up. */
export const LEAST_PEER_WAIT_MS = 1;

/** A call that is sent as soon as there is room for it. */
export interface WaitingCall {
  /** Bytes of its body. */
  readonly bodyBytes: number;
  /** The pool's notes, while it waits. */
  readonly wait: Wait;
  /** A wait is over, by a connection or because it was given up: how long it was, in ms. */
  onWaited(waitedMs: number, parts: WaitParts): void;
  /** Sends it; the body's room was asked for. */
  send(connection: PooledConnection): void;
}

/** What a pool knows of a call that waits; used again and again. */
export class Wait {
  /** When it began, on the clock. */
  sinceMs = NaN;
  /** Of it, what passed at the pool's own bound of connections; the pool's to count. */
  boundMs = 0;
  /** Where the call has a connection of its own: attempts that failed. */
  failures = 0;
}

/** What a wait was for; the rest of it was for the peer. */
export interface WaitParts {
  /** Making the connection that ended it; 0: none did, or one that was there. */
  readonly setUpMs: number;
  /** The pool's own bound of connections. */
  readonly boundMs: number;
}

/** Connections to one address, as the transport sees them. */
export interface ConnectionPool {
  /** Sees whether somebody is there. @throws Error when there is no connection in time */
  connect(): Promise<void>;
  /** Sends a call now, or as soon as there is room. */
  send(call: WaitingCall): void;
  /** Takes back a call that waits; harmless if it does not. */
  withdraw(call: WaitingCall): void;
  /** Since when a call that waits does so for want of a connection; NaN: others are to end first. */
  disconnectedSinceMs(call: WaitingCall): number;
  /** Why the last attempt to connect that failed did; `null`: none has. */
  readonly failure: string | null;
  /** Told when a call has ended: its place is free. */
  release(connection: PooledConnection): void;
  /** Ends every connection; calls that are out are aborted, those that wait forgotten. */
  close(): Promise<void>;
}
