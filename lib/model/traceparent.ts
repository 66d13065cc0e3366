/**
 * The header field `traceparent` of a call that is traced (W3C Trace Context, level 1).
 *
 * @param traceId 32 hexadecimal digits
 * @param spanId of the caller's span, 16 hexadecimal digits
 *
 * @example
 * ```ts
 * import { formatTraceparent, traceIdOf } from "./traceparent.ts";
 * const traceId = "0af7651916cd43dd8448eb211c80319c";
 * const field = formatTraceparent(traceId, "b7ad6b7169203331");
 * if (field !== `00-${traceId}-b7ad6b7169203331-01`) throw new Error("version 00, sampled");
 * if (traceIdOf(field) !== traceId) throw new Error("the trace's id comes second");
 * ```
 */
export function formatTraceparent(traceId: string, spanId: string): string {
  return `00-${traceId}-${spanId}-01`;
}

/** The trace's id in what {@linkcode formatTraceparent} made. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
