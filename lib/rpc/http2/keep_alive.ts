import type { Clock, TimerHandle } from "../../clock/clock.ts";

/**
 * Pings in a row that may come soon. Servers count a ping within five minutes of the
 * last one as a strike unless they sent HEADERS or DATA in between; grpc-java
 * ends the connection at the third ping (KeepAliveEnforcer.java, which counts the
 * first too), grpc-go 1.85 and gRPC core at the fourth (http2_server.go,
 * ping_abuse_policy.cc).
 */
const SOON_PINGS = 2;

/** Silence before any other ping: beyond the five minutes of gRPC (grpc/proposal, A8). */
const SPARE_PING_MS = 360_000;

/** When a silent peer is pinged, and given up. */
export interface KeepAliveRules {
  /**
   * Silence of the peer, in ms, while calls are out, before it is pinged; `null`: never.
   * Where it answers pings alone, it is pinged once more like that, and then every six
   * minutes.
   */
  readonly keepAliveMs: number | null;
  /** Silence after the ping, in ms, before the connection is given up. */
  readonly keepAliveTimeoutMs: number;
}

/** The connection, as what watches it sees it. */
export interface WatchedConnection {
  /** When bytes of the peer last came, on the clock. */
  heardAtMs(): number;
  /** Since when requests are out, on the clock; NaN: none are. */
  outSinceMs(): number;
  /** The peer sent HEADERS or DATA since this was last asked. */
  takeHeard(): boolean;
  sendPing(): void;
  /** The peer did not answer a ping in time. */
  onSilent(silentMs: number): void;
}

/** Finds out, by PING, that a peer is dead on which calls wait. */
export class KeepAlive {
  readonly #clock: Clock;
  readonly #rules: KeepAliveRules;
  readonly #connection: WatchedConnection;
  #timer: TimerHandle | undefined;
  #pingedAtMs = NaN;
  /** Pings since the peer last sent HEADERS or DATA, which is when servers forget them. */
  #pings = 0;

  constructor(clock: Clock, rules: KeepAliveRules, connection: WatchedConnection) {
    this.#clock = clock;
    this.#rules = rules;
    this.#connection = connection;
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    const { keepAliveMs, keepAliveTimeoutMs } = this.#rules;
    if (keepAliveMs === null) return;
    const connection = this.#connection;
    if (connection.takeHeard()) this.#pings = 0;
    const nowMs = this.#clock.nowMs();
    const heardAtMs = connection.heardAtMs();
    const outSinceMs = connection.outSinceMs();
    const isPinged = this.#pingedAtMs > heardAtMs;
    const silenceMs = this.#pings < SOON_PINGS ? keepAliveMs : Math.max(SPARE_PING_MS, keepAliveMs);
    const dueMs = isPinged
      ? this.#pingedAtMs + keepAliveTimeoutMs
      : Number.isNaN(outSinceMs)
      ? nowMs + keepAliveMs
      : Math.max(heardAtMs, outSinceMs) + silenceMs;
    if (dueMs <= nowMs) {
      if (isPinged) return connection.onSilent(nowMs - heardAtMs);
      this.#pingedAtMs = nowMs;
      this.#pings++;
      connection.sendPing();
    }
    this.#timer = this.#clock.at(
      dueMs <= nowMs ? nowMs + keepAliveTimeoutMs : dueMs,
      () => this.#arm(),
    );
  }
}
