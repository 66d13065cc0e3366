import pageHtml from "./page/page.html" with { type: "text" };
import pageScript from "./page/page.js" with { type: "text" };
import pageStyle from "./page/page.css" with { type: "text" };
import chartScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import chartStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import { createHash } from "node:crypto";
import { TOOLTIP_SCRIPT } from "../report/page/page.ts";
import { LiveHistory } from "./live_history.ts";
import type { LiveExperiment, LiveMessage } from "./live_message.ts";
import { LiveMetrics } from "./live_metrics.ts";

/** The only address that is listened on. */
const LOOPBACK = "127.0.0.1";

/** Readers of the page at a time; more are refused. */
const MOST_READERS = 16;

/** Messages that wait for a reader beyond the socket's own buffer; with more it is dropped. */
const MOST_WAITING = 64;

const HTML = "text/html; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

/** What is the same at all times, by its path. */
const FILES: ReadonlyMap<string, { readonly type: string; readonly text: string }> = new Map([
  ["/", { type: HTML, text: pageHtml }],
  ["/page.js", { type: SCRIPT, text: pageScript }],
  ["/page.css", { type: STYLE, text: pageStyle }],
  ["/chart.js", { type: SCRIPT, text: chartScript }],
  ["/chart.css", { type: STYLE, text: chartStyle }],
]);

/** The script of the report, which the page opens when the experiment has ended, and no other. */
const REPORT_SCRIPT = `'sha256-${createHash("sha256").update(TOOLTIP_SCRIPT).digest("base64")}'`;

/**
 * Nothing from elsewhere, and nothing of it elsewhere. Styles may be inline: the report
 * brings its own.
 */
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": `default-src 'none'; script-src 'self' ${REPORT_SCRIPT}; ` +
    "style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const encoder = new TextEncoder();

/**
 * Serves the page of an experiment under way, its events, and `/metrics`, on loopback.
 * Whoever asks under another name is refused, so that no page of another site comes to it
 * by a name that it has made its own (DNS rebinding).
 *
 * @example
 * ```ts
 * import { LiveServer } from "./live_server.ts";
 * const experiment = { name: "burst", question: "What does a burst do?", platform: "local", isVirtual: false };
 * const server = new LiveServer(0, experiment);
 * const page = await fetch(`http://127.0.0.1:${server.port}/`);
 * if (!(await page.text()).includes("<title>")) throw new Error("no page");
 * await server.close();
 * ```
 */
export class LiveServer {
  readonly port: number;
  readonly #history: LiveHistory;
  readonly #metrics = new LiveMetrics();
  readonly #readers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #hosts: ReadonlySet<string>;

  /**
   * @param port 0: any that is free
   * @throws Deno.errors.AddrInUse, or what else keeps it from listening there
   */
  constructor(port: number, experiment: LiveExperiment) {
    this.#history = new LiveHistory(experiment);
    this.#metrics.take({ kind: "open", port, experiment });
    this.#server = Deno.serve({
      hostname: LOOPBACK,
      port,
      onListen: () => {},
      onError: () => new Response(null, { status: 500 }),
    }, (request) => this.#answer(request));
    this.port = this.#server.addr.port;
    const names = [LOOPBACK, "localhost", "[::1]"];
    this.#hosts = new Set(
      names.flatMap((name) => this.port === 80 ? [name, `${name}:80`] : [`${name}:${this.port}`]),
    );
  }

  /** Readers that are told of everything at the moment. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Takes in what has happened, and tells everyone who reads. */
  take(message: LiveMessage): void {
    const { halvings } = this.#history;
    this.#history.take(message);
    this.#metrics.take(message);
    if (this.#history.halvings === halvings) this.#send(message.kind, message);
    else this.#send("state", this.#history.state);
  }

  /** Tells of the end, with the report itself: the server is gone when someone wants to read it. */
  end(message: LiveMessage & { readonly kind: "end" }, reportHtml: string | null): void {
    this.#history.take(message);
    this.#send("end", { ...message, reportHtml });
  }

  /** Ends every answer, and waits until what was said has been sent. */
  async close(): Promise<void> {
    for (const reader of this.#readers) reader.close();
    this.#readers.clear();
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const host = request.headers.get("host")?.toLowerCase() ?? "";
    if (!this.#hosts.has(host)) {
      return refuse(403, `This page is only at http://${LOOPBACK}:${this.port}/.`);
    }
    if (request.method !== "GET") return refuse(405, "Only GET is answered.", { allow: "GET" });
    const { pathname } = new URL(request.url);
    if (pathname === "/events") return this.#openEvents();
    if (pathname === "/metrics") {
      return respond(await this.#metrics.text(), this.#metrics.contentType);
    }
    const file = FILES.get(pathname);
    return file === undefined
      ? refuse(404, "There is no such page.")
      : respond(file.text, file.type);
  }

  #openEvents(): Response {
    if (this.#readers.size >= MOST_READERS) {
      return refuse(503, `${MOST_READERS} readers are connected; close one first.`);
    }
    let reader: ReadableStreamDefaultController<Uint8Array>;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        reader = controller;
        controller.enqueue(formatEvent("state", this.#history.state));
        this.#readers.add(controller);
      },
      cancel: () => {
        this.#readers.delete(reader);
      },
    }, { highWaterMark: MOST_WAITING });
    return respond(stream, "text/event-stream");
  }

  #send(event: string, data: unknown): void {
    if (this.#readers.size === 0) return;
    const bytes = formatEvent(event, data);
    for (const reader of this.#readers) {
      if ((reader.desiredSize ?? 0) > 0) reader.enqueue(bytes);
      else {
        // Reads too slowly, or not at all; the page connects again if it is still there.
        this.#readers.delete(reader);
        reader.error(new Error("The reader is too slow."));
      }
    }
  }
}

/** An event as a browser's EventSource reads it; JSON has no line breaks of its own. */
function formatEvent(event: string, data: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function respond(body: BodyInit, type: string): Response {
  return new Response(body, { headers: { ...HEADERS, "content-type": type } });
}

function refuse(status: number, sentence: string, headers: Record<string, string> = {}): Response {
  return new Response(`${sentence}\n`, {
    status,
    headers: { ...HEADERS, ...headers, "content-type": "text/plain; charset=utf-8" },
  });
}
