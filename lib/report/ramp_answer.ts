import type { Percentile, RankedQuantiles } from "../analyze/ranked_quantiles.ts";
import { deriveRateSlots, type RateSlot } from "../analyze/rate_slot.ts";
import type { Answer } from "./answer.ts";
import type { Figure } from "./figure.ts";
import { chooseLogScale, createLogAxis, type LogScale } from "./log_scale.ts";
import { formatNumber } from "./number_format.ts";
import { PALETTE } from "./palette.ts";
import type { Mark, Plotter } from "./plotter.ts";
import { chooseShownPercentiles, describeTail } from "./tail_percentile.ts";

/** Creates the answer of a ramp: response time and slowdown against the rate. */
export function createRampAnswer(): Answer {
  const slots: RateSlot[] = [];
  return {
    add({ run }, { invocations }) {
      const { slotMs, startRatePerS, stepRatePerS } = run.manifest.parameters;
      slots.push(...deriveRateSlots(invocations, {
        slotMs: Number(slotMs),
        startRatePerS: Number(startRatePerS),
        stepRatePerS: Number(stepRatePerS),
      }));
    },
    render(plotter) {
      if (slots.length === 0) return [];
      slots.sort((a, b) => a.ratePerS - b.ratePerS);
      return [
        renderAgainstRate(
          slots,
          { name: "response_time", title: "Response time", unit: " ms", label: "ms" },
          (slot) => slot.responseTimeMs,
          plotter,
        ),
        renderAgainstRate(
          slots,
          { name: "slowdown", title: "Slowdown", unit: "", label: "response ÷ requested time" },
          (slot) => slot.slowdown,
          plotter,
        ),
      ];
    },
  };
}

interface Measure {
  readonly name: string;
  readonly title: string;
  /** Put behind values in the caption. */
  readonly unit: string;
  /** In brackets on the axis. */
  readonly label: string;
}

function renderAgainstRate(
  slots: readonly RateSlot[],
  { name, title, unit, label }: Measure,
  measureOf: (slot: RateSlot) => RankedQuantiles,
  plotter: Plotter,
): Figure {
  // A ramp starts slowly: a percentile is shown from the rate on from which it is known.
  const busiest = slots.filter((slot) =>
    slot.invocations * 2 >= slots[slots.length - 1].invocations
  );
  const shown = chooseShownPercentiles(busiest.map(measureOf));
  const series = shown.map((percentile) => ({
    percentile,
    points: slots
      .map((slot) => ({ ratePerS: slot.ratePerS, value: measureOf(slot).all[percentile] }))
      .filter((point): point is Point => point.value !== null),
  }));
  const values = series.flatMap(({ points }) => points.map((point) => point.value));
  const scale = chooseLogScale(`${title.toLowerCase()} (${label})`, values);
  const heading = `${title} against rate`;
  return {
    name: `${name}_against_rate`,
    title: heading,
    caption: captionOf(title, unit, series) + describeTail(shown),
    wide: false,
    svg: plotter.draw({
      title: heading,
      width: 560,
      height: 320,
      marginRight: 44,
      x: {
        label: "invocations per second",
        labelAnchor: "center",
        domain: [slots[0].ratePerS, Math.max(slots[0].ratePerS + 1, slots.at(-1)!.ratePerS)],
      },
      y: scale.y,
      marks: [
        ...createLogAxis(scale, plotter),
        ...series.flatMap(({ percentile, points }) =>
          seriesMarks(percentile, points, scale, plotter)
        ),
      ],
    }),
  };
}

interface Point {
  readonly ratePerS: number;
  readonly value: number;
}

function seriesMarks(
  percentile: Percentile,
  points: readonly Point[],
  scale: LogScale,
  { plot }: Plotter,
): Mark[] {
  const color = percentile === "p50" ? PALETTE.blue : PALETTE.orange;
  const drawn = (point: Point) => scale.place(point.value);
  return [
    plot.line(points, { x: "ratePerS", y: drawn, stroke: color, strokeWidth: 1.6 }),
    plot.dot(points, { x: "ratePerS", y: drawn, fill: color, r: 3 }),
    plot.text(points.slice(-1), {
      x: "ratePerS",
      y: drawn,
      text: () => percentile,
      fill: color,
      fontWeight: 600,
      textAnchor: "start",
      dx: 9,
      // The labels keep apart where the lines meet.
      dy: percentile === "p50" ? 7 : -7,
    }),
  ];
}

function captionOf(
  title: string,
  unit: string,
  series: readonly { readonly percentile: Percentile; readonly points: readonly Point[] }[],
): string {
  const sentences = series.filter(({ points }) => points.length > 0).toReversed().map(
    ({ percentile, points }) => {
      const [first, last] = [points[0], points[points.length - 1]];
      return `${percentile} goes from ${formatNumber(first.value)}${unit} at ` +
        `${formatNumber(first.ratePerS)} per second to ${formatNumber(last.value)}${unit} at ` +
        formatNumber(last.ratePerS);
    },
  );
  return sentences.length === 0
    ? "No slot has enough invocations for a median."
    : `${title}: ${sentences.join(", ")}; the warm-up of each slot is left out.`;
}
