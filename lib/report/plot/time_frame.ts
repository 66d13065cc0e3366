import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { TimeBins } from "../../analyze/time_bins.ts";
import type { DataColumn } from "./series.ts";
import { type Mark, PALETTE, type Plotter } from "./plotter.ts";

/** Size of the figures of which two stand side by side. */
export const HALF_SIZE = { width: 560, height: 240 } as const;

/** A scale of time since run start. */
interface TimeAxis {
  readonly label: string;
  /** Of the data. */
  readonly column: DataColumn;
  /** In the unit of the axis. */
  readonly domain: readonly [number, number];
  /** Milliseconds to the unit of the axis. */
  fromMs(timeMs: number): number;
}

/** Chooses seconds for runs up to five minutes, then minutes, then hours. */
function chooseTimeAxis(endMs: number): TimeAxis {
  const [unitMs, unit] = endMs <= 300_000
    ? [1_000, "s"]
    : endMs <= 10_800_000
    ? [60_000, "min"]
    : [3_600_000, "h"];
  return {
    label: `time since run start (${unit})`,
    column: { name: `time_${unit}` },
    domain: [0, endMs / unitMs],
    fromMs: (timeMs) => timeMs / unitMs,
  };
}

/** What all figures over the time of a run have in common. */
export interface TimeFrame {
  readonly axis: TimeAxis;
  /** Options of the horizontal scale. */
  readonly x: { readonly label: string; readonly domain: [number, number] };
  /** Warm-up in grey; to be drawn first. */
  readonly background: readonly Mark[];
}

/** Creates the frame of a figure over the time of a run. */
export function createTimeFrame(analysis: RunAnalysis, { plot }: Plotter): TimeFrame {
  const axis = chooseTimeAxis(analysis.endMs);
  const spans = warmupSpans(analysis);
  const labelled = spans.length === 1 && spans[0].untilMs - spans[0].fromMs > 0.12 * analysis.endMs
    ? spans
    : [];
  return {
    axis,
    x: { label: axis.label, domain: [...axis.domain] },
    background: [
      plot.rect(spans, {
        x1: (span: Span) => axis.fromMs(span.fromMs),
        x2: (span: Span) => axis.fromMs(span.untilMs),
        fill: PALETTE.shade,
      }),
      plot.text(labelled, {
        x: (span: Span) => axis.fromMs(span.fromMs),
        frameAnchor: "top-left",
        text: () => "warm-up",
        fill: PALETTE.grey,
        fontSize: 10.5,
        dy: -13,
      }),
    ],
  };
}

/**
 * Creates the grid and the base line of a linear scale from 0; to be drawn after
 * the frame.
 *
 * @param ticks the scale's own number of ticks, where it has one
 */
export function createLinearGrid({ plot }: Plotter, ticks?: number): Mark[] {
  return [
    plot.gridY({ stroke: PALETTE.pale, strokeOpacity: 1, ticks }),
    plot.ruleY([0], { stroke: PALETTE.grey }),
  ];
}

interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

function warmupSpans({ run, endMs }: RunAnalysis): Span[] {
  const { phases } = run.manifest;
  return phases
    .map(({ fromMs }, i) => ({ fromMs, untilMs: Math.min(endMs, phases[i + 1]?.fromMs ?? endMs) }))
    .filter(({ fromMs, untilMs }, i) => phases[i].phase === "warmup" && untilMs > fromMs);
}

/** Options of a linear scale from 0. */
export interface LinearScale {
  readonly label: string;
  readonly domain: [number, number];
  readonly nice: true;
}

/**
 * Chooses a linear scale from 0 for values, of which some may be unknown or infinite.
 *
 * @param least it reaches at least to here, so that noise around 0 is not drawn large, and
 * values that are all 0 have a scale at all
 */
export function chooseLinearScale(
  label: string,
  series: readonly ArrayLike<number>[],
  least = 1,
): LinearScale {
  let most = least;
  for (const values of series) {
    for (let i = 0; i < values.length; i++) {
      if (values[i] > most && values[i] < Infinity) most = values[i];
    }
  }
  return { label, domain: [0, most], nice: true };
}

/** A linear scale has no place for what is infinite; a line has a gap there. */
export function finiteOrGap(value: number): number {
  return Number.isFinite(value) ? value : NaN;
}

/** A point of a stair. */
export interface StairPoint {
  readonly x: number;
  readonly y: number;
}

/**
 * Values of bins as corners of a stair, each value held for its bin; for
 * curves of kind `step-after`.
 */
export function stairOf(
  values: ArrayLike<number>,
  bins: TimeBins,
  axis: TimeAxis,
  endMs: number,
): StairPoint[] {
  const points = Array.from(values, (y, bin) => ({
    x: axis.fromMs(bin * bins.binMs),
    y: finiteOrGap(y),
  }));
  if (points.length > 0) points.push({ x: axis.fromMs(endMs), y: points[points.length - 1].y });
  return points;
}
