import type { Clock, TimerHandle } from "../../clock/clock.ts";
import { backOffMs, Connector, type ConnectorOptions, LASTED_MS, setUpSince } from "./connector.ts";
import type { ConnectionWatcher, PooledConnection } from "./connector.ts";
import type { ConnectionPool, WaitingCall } from "./waiting_call.ts";

/** Options of {@linkcode SharedPool}. */
export interface SharedPoolOptions extends ConnectorOptions {
  /** Connections are closed when they carried nothing for this long; `null`: never. */
  readonly idleCloseMs: number | null;
  /** Most connections at once. */
  readonly maxConnections: number;
}

/**
 * Connections to one address that calls share: each call takes the first that has
 * room; another is opened, up to the bound, before the peer's limit of streams is
 * reached, so that no call waits for a stream inside the client while it could be
 * had.
 *
 * A connection that did its work, that is, brought a call to its end, is replaced at
 * once, however short it was: there are peers that retire a connection after some
 * calls. What could not be made, or ended before that, has failed; between failures
 * there is a pause, or a peer that greets and says goodbye would be connected to
 * without end.
 */
export class SharedPool implements ConnectionPool {
  readonly #clock: Clock;
  readonly #maxConnections: number;
  readonly #connector: Connector;
  readonly #connections: PooledConnection[] = [];
  readonly #waiting = new Set<WaitingCall>();
  /** Failures in a row, and when the last one was. */
  #failures = 0;
  #failedAtMs = -Infinity;
  #retryTimer: TimerHandle | undefined;
  #idleTimer: TimerHandle | undefined;
  /** Since when there is no connection for a call; NaN: there is one. */
  #disconnectedSinceMs: number;
  /** Time at the own bound while calls waited, until `#countedMs`. */
  #boundMs = 0;
  #countedMs = 0;
  #isBound = false;
  readonly #watcher: ConnectionWatcher = {
    onReady: (connection) => {
      this.#connections.push(connection);
      this.#noteChange();
    },
    onRoom: () => this.#sendWaiting(),
    onGoingAway: (connection) => {
      this.#noteChange();
      queueMicrotask(() => this.#replace(connection));
    },
    onEnd: (connection) => {
      this.#connections.splice(this.#connections.indexOf(connection), 1);
      this.#noteChange();
      queueMicrotask(() => this.#replace(connection));
    },
  };

  constructor(options: SharedPoolOptions) {
    this.#clock = options.clock;
    this.#maxConnections = options.maxConnections;
    this.#connector = new Connector(options);
    this.#disconnectedSinceMs = options.clock.nowMs();
    if (options.idleCloseMs !== null) this.#armIdle(options.idleCloseMs);
  }

  connect(): Promise<void> {
    return this.#open();
  }

  get failure(): string | null {
    return this.#connector.failure;
  }

  disconnectedSinceMs({ wait }: WaitingCall): number {
    const sinceMs = this.#disconnectedSinceMs;
    return Number.isNaN(sinceMs) ? NaN : Math.max(sinceMs, wait.sinceMs);
  }

  send(call: WaitingCall): void {
    const connection = this.#waiting.size === 0 ? this.#take(call.bodyBytes) : undefined;
    if (connection === undefined) this.#addWaiting(call);
    else call.send(connection);
    // While those before it have room, the last one idles.
    if (connection === undefined || connection === this.#connections.at(-1)) this.#keepConnected();
  }

  withdraw(call: WaitingCall): void {
    if (this.#waiting.has(call)) this.#endWait(call, null);
  }

  release(_connection: PooledConnection): void {
    this.#sendWaiting();
  }

  close(): Promise<void> {
    this.#retryTimer?.cancel();
    this.#idleTimer?.cancel();
    this.#waiting.clear();
    return this.#connector.close();
  }

  // Waiting

  #addWaiting(call: WaitingCall): void {
    const nowMs = this.#countBound();
    this.#waiting.add(call);
    call.wait.sinceMs = nowMs;
    call.wait.boundMs = -this.#boundMs;
    this.#countBound();
  }

  /** `connection`: what it is sent on; `null`: it was given up. */
  #endWait(call: WaitingCall, connection: PooledConnection | null): void {
    const nowMs = this.#countBound();
    this.#waiting.delete(call);
    const { sinceMs } = call.wait;
    const boundMs = call.wait.boundMs + this.#boundMs;
    const setUpMs = connection === null ? 0 : setUpSince(connection, sinceMs, nowMs);
    call.onWaited(nowMs - sinceMs, { setUpMs, boundMs });
  }

  /** Counts the time at the own bound until now, which is returned, and looks whether it goes on. */
  #countBound(): number {
    const nowMs = this.#clock.nowMs();
    if (this.#isBound) this.#boundMs += nowMs - this.#countedMs;
    this.#countedMs = nowMs;
    this.#isBound = this.#waiting.size > 0 && this.#isAtBound();
    return nowMs;
  }

  /** Another connection would help, and is not opened. */
  #isAtBound(): boolean {
    if (this.#connections.length < this.#maxConnections) return false;
    let usable = 0;
    for (const { http2 } of this.#connections) {
      if (!http2.isUsable) continue;
      // What has streams left is behind a window that the peer keeps closed.
      if (http2.openStreams < http2.maxStreams || http2.maxStreams === 0) return false;
      usable++;
    }
    return usable >= this.#maxConnections;
  }

  #sendWaiting(): void {
    if (this.#waiting.size === 0) return;
    for (const call of this.#waiting) {
      const connection = this.#take(call.bodyBytes);
      if (connection === undefined) break;
      this.#endWait(call, connection);
      call.send(connection);
    }
    if (this.#waiting.size === 0) return;
    this.#countBound();
    this.#keepConnected();
  }

  // Connections

  /** The first connection with room, so that others may idle. */
  #take(bodyBytes: number): PooledConnection | undefined {
    for (const connection of this.#connections) {
      if (connection.http2.room(bodyBytes) > 0) return connection;
    }
    return undefined;
  }

  /** The next connection should be opened: before the others are full. */
  #wantsAnother(): boolean {
    const { opening } = this.#connector;
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
    if (usable + opening >= this.#maxConnections) return false;
    const waiting = this.#waiting.size;
    if (usable === 0) return opening === 0;
    // A peer that allows nothing allows nothing on the next connection either.
    if (places === 0) return false;
    // Room that is left may be behind a closed window.
    if (waiting > 0 && opening === 0) return true;
    return open + waiting > places + (opening - 0.5) * places / usable;
  }

  /** Opens connections while calls wait for them, and one for the next call. */
  #keepConnected(): void {
    if (this.#connector.isClosed || this.#retryTimer !== undefined) return;
    while (this.#wantsAnother()) this.#open().catch(() => this.#backOff());
  }

  /** Resolves when a new connection can be used. */
  async #open(): Promise<void> {
    await this.#connector.open(this.#watcher);
    this.#sendWaiting();
    for (const connection of this.#connections) connection.isFresh = false;
  }

  /** Looks after the connections again in a while. */
  #backOff(): void {
    if (this.#connector.isClosed || this.#retryTimer !== undefined) return;
    const hasWorked = this.#connections.some(({ http2, readyAtMs }) =>
      http2.hasAnswered && readyAtMs >= this.#failedAtMs
    );
    if (hasWorked) this.#failures = 0;
    const nowMs = this.#failedAtMs = this.#clock.nowMs();
    this.#retryTimer = this.#clock.at(nowMs + backOffMs(this.#failures++), () => {
      this.#retryTimer = undefined;
      this.#keepConnected();
    });
  }

  /** A connection is of no more use: another takes its place. */
  #replace(connection: PooledConnection): void {
    const { http2, readyAtMs } = connection;
    if (connection.isReplaced) {
      if (this.#waiting.size > 0) this.#keepConnected();
      return;
    }
    connection.isReplaced = true;
    if (http2.hasAnswered || http2.isWorn || this.#clock.nowMs() - readyAtMs >= LASTED_MS) {
      this.#failures = 0;
      this.#retryTimer?.cancel();
      this.#retryTimer = undefined;
    } else if (http2.openStreams === 0) {
      return this.#backOff();
    }
    this.#keepConnected();
  }

  /** A connection came, or takes no more calls. */
  #noteChange(): void {
    const nowMs = this.#countBound();
    if (this.#connections.some(({ http2 }) => http2.isUsable)) this.#disconnectedSinceMs = NaN;
    else if (Number.isNaN(this.#disconnectedSinceMs)) this.#disconnectedSinceMs = nowMs;
  }

  /** Looks now and then for connections that carry nothing. */
  #armIdle(idleCloseMs: number): void {
    this.#idleTimer = this.#clock.at(this.#clock.nowMs() + idleCloseMs / 2, () => {
      const idleSinceMs = this.#clock.nowMs() - idleCloseMs;
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
