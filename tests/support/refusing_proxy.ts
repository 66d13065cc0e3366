/** An HTTP proxy on 127.0.0.1 that answers 502 to everything. */
export class RefusingProxy implements AsyncDisposable {
  /** What it was asked. */
  readonly asked: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      // Deno itself looks for a newer version now and then.
      if (!request.url.includes("deno.land")) this.asked.push(`${request.method} ${request.url}`);
      return new Response("no", { status: 502 });
    });
  }

  /** The environment of a process that is to use it for everything, as each program is told so. */
  get environment(): Record<string, string> {
    const url = `http://127.0.0.1:${this.#server.addr.port}`;
    const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
    return {
      ...Object.fromEntries(names.flatMap((name) => [[name, url], [name.toLowerCase(), url]])),
      NO_PROXY: "",
      no_proxy: "",
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
