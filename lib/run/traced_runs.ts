import { functionKey } from "../model/trace.ts";
import type { InvocationSpans } from "../telemetry/invocation_spans.ts";
import type { CommonOptions } from "./common_options.ts";
import type { PlannedRun } from "./experiment.ts";

// The library for spans is loaded only where some are wanted: most runs have none.

/** The spans of a run's invocations; `null`: the options want none. */
export async function openSpans(
  experiment: string,
  { name, schedule }: PlannedRun,
  { traceShare, seed }: CommonOptions,
): Promise<InvocationSpans | null> {
  if (traceShare === 0) return null;
  const { InvocationSpans } = await import("../telemetry/invocation_spans.ts");
  const functionIds = schedule.functions.map(functionKey);
  return new InvocationSpans({ experiment, run: name, functionIds, seed, share: traceShare });
}

/** Tells, where invocations are to be traced and Deno exports no spans, how it would. */
export async function noteTracing(
  { traceShare }: CommonOptions,
  onNote: (sentence: string) => void,
): Promise<void> {
  if (traceShare === 0) return;
  const { areSpansExported } = await import("../telemetry/invocation_spans.ts");
  if (areSpansExported()) return;
  onNote(
    "--trace-share: calls carry a traceparent, but their spans go nowhere; Deno exports them to " +
      "OTEL_EXPORTER_OTLP_ENDPOINT (http://localhost:4318) where OTEL_DENO=true is set before it starts.",
  );
}
