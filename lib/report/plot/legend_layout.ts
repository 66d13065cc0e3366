import type { PointSymbol } from "./point_symbol.ts";
import type { Mark } from "./series.ts";

/** An entry of a legend. */
export interface LegendEntry {
  readonly label: string;
  readonly color: string;
  readonly shape: "line" | "area" | "dot" | "ring" | "cross" | "dash" | PointSymbol;
}

/** Where an entry stands, in pixels of the drawing. */
interface PlacedEntry extends LegendEntry {
  readonly left: number;
  readonly textLeft: number;
  readonly top: number;
}

interface LegendLayout {
  readonly entries: readonly PlacedEntry[];
  /** From the first, which has the title of the vertical axis. */
  readonly rows: number;
}

/** Width of a letter of 12 px, on average, in the widest of the fonts that a system may have. */
const LETTER_PX = 7;
const WIDE_LETTER_EXTRA_PX = 4;
const NARROW_LETTER_LESS_PX = 2.5;
/** The height at which the library writes the title of the vertical axis. */
const TOP_PX = 9;
const ROW_PX = 16;
const SWATCH_PX = 20;
const GAP_PX = 12;

/** Of the drawing, what the longest title of an axis leaves. */
const SHARE_BESIDE_TITLE = 0.55;

/** Rows for which every drawing has room, and what stands at the top of the frame below them. */
const USUAL_ROWS = 1;

const LEGENDS = new WeakMap<WeakKey, readonly LegendEntry[]>();

/** Keeps what a mark has as a legend, so that its drawing makes room for it. */
export function keepLegend(mark: Mark, entries: readonly LegendEntry[]): Mark {
  LEGENDS.set(mark as WeakKey, entries);
  return mark;
}

/** Pixels that a drawing needs above its frame beside the usual, for the legends of its marks. */
export function extraLegendPx(marks: readonly unknown[], right: number): number {
  const rows = marks.map((mark) => {
    const entries = typeof mark === "function" ? LEGENDS.get(mark) : undefined;
    return entries === undefined ? 0 : layOutLegend(entries, right).rows;
  });
  return ROW_PX * Math.max(0, Math.max(...rows, 0) - USUAL_ROWS);
}

/**
 * Places the entries of a legend in rows, each ending at the right.
 *
 * @param right where rows end
 */
export function layOutLegend(entries: readonly LegendEntry[], right: number): LegendLayout {
  const widths = entries.map(({ label }) => SWATCH_PX + widthOf(label) + GAP_PX);
  const whole = widths.reduce((sum, width) => sum + width, 0) - GAP_PX;
  const isBesideTitle = whole <= SHARE_BESIDE_TITLE * right;
  const rows = isBesideTitle ? [entries.map((_, i) => i)] : breakRows(widths, right);
  const firstRow = isBesideTitle ? 0 : 1;
  return {
    entries: rows.flatMap((row, at) => {
      let left = right + GAP_PX - row.reduce((sum, i) => sum + widths[i], 0);
      return row.map((i) => {
        const placed = {
          ...entries[i],
          left,
          textLeft: left + SWATCH_PX,
          top: TOP_PX + ROW_PX * (firstRow + at),
        };
        left += widths[i];
        return placed;
      });
    }),
    rows: firstRow + rows.length,
  };
}

/** Entries of each row, as many as fit. */
function breakRows(widths: readonly number[], right: number): number[][] {
  const rows: number[][] = [[]];
  let used = 0;
  for (const [i, width] of widths.entries()) {
    if (used > 0 && used + width - GAP_PX > right) {
      rows.push([]);
      used = 0;
    }
    rows[rows.length - 1].push(i);
    used += width;
  }
  return rows;
}

/** About as wide as a text of 12 px is. */
export function widthOf(label: string): number {
  const wide = label.match(/[mwMW]/g)?.length ?? 0;
  const narrow = label.match(/[iljtfr.,:;'| ]/g)?.length ?? 0;
  return label.length * LETTER_PX + wide * WIDE_LETTER_EXTRA_PX - narrow * NARROW_LETTER_LESS_PX;
}
