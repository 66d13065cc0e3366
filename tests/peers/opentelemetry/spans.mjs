/**
 * Writes spans of OpenTelemetry's own SDK as the Collector's file exporter does, a batch on a line:
 *
 *     node spans.mjs FOLDER_OF_NODE_MODULES
 *
 * The spans are of two services, with starts and ends that are given on standard input, in JSON:
 * a list of { service, route, kind, startMs, endMs }.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { readFileSync } from "node:fs";

const require = createRequire(join(process.argv[2], "/"));
const { SpanKind } = require("@opentelemetry/api");
const { JsonTraceSerializer } = require("@opentelemetry/otlp-transformer");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { TracerProvider } = require("@opentelemetry/sdk-trace");

const wanted = JSON.parse(readFileSync(0, "utf8"));
for (const service of new Set(wanted.map((span) => span.service))) {
  const spans = [];
  const processor = {
    onStart() {},
    onEnd: (span) => spans.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": service }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer("example");
  for (const { route, kind, startMs, endMs, ...of } of wanted) {
    if (of.service !== service) continue;
    const span = tracer.startSpan(`GET ${route}`, {
      kind: SpanKind[kind],
      startTime: startMs,
      attributes: { "http.route": route, "http.request.method": "GET" },
    });
    span.setAttribute("http.response.status_code", 200);
    span.end(endMs);
  }
  for (let from = 0; from < spans.length; from += 100) {
    const bytes = JsonTraceSerializer.serializeRequest(spans.slice(from, from + 100));
    process.stdout.write(new TextDecoder().decode(bytes) + "\n");
  }
}
