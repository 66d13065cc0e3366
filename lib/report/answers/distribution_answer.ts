import { nameSeries } from "../plot/series.ts";
import { RankedSketch } from "../../analyze/ranked_quantiles.ts";
import type { DistributionDeclaration, DistributionMeasure } from "../../model/answer.ts";
import type { InvocationColumn } from "../../store/read/invocation_batches.ts";
import type { StoredInvocations } from "../../store/read/stored_invocations.ts";
import type { Figure } from "../page/figure.ts";
import { quantile } from "../../stats/quantile.ts";
import { type Html, html } from "../page/html.ts";
import { formatCount, formatNumber, UNKNOWN } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import { choosePowerScale, createPowerAxis } from "../plot/log_scale.ts";
import { createLegend } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { createLinearGrid } from "../plot/time_frame.ts";
import type { Answer } from "./answer.ts";
import { renderSpread, type SpreadGroup } from "./spread_text.ts";

/** Where the curves have points: each hundredth, and closer together in the tail. */
const QUANTILES = [
  ...Array.from({ length: 99 }, (_, i) => (i + 1) / 100),
  ...[0.992, 0.995, 0.998, 0.999],
];

/** Quantiles that the table tells. */
const TOLD = [0.5, 0.9, 0.99] as const;

const COLORS = [PALETTE.blue, PALETTE.orange, PALETTE.green, PALETTE.red, PALETTE.sky, PALETTE.ink];

interface MeasureWords {
  readonly title: string;
  readonly axis: string;
  /** Of the data. */
  readonly column: string;
  valueOf(responseTimeMs: number, requestedRuntimeMs: number): number;
}

const MEASURES: Readonly<Record<DistributionMeasure, MeasureWords>> = {
  slowdown: {
    title: "Slowdown",
    axis: "slowdown",
    column: "slowdown",
    valueOf: (responseTimeMs, requestedRuntimeMs) =>
      responseTimeMs / Math.max(1, requestedRuntimeMs),
  },
  added_time: {
    title: "Time beyond the requested runtime",
    axis: "response time − requested runtime (ms)",
    column: "added_time_ms",
    valueOf: (responseTimeMs, requestedRuntimeMs) => responseTimeMs - requestedRuntimeMs,
  },
};

/** A part of a run is drawn invocation by invocation where it has at most so many. */
const MOST_DOTS = 100;

/** Invocations by their start, as records have it; servers that are there already do not tell. */
const STARTS: readonly { readonly group: string; isSuch(coldStart: number): boolean }[] = [
  { group: "warm", isSuch: (coldStart) => coldStart === 0 },
  { group: "cold", isSuch: (coldStart) => coldStart === 1 },
  { group: "cold or warm, not told", isSuch: (coldStart) => coldStart !== 0 && coldStart !== 1 },
];

/** A curve: a part of a run's invocations. */
interface Curve {
  readonly group: string;
  readonly invocations: number;
  /** Each that is ok, ascending; `null` where there are more than {@linkcode MOST_DOTS}. */
  readonly dots: Float64Array | null;
  /** At {@linkcode QUANTILES}; `null` with too few invocations beyond. */
  readonly values: readonly (number | null)[];
}

const COLUMNS: readonly InvocationColumn[] = [
  "phase",
  "scheduled_ms",
  "completed_ms",
  "requested_runtime_ms",
  "cold_start",
  "outcome",
];

/** A curve in the making: the measured invocations of a run, or those that were cold or warm. */
class Part {
  invocations = 0;
  readonly #ranked = new RankedSketch();

  /** @param isSuch whether those with such a cold start are in it; `null`: all */
  constructor(
    readonly group: string,
    readonly isSuch: ((coldStart: number) => boolean) | null,
  ) {}

  add(invocations: StoredInvocations, valueOf: MeasureWords["valueOf"]): void {
    const { scheduledMs, completedMs, requestedRuntimeMs, measured, outcome, coldStart } =
      invocations;
    for (let row = 0; row < invocations.count; row++) {
      if (measured[row] === 0) continue;
      if (this.isSuch !== null && !this.isSuch(coldStart[row])) continue;
      this.invocations++;
      const responseTimeMs = completedMs[row] - scheduledMs[row];
      this.#ranked.add(outcome[row], valueOf(responseTimeMs, requestedRuntimeMs[row]));
    }
  }

  build(): Curve {
    return {
      group: this.group,
      invocations: this.invocations,
      dots: this.invocations > MOST_DOTS ? null : this.#ranked.sortedOk,
      values: QUANTILES.map((quantile) => this.#ranked.at(quantile)),
    };
  }
}

/** Creates the answer that shows how a measure is distributed, in parts that are set against each other. */
export function createDistributionAnswer(declaration: DistributionDeclaration): Answer {
  const { split, measure } = declaration;
  const words = MEASURES[measure];
  const curves: Curve[] = [];
  let parts: Part[] = [];
  return {
    listen({ run: { manifest } }) {
      parts = split.by === "parameter"
        ? [new Part(String(manifest.parameters[split.parameter]), null)]
        : STARTS.map(({ group, isSuch }) => new Part(group, isSuch));
      return {
        columns: COLUMNS,
        add(invocations) {
          for (const part of parts) part.add(invocations, words.valueOf);
        },
      };
    },
    add() {
      for (const part of parts) if (part.invocations > 0) curves.push(part.build());
    },
    renderText() {
      return split.by === "parameter"
        ? renderSpread(spreadsOf(curves), words.title.toLowerCase())
        : renderStarts(curves);
    },
    render(plotter) {
      return curves.length === 0 ? [] : [renderCurves(curves, words, declaration, plotter)];
    },
    renderTable() {
      return curves.length === 0 ? null : renderCurveTable(curves, words);
    },
  };
}

/** Sets cold invocations against warm ones, in the medians of their runs. */
function renderStarts(curves: readonly Curve[]): Html | null {
  const medianOf = (group: string) => {
    const found = curves.filter((curve) => curve.group === group);
    const medians = found.flatMap(({ values }) => values[QUANTILES.indexOf(0.5)] ?? []);
    return medians.length === 0 ? null : quantile(medians.toSorted((a, b) => a - b), 0.5);
  };
  const [warm, cold] = [medianOf("warm"), medianOf("cold")];
  if (warm === null || cold === null) return null;
  const sentence = `Half of the cold invocations take ${formatNumber(cold)} ms or more beyond ` +
    `their runtime, half of the warm ones ${formatNumber(warm)} ms.`;
  return html`<p><strong>${sentence}</strong></p>`;
}

/** What the runs of each group came to at the quantiles by which runs are compared. */
function spreadsOf(curves: readonly Curve[]): SpreadGroup[] {
  return [...Map.groupBy(curves, ({ group }) => group)].map(([group, of]) => ({
    group,
    runs: of.length,
    quantiles: Object.fromEntries([0.5, 0.99].map((q) => [
      `p${100 * q}`,
      of.map(({ values }) => values[QUANTILES.indexOf(q)]).filter((value) => value !== null),
    ])),
  }));
}

function renderCurves(
  curves: readonly Curve[],
  { title, axis, column }: MeasureWords,
  { split, measure }: DistributionDeclaration,
  plotter: Plotter,
): Figure {
  const { plot } = plotter;
  const groups = [...new Set(curves.map(({ group }) => group))];
  const colorOf = (group: string) => COLORS[groups.indexOf(group) % COLORS.length];
  const finite = curves.flatMap(({ dots, values }) =>
    [...dots ?? values].filter((value): value is number =>
      value !== null && value > 0 && value < Infinity
    )
  );
  const low = Math.min(...finite, 1);
  const scale = choosePowerScale(axis, low, Math.max(...finite, 1));
  const by = split.by === "parameter" ? split.against : "cold and warm invocations";
  const isMany = curves.length > 2 * groups.length;
  return {
    name: `${measure}_distribution`,
    title: `${title}, ${by}`,
    caption: describe(curves, groups),
    ...plotter.draw({
      title: `${title}, ${by}`,
      width: 640,
      height: 300,
      columns: { x: { name: column }, y: { name: "share_percent" } },
      x: scale.x,
      y: { label: "share of the invocations (%)", domain: [0, 100] },
      marks: [
        ...createPowerAxis(scale, plotter),
        ...createLinearGrid(plotter),
        ...curves.map(({ group, values, dots, invocations }) =>
          nameSeries(
            group,
            dots !== null
              ? plot.dot(
                // Of all of its invocations: what is not ok is beyond them.
                Array.from(dots, (value, i) => ({
                  x: Math.max(value, low),
                  y: 100 * (i + 1) / invocations,
                })),
                { x: "x", y: "y", fill: colorOf(group), r: 2 },
              )
              : plot.lineX(
                values.flatMap((value, i) =>
                  value === null || value === Infinity
                    ? []
                    : [{ x: Math.max(value, low), y: 100 * QUANTILES[i] }]
                ),
                {
                  x: "x",
                  y: "y",
                  stroke: colorOf(group),
                  strokeWidth: isMany ? 1 : 1.8,
                  strokeOpacity: isMany ? 0.45 : 1,
                },
              ),
          )
        ),
        createLegend(
          groups.map((group) => ({ label: group, color: colorOf(group), shape: "line" as const })),
        ),
      ],
    }),
  };
}

/** The medians of the groups, each over its curves. */
function describe(curves: readonly Curve[], groups: readonly string[]): string {
  const medianAt = QUANTILES.indexOf(0.5);
  const parts = groups.flatMap((group) => {
    const medians = curves.filter((curve) => curve.group === group)
      .map(({ values }) => values[medianAt]).filter((value) => value !== null);
    if (medians.length === 0) return [`${group}: too few for a median`];
    const [low, high] = [Math.min(...medians), Math.max(...medians)].map(formatNumber);
    return [`${group}: half at most ${low}${high === low ? "" : ` to ${high}`}`];
  });
  return `${parts.join("; ")}. A line is drawn as far as at least 10 ` +
    `invocations lie beyond it; of ${MOST_DOTS} invocations or fewer each is a dot.`;
}

function renderCurveTable(curves: readonly Curve[], { axis }: MeasureWords): Html {
  return html`
    ${renderTable<Curve>([
      { heading: "", isText: true, cell: ({ group }) => group },
      { heading: "invocations", cell: ({ invocations }) => formatCount(invocations) },
      ...TOLD.map((q) => ({
        group: axis,
        heading: `p${100 * q}`,
        cell: ({ values }: Curve) => {
          const value = values[QUANTILES.indexOf(q)];
          return value === null ? UNKNOWN : formatNumber(value);
        },
      })),
    ], curves)}
  `;
}
