import { PERCENTILES } from "../analyze/ranked_quantiles.ts";
import type { Figure } from "./figure.ts";
import { chooseLogScale, createLogAxis, type LogScale } from "./log_scale.ts";
import { createLegend, type LegendEntry } from "./marks.ts";
import { PALETTE } from "./palette.ts";
import type { Mark, Plotter } from "./plotter.ts";
import { describeSweep } from "./sweep_caption.ts";
import {
  deriveSweepSeries,
  type SweepGroup,
  type SweepPoint,
  type SweepSeries,
} from "./sweep_group.ts";
import type { SweepMeasure } from "./sweep_measure.ts";
import type { SweptParameter } from "./swept_parameter.ts";
import { chooseDrawnPercentiles } from "./tail_percentile.ts";

const SIZE = {
  width: 560,
  height: 320,
  marginLeft: 52,
  marginRight: 46,
} as const;
const FRAME_WIDTH = SIZE.width - SIZE.marginLeft - SIZE.marginRight;
/** Less than the real height of the frame, so that labels rather keep apart. */
const FRAME_HEIGHT = 200;
/** Room that a tick's label takes. */
const TICK_PX = 44;
const LABEL_PX = 15;

/** Renders p50 and the tail of a measure against a swept parameter, with all runs as dots. */
export function renderSweepFigure(
  points: readonly SweepPoint[],
  measure: SweepMeasure,
  parameter: SweptParameter,
  plotter: Plotter,
): Figure {
  const xs = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const all = chooseDrawnPercentiles(points.map((point) => point.quantiles))
    .map((percentile) => deriveSweepSeries(points, xs, percentile));
  const groups = all.flatMap((series) => series.groups).filter((group) => group !== null);
  const scale = chooseLogScale(
    measure.axis,
    groups.flatMap(({ low, high, runs }) => [low, high, ...runs.map((run) => run.value)]),
  );
  const title = `${measure.title} against ${parameter.title}`;
  const axis = chooseAxis(xs);
  const counts = new Map(xs.map((x) => [x, points.filter((point) => point.x === x).length]));
  const isRepeated = points.length > xs.length;
  // Dots that would hide one another stand beside one another.
  const spread = isRepeated || isCovered(all) ? 4 : 0;
  const labelDy = chooseLabelOffsets(all, scale);
  return {
    name: `${measure.name}_against_${parameter.name}`,
    title,
    caption: describeSweep(all, xs, measure, parameter),
    svg: plotter.draw({
      title,
      ...SIZE,
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
          label: isRepeated ? `${parameter.axis}; n = number of runs` : parameter.axis,
          labelAnchor: "center",
          // A format would be asked for some ticks only, where the scale is logarithmic.
          text: (x: number) => isRepeated ? `${x}\nn = ${counts.get(x)}` : String(x),
        }),
        ...all.flatMap((series, i) =>
          seriesMarks(series, i === 0 ? -spread : spread, labelDy[i], scale, plotter)
        ),
        createLegend(legendOf(points, groups)),
      ],
    }),
  };
}

interface HorizontalAxis {
  readonly isLog: boolean;
  readonly domain: [number, number];
  readonly ticks: number[];
}

/** The first and the last value with room beside them, and a tick for every value that has room. */
function chooseAxis(xs: readonly number[]): HorizontalAxis {
  const [first, last] = [xs[0], xs[xs.length - 1]];
  const isLog = first > 0 && last / first > 12;
  const padding = first === last ? 1 : (last - first) * 0.06;
  const domain: [number, number] = isLog
    ? [first / 1.15, last * 1.15]
    : [first - padding, last + padding];
  const scaled = (x: number) => isLog ? Math.log(x) : x;
  const pixelsOf = (x: number) =>
    FRAME_WIDTH * (scaled(x) - scaled(domain[0])) / (scaled(domain[1]) - scaled(domain[0]));
  const ticks: number[] = [];
  let nextPx = pixelsOf(last);
  for (const x of xs.toReversed()) {
    if (pixelsOf(x) > nextPx) continue;
    ticks.unshift(x);
    nextPx = pixelsOf(x) - TICK_PX;
  }
  return { isLog, domain, ticks };
}

/** Whether two percentiles have the same value somewhere, such as ∞. */
function isCovered([first, second]: readonly SweepSeries[]): boolean {
  return second !== undefined &&
    first.groups.some((group, i) => group !== null && group.median === second.groups[i]?.median);
}

/** Moves the labels at the ends of the lines apart where they would overlap. */
function chooseLabelOffsets(all: readonly SweepSeries[], scale: LogScale): number[] {
  const ends = all.map(({ groups }) => groups.findLast((group) => group !== null));
  const [low, high] = scale.y.domain;
  const [first, second] = ends.map((end) =>
    end === undefined ? -Infinity : FRAME_HEIGHT * Math.log(scale.place(end.median) / low) /
      Math.log(high / low)
  );
  const areNear = ends[0]?.x === ends[1]?.x && second - first < LABEL_PX;
  return areNear ? [LABEL_PX / 2, -LABEL_PX / 2] : [0, 0];
}

function legendOf(points: readonly SweepPoint[], groups: readonly SweepGroup[]): LegendEntry[] {
  const entries: LegendEntry[] = [];
  if (points.some((point) => !point.isValid)) {
    entries.push({ label: "run not VALID", color: PALETTE.grey, shape: "ring" });
  }
  if (groups.some((group) => group.isBand)) {
    entries.push({ label: "95 % confidence", color: PALETTE.pale, shape: "area" });
  }
  return entries;
}

function seriesMarks(
  { percentile, groups: groupsAndGaps }: SweepSeries,
  dx: number,
  labelDy: number,
  scale: LogScale,
  { plot }: Plotter,
): Mark[] {
  const color = percentile === PERCENTILES[0] ? PALETTE.blue : PALETTE.orange;
  const groups = groupsAndGaps.filter((group) => group !== null);
  const drawn = (value: number) => scale.place(value);
  const dots = groups.flatMap(({ x, runs }) => runs.map((run) => ({ ...run, x })));
  const isBandThroughout = groups.length > 1 && groupsAndGaps.every((group) => group?.isBand);
  // A line is drawn between neighbours only: what is missing stays missing.
  const steps = groupsAndGaps.slice(1).flatMap((to, i) => {
    const from = groupsAndGaps[i];
    return from === null || to === null ? [] : [{ from, to }];
  });
  const isFinite = ({ from, to }: Step) => from.median !== Infinity && to.median !== Infinity;
  const link = (links: readonly Step[], dash: string) =>
    plot.link(links, {
      x1: ({ from }: Step) => from.x,
      x2: ({ to }: Step) => to.x,
      y1: ({ from }: Step) => drawn(from.median),
      y2: ({ to }: Step) => drawn(to.median),
      stroke: color,
      strokeOpacity: 0.5,
      strokeWidth: 1.5,
      strokeDasharray: dash,
      dx,
    });
  type Step = (typeof steps)[number];
  type Dot = (typeof dots)[number];
  return [
    plot.areaY(isBandThroughout ? groups : [], {
      x: "x",
      y1: (group: SweepGroup) => drawn(group.low),
      y2: (group: SweepGroup) => drawn(group.high),
      fill: color,
      fillOpacity: 0.14,
      dx,
    }),
    link(steps.filter(isFinite), "none"),
    // The way to ∞ has no slope to read.
    link(steps.filter((step) => !isFinite(step)), "2,4"),
    plot.ruleX(isBandThroughout ? [] : groups, {
      x: "x",
      y1: (group: SweepGroup) => drawn(group.low),
      y2: (group: SweepGroup) => drawn(group.high),
      stroke: color,
      // An interval of confidence is wide and pale, like the band that it would be part of.
      strokeWidth: (group: SweepGroup) => group.isBand ? 12 : 2,
      strokeOpacity: (group: SweepGroup) => group.isBand ? 0.2 : 0.6,
      dx,
    }),
    plot.dot(dots, {
      x: "x",
      y: (dot: Dot) => drawn(dot.value),
      r: 4,
      fill: (dot: Dot) => dot.isValid ? color : "white",
      stroke: color,
      strokeWidth: 1.5,
      dx,
    }),
    plot.text(groups.slice(-1), {
      x: "x",
      y: (group: SweepGroup) => drawn(group.median),
      text: () => percentile,
      fill: color,
      fontWeight: 600,
      textAnchor: "start",
      dx: dx + 10,
      dy: labelDy,
    }),
  ];
}
