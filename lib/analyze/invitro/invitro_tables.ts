import type { RunManifest } from "../../store/schema/manifest.ts";
import { phaseAt } from "../../model/schedule.ts";
import type { Cell } from "../../model/table.ts";
import { GENERATOR, INVOCATIONS, PLATFORM_METRICS, SCALES } from "../../store/schema/tables.ts";
import {
  deriveNodeSteps,
  type NodeSource,
  readNodeSource,
  UNKNOWN_NODES,
} from "./invitro_nodes.ts";
import { type ColumnTable, StoredTables, textAt } from "../../store/read/stored_table.ts";

/** The tables of a run that In-Vitro's are derived from; missing ones have no rows. */
export interface InvitroSource {
  readonly manifest: RunManifest;
  readonly invocations: ColumnTable;
  readonly generator: ColumnTable;
  readonly platformMetrics: ColumnTable;
  readonly scales: ColumnTable;
  readonly nodes: NodeSource;
}

/** Columns of a scrape in In-Vitro's order, and the factor to In-Vitro's unit. */
const SCRAPED: readonly (readonly [column: string, factor: number])[] = [
  ["desired_instances", 1],
  ["not_ready_instances", 1],
  ["pending_instances", 1],
  ["requested_instances", 1],
  ["actual_instances", 1],
  ["activator_concurrency", 1],
  ["activator_requests", 1],
  ["stable_concurrency", 1],
  ["panic_concurrency", 1],
  // In-Vitro stored the scheduler's histograms as they came, in seconds.
  ["scheduling_p99_ms", 1e-3],
  ["scheduling_p50_ms", 1e-3],
  ["placement_p99_ms", 1e-3],
  ["placement_p50_ms", 1e-3],
];

const MINUTE_MS = 60_000;
const US_PER_MS = 1_000;

/**
 * Reads what In-Vitro's tables need from a run's folder.
 *
 * @throws LoaderError `result` when a table is broken
 */
export function readInvitroSource(runPath: string, manifest: RunManifest): InvitroSource {
  const tables = new StoredTables(runPath);
  return {
    manifest,
    invocations: tables.get(INVOCATIONS),
    generator: tables.get(GENERATOR),
    platformMetrics: tables.get(PLATFORM_METRICS),
    scales: tables.get(SCALES),
    nodes: readNodeSource(tables),
  };
}

/** Derives the rows of `compat_invocations`, in order of schedule. */
export function* deriveInvitroInvocations(source: InvitroSource): Generator<Cell[]> {
  const { manifest, invocations, generator, platformMetrics, scales } = source;
  const index = invocations.numbers("index");
  const phase = invocations.texts("phase");
  const scheduledMs = invocations.numbers("scheduled_ms");
  const dispatchedMs = invocations.numbers("dispatched_ms");
  const completedMs = invocations.numbers("completed_ms");
  const requestedMs = invocations.numbers("requested_runtime_ms");
  const servedMs = invocations.numbers("served_runtime_ms");
  const memoryMib = invocations.numbers("served_memory_mib");
  const outcome = invocations.texts("outcome");
  const generatorMs = generator.numbers("time_ms");
  const memoryLoadMib = generator.numbers("requested_memory_mib");
  const scrapedMs = platformMetrics.numbers("time_ms");
  const scraped = SCRAPED.map(([column, factor]) => {
    const values = platformMetrics.numbers(column);
    return (row: number) => knownOrNull(factor * values[row]);
  });
  const scaleUpsMs = deriveScaleUpsFromZeroMs(scales);
  // Nodes are scraped on clusters only; these columns stay empty without.
  const nodeSteps = deriveNodeSteps(source.nodes);
  const nodesMs = Float64Array.from(nodeSteps, ({ timeMs }) => timeMs);
  const rps = rateOf(manifest);
  let previous: number | undefined;
  for (const row of Uint32Array.from(index.keys()).sort((a, b) => index[a] - index[b])) {
    // What was never dispatched stands at the instant at which it was due.
    const atMs = Number.isNaN(dispatchedMs[row]) ? scheduledMs[row] : dispatchedMs[row];
    const scrape = countUntil(scrapedMs, atMs) - 1;
    const outcomeName = outcome.values[outcome.codes[row]];
    const isTimeout = outcomeName === "timed_out";
    // What the user stopped did neither fail nor take its time.
    const wasCancelled = outcomeName === "cancelled";
    // Records may be lost when a run is killed; then the one before is not known.
    const isNext = previous !== undefined && index[row] === index[previous] + 1;
    yield [
      phaseNumber(phase.values[phase.codes[row]]),
      rps,
      timestampUs(manifest, scheduledMs[row]),
      wasCancelled ? null : microseconds(completedMs[row] - scheduledMs[row]),
      microseconds(requestedMs[row]),
      microseconds(servedMs[row]),
      knownOrNull(Math.round(1_024 * memoryMib[row])),
      wasCancelled ? null : isTimeout,
      wasCancelled ? null : outcomeName !== "ok" && !isTimeout,
      knownOrNull(memoryLoadMib[countUntil(generatorMs, atMs) - 1]),
      isNext ? microseconds(scheduledMs[row] - scheduledMs[previous!]) : null,
      ...nodeSteps[countUntil(nodesMs, atMs) - 1]?.cells ?? UNKNOWN_NODES,
      ...scraped.map((valueAt) => valueAt(scrape)),
      scaleUpsMs === null ? null : countUntil(scaleUpsMs, atMs),
    ];
    previous = row;
  }
}

/** Derives the rows of `compat_minutes`: minutes of the schedule, divided where the phase changes. */
export function* deriveInvitroMinutes(source: InvitroSource): Generator<Cell[]> {
  const { manifest, invocations, scales } = source;
  const scheduledMs = invocations.numbers("scheduled_ms").toSorted();
  const dispatched = invocations.numbers("dispatched_ms");
  const sentMs = invocations.numbers("scheduled_ms")
    .filter((_, row) => !Number.isNaN(dispatched[row])).sort();
  const scaleUpsMs = deriveScaleUpsFromZeroMs(scales);
  const rps = rateOf(manifest);
  const countIn = (timesMs: Float64Array, fromMs: number, untilMs: number) =>
    countBefore(timesMs, untilMs) - countBefore(timesMs, fromMs);
  for (const [fromMs, untilMs] of spansOf(manifest)) {
    yield [
      phaseNumber(phaseAt(manifest.phases, fromMs)),
      rps,
      Math.floor(fromMs / MINUTE_MS),
      microseconds(untilMs - fromMs),
      countIn(scheduledMs, fromMs, untilMs),
      countIn(sentMs, fromMs, untilMs),
      scaleUpsMs === null ? null : countIn(scaleUpsMs, fromMs, untilMs),
    ];
  }
}

/** Derives the rows of `compat_scales`, in order of observation. */
export function* deriveInvitroScales({ manifest, scales }: InvitroSource): Generator<Cell[]> {
  const timeMs = scales.numbers("time_ms");
  const functionId = scales.texts("function_id");
  const desiredScale = scales.numbers("desired_scale");
  const actualScale = scales.numbers("actual_scale");
  for (let row = 0; row < scales.rowCount; row++) {
    yield [
      timestampUs(manifest, timeMs[row]),
      textAt(functionId, row),
      knownOrNull(desiredScale[row]),
      knownOrNull(actualScale[row]),
    ];
  }
}

/**
 * When a function's actual scale was seen to have changed from 0 to more, since
 * run start, ascending: In-Vitro's cold start, which is neither an instance
 * start nor a cold invocation. `null` where no scale was ever seen.
 */
function deriveScaleUpsFromZeroMs(scales: ColumnTable): Float64Array | null {
  const timeMs = scales.numbers("time_ms");
  const { codes } = scales.texts("function_id");
  const actualScale = scales.numbers("actual_scale");
  if (actualScale.every((scale) => Number.isNaN(scale))) return null;
  const last = new Map<number, number>();
  const changesMs: number[] = [];
  for (let row = 0; row < scales.rowCount; row++) {
    const scale = actualScale[row];
    // A scrape that failed says nothing, so the scale before it still holds.
    if (Number.isNaN(scale)) continue;
    const code = codes[row];
    if (timeMs[row] >= 0 && last.get(code) === 0 && scale > 0) changesMs.push(timeMs[row]);
    last.set(code, scale);
  }
  return Float64Array.from(changesMs).sort();
}

/** Beginnings and ends of the minutes, cut at the phases and at the end of the schedule. */
function spansOf({ plan, phases }: RunManifest): [number, number][] {
  const cuts = new Set(phases.map((span) => span.fromMs).filter((ms) => ms < plan.durationMs));
  for (let ms = 0; ms < plan.durationMs; ms += MINUTE_MS) cuts.add(ms);
  const sorted = [...cuts, plan.durationMs].sort((a, b) => a - b);
  return sorted.slice(1).map((untilMs, i) => [sorted[i], untilMs]);
}

function phaseNumber(phase: string): number {
  return phase === "warmup" ? 1 : 2;
}

function rateOf({ parameters, plan }: RunManifest): number {
  return typeof parameters.ratePerS === "number" ? parameters.ratePerS : plan.meanRatePerS;
}

function timestampUs({ runStartUnixMs }: RunManifest, timeMs: number): number | null {
  return runStartUnixMs === null ? null : microseconds(runStartUnixMs + timeMs);
}

function microseconds(ms: number): number | null {
  return knownOrNull(Math.round(US_PER_MS * ms));
}

/** NaN, and what lies before the first row, is unknown. */
function knownOrNull(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** How many of the ascending times are at or before an instant. */
function countUntil(timesMs: Float64Array, instantMs: number): number {
  return countLeading(timesMs, (timeMs) => timeMs <= instantMs);
}

/** How many of the ascending times are before an instant. */
function countBefore(timesMs: Float64Array, instantMs: number): number {
  return countLeading(timesMs, (timeMs) => timeMs < instantMs);
}

/** How many values at the front meet a condition that none behind them meets, by bisection. */
function countLeading(values: Float64Array, condition: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (condition(values[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}
