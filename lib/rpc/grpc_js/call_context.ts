import { context, propagation, ROOT_CONTEXT, trace, TraceFlags } from "@opentelemetry/api";

/** That of calls that nobody traces: a caller who does not, so that no trace begins with them. */
const UNTRACED = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: "1".repeat(32),
  spanId: "1".repeat(16),
  traceFlags: TraceFlags.NONE,
});

/**
 * Makes a call as a part of its trace. Where Deno exports spans (OTEL_DENO=true), its
 * `node:http2` makes one of each request and puts that one's `traceparent` over the one that
 * was given; made here, it is a child of the invocation's span, and of others there is none.
 */
export function callInTrace<T>(traceparent: string | null, call: () => T): T {
  const within = traceparent === null
    ? UNTRACED
    : propagation.extract(ROOT_CONTEXT, { traceparent });
  return context.with(within, call);
}
