import type { Clock } from "../../clock/clock.ts";
import { errorMessage } from "../../base/error.ts";
import type { ConnectionCallback } from "../../model/platform.ts";
import { RequestHeaders, type RequestTarget } from "../grpc/request_headers.ts";
import { type ByteStream, connectSocket, type SocketAddress } from "../socket.ts";
import { type ConnectionRules, Http2ClientConnection } from "../http2/client_connection.ts";
import { brokenBy } from "../http2/connection_end.ts";
import { cleanWords } from "../peer_words.ts";

/**
 * Between attempts to connect: doubled each time, as gRPC does, but found sooner
 * when it is back. The first attempt after a failure is made at once.
 */
const BACKOFF_MS = { first: 100, most: 1000 } as const;

/**
 * A connection that lasted this long is replaced at once, whatever it did: that is
 * no more often than a peer that is not there is tried.
 */
export const LASTED_MS = BACKOFF_MS.most;

/** The pause before the next attempt to connect, after so many failures in a row before the last. */
export function backOffMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** (failures - 1));
}

/** A connection with what the calls on it share. */
export class PooledConnection {
  readonly http2: Http2ClientConnection;
  readonly headers: RequestHeaders;
  /** When its making began, on the clock. */
  readonly openedAtMs: number;
  /** When it could be used, on the clock. */
  readonly readyAtMs: number;
  /** What was waiting for it has not been sent yet. */
  isFresh = true;
  /** Needs no other in its place but for a call: that was seen to, or nobody called for long. */
  isReplaced = false;

  constructor(
    http2: Http2ClientConnection,
    targets: readonly RequestTarget[],
    openedAtMs: number,
    readyAtMs: number,
  ) {
    this.http2 = http2;
    this.openedAtMs = openedAtMs;
    this.readyAtMs = readyAtMs;
    this.headers = new RequestHeaders(http2.encoder, targets);
  }
}

/** Options of {@linkcode Connector}. */
export interface ConnectorOptions {
  readonly socket: SocketAddress;
  readonly targets: readonly RequestTarget[];
  readonly clock: Clock;
  readonly rules: ConnectionRules;
  /** Longest wait for a connection. */
  readonly connectTimeoutMs: number;
  /** Told of each connection, and each attempt to make one, when it is over. */
  readonly onConnection: ConnectionCallback;
}

/**
 * What passed in making a connection since `sinceMs`, for a call that is sent on it at
 * `nowMs`: until it was ready, and what the loader then took to come to the call.
 */
export function setUpSince(connection: PooledConnection, sinceMs: number, nowMs: number): number {
  const { openedAtMs, readyAtMs, isFresh } = connection;
  if (readyAtMs < sinceMs) return 0;
  return (isFresh ? nowMs : readyAtMs) - Math.max(openedAtMs, sinceMs);
}

/** Whom a connector tells of one connection; none is called once it is closed. */
export interface ConnectionWatcher {
  /** It can be used. */
  onReady(connection: PooledConnection): void;
  /** There may be more room than before. */
  onRoom(): void;
  /** It takes no new calls soon: the peer is going away, or has had to bear enough. */
  onGoingAway(connection: PooledConnection): void;
  /** One that could be used is over. */
  onEnd(connection: PooledConnection): void;
}

/** Makes the connections to one address, and closes them all in the end. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #stop = new AbortController();
  readonly #gone = Promise.withResolvers<void>();
  /** Those with a socket, whether they can be used or not. */
  readonly #connections = new Set<Http2ClientConnection>();
  #opening = 0;
  #failure: string | null = null;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Connections that are being made. */
  get opening(): number {
    return this.#opening;
  }

  /** Why the last attempt that failed did; `null`: none has. */
  get failure(): string | null {
    return this.#failure;
  }

  /**
   * Makes a connection; resolves when it can be used, which `watcher` was told.
   *
   * @throws Error when there is none in time, or the peer does not speak HTTP/2
   */
  async open(watcher: ConnectionWatcher): Promise<void> {
    const { socket, clock, connectTimeoutMs } = this.#options;
    const openedAtMs = clock.nowMs();
    this.#opening++;
    let bytes: ByteStream | undefined;
    try {
      bytes = await connectSocket(socket, clock, connectTimeoutMs, this.#stop.signal);
      if (this.isClosed) bytes.close();
      this.#stop.signal.throwIfAborted();
      await this.#greet(bytes, openedAtMs, watcher);
    } catch (error) {
      this.#failure = cleanWords(errorMessage(error));
      if (bytes === undefined) this.#tellUnopened(openedAtMs, error);
      throw error;
    } finally {
      this.#opening--;
      this.#noteGone();
    }
  }

  /** Ends every connection; calls that are out are aborted. */
  close(): Promise<void> {
    this.#stop.abort(new Error("it was closed"));
    for (const http2 of this.#connections) http2.close();
    this.#noteGone();
    return this.#gone.promise;
  }

  /** Speaks HTTP/2 on a new socket; resolves when the peer does too. */
  #greet(bytes: ByteStream, openedAtMs: number, watcher: ConnectionWatcher): Promise<void> {
    const { clock, rules, connectTimeoutMs, targets } = this.#options;
    return new Promise((resolve, reject) => {
      let connection: PooledConnection | undefined;
      let failure: string | undefined;
      const http2 = new Http2ClientConnection(bytes, clock, rules, {
        onReady: () => {
          timer.cancel();
          connection = new PooledConnection(http2, targets, openedAtMs, clock.nowMs());
          if (!this.isClosed) watcher.onReady(connection);
          resolve();
        },
        onRoom: () => {
          if (!this.isClosed) watcher.onRoom();
        },
        onGoingAway: () => {
          if (!this.isClosed) watcher.onGoingAway(connection!);
        },
        onEnd: (reason) => {
          timer.cancel();
          this.#connections.delete(http2);
          this.#tellEnded(http2, openedAtMs, connection?.readyAtMs ?? NaN, failure);
          this.#noteGone();
          if (connection === undefined) return reject(new Error(failure ?? reason));
          if (!this.isClosed) watcher.onEnd(connection);
        },
      });
      this.#connections.add(http2);
      const timer = clock.at(openedAtMs + connectTimeoutMs, () => {
        failure = `no SETTINGS of HTTP/2 in ${connectTimeoutMs / 1000} s`;
        http2.close();
      });
    });
  }

  #tellEnded(
    http2: Http2ClientConnection,
    openedMs: number,
    readyMs: number,
    failure: string | undefined,
  ): void {
    const { clock, socket, onConnection } = this.#options;
    onConnection({
      address: socket.address,
      openedMs,
      readyMs,
      endedMs: clock.nowMs(),
      endedBy: failure === undefined ? http2.ending.by : "network",
      code: failure === undefined ? http2.ending.code : null,
      detail: failure ?? (http2.ending.detail === null ? null : cleanWords(http2.ending.detail)),
      requests: http2.requests,
      resetsSent: http2.resetsSent,
      resetsReceived: http2.resetsReceived,
      callsLost: http2.callsLost,
    });
  }

  /** An attempt that did not even bring a socket. */
  #tellUnopened(openedMs: number, error: unknown): void {
    const { clock, socket, onConnection } = this.#options;
    onConnection({
      address: socket.address,
      openedMs,
      readyMs: NaN,
      endedMs: clock.nowMs(),
      endedBy: this.isClosed ? "loader" : brokenBy(error),
      code: null,
      detail: cleanWords(errorMessage(error)),
      requests: 0,
      resetsSent: 0,
      resetsReceived: 0,
      callsLost: 0,
    });
  }

  #noteGone(): void {
    if (!this.isClosed || this.#opening > 0 || this.#connections.size > 0) return;
    this.#gone.resolve();
  }
}
