import { nameSeries } from "../plot/series.ts";
import { deriveInstanceCounts, type InstanceLife } from "../../analyze/instance_life.ts";
import type { InvocationColumn } from "../../store/read/invocation_batches.ts";
import {
  isRankedCode,
  OK_CODE,
  type StoredInvocations,
} from "../../store/read/stored_invocations.ts";
import { deriveOccupancy, listInstanceStays, listMeasuredSpans } from "../../analyze/occupancy.ts";
import { type ResponsePoint, ResponsePointRaster } from "../../analyze/response_point.ts";
import type { InvocationListener, RunAnalysis } from "../../analyze/run_analysis.ts";
import { BURST_ROLES, type BurstDeclaration, type BurstRole } from "../../model/answer.ts";
import type { Answer } from "./answer.ts";
import type { Figure } from "../page/figure.ts";
import { chooseLogScale, createLogAxis } from "../plot/log_scale.ts";
import { createLegend, createPointCloud, type LegendEntry } from "../plot/marks.ts";
import { formatCount, formatNumber } from "../page/number_format.ts";
import { type Mark, PALETTE, type Plotter } from "../plot/plotter.ts";
import {
  chooseLinearScale,
  createLinearGrid,
  createTimeFrame,
  HALF_SIZE,
  stairOf,
  type TimeFrame,
} from "../plot/time_frame.ts";

const COLORS: Readonly<Record<BurstRole, string>> = {
  steady: PALETTE.green,
  bursty: PALETTE.blue,
  victim: PALETTE.orange,
};

interface BurstRun {
  readonly analysis: RunAnalysis;
  readonly points: Readonly<Record<BurstRole, readonly ResponsePoint[]>>;
  /** Longest measured response time before the burst and in it, ms: infinite if one failed. */
  readonly longest: Readonly<Record<BurstRole, { before: number | null; during: number | null }>>;
  /** `null` if unknown. */
  readonly ready:
    | Readonly<
      Record<BurstRole, {
        /** Largest number of ready instances in each bin. */
        readonly perBin: Uint32Array;
        /** In the measurement phase. */
        readonly peak: number | null;
      }>
    >
    | null;
  /** When the burst begins and ends, since run start. */
  readonly beginMs: number;
  readonly endMs: number;
}

/** Creates the answer of a burst: what it does to its neighbours. */
export function createBurstAnswer(burst: BurstDeclaration): Answer {
  const runs: BurstRun[] = [];
  let listener: BurstListener;
  const hasRole = (functionId: string, role: BurstRole) =>
    functionId.slice(functionId.lastIndexOf("/") + 1) === burst.functions[role];
  return {
    listen(tables) {
      const { parameters } = tables.run.manifest;
      const beginMs = Number(parameters[burst.beginParameter]);
      const endMs = beginMs + Number(parameters[burst.lengthParameter]);
      listener = new BurstListener(tables.aboutEndMs, beginMs, endMs, hasRole);
      return listener;
    },
    add(analysis, { instanceLives }) {
      const { points, longest, beginMs, endMs } = listener;
      runs.push({
        analysis,
        points: byRole((role) => points[role].points),
        longest,
        ready: instanceLives === null ? null : byRole((role) =>
          readyOf(
            instanceLives.filter(({ functionId }) => hasRole(functionId, role)),
            analysis,
          )
        ),
        beginMs,
        endMs,
      });
    },
    render: (plotter) =>
      runs.flatMap((run, i) => {
        const suffix = runs.length === 1 ? "" : `_${i}`;
        return [renderResponses(run, suffix, plotter), renderInstances(run, suffix, plotter)]
          .filter((figure) => figure !== null);
      }),
  };
}

/** What is kept of the invocations of each role. */
class BurstListener implements InvocationListener {
  readonly columns: readonly InvocationColumn[] = [
    "function_id",
    "phase",
    "scheduled_ms",
    "completed_ms",
    "cold_start",
    "outcome",
  ];
  readonly points: Readonly<Record<BurstRole, ResponsePointRaster>>;
  readonly longest = byRole((): { before: number | null; during: number | null } => ({
    before: null,
    during: null,
  }));
  /** By function. */
  readonly #roles: (BurstRole | undefined)[] = [];

  constructor(
    lengthMs: number,
    readonly beginMs: number,
    readonly endMs: number,
    readonly hasRole: (functionId: string, role: BurstRole) => boolean,
  ) {
    const raster = { columns: 400, rowsPerDecade: 24 };
    this.points = byRole(() => new ResponsePointRaster(lengthMs, raster));
  }

  add(invocations: StoredInvocations): void {
    const { functionCode, functionIds } = invocations;
    for (let code = this.#roles.length; code < functionIds.length; code++) {
      this.#roles.push(BURST_ROLES.find((role) => this.hasRole(functionIds[code], role)));
    }
    for (const role of BURST_ROLES) {
      const isOfRole = (row: number) => this.#roles[functionCode[row]] === role;
      this.points[role].add(invocations, isOfRole);
      this.#findLongest(invocations, role, isOfRole);
    }
  }

  #findLongest(
    invocations: StoredInvocations,
    role: BurstRole,
    isOfRole: (row: number) => boolean,
  ): void {
    const { scheduledMs, completedMs, outcome, measured } = invocations;
    const longest = this.longest[role];
    for (let row = 0; row < invocations.count; row++) {
      if (measured[row] === 0 || !isRankedCode(outcome[row]) || !isOfRole(row)) continue;
      const dueMs = scheduledMs[row];
      if (!(dueMs >= 0 && dueMs < this.endMs)) continue;
      const when = dueMs < this.beginMs ? "before" : "during";
      const timeMs = outcome[row] === OK_CODE ? completedMs[row] - dueMs : Infinity;
      if (timeMs > (longest[when] ?? -Infinity)) longest[when] = timeMs;
    }
  }
}

function byRole<T>(valueOf: (role: BurstRole) => T): Record<BurstRole, T> {
  return { steady: valueOf("steady"), bursty: valueOf("bursty"), victim: valueOf("victim") };
}

function readyOf(
  lives: readonly InstanceLife[],
  { run, concurrency }: RunAnalysis,
): { readonly perBin: Uint32Array; readonly peak: number | null } {
  const spans = listMeasuredSpans(run.manifest);
  return {
    perBin: deriveInstanceCounts(lives, concurrency.bins).ready,
    peak: deriveOccupancy(listInstanceStays(lives, "ready"), spans)?.peak ?? null,
  };
}

function burstMarks({ beginMs, endMs }: BurstRun, frame: TimeFrame, { plot }: Plotter): Mark[] {
  const from = frame.axis.fromMs(beginMs);
  return [
    plot.rect([from], {
      x1: from,
      x2: frame.axis.fromMs(endMs),
      fill: PALETTE.orange,
      fillOpacity: 0.12,
    }),
    plot.text([from], {
      x: from,
      frameAnchor: "top",
      text: () => "burst",
      textAnchor: "start",
      fill: PALETTE.orange,
      dy: -14,
    }),
  ];
}

function renderResponses(run: BurstRun, suffix: string, plotter: Plotter): Figure {
  const { analysis, points } = run;
  const frame = createTimeFrame(analysis, plotter);
  const times = BURST_ROLES.flatMap((role) => points[role].map(placed));
  const scale = chooseLogScale("response time (ms)", times);
  const hasNotOk = BURST_ROLES.some((role) =>
    points[role].some((point) => point.kind === "not_ok")
  );
  const title = "Response time around the burst";
  const cloud = (role: BurstRole, isOk: boolean) =>
    nameSeries(
      isOk ? role : `${role}, not ok`,
      createPointCloud(
        points[role]
          .filter((point) => (point.kind !== "not_ok") === isOk)
          .map((point) =>
            [frame.axis.fromMs(point.scheduledMs), scale.place(placed(point))] as const
          ),
        isOk
          ? {
            color: COLORS[role],
            shape: "dot",
            size: role === "victim" ? 8 : 4,
            opacity: role === "bursty" ? 0.4 : 0.8,
          }
          : { color: COLORS[role], shape: "cross", size: 7, opacity: 1 },
      ),
    );
  return {
    name: `burst_response_time${suffix}`,
    title,
    caption: `Longest response time: ${
      BURST_ROLES.toReversed().map((role) => describeLongest(role, run)).join("; ")
    }.`,
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      height: 300,
      columns: { x: frame.axis.column, y: scale.columnOf("response_time_ms") },
      x: frame.x,
      y: scale.y,
      marks: [
        ...frame.background,
        ...createLogAxis(scale, plotter),
        ...burstMarks(run, frame, plotter),
        ...BURST_ROLES.flatMap((role) => [cloud(role, true), cloud(role, false)]),
        createLegend([
          ...BURST_ROLES.map((role): LegendEntry => ({
            label: role,
            color: COLORS[role],
            shape: "dot",
          })),
          ...(hasNotOk ? [{ label: "not ok", color: PALETTE.ink, shape: "cross" } as const] : []),
        ]),
      ],
    }),
  };
}

function describeLongest(role: BurstRole, { longest }: BurstRun): string {
  const { before, during } = longest[role];
  const inBurst = during === null ? "none in the burst" : `${describeMs(during)} in the burst`;
  return before === null
    ? `${role} ${inBurst}`
    : `${role} ${describeMs(before)} before and ${inBurst}`;
}

function describeMs(value: number): string {
  return formatNumber(value) + (value === Infinity ? "" : " ms");
}

/** Where a point stands: what was never sent will never complete. */
function placed({ responseTimeMs }: ResponsePoint): number {
  return Number.isNaN(responseTimeMs) ? Infinity : responseTimeMs;
}

function renderInstances(run: BurstRun, suffix: string, plotter: Plotter): Figure | null {
  const { plot } = plotter;
  const { analysis, ready } = run;
  if (ready === null) return null;
  const frame = createTimeFrame(analysis, plotter);
  const { bins } = analysis.concurrency;
  const title = "Ready instances of each function";
  return {
    name: `burst_instances${suffix}`,
    title,
    caption: `Ready at once: at most ${
      BURST_ROLES.toReversed().map((role) => `${formatCount(ready[role].peak)} of ${role}`).join(
        ", ",
      )
    }.`,
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      height: 300,
      columns: { x: frame.axis.column, y: { name: "ready_instances" } },
      x: frame.x,
      y: chooseLinearScale("ready instances", BURST_ROLES.map((role) => ready[role].perBin)),
      marks: [
        ...frame.background,
        ...createLinearGrid(plotter),
        ...burstMarks(run, frame, plotter),
        ...BURST_ROLES.map((role, i) =>
          nameSeries(
            role,
            plot.lineY(stairOf(ready[role].perBin, bins, frame.axis, analysis.endMs), {
              x: "x",
              y: "y",
              curve: "step-after",
              stroke: COLORS[role],
              strokeWidth: 1.6,
              // Equal counts stand beside one another instead of hiding one another.
              dy: 2 * (i - 1),
            }),
          )
        ),
        createLegend(
          BURST_ROLES.map((role) => ({ label: role, color: COLORS[role], shape: "line" })),
        ),
      ],
    }),
  };
}
