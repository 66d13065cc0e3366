/** Stands in front of a server, so that a test can take the server away. */
export class TcpProxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: Deno.ConnectOptions;
  readonly #connections = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;

  private constructor(target: Deno.ConnectOptions) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#serving = this.#serve();
  }

  /** @param target as `host:port` */
  static open(target: string): TcpProxy {
    const { hostname, port } = new URL(`http://${target}`);
    return new TcpProxy({ hostname, port: Number(port) });
  }

  /** As `host:port`. */
  get address(): string {
    const { hostname, port } = this.#listener.addr;
    return `${hostname}:${port}`;
  }

  /** Breaks every connection; from then on nothing listens there. */
  async close(): Promise<void> {
    try {
      this.#listener.close();
    } catch {
      // It is closed.
    }
    for (const connection of this.#connections) this.#end(connection);
    await this.#serving;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve(): Promise<void> {
    const pipes: Promise<void>[] = [];
    try {
      for await (const client of this.#listener) pipes.push(this.#pipe(client));
    } catch {
      // Closed.
    }
    await Promise.all(pipes);
  }

  async #pipe(client: Deno.TcpConn): Promise<void> {
    this.#connections.add(client);
    let server: Deno.Conn | null = null;
    try {
      server = await Deno.connect(this.#target as Deno.ConnectOptions);
      this.#connections.add(server);
      // Closed while it connected.
      if (!this.#connections.has(client)) return;
      await Promise.all([
        client.readable.pipeTo(server.writable),
        server.readable.pipeTo(client.writable),
      ]);
    } catch {
      // One side is gone; the other has nobody to speak to.
    } finally {
      this.#end(client);
      if (server !== null) this.#end(server);
    }
  }

  #end(connection: Deno.Conn): void {
    this.#connections.delete(connection);
    try {
      connection.close();
    } catch {
      // It is closed.
    }
  }
}
