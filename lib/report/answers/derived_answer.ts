import type { DerivedDeclaration, DerivedFigure } from "../../model/answer.ts";
import { StoredTable, textAt } from "../../store/read/stored_table.ts";
import { DERIVED } from "../../store/schema/tables.ts";
import type { Figure } from "../page/figure.ts";
import { html } from "../page/html.ts";
import { formatNumber } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import {
  chooseLogScale,
  choosePowerScale,
  createLogAxis,
  createPowerAxis,
} from "../plot/log_scale.ts";
import { columnNameOf } from "../plot/column_words.ts";
import { createLegend } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { nameSeries } from "../plot/series.ts";
import { createLinearGrid } from "../plot/time_frame.ts";
import type { Answer } from "./answer.ts";
import { describeCurves, type StoredPoint } from "./derived_text.ts";

const COLORS = [
  PALETTE.ink,
  PALETTE.blue,
  PALETTE.orange,
  PALETTE.green,
  PALETTE.red,
  PALETTE.sky,
  PALETTE.grey,
];

/** More rows than this are no table for a reader; they are in the file. */
const MOST_ROWS = 60;

/** Creates the answer of an experiment without runs: curves of the points in its table. */
export function createDerivedAnswer({ figures }: DerivedDeclaration, folder: string): Answer {
  const points = readPoints(folder);
  return {
    add() {},
    renderText() {
      const sentences = figures.flatMap((figure) =>
        describeCurves(figure, points.filter((point) => point.figure === figure.name)) ?? []
      );
      return sentences.length === 0 ? null : html`<p><strong>${sentences.join(" ")}</strong></p>`;
    },
    render: (plotter) =>
      figures.flatMap((figure) => {
        const own = points.filter((point) => point.figure === figure.name);
        return own.length === 0 ? [] : [renderCurves(figure, own, plotter)];
      }),
  };
}

function readPoints(folder: string): StoredPoint[] {
  const table = new StoredTable(`${folder}/${DERIVED.name}.csv`, DERIVED);
  const [figure, series] = ["figure", "series"].map((name) => table.texts(name));
  const [x, y, low, high] = ["x", "y", "low", "high"].map((name) => table.numbers(name));
  return Array.from({ length: table.rowCount }, (_, row) => ({
    figure: textAt(figure, row) ?? "",
    series: textAt(series, row) ?? "",
    ...{ x: x[row], y: y[row], low: low[row], high: high[row] },
  }));
}

function renderCurves(
  { name, title, caption, x, y, isShare }: DerivedFigure,
  points: readonly StoredPoint[],
  plotter: Plotter,
): Figure {
  const { plot } = plotter;
  const series = [...new Set(points.map((point) => point.series))];
  const colorOf = (of: string) => COLORS[series.indexOf(of) % COLORS.length];
  const xs = points.map((point) => point.x).filter((value) => value > 0);
  const xScale = choosePowerScale(x, Math.min(...xs), Math.max(...xs));
  const yScale = chooseLogScale(y, points.flatMap(({ y, low, high }) => [y, low, high]));
  const place = isShare === true
    ? (value: number) => value
    : (value: number) => yScale.place(value);
  const columnOfY = isShare === true ? { name: columnNameOf(y) } : yScale.columnOf(columnNameOf(y));
  const banded = points.filter(({ low }) => !Number.isNaN(low));
  const isFew = points.length <= MOST_ROWS;
  return {
    name,
    title,
    caption,
    ...plotter.draw({
      title,
      width: 640,
      height: 320,
      columns: { x: { name: columnNameOf(x) }, y: columnOfY },
      x: xScale.x,
      y: isShare === true ? { label: y, domain: [0, 100] } : yScale.y,
      marks: [
        ...createPowerAxis(xScale, plotter),
        ...(isShare === true ? createLinearGrid(plotter) : createLogAxis(yScale, plotter)),
        plot.areaY(banded, {
          x: "x",
          y1: (point: StoredPoint) => place(point.low),
          y2: (point: StoredPoint) => place(point.high),
          fill: (point: StoredPoint) => colorOf(point.series),
          z: "series",
          fillOpacity: 0.15,
        }),
        nameSeries(
          ({ series }: StoredPoint) => series,
          plot.lineY(points, {
            x: (point: StoredPoint) => Math.max(point.x, xScale.x.domain[0]),
            y: (point: StoredPoint) => place(point.y),
            z: "series",
            stroke: (point: StoredPoint) => colorOf(point.series),
            strokeWidth: 1.8,
          }),
        ),
        plot.dot(isFew ? points : [], {
          x: "x",
          y: (point: StoredPoint) => place(point.y),
          fill: (point: StoredPoint) => colorOf(point.series),
          r: 2.5,
        }),
        createLegend(
          series.map((label) => ({ label, color: colorOf(label), shape: "line" as const })),
        ),
      ],
    }),
    ...(isFew
      ? {
        numbers: renderTable<StoredPoint>([
          { heading: "", isText: true, cell: (point) => point.series },
          { heading: x, cell: (point) => formatNumber(point.x) },
          { heading: y, cell: (point) => formatNumber(point.y) },
          { heading: "from", cell: (point) => formatNumber(point.low) },
          { heading: "to", cell: (point) => formatNumber(point.high) },
        ], points),
      }
      : {}),
  };
}
