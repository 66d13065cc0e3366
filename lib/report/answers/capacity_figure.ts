import type { Bound } from "../../analyze/bound.ts";
import type { Capacity, TriedValue } from "../../analyze/capacity.ts";
import type { Figure } from "../page/figure.ts";
import { chooseLogScale, createLogAxis } from "../plot/log_scale.ts";
import { createLegend, type LegendEntry } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { nameSeries } from "../plot/series.ts";
import { type Confirmation, formatBounded } from "./capacity_text.ts";

const COLUMN_PX = 64;
const LEAST_WIDTH_PX = 420;

/** Renders what each value came to beside the bound, and what confirmed the answer. */
export function renderCapacityFigure(
  { tried, smallest }: Capacity,
  confirmation: Confirmation | null,
  bound: Bound,
  sought: string,
  plotter: Plotter,
): Figure {
  const { plot } = plotter;
  const { words, name } = bound.metric;
  const confirmed = confirmation === null || confirmation.result === null
    ? []
    : [{ value: confirmation.value, result: confirmation.result }];
  const scale = chooseLogScale(words, [
    bound.most,
    ...tried.flatMap(({ results }) => results),
    ...confirmed.map(({ result }) => result),
  ]);
  const place = (value: number) => scale.place(value);
  const colorOf = (value: number) => value === smallest?.value ? PALETTE.green : PALETTE.blue;
  type Dot = { readonly value: number; readonly result: number };
  const dots = tried.flatMap(({ value, results }) =>
    results.map((result): Dot => ({ value, result }))
  );
  const title = `${words.charAt(0).toUpperCase()}${words.slice(1)} against ${sought}`;
  return {
    name: `capacity_${sought.replaceAll("-", "_")}`,
    title,
    caption:
      "Dots are simulated repetitions, a stroke their median, and a bar its interval of at " +
      "least 95 %, or the range of fewer than 6. The smallest value whose bar lies below the bound " +
      "is the answer. Values stand side by side as they were tried, not to scale." +
      (confirmed.length === 0 ? "" : ` The diamond is the run on ${confirmation!.platform}.`),
    ...plotter.draw({
      title,
      width: Math.max(LEAST_WIDTH_PX, 90 + COLUMN_PX * tried.length),
      height: 320,
      marginRight: 60,
      columns: {
        x: { name: sought.replaceAll("-", "_") },
        y: scale.columnOf(name),
      },
      x: { type: "point", domain: tried.map(({ value }) => value), padding: 0.5 },
      y: scale.y,
      marks: [
        ...createLogAxis(scale, plotter),
        plot.axisX({ label: sought, labelAnchor: "center", tickSize: 0 }),
        plot.ruleY([bound.most], { stroke: PALETTE.red, strokeDasharray: "5,3", strokeWidth: 1.5 }),
        plot.text([bound.most], {
          y: (most: number) => most,
          text: () => formatBounded(bound.most, bound),
          fill: PALETTE.red,
          frameAnchor: "right",
          textAnchor: "start",
          dx: 6,
        }),
        nameSeries(
          "interval",
          plot.ruleX(tried, {
            x: "value",
            y1: (one: TriedValue) => place(one.low),
            y2: (one: TriedValue) => place(one.high),
            stroke: (one: TriedValue) => colorOf(one.value),
            strokeWidth: 14,
            strokeOpacity: 0.22,
          }),
        ),
        nameSeries(
          "median",
          plot.dot(tried, {
            x: "value",
            y: (one: TriedValue) => place(one.median),
            r: 9,
            symbol: HYPHEN,
            stroke: (one: TriedValue) => colorOf(one.value),
            strokeWidth: 2,
          }),
        ),
        nameSeries(
          "repetition",
          plot.dot(dots, {
            x: "value",
            y: (dot: Dot) => place(dot.result),
            r: 2.5,
            fill: (dot: Dot) => colorOf(dot.value),
          }),
        ),
        nameSeries(
          "confirmation",
          plot.dot(confirmed, {
            x: "value",
            y: (dot: Dot) => place(dot.result),
            r: 6,
            symbol: "diamond2",
            fill: "white",
            stroke: PALETTE.orange,
            strokeWidth: 2,
            dx: 18,
          }),
        ),
        createLegend(legendOf(confirmed.length > 0, smallest !== null)),
      ],
    }),
  };
}

/** A stroke across. */
const HYPHEN = {
  draw(
    context: { moveTo(x: number, y: number): void; lineTo(x: number, y: number): void },
    size: number,
  ) {
    const arm = Math.sqrt(size / Math.PI);
    context.moveTo(-arm, 0);
    context.lineTo(arm, 0);
  },
};

function legendOf(isConfirmed: boolean, isAnswered: boolean): LegendEntry[] {
  return [
    { label: "simulated", color: PALETTE.blue, shape: "dot" },
    ...isAnswered ? [{ label: "enough", color: PALETTE.green, shape: "dot" } as const] : [],
    ...isConfirmed
      ? [{ label: "confirming run", color: PALETTE.orange, shape: "ring" } as const]
      : [],
    { label: "bound", color: PALETTE.red, shape: "dash" },
  ];
}
