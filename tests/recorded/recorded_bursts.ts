/** A burst at a function without instances, as `knative_bursts.json` describes it. */
export interface RecordedBurst {
  readonly createdMs: number;
  readonly firstReportMs: number;
  /** Reports, from 0, that came into the next second. */
  readonly lateReports: readonly number[];
  readonly arrivalsMs: readonly number[];
  readonly leavesMs: readonly number[];
  readonly readyMs: readonly number[];
  readonly decisions: readonly RecordedDecision[];
}

export interface RecordedDecision {
  readonly timeMs: number;
  readonly ready: number;
  readonly stable: number;
  readonly desired: number;
}

/** Bursts that Knative was seen to answer. */
export function readRecordedBursts(): RecordedBurst[] {
  const file = new URL("knative_bursts.json", import.meta.url);
  const { bursts } = JSON.parse(Deno.readTextFileSync(file));
  return bursts.map((
    { reportPhaseMs, firstMs, decisions, ...burst }: {
      reportPhaseMs: number;
      firstMs: number;
      decisions: [number, number, number, number][];
    } & RecordedBurst,
  ) => ({
    ...burst,
    firstReportMs: reportPhaseMs < firstMs ? reportPhaseMs + 1000 : reportPhaseMs,
    decisions: decisions.map(([timeMs, ready, stable, desired]) => ({
      timeMs,
      ready,
      stable,
      desired,
    })),
  }));
}
