import { type Span, SpanKind, SpanStatusCode, trace, TraceFlags } from "@opentelemetry/api";
import { uniqueHex } from "../base/rng.ts";
import { hideSecrets } from "../base/secrets.ts";
import { dispatchLagMs, type InvocationRow, type InvocationSink } from "../model/record.ts";
import { formatTraceparent } from "../model/traceparent.ts";
import { TracedShare } from "./traced_share.ts";

/** Under which the spans are, as OpenTelemetry's instrumentation scope. */
const SCOPE = "loader";

/** What the spans of a run have in common. */
export interface SpannedRun {
  readonly experiment: string;
  readonly run: string;
  /** Text of `function_id` for each function of the schedule. */
  readonly functionIds: readonly string[];
  readonly seed: number;
  /** Of the invocations that are traced, from 0 to 1. */
  readonly share: number;
}

/** True if this process exports spans: Deno does where OTEL_DENO is true when it starts. */
export function areSpansExported(): boolean {
  const span = trace.getTracer(SCOPE).startSpan("probe", { root: true });
  // It is never ended, and so never exported.
  return isSampled(span);
}

/** Deno says of spans that its sampler leaves out that they record, too. */
function isSampled(span: Span): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}

/**
 * The spans of a run's invocations, a share of them: from when an invocation was due to its
 * reply, with its dispatch as an event. Deno exports them, where that is switched on; where it
 * is not, calls carry ids all the same, so that the platform's own traces can be found by them.
 *
 * A trace is one invocation. Which ones are traced depends on the seed; ids are new in every
 * run, for two runs that shared one would be one trace to whoever collects them.
 */
export class InvocationSpans implements Disposable {
  readonly #run: SpannedRun;
  readonly #share: TracedShare;
  readonly #tracer = trace.getTracer(SCOPE);
  /** Of what is in flight, by index. */
  readonly #open = new Map<number, Span>();
  #runStartUnixMs = 0;

  constructor(run: SpannedRun) {
    this.#run = run;
    this.#share = new TracedShare(run.seed, run.share);
  }

  /** Tells when the run starts, before anything is dispatched. */
  begin(runStartUnixMs: number): void {
    this.#runStartUnixMs = runStartUnixMs;
  }

  /** Begins the span of an invocation that is about to be sent; `null`: it is not traced. */
  readonly traceparentOf = (index: number, scheduledMs: number): string | null => {
    if (!this.#share.has(index)) return null;
    const span = this.#tracer.startSpan("invoke", {
      kind: SpanKind.CLIENT,
      startTime: this.#runStartUnixMs + scheduledMs,
      root: true,
    });
    if (!isSampled(span)) return formatTraceparent(uniqueHex(32), uniqueHex(16));
    this.#open.set(index, span);
    const { traceId, spanId } = span.spanContext();
    return formatTraceparent(traceId, spanId);
  };

  /** A sink that ends the span of each row, and passes the row on. */
  listen(sink: InvocationSink): InvocationSink {
    return {
      write: (row) => {
        if (row.traceId !== null) this.#end(row);
        sink.write(row);
      },
    };
  }

  /** Ends what a run that broke off has left open. */
  [Symbol.dispose](): void {
    for (const span of this.#open.values()) span.end();
    this.#open.clear();
  }

  #end(row: InvocationRow): void {
    const span = this.#open.get(row.index);
    if (span === undefined) return;
    this.#open.delete(row.index);
    const { experiment, run, functionIds } = this.#run;
    const atUnixMs = (ms: number) => this.#runStartUnixMs + ms;
    span.setAttributes({
      "faas.invoked_name": functionIds[row.functionIndex],
      "rpc.system": "grpc",
      "loader.experiment": experiment,
      "loader.run": run,
      "loader.index": row.index,
      "loader.phase": row.phase,
      "loader.outcome": row.outcome,
      "loader.requested_runtime_ms": row.requestedRuntimeMs,
      ...(row.instance === null ? {} : { "faas.instance": row.instance }),
      ...(row.coldStart === null ? {} : { "faas.coldstart": row.coldStart }),
      ...known("rpc.grpc.status_code", row.statusCode),
      ...known("loader.served_runtime_ms", row.servedRuntimeMs),
    });
    if (!Number.isNaN(row.dispatchedMs)) {
      const { scheduledMs, dispatchedMs, setUpMs, peerWaitMs } = row;
      const lagMs = dispatchLagMs(scheduledMs, dispatchedMs, setUpMs, peerWaitMs);
      span.addEvent("dispatched", { "loader.dispatch_lag_ms": lagMs }, atUnixMs(dispatchedMs));
    }
    if (row.outcome !== "ok") {
      const message = hideSecrets(row.statusMessage ?? row.outcome);
      span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
    // What was never sent ended when it was given up, which is now.
    span.end(Number.isNaN(row.completedMs) ? undefined : atUnixMs(row.completedMs));
  }
}

/** An attribute of a number that may be unknown. */
function known(name: string, value: number): Record<string, number> {
  return Number.isNaN(value) ? {} : { [name]: value };
}
