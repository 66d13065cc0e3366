import { nameSeries } from "../plot/series.ts";
import {
  type Percentile,
  PERCENTILES,
  type RankedQuantiles,
} from "../../analyze/ranked_quantiles.ts";
import type { Summary } from "../../analyze/summary.ts";
import type { Figure } from "../page/figure.ts";
import { chooseLogScale, createLogAxis, type LogScale } from "../plot/log_scale.ts";
import { createLegend, type LegendEntry } from "../plot/marks.ts";
import { type Mark, PALETTE, type Plotter } from "../plot/plotter.ts";
import {
  deriveSweepSeries,
  type LeftOut,
  listLeftOut,
  type SweepDot,
  type SweepGroup,
  type SweepPoint,
  type SweepSeries,
  type SweepSummary,
} from "./sweep_group.ts";
import type { SweepDeclaration, SweepFigure } from "../../model/answer.ts";
import { chooseDrawnPercentiles } from "../plot/tail_percentile.ts";
import { rangeCoverage } from "../../stats/median_interval.ts";
import { LEAST_BEYOND } from "../../stats/quantile.ts";
import { formatNoun, formatNumber, formatShare } from "../page/number_format.ts";

/** What a sweep is drawn by, upwards. */
export interface SweepMeasure {
  /** Begins the name of the figure's file. */
  readonly name: SweepFigure;
  readonly title: string;
  /** Label of the vertical axis. */
  readonly axis: string;
  /** Of the data. */
  readonly column: string;
  /** Put behind values in the caption. */
  readonly unit: string;
  /** What a run came to. */
  quantilesOf(summary: Summary): RankedQuantiles;
}

export const SWEEP_MEASURES: Readonly<Record<SweepFigure, SweepMeasure>> = {
  slowdown: {
    name: "slowdown",
    title: "Slowdown",
    axis: "response time ÷ requested runtime",
    column: "slowdown",
    unit: "",
    quantilesOf: ({ slowdown }) => slowdown,
  },
  response_time: {
    name: "response_time",
    title: "Response time",
    axis: "response time (ms)",
    column: "response_time_ms",
    unit: " ms",
    quantilesOf: ({ responseTimeMs }) => responseTimeMs,
  },
};

const SIZE = {
  width: 560,
  height: 320,
  marginLeft: 52,
  marginRight: 46,
} as const;
/** Less than the real height of the frame, so that labels rather keep apart. */
const FRAME_HEIGHT = 200;
/** Room that a letter of a tick's label takes, and what is between two of them. */
const TICK_LETTER_PX = 7;
const TICK_GAP_PX = 9;
const LABEL_PX = 15;

/** Renders p50 and the tail of a measure against a swept parameter, with all runs as dots. */
export function renderSweepFigure(
  points: readonly SweepPoint[],
  measure: SweepMeasure,
  sweep: SweepDeclaration,
  plotter: Plotter,
): Figure {
  const xs = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const all = chooseSweptPercentiles(points)
    .map((percentile) => deriveSweepSeries(points, xs, percentile));
  // Whatever the intervals reach to is the value of a run.
  const scale = chooseLogScale(
    measure.axis,
    all.flatMap(({ groups }) => groups.flatMap(({ dots }) => dots.map(({ value }) => value))),
  );
  const title = `${measure.title} against ${sweep.against}`;
  const isRepeated = points.length > xs.length;
  const labelOf = (x: number) =>
    isRepeated ? `${x}\n${describeCounts(all, xs.indexOf(x))}` : String(x);
  const framePx = plotter.widthOf(SIZE.width) - SIZE.marginLeft - SIZE.marginRight;
  const axis = chooseAxis(xs, labelOf, framePx);
  // Dots that would hide one another stand beside one another.
  const spread = isRepeated || isCovered(all) ? 4 : 0;
  const labelDy = chooseLabelOffsets(all, scale);
  return {
    name: `${measure.name}_against_${sweep.parameter.replace(/[^A-Za-z0-9_-]/g, "-")}`,
    title,
    caption: describeSweep(all, listLeftOut(points, xs), measure, sweep),
    ...plotter.draw({
      title,
      ...SIZE,
      columns: {
        x: { name: columnOf(sweep.parameter) },
        y: scale.columnOf(measure.column),
      },
      // A second line below the ticks takes room.
      marginBottom: isRepeated ? 56 : 42,
      x: {
        type: axis.isLog ? "log" : "linear",
        domain: axis.domain,
      },
      y: scale.y,
      marks: [
        ...createLogAxis(scale, plotter),
        plotter.plot.axisX(axis.ticks, {
          label: isRepeated ? `${sweep.axis}; n = runs that count` : sweep.axis,
          labelAnchor: "center",
          // A format would be asked for some ticks only, where the scale is logarithmic.
          text: labelOf,
        }),
        ...all.flatMap((series, i) =>
          seriesMarks(series, i === 0 ? -spread : spread, labelDy[i], scale, plotter)
        ),
        createLegend(legendOf(all)),
      ],
    }),
  };
}

/** `rate_per_s` of `ratePerS`. */
function columnOf(parameter: string): string {
  return parameter.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    .replaceAll(/\W+/g, "_");
}

/** The percentiles of a sweep: by the runs that count, where there are any. */
export function chooseSweptPercentiles(points: readonly SweepPoint[]): Percentile[] {
  const counted = points.filter(({ standing }) => standing.isCounted);
  return chooseDrawnPercentiles(
    (counted.length > 0 ? counted : points).map(({ quantiles }) => quantiles),
  );
}

/** `n = 5`, or with the percentiles of which some runs have too few observations. */
function describeCounts(all: readonly SweepSeries[], at: number): string {
  const { counted } = all[0].groups[at];
  const fewer = all.flatMap(({ percentile, groups }) =>
    // That there are none is to be seen, and said below.
    groups[at].count > 0 && groups[at].count < counted ? [`${percentile}: ${groups[at].count}`] : []
  );
  return [`n = ${counted}`, ...fewer].join(", ");
}

interface HorizontalAxis {
  readonly isLog: boolean;
  readonly domain: [number, number];
  readonly ticks: number[];
}

/** The first and the last value with room beside them, and a tick for every value that has room. */
function chooseAxis(
  xs: readonly number[],
  labelOf: (x: number) => string,
  framePx: number,
): HorizontalAxis {
  const [first, last] = [xs[0], xs[xs.length - 1]];
  const isLog = first > 0 && last / first > 12;
  const padding = first === last ? 1 : (last - first) * 0.06;
  const domain: [number, number] = isLog
    ? [first / 1.15, last * 1.15]
    : [first - padding, last + padding];
  const scaled = (x: number) => isLog ? Math.log(x) : x;
  const pixelsOf = (x: number) =>
    framePx * (scaled(x) - scaled(domain[0])) / (scaled(domain[1]) - scaled(domain[0]));
  const halfPx = (x: number) =>
    TICK_LETTER_PX * Math.max(...labelOf(x).split("\n").map(({ length }) => length)) / 2;
  const ticks: number[] = [];
  let freePx = Infinity;
  for (const x of xs.toReversed()) {
    if (pixelsOf(x) + halfPx(x) > freePx) continue;
    ticks.unshift(x);
    freePx = pixelsOf(x) - halfPx(x) - TICK_GAP_PX;
  }
  return { isLog, domain, ticks };
}

/** True if two percentiles have the same value somewhere, such as ∞. */
function isCovered([first, second]: readonly SweepSeries[]): boolean {
  return second !== undefined &&
    first.groups.some(({ summary }, i) =>
      summary !== null && summary.median === second.groups[i].summary?.median
    );
}

/** Moves the labels at the ends of the lines apart where they would overlap. */
function chooseLabelOffsets(all: readonly SweepSeries[], scale: LogScale): number[] {
  const ends = all.map(({ groups }) => summarizedOf(groups).at(-1));
  const [low, high] = scale.y.domain;
  const [first, second] = ends.map((end) =>
    end === undefined ? -Infinity : FRAME_HEIGHT * Math.log(scale.place(end.summary.median) / low) /
      Math.log(high / low)
  );
  const areNear = ends[0]?.x === ends[1]?.x && second - first < LABEL_PX;
  return areNear ? [LABEL_PX / 2, -LABEL_PX / 2] : [0, 0];
}

function legendOf(all: readonly SweepSeries[]): LegendEntry[] {
  const groups = all.flatMap((series) => series.groups);
  const dots = groups.flatMap((group) => group.dots);
  const entries: LegendEntry[] = [];
  if (dots.some(isLimited)) {
    entries.push({ label: "PLATFORM-LIMITED", color: PALETTE.grey, shape: "ring" });
  }
  if (dots.some(({ standing }) => !standing.isCounted)) {
    entries.push({ label: "left out", color: PALETTE.grey, shape: "cross" });
  }
  if (groups.some(({ summary }) => summary !== null && summary.coverage !== null)) {
    entries.push({ label: "confidence interval", color: PALETTE.pale, shape: "area" });
  }
  return entries;
}

function isLimited({ standing }: SweepDot): boolean {
  return standing.isCounted && standing.word !== "VALID";
}

type Summarized = SweepGroup & { readonly summary: SweepSummary };

function summarizedOf(groups: readonly SweepGroup[]): Summarized[] {
  return groups.filter((group): group is Summarized => group.summary !== null);
}

function seriesMarks(
  { percentile, groups }: SweepSeries,
  dx: number,
  labelDy: number,
  scale: LogScale,
  { plot }: Plotter,
): Mark[] {
  const color = percentile === PERCENTILES[0] ? PALETTE.blue : PALETTE.orange;
  const drawn = (value: number) => scale.place(value);
  const dots = groups.flatMap(({ x, dots }) => dots.map((dot) => ({ ...dot, x })));
  const summarized = summarizedOf(groups);
  const isBandThroughout = groups.length > 1 &&
    groups.every(({ summary }) => summary !== null && summary.coverage !== null);
  // A line is drawn between neighbours only: what is missing stays missing.
  const steps = groups.slice(1).flatMap((to, i) => {
    const from = groups[i];
    return from.summary === null || to.summary === null
      ? []
      : [{ fromX: from.x, toX: to.x, from: from.summary.median, to: to.summary.median }];
  });
  type Step = (typeof steps)[number];
  const isFinite = ({ from, to }: Step) => from !== Infinity && to !== Infinity;
  const link = (links: readonly Step[], dash: string) =>
    nameSeries(
      `${percentile}, line`,
      plot.link(links, {
        x1: "fromX",
        x2: "toX",
        y1: ({ from }: Step) => drawn(from),
        y2: ({ to }: Step) => drawn(to),
        stroke: color,
        strokeOpacity: 0.5,
        strokeWidth: 1.5,
        strokeDasharray: dash,
        dx,
      }),
    );
  type Dot = (typeof dots)[number];
  return [
    nameSeries(
      `${percentile}, interval`,
      plot.areaY(isBandThroughout ? summarized : [], {
        x: "x",
        y1: ({ summary }: Summarized) => drawn(summary.low),
        y2: ({ summary }: Summarized) => drawn(summary.high),
        fill: color,
        fillOpacity: 0.14,
        dx,
      }),
    ),
    link(steps.filter(isFinite), "none"),
    // The way to ∞ has no slope to read.
    link(steps.filter((step) => !isFinite(step)), "2,4"),
    nameSeries(
      ({ summary }: Summarized) =>
        `${percentile}, ${summary.coverage === null ? "range" : "interval"}`,
      plot.ruleX(isBandThroughout ? [] : summarized, {
        x: "x",
        y1: ({ summary }: Summarized) => drawn(summary.low),
        y2: ({ summary }: Summarized) => drawn(summary.high),
        stroke: color,
        // An interval of confidence is wide and pale, like the band that it would be part of.
        strokeWidth: ({ summary }: Summarized) => summary.coverage === null ? 2 : 12,
        strokeOpacity: ({ summary }: Summarized) => summary.coverage === null ? 0.6 : 0.2,
        dx,
      }),
    ),
    nameSeries(
      (dot: Dot) => `${percentile}, run${isLimited(dot) ? ", PLATFORM-LIMITED" : ""}`,
      plot.dot(dots.filter(({ standing }) => standing.isCounted), {
        x: "x",
        y: (dot: Dot) => drawn(dot.value),
        r: 4,
        fill: (dot: Dot) => isLimited(dot) ? "white" : color,
        stroke: color,
        strokeWidth: 1.5,
        dx,
      }),
    ),
    nameSeries(
      `${percentile}, run left out`,
      plot.dot(dots.filter(({ standing }) => !standing.isCounted), {
        x: "x",
        y: (dot: Dot) => drawn(dot.value),
        r: 4,
        symbol: "times",
        stroke: color,
        strokeWidth: 1.5,
        dx,
      }),
    ),
    plot.text(summarized.slice(-1), {
      x: "x",
      y: ({ summary }: Summarized) => drawn(summary.median),
      text: () => percentile,
      fill: color,
      fontWeight: 600,
      textAnchor: "start",
      dx: dx + 10,
      dy: labelDy,
    }),
  ];
}

/** Says what the figure of a sweep shows, what it lacks, and how it is drawn. */
export function describeSweep(
  all: readonly SweepSeries[],
  leftOut: readonly LeftOut[],
  measure: SweepMeasure,
  sweep: SweepDeclaration,
): string {
  const changes = all.toReversed().flatMap((series) => describeChange(series, measure, sweep));
  const groups = all.flatMap((series) => series.groups);
  return [
    changes.length === 0 ? "" : `${measure.title}: ${changes.join("; ")}.`,
    describeLeftOut(leftOut, sweep),
    ...describeGaps(all, sweep),
    groups.some(({ dots }) => dots.some(({ value }) => value === Infinity))
      ? "At ∞ the percentile falls among invocations that were not ok."
      : "",
    describeRepetitions(groups),
  ].filter((sentence) => sentence !== "").join(" ");
}

function describeChange(
  { percentile, groups }: SweepSeries,
  { unit }: SweepMeasure,
  sweep: SweepDeclaration,
): string[] {
  const known = groups.filter(({ summary }) => summary !== null);
  const [first, last] = [known.at(0), known.at(-1)];
  if (first === undefined || last === undefined) return [];
  const medianOf = ({ summary }: SweepGroup) => summary!.median;
  const valueOf = (group: SweepGroup) =>
    formatNumber(medianOf(group)) + (medianOf(group) === Infinity ? "" : unit);
  const start = `${valueOf(first)} at ${describeValue(sweep, first.x)}`;
  if (first === last) return [`${percentile} is ${start}`];
  if (valueOf(first) === valueOf(last)) {
    return [`${percentile} is ${start} and ${valueOf(last)} at ${formatNumber(last.x)}`];
  }
  const verb = medianOf(last) > medianOf(first) ? "grows" : "goes";
  return [`${percentile} ${verb} from ${start} to ${valueOf(last)} at ${formatNumber(last.x)}`];
}

function describeLeftOut(leftOut: readonly LeftOut[], sweep: SweepDeclaration): string {
  if (leftOut.length === 0) return "";
  const those = leftOut.map(({ x, runs, of, reason }) =>
    `${formatNumber(runs)} of ${formatNoun(of, "run")} at ${describeValue(sweep, x)}: ${reason}`
  );
  return `Left out: ${those.join("; ")}.`;
}

function describeGaps(all: readonly SweepSeries[], sweep: SweepDeclaration): string[] {
  const tail = all.length > 1 ? all[1].percentile : null;
  const sentences = all.flatMap(({ percentile, groups }) => {
    const judged = groups.filter(({ counted }) => counted > 0);
    const lacking = judged.filter(({ count }) => count === 0);
    const partial = judged.filter(({ count, counted }) => count > 0 && count < counted);
    return [
      ...lacking.length === 0 || lacking.length === judged.length
        ? []
        : [`Too few invocations for ${percentile} at ${listOf(lacking, sweep)}.`],
      ...partial.map(({ x, count, counted }) =>
        `${percentile} at ${
          describeValue(sweep, x)
        } is of ${count} of ${counted} runs; the others ` +
        "have too few invocations for it."
      ),
    ];
  });
  if (all[0].groups.every(({ dots }) => dots.length === 0)) {
    sentences.push(
      `Too few invocations for any percentile, which needs ${LEAST_BEYOND} of them beyond it.`,
    );
  } else if (tail !== "p99") {
    sentences.push(
      `No run has the ${LEAST_BEYOND} invocations beyond p99 that it needs` +
        `${tail === null ? "" : `; ${tail} stands in its place`}.`,
    );
  }
  return sentences;
}

/** A value of the swept parameter in words: `12 functions`. */
function describeValue({ unit, unitOfOne }: SweepDeclaration, value: number): string {
  return `${formatNumber(value)} ${value === 1 ? unitOfOne ?? unit : unit}`;
}

/** `12, 24 and 48 functions`. */
function listOf(groups: readonly SweepGroup[], sweep: SweepDeclaration): string {
  const last = describeValue(sweep, groups[groups.length - 1].x);
  if (groups.length === 1) return last;
  return `${groups.slice(0, -1).map(({ x }) => formatNumber(x)).join(", ")} and ${last}`;
}

function describeRepetitions(groups: readonly SweepGroup[]): string {
  const repeated = groups.filter(({ count }) => count > 1);
  if (repeated.length === 0) return "";
  const summaries = repeated.map(({ count, summary }) => ({ count, summary: summary! }));
  const clauses = [
    describeIntervals(summaries),
    describeRanges(summaries.filter(({ summary }) => summary.coverage === null)),
  ].filter((clause) => clause !== "");
  return `Dots are runs, lines join their medians, ${clauses.join(", and ")}.`;
}

interface RepeatedGroup {
  readonly count: number;
  readonly summary: SweepSummary;
}

function describeIntervals(summaries: readonly RepeatedGroup[]): string {
  const coverages = summaries.flatMap(({ summary: { coverage } }) => coverage ?? []);
  if (coverages.length === 0) return "";
  const [least, most] = [Math.min(...coverages), Math.max(...coverages)];
  return "pale areas are confidence intervals, which cover the true median with a " +
    `probability of ${formatShare(least)}` +
    (least === most ? "" : ` to ${formatShare(most)}, by the number of runs`);
}

function describeRanges(summaries: readonly RepeatedGroup[]): string {
  if (summaries.length === 0) return "";
  const most = Math.max(...summaries.map(({ count }) => count));
  const bound = summaries.every(({ count }) => count === most) ? "" : "at most ";
  return "bars are their range, which covers the true median with a probability of " +
    `${bound}${formatShare(rangeCoverage(most))} (n = ${most})`;
}
