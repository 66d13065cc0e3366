import type { Clock } from "../../clock/clock.ts";
import { FieldCache, type HeaderField } from "../../rpc/hpack/encoder.ts";
import { type ConnectionRules, Http2ClientConnection } from "../../rpc/http2/client_connection.ts";
import type { ClientStream, StreamListener } from "../../rpc/http2/client_stream.ts";
import { connectSocket } from "../../rpc/socket.ts";

/**
 * An instance tells of its end by closing the connection, and has one request at a
 * time to give up.
 */
const RULES: ConnectionRules = {
  keepAliveMs: null,
  keepAliveTimeoutMs: 0,
  mostGivenUp: Infinity,
  leavesGivenUp: false,
};

/** What {@linkcode Upstream.connect} needs. */
export interface UpstreamOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The connection is over; `reason` is a part of a sentence. */
  readonly onEnd: (reason: string) => void;
}

/** The gateway's connection to an instance. */
export class Upstream {
  readonly #connection: Http2ClientConnection;
  readonly #fields: FieldCache;

  private constructor(connection: Http2ClientConnection) {
    this.#connection = connection;
    this.#fields = new FieldCache(connection.encoder);
  }

  /**
   * Connects to `host:port`, and resolves when requests may be sent.
   *
   * @throws Error when it cannot, or `signal` aborts
   */
  static async connect(
    address: string,
    { clock, timeoutMs, signal, onEnd }: UpstreamOptions,
  ): Promise<Upstream> {
    const socket = await connectSocket({ address, tls: undefined }, clock, timeoutMs, signal);
    return await new Promise((resolve, reject) => {
      const stop = () => connection.close();
      const connection = new Http2ClientConnection(socket, clock, RULES, {
        onReady: () => resolve(new Upstream(connection)),
        onRoom() {},
        onGoingAway() {},
        onEnd(reason) {
          signal.removeEventListener("abort", stop);
          reject(new Error(reason));
          onEnd(reason);
        },
      });
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  /** True if a request can be sent. */
  get isUsable(): boolean {
    return this.#connection.isUsable;
  }

  /**
   * Makes a request, whose body follows; lists of fields that repeat should be the
   * same object each time.
   */
  request(fields: readonly HeaderField[], listener: StreamListener): ClientStream {
    return this.#connection.request(this.#fields.encode(fields), null, listener);
  }

  /** Sends a part of the body of a request that is neither whole nor over: `source[start, end)`. */
  send(
    stream: ClientStream,
    source: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): void {
    this.#connection.send(stream, source, start, end, endStream);
  }

  /** Gives up a request that has not ended; its listener hears no more. */
  reset(stream: ClientStream, errorCode: number): void {
    this.#connection.reset(stream, errorCode);
  }

  close(): void {
    this.#connection.close();
  }
}
