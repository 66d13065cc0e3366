import { type SlotCounts, SlotCountsBuilder } from "../../model/slot_counts.ts";
import type { Percentiles } from "../../model/trace.ts";
import { LoaderError } from "../../base/error.ts";
import {
  type ImportedRequests,
  importRequests,
  type ImportRequestsOptions,
} from "./import_requests.ts";
import type { TallyEntry } from "./import_tally.ts";
import type { LogSource } from "./log_source.ts";
import type { PrometheusAnswer } from "./prometheus_answer.ts";
import { derivePrometheusCounts, type PrometheusCountsOptions } from "./prometheus_counts.ts";
import type { FunctionRequests } from "./request_columns.ts";

/** How a trace is made of one's own logs. */
export interface ImportTraceOptions extends ImportRequestsOptions {
  /** Width of the slots that requests are counted in; a minute by default. */
  readonly slotMs?: number;
  readonly prometheus?: PrometheusCountsOptions;
}

/** A function as logs tell of it. */
export interface ImportedFunction {
  readonly name: string;
  readonly invocations: number;
  readonly counts: SlotCounts;
  /** Each request; `null`: only their numbers are known. */
  readonly requests: FunctionRequests | null;
  /** Where requests are not known one by one; `null`: nothing tells. */
  readonly runtimeMs: Percentiles | null;
}

/** What became of the rows of the logs, and what the trace is like. */
export interface ImportSummary {
  readonly sources: readonly string[];
  readonly rows: number;
  readonly taken: number;
  readonly leftOut: readonly TallyEntry[];
  readonly bad: readonly TallyEntry[];
  readonly functions: number;
  readonly invocations: number;
  /** Of the trace, in ms since 1970 UTC. */
  readonly startMs: number;
  readonly endMs: number;
  readonly meanRatePerS: number;
  /** The most invocations in a slot, as a rate. */
  readonly peakRatePerS: number;
  /** Share of the invocations whose runtime the logs tell, from 0 to 1. */
  readonly runtimeShare: number;
  readonly notes: readonly string[];
}

/** A trace made of logs, before it is written. */
export interface ImportedTrace {
  readonly startMs: number;
  readonly slotMs: number;
  readonly slots: number;
  /** By name. */
  readonly functions: readonly ImportedFunction[];
  readonly summary: ImportSummary;
}

const MINUTE_MS = 60_000;

/** More slots than that are a stamp of another year among the others. */
const MOST_SLOTS = 100_000_000;

/**
 * Makes a trace of logs, spans, or answers of Prometheus.
 *
 * @param asked answers that Prometheus has given already
 * @throws LoaderError as {@linkcode importRequests} and {@linkcode derivePrometheusCounts};
 *   `input` when no request is left
 */
export async function importTrace(
  sources: readonly LogSource[],
  options: ImportTraceOptions = {},
  asked: readonly PrometheusAnswer[] = [],
): Promise<ImportedTrace> {
  const requests = await importRequests(sources, options);
  const answers = [...asked, ...requests.answers];
  if (answers.length === 0) return fromRequests(requests, sources, options);
  if (requests.columns.rows > 0) {
    throw new LoaderError(
      "usage",
      "Some of the sources are logs and some answers of Prometheus; the same requests may be in " +
        "both, so import them one by one.",
    );
  }
  return fromCounts(answers, requests, sources, options);
}

function fromRequests(
  { columns, tally, notes, readsEnds }: ImportedRequests,
  sources: readonly LogSource[],
  options: ImportTraceOptions,
): ImportedTrace {
  if (columns.rows === 0) throw noRequests(tally.leftOut, tally.rows);
  const slotMs = options.slotMs ?? MINUTE_MS;
  // A stamp with a fraction may have none by chance, one without by no chance.
  const spreads = columns.wholeSeconds > columns.rows / 2;
  const { fromMs, toMs } = options;
  let firstMs = Infinity;
  let lastMs = -Infinity;
  const listed = Array.from(columns.list(spreads), (requests) => {
    // What is spread over the last second before its end may come to lie behind it.
    if (toMs !== undefined) {
      requests.arrivalMs.forEach((arrivalMs, i) => {
        if (arrivalMs >= toMs) requests.arrivalMs[i] = toMs - 1;
      });
    }
    firstMs = Math.min(firstMs, requests.arrivalMs[0]);
    lastMs = Math.max(lastMs, requests.arrivalMs[requests.arrivalMs.length - 1]);
    return requests;
  });
  const startMs = fromMs ?? Math.floor(firstMs / slotMs) * slotMs;
  const slots = toMs !== undefined
    ? Math.ceil((toMs - startMs) / slotMs)
    : Math.floor((lastMs - startMs) / slotMs) + 1;
  if (slots > MOST_SLOTS) {
    throw new LoaderError(
      "input",
      `The requests are from ${isoOf(firstMs)} to ${isoOf(lastMs)}; choose a window with --from ` +
        "and --to, or wider slots with --slot.",
    );
  }
  const builder = new SlotCountsBuilder();
  let drawn = 0;
  let unknown = 0;
  const functions = listed.map((requests): ImportedFunction => {
    for (const arrivalMs of requests.arrivalMs) {
      builder.add(Math.floor((arrivalMs - startMs) / slotMs), 1);
    }
    drawn += requests.drawnRuntimes;
    if (requests.runtimeMs === null) unknown += requests.arrivalMs.length;
    return {
      name: requests.name,
      invocations: requests.arrivalMs.length,
      counts: builder.finish(slots),
      requests,
      runtimeMs: null,
    };
  });
  return summarise({ startMs, slotMs, slots, functions }, {
    sources: sources.map(({ name }) => name),
    rows: tally.rows,
    taken: tally.taken,
    leftOut: tally.leftOut,
    bad: tally.badRows,
    runtimeShare: 1 - (drawn + unknown) / columns.rows,
    notes: [
      ...notes,
      ...(readsEnds ? ["Arrivals are stamps less durations."] : []),
      ...(spreads
        ? ["Stamps tell whole seconds; arrivals are spread evenly at random within theirs."]
        : []),
      ...(drawn === 0 ? [] : [
        `Requests that do not tell how long they took: ${drawn}; each has the runtime of another ` +
        "one of its function.",
      ]),
    ],
  });
}

function fromCounts(
  answers: readonly PrometheusAnswer[],
  { tally }: ImportedRequests,
  sources: readonly LogSource[],
  options: ImportTraceOptions,
): ImportedTrace {
  const counts = derivePrometheusCounts(answers, {
    durationUnit: options.durationUnit,
    ...options.prometheus,
  });
  const { startMs, slotMs, slots, unnamed } = counts;
  const functions = counts.functions.map(({ name, counts, runtimeMs }): ImportedFunction => ({
    name,
    invocations: counts.total,
    counts,
    requests: null,
    runtimeMs,
  }));
  const taken = functions.reduce((sum, { invocations }) => sum + invocations, 0);
  const leftOut = unnamed === 0
    ? []
    : [{ reason: "requests of series without the label", count: unnamed, examples: [] }];
  if (taken === 0) throw noRequests(leftOut, unnamed);
  const unknown = functions.reduce(
    (sum, { runtimeMs, invocations }) => sum + (runtimeMs === null ? invocations : 0),
    0,
  );
  return summarise({ startMs, slotMs, slots, functions }, {
    sources: sources.map(({ name }) => name),
    rows: taken + unnamed + tally.rows,
    taken,
    leftOut,
    bad: tally.badRows,
    runtimeShare: 1 - unknown / taken,
    notes: counts.notes,
  });
}

function noRequests(leftOut: readonly TallyEntry[], rows: number): LoaderError {
  const reasons = leftOut.map(({ reason, count }) => `${reason}: ${count}`).join(", ");
  return new LoaderError(
    "input",
    `None of ${rows} rows is a request that is wanted${reasons === "" ? "" : ` (${reasons})`}; ` +
      "look at the window and the filters.",
  );
}

function summarise(
  trace: Omit<ImportedTrace, "summary">,
  facts: Pick<
    ImportSummary,
    "sources" | "rows" | "taken" | "leftOut" | "bad" | "runtimeShare" | "notes"
  >,
): ImportedTrace {
  const { startMs, slotMs, slots, functions } = trace;
  // Not a number for each slot: one stamp of another year makes many that are empty.
  const perSlot = new Map<number, number>();
  for (const { counts } of functions) {
    counts.forEach((slot, count) => perSlot.set(slot, (perSlot.get(slot) ?? 0) + count));
  }
  const invocations = functions.reduce((sum, { invocations }) => sum + invocations, 0);
  let peak = 0;
  for (const count of perSlot.values()) peak = Math.max(peak, count);
  return {
    ...trace,
    summary: {
      ...facts,
      functions: functions.length,
      invocations,
      startMs,
      endMs: startMs + slots * slotMs,
      meanRatePerS: invocations / (slots * slotMs / 1000),
      peakRatePerS: peak / (slotMs / 1000),
    },
  };
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
