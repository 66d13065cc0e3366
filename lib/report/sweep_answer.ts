import { Rng } from "../base/rng.ts";
import type { Percentile, RankedQuantiles } from "../analyze/ranked_quantiles.ts";
import { bootstrapInterval } from "../stats/bootstrap.ts";
import { quantile } from "../stats/quantile.ts";
import type { Answer } from "./answer.ts";
import type { Figure } from "./figure.ts";
import { chooseLogScale, createLogAxis, type LogScale } from "./log_scale.ts";
import { createLegend } from "./marks.ts";
import { formatNoun, formatNumber } from "./number_format.ts";
import { PALETTE } from "./palette.ts";
import type { Mark, Plotter } from "./plotter.ts";
import { chooseShownPercentiles, describeTail } from "./tail_percentile.ts";
import { WIDE_SIZE } from "./time_frame.ts";

/** Fewer repetitions than this are points with their range, not a band (measurement rule 6). */
const LEAST_FOR_BAND = 5;

interface SweptRun {
  readonly functions: number;
  readonly valid: boolean;
  readonly slowdown: RankedQuantiles;
}

/** The repetitions of one size in one percentile. */
interface Group {
  readonly functions: number;
  readonly percentile: Percentile;
  readonly runs: readonly { readonly value: number; readonly valid: boolean }[];
  readonly median: number;
  /** Range of the repetitions, or confidence interval of their median. */
  readonly low: number;
  readonly high: number;
  readonly isBand: boolean;
}

/** Creates the answer of a sweep: slowdown against the number of functions. */
export function createSweepAnswer(): Answer {
  const runs: SweptRun[] = [];
  return {
    add({ run, merit }) {
      if (merit.slowdown.observations === 0) return;
      const { parameters, verdict } = run.manifest;
      runs.push({
        functions: Number(parameters.functions),
        valid: verdict?.verdict === "VALID",
        slowdown: merit.slowdown,
      });
    },
    render: (plotter) => runs.length === 0 ? [] : [renderSweep(runs, plotter)],
  };
}

function renderSweep(runs: readonly SweptRun[], plotter: Plotter): Figure {
  const shown = chooseShownPercentiles(runs.map((run) => run.slowdown));
  const sizes = [...new Set(runs.map((run) => run.functions))].sort((a, b) => a - b);
  const groups = shown.map((percentile) =>
    sizes.map((functions) => groupOf(runs, functions, percentile)).filter((group) => group !== null)
  );
  const values = groups.flat().flatMap((group) => [
    group.low,
    group.high,
    ...group.runs.map((run) => run.value),
  ]);
  const scale = chooseLogScale("slowdown (response time ÷ requested runtime)", values);
  const countOf = (functions: number) => runs.filter((run) => run.functions === functions).length;
  const title = "Slowdown against the number of functions";
  const isAllValid = runs.every((run) => run.valid);
  const isLogSize = sizes[sizes.length - 1] / sizes[0] > 12;
  const hasBand = groups.flat().some((group) => group.isBand);
  return {
    name: "slowdown",
    title,
    caption: captionOf(groups, hasBand) + describeTail(shown),
    wide: true,
    svg: plotter.draw({
      title,
      ...WIDE_SIZE,
      marginBottom: 56,
      marginRight: 60,
      x: {
        type: isLogSize ? "log" : "linear",
        label: "number of functions (n = number of runs)",
        labelAnchor: "center",
        domain: paddedDomain(sizes, isLogSize),
        ticks: sizes,
        tickFormat: (functions: number) => `${functions}\nn = ${countOf(functions)}`,
      },
      y: scale.y,
      marks: [
        ...createLogAxis(scale, plotter),
        ...groups.flatMap((series, i) => seriesMarks(series, i === 0 ? -4 : 4, scale, plotter)),
        createLegend([
          ...shown.map((percentile) =>
            ({ label: percentile, color: colorOf(percentile), shape: "dot" }) as const
          ),
          ...(isAllValid
            ? []
            : [{ label: "run not VALID", color: PALETTE.grey, shape: "ring" } as const]),
          ...(hasBand
            ? [
              {
                label: "95 % confidence of the median",
                color: PALETTE.pale,
                shape: "area",
              } as const,
            ]
            : []),
        ]),
      ],
    }),
  };
}

function groupOf(
  runs: readonly SweptRun[],
  functions: number,
  percentile: Percentile,
): Group | null {
  const known = runs
    .filter((run) => run.functions === functions && run.slowdown.all[percentile] !== null)
    .map((run) => ({ value: run.slowdown.all[percentile] ?? NaN, valid: run.valid }));
  if (known.length === 0) return null;
  const values = Float64Array.from(known, (run) => run.value).sort();
  const isBand = values.length >= LEAST_FOR_BAND;
  const interval = isBand
    ? bootstrapInterval(
      values,
      (resample) => medianOf(resample.sort()),
      Rng.fromSeed(1, "bootstrap", String(functions), percentile),
    )
    : null;
  return {
    functions,
    percentile,
    runs: known,
    median: medianOf(values),
    low: interval?.low ?? values[0],
    high: interval?.high ?? values[values.length - 1],
    isBand,
  };
}

function medianOf(sorted: Float64Array): number {
  return quantile(sorted, 0.5) ?? NaN;
}

function seriesMarks(
  groups: readonly Group[],
  dx: number,
  scale: LogScale,
  { plot }: Plotter,
): Mark[] {
  if (groups.length === 0) return [];
  const color = colorOf(groups[0].percentile);
  const drawn = scale.place;
  const points = groups.flatMap((group) =>
    group.runs.map((run) => ({ ...run, functions: group.functions }))
  );
  const last = groups[groups.length - 1];
  const isBandThroughout = groups.length > 1 && groups.every((group) => group.isBand);
  type Point = (typeof points)[number];
  return [
    plot.areaY(isBandThroughout ? groups : [], {
      x: "functions",
      y1: (group: Group) => drawn(group.low),
      y2: (group: Group) => drawn(group.high),
      fill: color,
      fillOpacity: 0.14,
      dx,
    }),
    plot.line(groups, {
      x: "functions",
      y: (group: Group) => drawn(group.median),
      stroke: color,
      strokeOpacity: 0.45,
      strokeWidth: 1.5,
      dx,
    }),
    plot.ruleX(isBandThroughout ? [] : groups, {
      x: "functions",
      y1: (group: Group) => drawn(group.low),
      y2: (group: Group) => drawn(group.high),
      stroke: color,
      // An interval of confidence is wide and pale, like the band that it would be part of.
      strokeWidth: (group: Group) => group.isBand ? 12 : 2,
      strokeOpacity: (group: Group) => group.isBand ? 0.2 : 0.6,
      dx,
    }),
    plot.dot(points, {
      x: "functions",
      y: (point: Point) => drawn(point.value),
      r: 4,
      fill: (point: Point) => point.valid ? color : "white",
      stroke: color,
      strokeWidth: 1.5,
      dx,
    }),
    plot.text([last], {
      x: "functions",
      y: (group: Group) => drawn(group.median),
      text: "percentile",
      fill: color,
      fontWeight: 600,
      textAnchor: "start",
      dx: dx + 12,
      // The labels keep apart where the lines meet.
      dy: dx < 0 ? 7 : -7,
    }),
  ];
}

function colorOf(percentile: Percentile): string {
  return percentile === "p50" ? PALETTE.blue : PALETTE.orange;
}

/** The first and last size, with room beside them. */
function paddedDomain(sizes: readonly number[], isLog: boolean): [number, number] {
  const [first, last] = [sizes[0], sizes[sizes.length - 1]];
  if (isLog) return [first / 1.15, last * 1.15];
  const padding = first === last ? 1 : (last - first) * 0.06;
  return [first - padding, last + padding];
}

function captionOf(groups: readonly (readonly Group[])[], hasBand: boolean): string {
  const sentences = groups.filter((series) => series.length > 0).toReversed().map((series) => {
    const first = series[0];
    const last = series[series.length - 1];
    const { percentile } = first;
    if (first === last) {
      return `${percentile} slowdown is ${formatNumber(first.median)} at ` +
        formatNoun(first.functions, "function");
    }
    const change = last.median > first.median ? "grows" : "goes";
    return `${percentile} slowdown ${change} from ${formatNumber(first.median)} at ` +
      `${formatNoun(first.functions, "function")} to ${formatNumber(last.median)} at ` +
      `${last.functions}`;
  });
  if (sentences.length === 0) return "No run has enough invocations for a median.";
  return `${sentences.join(", ")} (median over repetitions; ${
    hasBand ? "bands are its 95 % bootstrap confidence interval" : "dots are runs, bars their range"
  }).`;
}
