import { nameSeries } from "../plot/series.ts";
import { MEMORY_LIMITS_MIB, RUNTIME_LIMITS_MS } from "../../model/schedule.ts";
import { Ecdf } from "../../stats/ecdf.ts";
import type { LogDistribution } from "../../trace/doctor/drawn_distribution.ts";
import { spanMsOf } from "../../trace/doctor/diagnosis_summary.ts";
import type { TraceDiagnosis } from "../../trace/doctor/diagnose_trace.ts";
import type { Figure } from "../page/figure.ts";
import { formatCount, formatNumber, formatShare } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import { choosePowerScale, createPowerAxis, type PowerScale } from "../plot/log_scale.ts";
import { createLegend } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { TRACE_MARGINS, TRACE_SIZE } from "./trace_figure.ts";
import { formatAxisCount, formatRuntime } from "./trace_texts.ts";

/** A point of a cumulative distribution, its share in percent. */
interface SharePoint {
  readonly value: number;
  readonly percent: number;
}

/** A curve of a figure. */
interface Curve {
  readonly label: string;
  readonly color: string;
  readonly points: readonly SharePoint[];
  /** True if it leaps at each of the points; else it goes from one to the next. */
  readonly isStair: boolean;
  /** The value at a quantile; `null`: there is none. */
  quantile(q: number): number | null;
}

/** More points than pixels are of no use. */
const MOST_POINTS = 400;

/** Renders how often functions are invoked. */
export function renderRateFigure(diagnosis: TraceDiagnosis, plotter: Plotter): Figure {
  const { invocations } = diagnosis.columns;
  const minutes = spanMsOf(diagnosis) / 60_000;
  const rates = invocations.filter((count) => count > 0).map((count) => count / minutes);
  const never = invocations.length - rates.length;
  const curve = curveOfValues("functions", PALETTE.blue, rates);
  const atMost = (perMinute: number) =>
    formatShare(rates.filter((rate) => rate <= perMinute).length / rates.length);
  return renderDistributions({
    name: "rate",
    title: "Rate of each function",
    caption: rates.length === 0
      ? "No function is invoked."
      : `Of the ${formatCount(rates.length)} functions that are invoked, ${atMost(1 / 60)} are ` +
        `invoked at most once an hour on average and ${atMost(1)} at most once a minute` +
        `${never === 0 ? "" : `; ${formatCount(never)} never are`}.`,
    scale: scaleOf("mean invocations per minute", [curve], formatAxisCount),
    curves: [curve],
    bounds: [],
    valueHeading: "invocations per minute",
    column: "rate_per_min",
    formatValue: formatAxisCount,
  }, plotter);
}

/** Renders the runtimes that are asked for, by functions and by invocations. */
export function renderRuntimeFigure(diagnosis: TraceDiagnosis, plotter: Plotter): Figure {
  const { runtimeMs, columns } = diagnosis;
  const curves = [
    curveOfValues("functions, their mean", PALETTE.blue, columns.runtimeMs),
    curveOfDistribution("invocations", PALETTE.orange, runtimeMs),
  ];
  return renderDistributions({
    name: "runtime",
    title: "Runtime",
    caption: `${describeMedians(curves, formatRuntime)} ${describeLong(diagnosis)}`,
    scale: scaleOf("runtime", curves, formatRuntime),
    curves,
    bounds: [RUNTIME_LIMITS_MS.minimum, RUNTIME_LIMITS_MS.maximum],
    valueHeading: "runtime",
    column: "runtime_ms",
    formatValue: formatRuntime,
  }, plotter);
}

function describeLong({ findings }: TraceDiagnosis): string {
  const most = formatRuntime(RUNTIME_LIMITS_MS.maximum);
  const long = findings.find(({ name }) => name === "longRuntime");
  return long === undefined
    ? `None is longer than ${most}, the most that is asked for.`
    : `${formatShare(long.count / long.of)} of the invocations are longer than ${most}, the ` +
      "most that is asked for.";
}

/** Renders the memory that is asked for, by functions and by invocations. */
export function renderMemoryFigure(diagnosis: TraceDiagnosis, plotter: Plotter): Figure {
  const curves = [
    curveOfValues("functions, their mean", PALETTE.blue, diagnosis.columns.memoryMib),
    curveOfDistribution("invocations", PALETTE.orange, diagnosis.memoryMib),
  ];
  const format = (value: number) => `${formatNumber(value)} MiB`;
  return renderDistributions({
    name: "memory",
    title: "Memory",
    caption: describeMedians(curves, format),
    scale: scaleOf("memory (MiB)", curves, formatAxisCount),
    curves,
    bounds: [MEMORY_LIMITS_MIB.minimum, MEMORY_LIMITS_MIB.maximum],
    valueHeading: "memory",
    column: "memory_mib",
    formatValue: format,
  }, plotter);
}

function describeMedians(curves: readonly Curve[], format: (value: number) => string): string {
  const [functions, invocations] = curves.map((curve) => curve.quantile(0.5));
  if (functions === null || invocations === null) return "No invocation tells.";
  return `Half of the functions have a mean of at most ${format(functions)}, half of the ` +
    `invocations ask for at most ${format(invocations)}.`;
}

/** Ends of the scale leave out what is less than a thousandth of a curve. */
const TAIL = 0.001;

function scaleOf(
  label: string,
  curves: readonly Curve[],
  tickText: (tick: number) => string,
): PowerScale {
  const ends = curves.flatMap((curve) => [curve.quantile(TAIL), curve.quantile(1 - TAIL)])
    .filter((end): end is number => end !== null && end > 0);
  return choosePowerScale(
    label,
    ends.length === 0 ? 1 : Math.min(...ends),
    ends.length === 0 ? 10 : Math.max(...ends),
    tickText,
  );
}

function curveOfValues(label: string, color: string, values: Float64Array): Curve {
  if (values.length === 0) return { label, color, points: [], isStair: true, quantile: () => null };
  const ecdf = new Ecdf(values);
  const step = Math.max(1, Math.ceil(ecdf.values.length / MOST_POINTS));
  const points: SharePoint[] = [{ value: ecdf.values[0], percent: 0 }];
  for (let i = 0; i < ecdf.values.length; i++) {
    if (i % step !== 0 && i < ecdf.values.length - 1) continue;
    points.push({ value: ecdf.values[i], percent: 100 * ecdf.probabilities[i] });
  }
  return {
    label,
    color,
    points,
    isStair: true,
    quantile: (q) => ecdf.values[ecdf.probabilities.findIndex((share) => share >= q)],
  };
}

function curveOfDistribution(label: string, color: string, distribution: LogDistribution): Curve {
  if (distribution.weight === 0) {
    return {
      label,
      color,
      points: [],
      isStair: true,
      quantile: () => null,
    };
  }
  const shares = distribution.shares();
  return {
    label,
    color,
    points: Array.from(distribution.points, (value, i) => ({ value, percent: 100 * shares[i] })),
    isStair: false,
    quantile: (q) => distribution.quantile(q),
  };
}

interface Distributions {
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly scale: PowerScale;
  readonly curves: readonly Curve[];
  /** What is asked for lies between these. */
  readonly bounds: readonly number[];
  readonly valueHeading: string;
  /** Of the data. */
  readonly column: string;
  formatValue(value: number): string;
}

const LISTED_QUANTILES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

function renderDistributions(figure: Distributions, plotter: Plotter): Figure {
  const { plot } = plotter;
  const { name, title, caption, scale, curves, bounds, valueHeading, column, formatValue } = figure;
  const [low, high] = scale.x.domain;
  const inside = ({ value }: SharePoint) => value >= low * 0.999 && value <= high * 1.001;
  const shownBounds = bounds.filter((bound) => bound > low && bound < high);
  return {
    name,
    title,
    caption,
    ...plotter.draw({
      title,
      ...TRACE_SIZE,
      ...TRACE_MARGINS,
      columns: { x: { name: column }, y: { name: "at_most_percent" } },
      x: scale.x,
      y: { label: "at most so much (%)", domain: [0, 100] },
      marks: [
        ...createPowerAxis(scale, plotter),
        plot.gridY({ stroke: PALETTE.pale, strokeOpacity: 1 }),
        plot.ruleY([0], { stroke: PALETTE.grey }),
        plot.ruleX(shownBounds, { stroke: PALETTE.grey, strokeDasharray: "4,3" }),
        ...curves.map(({ label, color, points, isStair }) =>
          nameSeries(
            label,
            plot.line(points.filter(inside), {
              x: "value",
              y: "percent",
              curve: isStair ? "step-after" : "linear",
              stroke: color,
              strokeWidth: 1.8,
            }),
          )
        ),
        ...curves.length === 1 ? [] : [
          createLegend([
            ...curves.map(({ label, color }) => ({ label, color, shape: "line" } as const)),
            ...shownBounds.length === 0
              ? []
              : [{ label: "bounds", color: PALETTE.grey, shape: "dash" } as const],
          ]),
        ],
      ],
    }),
    numbers: renderTable<number>([
      { heading: "at most", isText: true, cell: (q) => `${Math.round(100 * q)} %` },
      ...curves.map((curve) => ({
        heading: curves.length === 1 ? valueHeading : `${valueHeading}, ${curve.label}`,
        cell: (q: number) => {
          const value = curve.quantile(q);
          return value === null ? "–" : formatValue(value);
        },
      })),
    ], LISTED_QUANTILES),
  };
}
