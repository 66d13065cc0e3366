import type { Clock, TimerHandle } from "../../clock/clock.ts";
import {
  backOffMs,
  Connector,
  type ConnectorOptions,
  type PooledConnection,
  setUpSince,
} from "./connector.ts";
import type { ConnectionPool, WaitingCall } from "./waiting_call.ts";

/** Options of {@linkcode SingleUsePool}. */
export interface SingleUsePoolOptions extends ConnectorOptions {
  /** Most connections at once. */
  readonly maxConnections: number;
}

/** A place below the bound: first for the making of a call's connection, then for that. */
interface Place {
  /** The call, until it is sent or given up. */
  call: WaitingCall | null;
  readonly takenMs: number;
  connection: PooledConnection | null;
  /** Pending between a failure and the next attempt. */
  retryTimer: TimerHandle | undefined;
}

/**
 * Connections to one address of which each carries one call, and is closed after it.
 * Each call has its own made, from the moment at which it is sent; where that fails,
 * that call alone waits before it is tried again. At the bound, calls wait for others
 * to end, first come, first served.
 */
export class SingleUsePool implements ConnectionPool {
  readonly #clock: Clock;
  readonly #maxConnections: number;
  readonly #connector: Connector;
  readonly #places = new Set<Place>();
  /** Those of calls that are not sent yet. */
  readonly #placeOf = new Map<WaitingCall, Place>();
  /** Calls that wait at the bound. */
  readonly #bound = new Set<WaitingCall>();

  constructor(options: SingleUsePoolOptions) {
    this.#clock = options.clock;
    this.#maxConnections = options.maxConnections;
    this.#connector = new Connector(options);
  }

  async connect(): Promise<void> {
    await this.#connector.open({
      onReady: ({ http2 }) => queueMicrotask(() => http2.close()),
      onRoom() {},
      onGoingAway() {},
      onEnd() {},
    });
  }

  get failure(): string | null {
    return this.#connector.failure;
  }

  disconnectedSinceMs(call: WaitingCall): number {
    const place = this.#placeOf.get(call);
    return place === undefined || place.connection !== null ? NaN : place.takenMs;
  }

  send(call: WaitingCall): void {
    call.wait.sinceMs = this.#clock.nowMs();
    if (this.#places.size < this.#maxConnections) this.#begin(call);
    else this.#bound.add(call);
  }

  withdraw(call: WaitingCall): void {
    const { wait } = call;
    const waitedMs = this.#clock.nowMs() - wait.sinceMs;
    if (this.#bound.delete(call)) return call.onWaited(waitedMs, { setUpMs: 0, boundMs: waitedMs });
    const place = this.#placeOf.get(call);
    if (place === undefined) return;
    this.#placeOf.delete(call);
    place.call = null;
    if (place.connection !== null) place.connection.http2.close();
    else if (place.retryTimer !== undefined) {
      place.retryTimer.cancel();
      this.#free(place);
    }
    // A connection that is being made is closed when it is there.
    call.onWaited(waitedMs, { setUpMs: 0, boundMs: wait.boundMs });
  }

  release({ http2 }: PooledConnection): void {
    http2.close();
  }

  close(): Promise<void> {
    for (const { retryTimer } of this.#places) retryTimer?.cancel();
    this.#placeOf.clear();
    this.#bound.clear();
    return this.#connector.close();
  }

  /** Gives a call a place, and begins to make its connection. */
  #begin(call: WaitingCall): void {
    const takenMs = this.#clock.nowMs();
    call.wait.boundMs = takenMs - call.wait.sinceMs;
    const place: Place = { call, takenMs, connection: null, retryTimer: undefined };
    this.#places.add(place);
    this.#placeOf.set(call, place);
    // A call that comes back was refused on the connection that it had.
    if (call.wait.failures > 0) this.#openLater(place, call);
    else this.#open(place);
  }

  #openLater(place: Place, { wait }: WaitingCall): void {
    const dueMs = this.#clock.nowMs() + backOffMs(wait.failures - 1);
    place.retryTimer = this.#clock.at(dueMs, () => {
      place.retryTimer = undefined;
      this.#open(place);
    });
  }

  async #open(place: Place): Promise<void> {
    try {
      await this.#connector.open({
        onReady: (connection) => place.connection = connection,
        onRoom: () => this.#offer(place),
        onGoingAway: ({ http2 }) => {
          if (place.call !== null) queueMicrotask(() => http2.close());
        },
        onEnd: () => {
          place.connection = null;
          this.#fail(place);
        },
      });
    } catch {
      return this.#fail(place);
    }
    this.#offer(place);
    if (place.connection !== null) place.connection.isFresh = false;
  }

  /** Sends the call of a place as soon as its connection takes it. */
  #offer(place: Place): void {
    const { call, connection } = place;
    if (connection === null) return;
    if (call === null) {
      return connection.http2.openStreams === 0 ? connection.http2.close() : undefined;
    }
    if (connection.http2.room(call.bodyBytes) <= 0) return;
    place.call = null;
    this.#placeOf.delete(call);
    const { wait } = call;
    const nowMs = this.#clock.nowMs();
    // One more if it should come back.
    wait.failures++;
    call.onWaited(nowMs - wait.sinceMs, {
      setUpMs: setUpSince(connection, wait.sinceMs, nowMs),
      boundMs: wait.boundMs,
    });
    call.send(connection);
  }

  /** A connection could not be made, or is over. */
  #fail(place: Place): void {
    if (this.#connector.isClosed) return;
    const { call } = place;
    if (call === null) return this.#free(place);
    call.wait.failures++;
    this.#openLater(place, call);
  }

  #free(place: Place): void {
    this.#places.delete(place);
    for (const call of this.#bound) {
      if (this.#places.size >= this.#maxConnections) return;
      this.#bound.delete(call);
      this.#begin(call);
    }
  }
}
