import type * as grpc from "@grpc/grpc-js";

/** Begins the span of a call, whose caller's trace it continues; `null`: the call is in none. */
export type SpanOfCall = (metadata: grpc.Metadata) => { end(failure: string | null): void } | null;

const NONE: SpanOfCall = () => null;

/**
 * What makes spans of calls where Deno exports them (OTEL_DENO=true). Elsewhere the library is
 * not even loaded: it would make every start slower.
 *
 * @param instance its name
 */
export async function createSpanOfCall(instance: string): Promise<SpanOfCall> {
  if (Deno.env.get("OTEL_DENO") !== "true") return NONE;
  const { propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = await import(
    "@opentelemetry/api"
  );
  const tracer = trace.getTracer("trace-function");
  return (metadata) => {
    const traceparent = metadata.get("traceparent")[0];
    if (traceparent === undefined) return null;
    const context = propagation.extract(ROOT_CONTEXT, { traceparent });
    if (trace.getSpanContext(context) === undefined) return null;
    const attributes = { "faas.instance": instance };
    const span = tracer.startSpan("execute", { kind: SpanKind.SERVER, attributes }, context);
    return {
      end(failure) {
        if (failure !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
        span.end();
      },
    };
  };
}
