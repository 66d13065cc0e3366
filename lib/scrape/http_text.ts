import http, { type AgentOptions } from "node:http";
import https from "node:https";

/** What an HTTP server answered. */
export interface HttpText {
  readonly status: number;
  readonly text: string;
}

/** Redirections that are followed, as many as curl does by default are more than anyone needs. */
const MOST_REDIRECTIONS = 5;

/** A page of metrics of ten thousand functions has 10 MB. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * GETs a text straight from its server. `fetch` will not do: Deno 2.9 takes every
 * request through the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY name, those to
 * loopback too, and knows no way to be asked not to. What is measured is near, and
 * a proxy answers for it, or is measured in its place.
 *
 * @throws anything when there is no answer; the signal's reason when it aborts
 *
 * @example
 * ```ts
 * import { readHttpText } from "./http_text.ts";
 * await using server = Deno.serve(
 *   { hostname: "127.0.0.1", port: 0, onListen() {} },
 *   () => new Response("up 1\n"),
 * );
 * const { status, text } = await readHttpText(`http://127.0.0.1:${server.addr.port}/metrics`);
 * if (status !== 200 || text !== "up 1\n") throw new Error(text);
 * ```
 */
export async function readHttpText(url: string, signal?: AbortSignal): Promise<HttpText> {
  let place = new URL(url);
  for (let redirections = 0;; redirections++) {
    signal?.throwIfAborted();
    const { status, text, location } = await readOnce(place, signal);
    if (location === null || redirections === MOST_REDIRECTIONS) return { status, text };
    place = new URL(location, place);
  }
}

function readOnce(
  place: URL,
  signal: AbortSignal | undefined,
): Promise<HttpText & { readonly location: string | null }> {
  const { get, Agent } = place.protocol === "https:" ? https : http;
  // No environment: under NODE_USE_ENV_PROXY=1 every agent would ask that of the process.
  // (The types do not know the option yet.)
  const agent = new Agent({ proxyEnv: {} } as AgentOptions);
  return new Promise((resolve, reject) => {
    const request = get(place, { agent }, (response) => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      response.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > MOST_BYTES) request.destroy(new Error(`more than ${MOST_BYTES} bytes`));
      });
      response.on("error", reject);
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        const isElsewhere = status >= 301 && status <= 308 && status !== 304;
        resolve({
          status,
          text: new TextDecoder().decode(concatenate(chunks, bytes)),
          location: isElsewhere ? response.headers.location ?? null : null,
        });
      });
    });
    const onAbort = () => {
      request.destroy();
      reject(signal?.reason);
    };
    request.on("error", reject);
    request.on("close", () => {
      signal?.removeEventListener("abort", onAbort);
      agent.destroy();
      // After an answer that was whole this changes nothing.
      reject(new Error(`${place.host} closed the connection before its answer was whole`));
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function concatenate(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
