import { quantile } from "../../stats/quantile.ts";
import type { DefectSeverity, TraceRepair } from "../../model/trace.ts";
import type { Finding } from "./content_checks.ts";
import type { TraceDiagnosis } from "./diagnose_trace.ts";
import type { PoissonVerdict } from "./poisson_agreement.ts";

/** How many functions have counts of each kind. */
export type PoissonCounts = Readonly<Record<PoissonVerdict, number>>;

/** Counts the functions by what their counts are beside those of a Poisson process. */
export function countPoisson({ columns }: TraceDiagnosis): PoissonCounts {
  const counts = { consistent: 0, regular: 0, bursty: 0, unjudged: 0 };
  for (const verdict of columns.poisson) counts[verdict]++;
  return counts;
}

/** Functions that are invoked as by a timer of one period. */
export interface TimerPeriod {
  /** 1: in each slot, or more often. */
  readonly slots: number;
  readonly functions: number;
}

/** Counts the functions that are invoked as by a timer, by period, the shortest first. */
export function countTimers({ columns }: TraceDiagnosis): TimerPeriod[] {
  const counts = new Map<number, number>();
  for (const slots of columns.timerSlots) {
    if (slots > 0) counts.set(slots, (counts.get(slots) ?? 0) + 1);
  }
  return Array.from(counts, ([slots, functions]) => ({ slots, functions }))
    .sort((a, b) => a.slots - b.slots);
}

/** A defect of the files or a finding in the content, as a reader is told of it. */
export interface Remark {
  readonly severity: DefectSeverity;
  readonly defect: string;
  readonly repair: string;
  readonly meaning: string;
  readonly count: number;
  /** What is counted; a defect of the files counts its places. */
  readonly counted: string;
  /** `null` where that is not known. */
  readonly of: number | null;
  readonly examples: readonly string[];
}

/** What a severity means, for defects that say no more. */
export const SEVERITY_MEANINGS: Readonly<Record<DefectSeverity, string>> = {
  loss: "Functions or invocations of the data set are missing in a replay.",
  approximate: "A figure of the replay is an estimate, or another than the data set's.",
  harmless: "No figure of a replay changes.",
};

/** The severities, the worst first. */
export const SEVERITIES: readonly DefectSeverity[] = ["loss", "approximate", "harmless"];

/** Everything that was found, the worst first; of the same severity the files' defects first. */
export function listRemarks({ trace, findings }: TraceDiagnosis): Remark[] {
  const remarks = [...trace.repairs.map(remarkOfRepair), ...findings.map(remarkOfFinding)];
  return SEVERITIES.flatMap((severity) => remarks.filter((remark) => remark.severity === severity));
}

function remarkOfRepair(repair: TraceRepair): Remark {
  // Whoever does not tell may have lost something.
  const { severity = "loss" } = repair;
  return {
    ...repair,
    severity,
    meaning: SEVERITY_MEANINGS[severity],
    counted: repair.count === 1 ? "place" : "places",
    of: null,
  };
}

function remarkOfFinding({ name: _, ...finding }: Finding): Remark {
  return finding;
}

/**
 * True if a trace passes a strict look: its files have no defect at all, which
 * `--defects refuse` would refuse, and nothing in their content is missing or replaced
 * in a replay.
 */
export function isSound({ trace, findings }: TraceDiagnosis): boolean {
  return trace.repairs.length === 0 && findings.every(({ severity }) => severity === "harmless");
}

const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/** What the doctor found, without the columns: for programs, and for the lines in a terminal. */
export function summarizeDiagnosis(diagnosis: TraceDiagnosis) {
  const { trace, span, totals, columns, topByInvocations, topByLoad, runtimeMs, memoryMib } =
    diagnosis;
  const shareOfTop = (cumulative: Float64Array, part: number) =>
    cumulative.length === 0 ? null : cumulative[Math.ceil(part * cumulative.length) - 1];
  return {
    kind: "trace-diagnosis" as const,
    trace: {
      name: trace.name,
      hash: trace.hash,
      slotMs: trace.slotMs,
      slots: trace.slots,
      startMs: trace.startMs ?? null,
      notes: trace.notes ?? [],
      assumptions: trace.assumptions ?? [],
    },
    span,
    totals,
    isSound: isSound(diagnosis),
    remarks: listRemarks(diagnosis),
    poisson: countPoisson(diagnosis),
    timers: countTimers(diagnosis),
    triggers: diagnosis.triggers,
    ratePerMin: quantilesOf(
      columns.invocations.map((count) => count * 60_000 / (spanMsOf(diagnosis) || 1)),
    ),
    runtimeMs: {
      functions: quantilesOf(columns.runtimeMs),
      invocations: QUANTILES.map((q) => [q, runtimeMs.quantile(q)] as const),
    },
    memoryMib: {
      functions: quantilesOf(columns.memoryMib),
      invocations: QUANTILES.map((q) => [q, memoryMib.quantile(q)] as const),
    },
    shareOfBusiest: {
      onePercent: {
        invocations: shareOfTop(topByInvocations.cumulative, 0.01),
        load: shareOfTop(topByLoad.cumulative, 0.01),
      },
      tenPercent: {
        invocations: shareOfTop(topByInvocations.cumulative, 0.1),
        load: shareOfTop(topByLoad.cumulative, 0.1),
      },
    },
    days: diagnosis.days,
  };
}

/** Length of the part that was looked at. */
export function spanMsOf({ span, trace }: Pick<TraceDiagnosis, "span" | "trace">): number {
  return (span.toSlot - span.fromSlot) * trace.slotMs;
}

function quantilesOf(values: Float64Array): (readonly [number, number | null])[] {
  const sorted = values.toSorted();
  return QUANTILES.map((q) => [q, quantile(sorted, q)] as const);
}
