import { type Clock, sleep } from "../../clock/clock.ts";
import { Http2ServerConnection } from "./server_connection.ts";
import type { RequestHandler } from "./server_stream.ts";

/** Connections cannot always be taken, for want of file descriptors for one; then a moment later. */
const ACCEPT_AGAIN_MS = 10;

/** Options of {@linkcode Http2Server}. */
export interface Http2ServerOptions {
  readonly clock: Clock;
  readonly hostname: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Requests at once on one connection. */
  readonly maxConcurrentStreams: number;
  readonly onRequest: RequestHandler;
}

/** A server of HTTP/2 without TLS, for peers that know that it is one (h2c with prior knowledge). */
export class Http2Server {
  readonly #options: Http2ServerOptions;
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Http2ServerConnection>();
  readonly #accepting: Promise<void>;
  #isClosed = false;
  #onEmpty: () => void = () => {};

  /**
   * Listens.
   *
   * @throws Error when the port cannot be had
   */
  constructor(options: Http2ServerOptions) {
    this.#options = options;
    const { hostname, port } = options;
    this.#listener = Deno.listen({ hostname, port });
    this.#accepting = this.#acceptAll();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /**
   * Takes no more connections and requests, and resolves when the last reply is
   * out; with `abort` at once.
   */
  async close({ abort = false } = {}): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#listener.close();
    }
    for (const connection of [...this.#connections]) {
      if (abort) connection.close();
      else connection.shutDown();
    }
    await this.#accepting;
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => this.#onEmpty = resolve);
  }

  async #acceptAll(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#isClosed) {
      try {
        const socket = await this.#listener.accept();
        // It may have been closed while this one was on its way.
        if (this.#isClosed) socket.close();
        else this.#serve(socket);
      } catch {
        if (!this.#isClosed) await sleep(clock, ACCEPT_AGAIN_MS);
      }
    }
  }

  #serve(socket: Deno.TcpConn): void {
    socket.setNoDelay(true);
    const connection: Http2ServerConnection = new Http2ServerConnection(socket, {
      ...this.#options,
      onEnd: () => {
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#onEmpty();
      },
    });
    this.#connections.add(connection);
  }
}
