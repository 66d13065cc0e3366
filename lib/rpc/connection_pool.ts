import type { Clock, TimerHandle } from "../base/clock.ts";
import { RequestHeaders, type RequestTarget } from "./grpc/request_headers.ts";
import { type ConnectionTimes, Http2Connection } from "./http2/connection.ts";
import type { ByteStream } from "./http2/byte_stream.ts";
import { connectSocket, type SocketAddress } from "./socket.ts";

/**
 * Between attempts to connect: doubled each time, as gRPC does, but found sooner
 * when it is back. The first attempt after a failure is made at once. A connection
 * that did not last for `most` has failed too.
 */
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
  /** When it could be used, on the clock. */
  readonly readyAtMs: number;
  /** Takes no other call. */
  isTaken = false;
  /** Needs no other in its place but for a call: that was seen to, or nobody called for long. */
  isReplaced = false;

  constructor(http2: Http2Connection, targets: readonly RequestTarget[], readyAtMs: number) {
    this.http2 = http2;
    this.readyAtMs = readyAtMs;
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
  readonly #gone = Promise.withResolvers<void>();
  /** Connections that are being made. */
  #opening = 0;
  /** Those of them whose peer has not said its SETTINGS. */
  readonly #greeting = new Set<Http2Connection>();
  /** Failures since a connection lasted. */
  #failures = 0;
  #retryTimer: TimerHandle | undefined;
  #idleTimer: TimerHandle | undefined;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    if (options.idleCloseMs !== null) this.#armIdle(options.idleCloseMs);
  }

  /** Opens the first connection. @throws Error when there is none in time */
  async connect(): Promise<void> {
    await this.#open();
    // Where every call has its own, this was only to see that somebody is there.
    if (this.#options.isSingleUse) { for (const { http2 } of this.#connections) http2.close(); }
  }

  /** Whether a call that waits does so for others to end, and not for a connection. */
  get isConnected(): boolean {
    const usable = this.#connections.filter(({ http2 }) => http2.isUsable).length;
    return usable >= (this.#options.isSingleUse ? this.#options.maxConnections : 1);
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
    this.#sendWaiting();
  }

  /** Ends every connection; calls that are out are aborted, those that wait forgotten. */
  close(): Promise<void> {
    this.#stop.abort(new Error("it was closed"));
    this.#retryTimer?.cancel();
    this.#idleTimer?.cancel();
    this.#waiting.clear();
    for (const { http2 } of this.#connections) http2.close();
    for (const http2 of this.#greeting) http2.close();
    this.#noteGone();
    return this.#gone.promise;
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
    // What is on its way out does not count: its last call may take long.
    let usable = 0;
    let places = 0;
    let open = 0;
    for (const { http2 } of this.#connections) {
      if (!http2.isUsable) continue;
      usable++;
      places += http2.maxStreams;
      open += http2.openStreams;
    }
    if (usable + this.#opening >= maxConnections) return false;
    const waiting = this.#waiting.size;
    if (isSingleUse) return waiting > this.#opening;
    if (usable === 0) return this.#opening === 0;
    // A peer that allows nothing allows nothing on the next connection either.
    if (places === 0) return false;
    // Room that is left may be behind a closed window.
    if (waiting > 0 && this.#opening === 0) return true;
    return open + waiting > places + (this.#opening - 0.5) * places / usable;
  }

  /** Opens connections while calls wait for them, and one for the next call. */
  #keepConnected(): void {
    if (this.#stop.signal.aborted || this.#retryTimer !== undefined) return;
    while (this.#wantsAnother()) this.#open().catch(() => this.#backOff());
  }

  /** Looks after the connections again in a while. */
  #backOff(): void {
    if (this.#stop.signal.aborted || this.#retryTimer !== undefined) return;
    const { first, most } = BACKOFF_MS;
    const delayMs = this.#failures === 0 ? 0 : Math.min(most, first * 2 ** (this.#failures - 1));
    this.#failures++;
    const { clock } = this.#options;
    this.#retryTimer = clock.at(clock.nowMs() + delayMs, () => {
      this.#retryTimer = undefined;
      this.#keepConnected();
    });
  }

  /** Resolves when a new connection can be used. */
  async #open(): Promise<void> {
    const { socket, clock, connectTimeoutMs } = this.#options;
    const deadlineMs = clock.nowMs() + connectTimeoutMs;
    this.#opening++;
    try {
      const bytes = await connectSocket(socket, clock, connectTimeoutMs, this.#stop.signal);
      if (this.#stop.signal.aborted) bytes.close();
      this.#stop.signal.throwIfAborted();
      await this.#greet(bytes, deadlineMs);
    } finally {
      this.#opening--;
      this.#noteGone();
    }
    this.#sendWaiting();
  }

  /** Speaks HTTP/2 on a new socket; resolves when the peer does too. */
  #greet(bytes: ByteStream, deadlineMs: number): Promise<void> {
    const { clock, times, connectTimeoutMs, targets } = this.#options;
    return new Promise((resolve, reject) => {
      let connection: PooledConnection | undefined;
      let failure: string | undefined;
      const http2 = new Http2Connection(bytes, clock, times, {
        onReady: () => {
          timer.cancel();
          this.#greeting.delete(http2);
          connection = new PooledConnection(http2, targets, clock.nowMs());
          this.#connections.push(connection);
          resolve();
        },
        onRoom: () => this.#sendWaiting(),
        onGoingAway: () => queueMicrotask(() => this.#replace(connection!)),
        onEnd: (reason) => {
          timer.cancel();
          this.#greeting.delete(http2);
          if (connection === undefined) return reject(new Error(failure ?? reason));
          this.#remove(connection);
        },
      });
      this.#greeting.add(http2);
      const timer = clock.at(deadlineMs, () => {
        failure = `no SETTINGS of HTTP/2 in ${connectTimeoutMs / 1000} s`;
        http2.close();
      });
    });
  }

  #remove(connection: PooledConnection): void {
    this.#connections.splice(this.#connections.indexOf(connection), 1);
    this.#noteGone();
    queueMicrotask(() => this.#replace(connection));
  }

  /** A connection is of no more use: another takes its place. */
  #replace(connection: PooledConnection): void {
    if (this.#options.isSingleUse || connection.isReplaced) {
      if (this.#waiting.size > 0) this.#keepConnected();
      return;
    }
    connection.isReplaced = true;
    const { clock } = this.#options;
    // A peer that always goes away at once would be connected to without a pause.
    if (clock.nowMs() - connection.readyAtMs < BACKOFF_MS.most) return this.#backOff();
    this.#failures = 0;
    this.#keepConnected();
  }

  #noteGone(): void {
    if (!this.#stop.signal.aborted || this.#opening > 0 || this.#connections.length > 0) return;
    this.#gone.resolve();
  }

  #sendWaiting(): void {
    if (this.#waiting.size === 0) return;
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
      for (const connection of this.#connections) {
        const { http2 } = connection;
        if (http2.openStreams > 0 || http2.heardAtMs > idleSinceMs) continue;
        connection.isReplaced = true;
        http2.close();
      }
      this.#armIdle(idleCloseMs);
    });
  }
}
