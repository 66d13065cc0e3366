import type { Clock } from "../base/clock.ts";
import { RequestHeaders, type RequestTarget } from "./grpc/request_headers.ts";
import type { ByteStream } from "./http2/byte_stream.ts";
import { type ConnectionTimes, Http2Connection } from "./http2/connection.ts";
import { connectSocket, type SocketAddress } from "./socket.ts";

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
  readonly http2: Http2Connection;
  readonly headers: RequestHeaders;
  /** When its making began, on the clock. */
  readonly openedAtMs: number;
  /** When it could be used, on the clock. */
  readonly readyAtMs: number;
  /** Needs no other in its place but for a call: that was seen to, or nobody called for long. */
  isReplaced = false;

  constructor(
    http2: Http2Connection,
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
  readonly times: ConnectionTimes;
  /** Longest wait for a connection. */
  readonly connectTimeoutMs: number;
}

/** Whom a connector tells of one connection; none is called once it is closed. */
export interface ConnectionWatcher {
  /** It can be used. */
  onReady(connection: PooledConnection): void;
  /** There may be more room than before. */
  onRoom(): void;
  /** It takes no new calls: the peer is going away. */
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
  readonly #connections = new Set<Http2Connection>();
  #opening = 0;

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

  /**
   * Makes a connection; resolves when it can be used, which `watcher` was told.
   *
   * @throws Error when there is none in time, or the peer does not speak HTTP/2
   */
  async open(watcher: ConnectionWatcher): Promise<void> {
    const { socket, clock, connectTimeoutMs } = this.#options;
    const openedAtMs = clock.nowMs();
    this.#opening++;
    try {
      const bytes = await connectSocket(socket, clock, connectTimeoutMs, this.#stop.signal);
      if (this.isClosed) bytes.close();
      this.#stop.signal.throwIfAborted();
      await this.#greet(bytes, openedAtMs, watcher);
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
    const { clock, times, connectTimeoutMs, targets } = this.#options;
    return new Promise((resolve, reject) => {
      let connection: PooledConnection | undefined;
      let failure: string | undefined;
      const http2 = new Http2Connection(bytes, clock, times, {
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

  #noteGone(): void {
    if (!this.isClosed || this.#opening > 0 || this.#connections.size > 0) return;
    this.#gone.resolve();
  }
}
