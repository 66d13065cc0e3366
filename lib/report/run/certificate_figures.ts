import { FIT_LEVEL } from "../../analyze/arrival_fit.ts";
import type { LoadCertificate } from "../../analyze/load_certificate.ts";
import type { RatioDistribution } from "../../analyze/served_fit.ts";
import type { Figure } from "../page/figure.ts";
import { formatCount, formatNumber, formatShare } from "../page/number_format.ts";
import { createLegend } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { nameSeries } from "../plot/series.ts";
import { HALF_SIZE } from "../plot/time_frame.ts";

/** More points than this are of no use. */
const MOST_POINTS = 200;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Renders the p-values of all functions; `null` where none is judged against a Poisson process. */
export function renderFitFigure(
  certificates: readonly LoadCertificate[],
  plotter: Plotter,
): Figure | null {
  const fits = certificates.flatMap(({ arrivals }) =>
    arrivals?.claimed === "exponential" ? [arrivals] : []
  );
  const pValuesOf = (of: "scheduled" | "dispatched") =>
    fits.flatMap((fit) => fit[of].pValues).sort((a, b) => a - b);
  const [scheduled, dispatched] = [pValuesOf("scheduled"), pValuesOf("dispatched")];
  if (scheduled.length === 0) return null;
  const { plot } = plotter;
  const title = "Goodness of fit of the arrivals";
  const low = scheduled.filter((p) => p < FIT_LEVEL).length;
  const line = (label: string, values: readonly number[], color: string) =>
    nameSeries(
      label,
      plot.line(stairsOf(values), {
        x: "x",
        y: "y",
        curve: "step-after",
        stroke: color,
        strokeWidth: 1.8,
      }),
    );
  return {
    name: "arrival_fit",
    title,
    caption:
      `Of ${formatCount(scheduled.length)} functions (those of each run) ${formatCount(low)} ` +
      `have a p-value below ${FIT_LEVEL} as scheduled, where a Poisson process would have about ` +
      `${
        formatNumber(FIT_LEVEL * scheduled.length)
      }. Where the claim is true p-values are spread ` +
      "evenly, along the grey line.",
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      columns: { x: { name: "p_value" }, y: { name: "functions_percent" } },
      x: { label: "p-value of a function", domain: [0, 1] },
      y: { label: "functions with at most this (%)", domain: [0, 100], ticks: 5 },
      marks: [
        plot.gridY({ stroke: PALETTE.pale, strokeOpacity: 1, ticks: 5 }),
        plot.ruleY([0], { stroke: PALETTE.grey }),
        plot.line([{ x: 0, y: 0 }, { x: 1, y: 100 }], { x: "x", y: "y", stroke: PALETTE.grey }),
        line("scheduled", scheduled, PALETTE.blue),
        line("dispatched", dispatched, PALETTE.orange),
        createLegend([
          { label: "scheduled", color: PALETTE.blue, shape: "line" },
          { label: "dispatched", color: PALETTE.orange, shape: "line" },
        ]),
      ],
    }),
  };
}

function stairsOf(sorted: readonly number[]): Point[] {
  const step = Math.max(1, Math.ceil(sorted.length / MOST_POINTS));
  const points = sorted.map((x, i) => ({ x, y: 100 * (i + 1) / sorted.length }));
  return [
    { x: 0, y: 0 },
    ...points.filter((_, i) => i % step === 0 || i === points.length - 1),
    { x: 1, y: 100 },
  ];
}

/** The axis shows served ÷ requested between these, in percent. */
const SHOWN_PERCENT = [0, 200] as const;

/** Renders how served runtime and memory are spread about the requested; `null`: nothing is told. */
export function renderServedFigure(
  certificates: readonly LoadCertificate[],
  plotter: Plotter,
): Figure | null {
  const measures = [
    {
      label: "runtime",
      many: "runtimes",
      color: PALETTE.blue,
      of: ({ served }: LoadCertificate) => served.runtime,
    },
    {
      label: "memory",
      many: "memory sizes",
      color: PALETTE.orange,
      of: ({ served }: LoadCertificate) => served.memory,
    },
  ].map(({ of, ...rest }) => ({ ...rest, ratios: certificates.map(of) }))
    .filter(({ ratios }) => ratios.some(({ count }) => count > 0));
  if (measures.length === 0) return null;
  const { plot } = plotter;
  const title = "Served against requested";
  return {
    name: "served",
    title,
    caption:
      measures.map(({ many, ratios }) =>
        `Of the ${many} ${formatShare(shareWithin(ratios, 0))} are within 2 % of what was ` +
        `requested, ${formatShare(shareWithin(ratios, 1))} within 5 %.`
      ).join(" ") + " A line is a run; what lies beyond the axis is not drawn.",
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      columns: { x: { name: "served_percent" }, y: { name: "invocations_percent" } },
      x: { label: "served (% of requested)", domain: [...SHOWN_PERCENT] },
      y: { label: "invocations with at most this (%)", domain: [0, 100], ticks: 5 },
      marks: [
        plot.gridY({ stroke: PALETTE.pale, strokeOpacity: 1, ticks: 5 }),
        plot.ruleY([0], { stroke: PALETTE.grey }),
        plot.ruleX([100], { stroke: PALETTE.grey, strokeDasharray: "4,3" }),
        ...measures.flatMap(({ label, color, ratios }) =>
          ratios.filter(({ count }) => count > 0).map((ratio) =>
            nameSeries(
              label,
              plot.line(curveOf(ratio), {
                x: "x",
                y: "y",
                stroke: color,
                strokeWidth: ratios.length > 2 ? 1 : 1.8,
                strokeOpacity: ratios.length > 2 ? 0.6 : 1,
              }),
            )
          )
        ),
        createLegend(
          measures.map(({ label, color }) => ({ label, color, shape: "line" as const })),
        ),
      ],
    }),
  };
}

function shareWithin(ratios: readonly RatioDistribution[], tolerance: number): number {
  const all = ratios.reduce((sum, { count }) => sum + count, 0);
  return ratios.reduce(
    (sum, { count, sharesWithin }) => sum + count * (sharesWithin[tolerance] ?? 0),
    0,
  ) / all;
}

const QUANTILES = Array.from({ length: 101 }, (_, i) => Math.max(0.001, i / 100));

function curveOf(ratio: RatioDistribution): Point[] {
  return QUANTILES.map((q) => ({ x: 100 * (ratio.quantile(q) ?? NaN), y: 100 * q }))
    .filter(({ x }) => x >= SHOWN_PERCENT[0] && x <= SHOWN_PERCENT[1]);
}
