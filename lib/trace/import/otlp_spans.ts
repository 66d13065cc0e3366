import type { NotedParser } from "./access_log.ts";
import { BadRow, type LoggedRequest, type RowTaker } from "./logged_request.ts";
import { isObject } from "./row_fields.ts";
import type { RowSettings } from "./row_settings.ts";

/** Kinds of spans by their numbers (opentelemetry-proto, trace.proto). */
const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];

/** Numbers of nanoseconds that were not put into quotes: a double would round them to 256 ns. */
const BARE_NANOS = /("(?:start|end)TimeUnixNano"\s*:\s*)(\d+)/g;

type Attributes = ReadonlyMap<string, string>;

/**
 * A reader of spans in OTLP's JSON: what the Collector's file exporter writes, one
 * `resourceSpans` on a line, or one document.
 */
export class OtlpParser implements NotedParser {
  readonly note: string;
  readonly #kinds: ReadonlySet<string>;
  readonly #functionField: string | null;
  readonly #memoryField: string | null;

  constructor({ spanKinds = ["server"], functionField, memoryField }: RowSettings) {
    this.#kinds = new Set(spanKinds);
    this.#functionField = functionField ?? null;
    this.#memoryField = memoryField ?? null;
    const named = functionField ??
      "faas.name, else service.name and http.route, rpc.method or path";
    this.note = `A span of kind ${spanKinds.join(" or ")} is a request; its function is ${named}.`;
  }

  parse(line: string, taker: RowTaker): void {
    this.read(parseSpans(line), taker);
  }

  /** Reads one document of OTLP. */
  read(document: unknown, taker: RowTaker): void {
    const resources = isObject(document) ? document.resourceSpans : undefined;
    if (!Array.isArray(resources)) throw new BadRow("no resourceSpans", document);
    for (const resource of resources) {
      const common = readAttributes(resource?.resource?.attributes);
      // The name before OTLP 0.16.
      for (const scope of resource?.scopeSpans ?? resource?.instrumentationLibrarySpans ?? []) {
        for (const span of scope?.spans ?? []) this.#readSpan(span, common, taker);
      }
    }
  }

  #readSpan(span: unknown, resource: Attributes, taker: RowTaker): void {
    try {
      if (!isObject(span)) throw new BadRow("no span", span);
      const kind = readKind(span.kind);
      if (!this.#kinds.has(kind)) return taker.leave(`a span of kind ${kind}`);
      const request = this.#readRequest(span, resource);
      if (request === null) return taker.leave(`without the attribute ${this.#functionField}`);
      taker.take(request);
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      taker.bad(error);
    }
  }

  #readRequest(
    span: Readonly<Record<string, unknown>>,
    resource: Attributes,
  ): LoggedRequest | null {
    const startNs = readNanos(span.startTimeUnixNano);
    const durationNs = readNanos(span.endTimeUnixNano) - startNs;
    if (durationNs < 0n) throw new BadRow("a span that ends before it starts", span.spanId);
    const own = readAttributes(span.attributes);
    const get = (name: string) => own.get(name) ?? resource.get(name) ?? null;
    const name = this.#functionField === null ? nameSpan(get, span) : get(this.#functionField);
    if (name === null && this.#functionField !== null) return null;
    const path = get("url.path") ?? get("http.target") ?? get("http.url");
    const memory = this.#memoryField === null ? null : get(this.#memoryField);
    return {
      stampMs: Number(startNs / 1_000_000n) + Number(startNs % 1_000_000n) / 1e6,
      isWholeSecond: false,
      isStampEnd: false,
      durationMs: Number(durationNs) / 1e6,
      memoryMib: memory === null ? null : Number(memory),
      name,
      service: get("service.name"),
      path: get("http.route") ?? path,
      method: get("http.request.method") ?? get("http.method"),
      status: get("http.response.status_code") ?? get("http.status_code"),
    };
  }
}

/** `null`: by its path, which ids are to be taken out of. */
function nameSpan(
  get: (name: string) => string | null,
  span: Readonly<Record<string, unknown>>,
): string | null {
  const faas = get("faas.name");
  if (faas !== null) return faas;
  const service = get("service.name");
  const prefix = service === null ? "" : `${service} `;
  const route = get("http.route");
  if (route !== null) return prefix + route;
  const method = get("rpc.method");
  if (method !== null) return prefix + [get("rpc.service"), method].filter(Boolean).join("/");
  const path = get("url.path") ?? get("http.target") ?? get("http.url");
  if (path !== null) return null;
  return prefix + String(span.name ?? "");
}

/** The text of a document, with nanoseconds as texts. */
export function parseSpans(text: string): unknown {
  try {
    return JSON.parse(text.replace(BARE_NANOS, '$1"$2"'));
  } catch {
    throw new BadRow("no JSON", text);
  }
}

function readKind(kind: unknown): string {
  if (typeof kind === "number") return KINDS[kind] ?? String(kind);
  return typeof kind === "string"
    ? kind.replace(/^SPAN_KIND_/, "").toLowerCase()
    // Protobuf leaves out what is 0.
    : KINDS[0];
}

function readNanos(value: unknown): bigint {
  if (typeof value === "string" && /^\d{1,20}$/.test(value)) {
    const nanos = BigInt(value);
    if (nanos > 0n) return nanos;
  }
  throw new BadRow("no time in nanoseconds", value);
}

/** Attributes by name; lists and objects are no names and are left out. */
function readAttributes(list: unknown): Attributes {
  const attributes = new Map<string, string>();
  if (!Array.isArray(list)) return attributes;
  for (const entry of list) {
    const value = entry?.value;
    const plain = value?.stringValue ?? value?.intValue ?? value?.doubleValue ?? value?.boolValue;
    if (typeof entry?.key === "string" && plain !== undefined) {
      attributes.set(entry.key, String(plain));
    }
  }
  return attributes;
}
