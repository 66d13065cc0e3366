import { formatTick } from "../page/number_format.ts";
import { widthOf as textWidthOf } from "./legend_layout.ts";
import type { DataColumn } from "./series.ts";
import { type Mark, PALETTE, type Plotter } from "./plotter.ts";

/** A vertical log scale with ticks that a reader can place. */
export interface LogScale {
  /** Options of the scale. */
  readonly y: { readonly type: "log"; readonly label: string; readonly domain: [number, number] };
  readonly ticks: readonly number[];
  /** Where an infinite value is drawn, above every finite one; `null` if there is none. */
  readonly infinityAt: number | null;
  /** Where a value is drawn. */
  place(value: number): number;
  /** The column of the data in which what is placed is a value again. */
  columnOf(name: string): DataColumn;
}

/**
 * Chooses a log scale for values: powers of ten as ticks, with 2 and 5 between
 * them where there is room, and ∞ at the top where a value is infinite. Values
 * that are not positive do not count.
 */
export function chooseLogScale(label: string, values: Iterable<number>): LogScale {
  let low = Infinity;
  let high = 0;
  let hasInfinite = false;
  for (const value of values) {
    if (value === Infinity) hasInfinite = true;
    else if (value > 0) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (high === 0) [low, high] = [1, 10];
  const from = low / 1.25;
  const until = Math.max(high * 1.25, from * 4);
  const ticks = ticksBetween(from, until);
  if (!hasInfinite) return scaleOf(label, from, until, ticks, null);
  // A seventh of the height above the finite values keeps ∞ apart from them.
  const top = until * (until / from) ** 0.16;
  return scaleOf(label, from, top, ticks, top / (top / from) ** 0.02);
}

function scaleOf(
  label: string,
  from: number,
  until: number,
  ticks: readonly number[],
  infinityAt: number | null,
): LogScale {
  return {
    y: { type: "log", label, domain: [from, until] },
    ticks,
    infinityAt,
    place: (value) => Math.max(from, Math.min(value, infinityAt ?? until)),
    columnOf: (name) => ({ name, valueAt: (drawn) => drawn === infinityAt ? Infinity : drawn }),
  };
}

/** Multiples of a power of ten that may be ticks, from few to many. */
const MULTIPLES = [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7]] as const;
/** Fewer ticks than this do not let a reader place a value. */
const LEAST_TICKS = 4;

/** Ticks at as few multiples of powers of ten as can be. */
function ticksBetween(from: number, until: number): number[] {
  const choices = MULTIPLES.map((multiples) => multiplesBetween(from, until, multiples));
  return choices.find((ticks) => ticks.length >= LEAST_TICKS) ?? choices[choices.length - 1];
}

function multiplesBetween(from: number, until: number, multiples: readonly number[]): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(until); power++) {
    for (const multiple of multiples) {
      // A negative power of ten divides, because 0.1 ** 3 is not 0.001 in binary.
      const tick = power < 0 ? multiple / 10 ** -power : multiple * 10 ** power;
      if (tick >= from && tick <= until) ticks.push(tick);
    }
  }
  return ticks;
}

/** Creates the axis and the grid of a log scale; to be drawn first. */
export function createLogAxis(scale: LogScale, { plot }: Plotter): Mark[] {
  const { ticks, infinityAt } = scale;
  const infinite = infinityAt === null ? [] : [infinityAt];
  return [
    plot.gridY([...ticks], { stroke: PALETTE.pale, strokeOpacity: 1 }),
    plot.gridY(infinite, { stroke: PALETTE.grey, strokeOpacity: 1, strokeDasharray: "2,4" }),
    plot.axisY([...ticks, ...infinite], {
      label: scale.y.label,
      text: (tick: number) => tick === infinityAt ? "∞" : formatTick(tick),
    }),
  ];
}

/** A horizontal log scale, which a figure has room for along its width. */
export interface PowerScale {
  /** Options of the scale. */
  readonly x: { readonly type: "log"; readonly label: null; readonly domain: [number, number] };
  readonly label: string;
  readonly ticks: readonly number[];
  tickText(tick: number): string;
}

/** The narrowest figures with such a scale, and what of them is no frame. */
const NARROWEST_PX = 480;
const OUTSIDE_PX = 66;
/** Between the texts of two ticks. */
const TICK_GAP_PX = 10;

/**
 * Chooses a horizontal log scale about values: powers of ten as ticks, and multiples where
 * there are few of them.
 *
 * @param tickText writes a tick, with its unit where that changes along the scale
 */
export function choosePowerScale(
  label: string,
  low: number,
  high: number,
  tickText: (tick: number) => string = formatTick,
): PowerScale {
  const domain: [number, number] = [low, Math.max(high, low * 2)];
  // A hair beyond, for the ends may be ticks themselves.
  const ticks = ticksBetween(domain[0] * (1 - 1e-9), domain[1] * (1 + 1e-9));
  return {
    x: { type: "log", label: null, domain },
    label,
    ticks,
    tickText,
  };
}

/**
 * Creates the axis and the grid of a horizontal log scale; to be drawn first. Where there is
 * no room for the texts of all ticks, each second or third is drawn.
 */
export function createPowerAxis(scale: PowerScale, { plot, widthOf }: Plotter): Mark[] {
  const framePx = Math.min(NARROWEST_PX, widthOf(NARROWEST_PX)) - OUTSIDE_PX;
  const widestPx = Math.max(...scale.ticks.map((tick) => textWidthOf(scale.tickText(tick))));
  const step = Math.ceil(scale.ticks.length * (widestPx + TICK_GAP_PX) / framePx);
  const ticks = scale.ticks.filter((_, i) => i % step === 0);
  return [
    plot.gridX(ticks, { stroke: PALETTE.pale, strokeOpacity: 1 }),
    plot.axisX(ticks, {
      label: scale.label,
      labelAnchor: "center",
      text: (tick: number) => scale.tickText(tick),
    }),
  ];
}
