import { formatAddress } from "../../lib/base/address.ts";
import { temporaryFolder } from "./script.ts";

/** What the server was asked. */
export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; `null`: none. */
  readonly body: unknown;
  readonly contentType: string | null;
  /** Aborts when the client goes away, and when the server is stopped. */
  readonly signal: AbortSignal;
}

/** What it answers; `null` leaves it to the next script. */
export type ApiScript = (request: ApiRequest) => Response | Promise<Response> | null;

/** A Kubernetes `Status` with an HTTP status. */
export function statusResponse(code: number, reason = "", message = reason): Response {
  return Response.json({ kind: "Status", code, reason, message }, { status: code });
}

/** An answer that begins, and of which nothing more comes until the client goes away. */
export function thenSilence(signal: AbortSignal, beginning: string): Response {
  return new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(beginning));
        const close = () => {
          try {
            controller.close();
          } catch {
            // The client has gone away.
          }
        };
        signal.addEventListener("abort", close, { once: true });
      },
    }),
    { headers: { "content-type": "application/json" } },
  );
}

/**
 * A server of HTTP/1.1 on loopback that is asked as an API server and answers by
 * a script, with a kubeconfig for it. What no script answers is not there (404).
 */
export class ScriptedApiServer implements AsyncDisposable {
  /** Everything that was asked, in order. */
  readonly requests: ApiRequest[] = [];
  /** Asked in order; the first that answers does. */
  readonly scripts: ApiScript[] = [answerBasics];
  readonly kubeconfig: string;
  readonly url: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #stop: AbortController;
  readonly #folder: AsyncDisposable;

  private constructor(
    server: Deno.HttpServer<Deno.NetAddr>,
    stop: AbortController,
    folder: AsyncDisposable & { readonly path: string },
  ) {
    this.#server = server;
    this.#stop = stop;
    this.#folder = folder;
    this.url = `http://${formatAddress(server.addr)}`;
    this.kubeconfig = `${folder.path}/kubeconfig.yaml`;
    Deno.writeTextFileSync(this.kubeconfig, kubeconfigOf(this.url));
  }

  static async start(...scripts: readonly ApiScript[]): Promise<ScriptedApiServer> {
    return await ScriptedApiServer.listen("127.0.0.1", ...scripts);
  }

  /** @param hostname IPv6 without brackets */
  static async listen(
    hostname: string,
    ...scripts: readonly ApiScript[]
  ): Promise<ScriptedApiServer> {
    const stop = new AbortController();
    const { promise, resolve } = Promise.withResolvers<ScriptedApiServer>();
    const server = Deno.serve(
      { hostname, port: 0, signal: stop.signal, onListen() {} },
      async (request) => (await promise).#answer(request),
    );
    const api = new ScriptedApiServer(server, stop, await temporaryFolder());
    api.scripts.unshift(...scripts);
    resolve(api);
    return api;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#server.finished;
    await this.#folder[Symbol.asyncDispose]();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const text = await request.text();
    const asked: ApiRequest = {
      method: request.method,
      path: pathname,
      query: searchParams,
      body: text === "" ? null : JSON.parse(text),
      contentType: request.headers.get("content-type"),
      signal: AbortSignal.any([request.signal, this.#stop.signal]),
    };
    this.requests.push(asked);
    for (const script of this.scripts) {
      const answer = await script(asked);
      if (answer !== null) return answer;
    }
    return statusResponse(404, "NotFound", `${pathname} is not there`);
  }
}

/** What every API server says of itself and to the questions who we are and what we may. */
function answerBasics({ method, path, body }: ApiRequest): Response | null {
  if (path === "/version" || path === "/version/") return Response.json({ gitVersion: "v1.34.4" });
  if (method !== "POST") return null;
  if (path.endsWith("/selfsubjectreviews")) {
    return Response.json({ status: { userInfo: { username: "tester" } } }, { status: 201 });
  }
  if (path.endsWith("/selfsubjectaccessreviews")) {
    return Response.json({ ...body as object, status: { allowed: true } }, { status: 201 });
  }
  return null;
}

function kubeconfigOf(server: string): string {
  return `apiVersion: v1
kind: Config
current-context: test
clusters: [{ name: test, cluster: { server: "${server}", insecure-skip-tls-verify: true } }]
users: [{ name: test, user: { token: test-token } }]
contexts: [{ name: test, context: { cluster: test, user: test, namespace: test } }]
`;
}
