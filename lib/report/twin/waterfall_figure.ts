import type { TimePart, Waterfall } from "../../analyze/twin/waterfall.ts";
import { TIME_PARTS } from "../../analyze/twin/waterfall.ts";
import type { Figure } from "../page/figure.ts";
import { formatCount, formatNumber } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { nameSeries } from "../plot/series.ts";
import { HALF_SIZE } from "../plot/time_frame.ts";

/** What parts are called. */
const PART_NAMES: Readonly<Record<TimePart, string>> = {
  lateness: "loader's lateness",
  reaction: "until it is created",
  start: "start of instance",
  queue: "wait for instance",
  ways: "ways, wait for core",
  firstService: "first service",
  service: "later services",
};

/** A bar of the waterfall: from where the one before it ended. */
interface Step {
  readonly name: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Renders what the run took beyond its twin, part by part; `null`: too few were served. */
export function renderWaterfall(
  waterfalls: readonly Waterfall[],
  plotter: Plotter,
): Figure | null {
  // The tail, where there is one: that is what is asked about.
  const shown = waterfalls.find(({ slowest }) => slowest === 0.1) ?? waterfalls[0];
  if (shown === undefined) return null;
  const { plot } = plotter;
  const { twinMs, runMs, partsMs, slowest, invocations } = shown;
  const changes = listChanges(shown);
  const whole = [
    { name: "twin", fromMs: 0, untilMs: twinMs },
    { name: "run", fromMs: 0, untilMs: runMs },
  ];
  const bars = { x1: "fromMs", x2: "untilMs", y: "name" } as const;
  const title = "From the twin to the run";
  const [most] = TIME_PARTS.toSorted((a, b) => Math.abs(partsMs[b]) - Math.abs(partsMs[a]));
  return {
    name: "twin-waterfall",
    title,
    caption: `Of ${describeSlice(slowest)} (${formatCount(invocations)} invocations that both ` +
      `served) the run took ${formatNumber(runMs)} ms on average and the twin ` +
      `${formatNumber(twinMs)} ms; most of what is between them is “${PART_NAMES[most]}”, ` +
      `${formatNumber(partsMs[most])} ms.`,
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      marginLeft: 140,
      columns: { x: { name: "response_time_ms" }, y: { name: "part" } },
      x: { label: "mean response time (ms)", labelAnchor: "center", ticks: 5 },
      y: {
        label: null,
        domain: ["twin", ...TIME_PARTS.map((part) => PART_NAMES[part]), "run"],
        padding: 0.25,
      },
      marks: [
        plot.gridX({ stroke: PALETTE.pale, strokeOpacity: 1, ticks: 5 }),
        nameSeries("twin and run", plot.barX(whole, { ...bars, fill: PALETTE.blue })),
        nameSeries(
          "run takes more",
          plot.barX(changes.filter(({ fromMs, untilMs }) => untilMs >= fromMs), {
            ...bars,
            fill: PALETTE.orange,
          }),
        ),
        nameSeries(
          "run takes less",
          plot.barX(changes.filter(({ fromMs, untilMs }) => untilMs < fromMs), {
            ...bars,
            fill: PALETTE.green,
          }),
        ),
        plot.ruleX([0], { stroke: PALETTE.grey }),
      ],
    }),
    numbers: renderTable<Waterfall>([
      { heading: "of the run's", isText: true, cell: ({ slowest }) => describeSlice(slowest) },
      { heading: "invocations", cell: ({ invocations }) => formatCount(invocations) },
      { heading: "twin", unit: "ms", cell: ({ twinMs }) => formatNumber(twinMs) },
      ...TIME_PARTS.map((part) => ({
        heading: PART_NAMES[part],
        unit: "ms",
        cell: ({ partsMs }: Waterfall) => formatNumber(partsMs[part]),
      })),
      { heading: "run", unit: "ms", cell: ({ runMs }) => formatNumber(runMs) },
    ], waterfalls),
  };
}

function listChanges({ twinMs, partsMs }: Waterfall): Step[] {
  let atMs = twinMs;
  return TIME_PARTS.map((part) => ({
    name: PART_NAMES[part],
    fromMs: atMs,
    untilMs: atMs += partsMs[part],
  }));
}

function describeSlice(slowest: number): string {
  if (slowest === 1) return "all";
  return slowest === 0.1 ? "the slowest tenth" : "the slowest hundredth";
}
