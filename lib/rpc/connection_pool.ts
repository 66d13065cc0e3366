import type { Clock, TimerHandle } from "../base/clock.ts";
import { errorMessage } from "../base/error.ts";
import { RequestHeaders, type RequestTarget } from "./grpc/request_headers.ts";
import { type ConnectionTimes, Http2Connection } from "./http2/connection.ts";
import { connectSocket, type SocketAddress } from "./socket.ts";

/** Between attempts to connect: doubled each time, as gRPC does, but found sooner when it is back. */
const BACKOFF_MS = { first: 100, most: 1000 } as const;

/** A call that is sent as soon as there is room for it. */
export interface WaitingCall {
  /** Sends it; the body's room was asked for. */
  send(connection: PooledConnection): void;
  /** Bytes of its body. */
  readonly bodyBytes: number;
}

/** A connection with what the calls on it share. */
export class PooledConnection {
  readonly http2: Http2Connection;
  readonly headers: RequestHeaders;
  /** Takes no other call. */
  isTaken = false;
  /** Was closed because it carried nothing for long; the next call opens another. */
  isIdle = false;

  constructor(http2: Http2Connection, targets: readonly RequestTarget[]) {
    this.http2 = http2;
    this.headers = new RequestHeaders(http2.encoder, targets);
  }
}

/** Options of {@linkcode ConnectionPool}. */
export interface ConnectionPoolOptions {
  readonly socket: SocketAddress;
  readonly targets: readonly RequestTarget[];
  readonly clock: Clock;
  readonly times: ConnectionTimes;
  /** Longest wait for a connection. */
  readonly connectTimeoutMs: number;
  /** Connections are closed when they carried nothing for this long; `null`: never. */
  readonly idleCloseMs: number | null;
  /** Most connections at once. */
  readonly maxConnections: number;
  /** A connection carries one call, and is closed after it. */
  readonly isSingleUse: boolean;
}

/**
 * The connections to one address. Calls share the first that has room; another
 * is opened, up to the bound, before the peer's limit of streams is reached, so
 * that no call waits for a stream inside the client while it could be had.
 */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  readonly #connections: PooledConnection[] = [];
  readonly #waiting = new Set<WaitingCall>();
  readonly #stop = new AbortController();
  #opening = 0;
  #failures = 0;
  #retryTimer: TimerHandle | undefined;
  #idleTimer: TimerHandle | undefined;
  #ended: () => void = () => {};
  /** Why the last attempt to connect failed. */
  lastFailure = "";

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    if (options.idleCloseMs !== null) this.#armIdle(options.idleCloseMs);
  }

  /** Opens the first connection. @throws Error when there is none in time */
  async connect(): Promise<void> {
    if (this.#options.isSingleUse) {
      // Only to see that somebody is there.
      const { socket, clock, connectTimeoutMs } = this.#options;
      (await connectSocket(socket, clock, connectTimeoutMs, this.#stop.signal)).close();
      return;
    }
    await this.#open();
  }

  /** Whether a call is sent now or as soon as others have ended. */
  get isConnected(): boolean {
    return this.#connections.some(({ http2 }) => http2.isUsable);
  }

  /** Sends a call now, or as soon as there is room. */
  send(call: WaitingCall): void {
    const connection = this.#waiting.size === 0 ? this.#take(call.bodyBytes) : undefined;
    if (connection === undefined) this.#waiting.add(call);
    else call.send(connection);
    // While those before it have room, the last one idles.
    if (connection === undefined || connection === this.#connections.at(-1)) this.#keepConnected();
  }

  /** Takes back a call that waits; harmless if it does not. */
  withdraw(call: WaitingCall): void {
    this.#waiting.delete(call);
  }

  /** Told when a call has ended: its place is free. */
  release(connection: PooledConnection): void {
    if (connection.isTaken) connection.http2.close();
    if (this.#waiting.size > 0) this.#sendWaiting();
  }

  /** Ends every connection; calls that are out are aborted. */
  close(): Promise<void> {
    this.#stop.abort(new Error("it was closed"));
    this.#retryTimer?.cancel();
    this.#idleTimer?.cancel();
    this.#waiting.clear();
    return new Promise((resolve) => {
      this.#ended = resolve;
      for (const { http2 } of [...this.#connections]) http2.close();
      if (this.#connections.length === 0) resolve();
    });
  }

  /** The first connection with room, so that others may idle. */
  #take(bodyBytes: number): PooledConnection | undefined {
    const { isSingleUse } = this.#options;
    for (const connection of this.#connections) {
      if (connection.isTaken || connection.http2.room(bodyBytes) <= 0) continue;
      if (isSingleUse) connection.isTaken = true;
      return connection;
    }
    return undefined;
  }

  /** Whether the next connection should be opened, before the others are full. */
  #wantsAnother(): boolean {
    const { isSingleUse, maxConnections } = this.#options;
    if (this.#connections.length + this.#opening >= maxConnections) return false;
    const waiting = this.#waiting.size;
    if (isSingleUse) return waiting > this.#opening;
    let usable = 0;
    let places = 0;
    let open = 0;
    for (const { http2 } of this.#connections) {
      if (!http2.isUsable) continue;
      usable++;
      places += http2.maxStreams;
      open += http2.openStreams;
    }
    if (usable === 0) return this.#opening === 0;
    // A peer that allows nothing allows nothing on the next connection either.
    if (places === 0) return false;
    // Room that is left may be behind a closed window.
    if (waiting > 0 && this.#opening === 0) return true;
    return open + waiting > places + (this.#opening - 0.5) * places / usable;
  }

  #openInBackground(): void {
    this.#open().catch(() => {
      this.#failures++;
      const { first, most } = BACKOFF_MS;
      const { clock } = this.#options;
      if (this.#stop.signal.aborted || this.#retryTimer !== undefined) return;
      this.#retryTimer = clock.at(
        clock.nowMs() + Math.min(most, first * 2 ** (this.#failures - 1)),
        () => {
          this.#retryTimer = undefined;
          this.#keepConnected();
        },
      );
    });
  }

  /** Opens connections while calls wait for them, and one for the next call. */
  #keepConnected(): void {
    if (this.#stop.signal.aborted || this.#retryTimer !== undefined) return;
    if (this.#wantsAnother()) this.#openInBackground();
  }

  /** Resolves when a new connection can be used. */
  async #open(): Promise<void> {
    const { socket, clock, times, connectTimeoutMs, targets } = this.#options;
    this.#opening++;
    const deadlineMs = clock.nowMs() + connectTimeoutMs;
    try {
      const bytes = await connectSocket(socket, clock, connectTimeoutMs, this.#stop.signal);
      await new Promise<void>((resolve, reject) => {
        let isReady = false;
        let failure: string | undefined;
        const timer = clock.at(deadlineMs, () => {
          failure = `no SETTINGS of HTTP/2 in ${connectTimeoutMs / 1000} s`;
          http2.close();
        });
        const http2 = new Http2Connection(bytes, clock, times, {
          onReady: () => {
            isReady = true;
            timer.cancel();
            this.#failures = 0;
            this.#connections.push(connection);
            resolve();
          },
          onRoom: () => this.#sendWaiting(),
          onGoingAway: () => queueMicrotask(() => this.#keepConnected()),
          onEnd: (reason) => {
            timer.cancel();
            if (!isReady) return reject(new Error(failure ?? reason));
            this.#remove(connection);
          },
        });
        const connection = new PooledConnection(http2, targets);
      });
    } catch (error) {
      this.lastFailure = errorMessage(error);
      throw error;
    } finally {
      this.#opening--;
    }
    if (this.#stop.signal.aborted) {
      for (const { http2 } of [...this.#connections]) http2.close();
      return;
    }
    this.#sendWaiting();
  }

  #remove(connection: PooledConnection): void {
    const place = this.#connections.indexOf(connection);
    if (place >= 0) this.#connections.splice(place, 1);
    if (this.#stop.signal.aborted) {
      if (this.#connections.length === 0) this.#ended();
      return;
    }
    if (this.#options.isSingleUse || connection.isIdle) return;
    queueMicrotask(() => this.#keepConnected());
  }

  #sendWaiting(): void {
    for (const call of this.#waiting) {
      const connection = this.#take(call.bodyBytes);
      if (connection === undefined) break;
      this.#waiting.delete(call);
      call.send(connection);
    }
    if (this.#waiting.size > 0) this.#keepConnected();
  }

  /** Looks now and then for connections that carry nothing. */
  #armIdle(idleCloseMs: number): void {
    const { clock } = this.#options;
    this.#idleTimer = clock.at(clock.nowMs() + idleCloseMs / 2, () => {
      const idleSinceMs = clock.nowMs() - idleCloseMs;
      for (const connection of [...this.#connections]) {
        const { http2 } = connection;
        if (http2.openStreams > 0 || http2.heardAtMs > idleSinceMs) continue;
        connection.isIdle = true;
        http2.close();
      }
      this.#armIdle(idleCloseMs);
    });
  }
}
