import { nameSeries } from "../plot/series.ts";
import {
  type ColdStartGroup,
  type ColdStartSummary,
  type Spread,
  START_PARTS,
  type StartPart,
} from "../../analyze/cold_start_parts.ts";
import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { Figure } from "../page/figure.ts";
import { createLegend } from "../plot/marks.ts";
import { formatNoun, formatNumber } from "../page/number_format.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { createLinearGrid, HALF_SIZE } from "../plot/time_frame.ts";

const COLORS: Readonly<Record<StartPart, string>> = {
  scheduling: PALETTE.grey,
  sandbox: PALETTE.sky,
  image: PALETTE.red,
  containers: PALETTE.blue,
  readiness: PALETTE.orange,
  unexplained: PALETTE.pale,
};

/** A part that is nowhere this large is left out of the legend; a pixel is more. */
const LEAST_SHOWN_MS = 1;

/** Renders what starts took, part by part; `null` where the platform tells no parts. */
export function renderColdStartPartsFigure(
  { coldStartParts }: RunAnalysis,
  plotter: Plotter,
): Figure | null {
  if (coldStartParts === null) return null;
  const { plot } = plotter;
  const { starts, groups } = coldStartParts;
  const shown = START_PARTS.filter((part) =>
    groups.some(({ partMs }) => partMs[part] >= LEAST_SHOWN_MS)
  );
  const title = "Parts of cold starts";
  return {
    name: "cold_start_parts",
    title,
    caption: describe(coldStartParts),
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      columns: { x: { name: "rank" }, y: { name: "time_ms" } },
      x: { label: "instance starts, the quickest first", domain: [0, starts] },
      y: { label: "ms", zero: true, nice: true },
      marks: [
        ...createLinearGrid(plotter),
        nameSeries(
          ({ part }: Bar) => part,
          plot.rectY(groups.flatMap((group) => stack(group, shown)), {
            x1: "fromRank",
            x2: "untilRank",
            y1: "fromMs",
            y2: "untilMs",
            fill: "color",
            insetLeft: groups.length < 40 ? 0.5 : 0,
            insetRight: groups.length < 40 ? 0.5 : 0,
          }),
        ),
        createLegend(
          shown.map((part) => ({ label: part, color: COLORS[part], shape: "area" as const })),
        ),
      ],
    }),
  };
}

function describe(
  { starts, startMs, heldUp, wait, coldInvocations }: ColdStartSummary,
): string {
  const sentences = [
    starts === 1
      ? `The one instance start took ${describeSpread(startMs)}.`
      : startMs.median === null
      ? `${starts} instance starts, too few for a median, took ${describeSpread(startMs)}.`
      : `Half of ${starts} instance starts took at most ${describeSpread(startMs)}.`,
  ];
  if (wait !== null) {
    const hasMedians = Object.values(wait).some(({ median }) => median !== null);
    sentences.push(
      `${formatNoun(coldInvocations, "cold invocation")} waited${hasMedians ? ", medians," : ""} ` +
        `${describeSpread(wait.beforeStartMs)} before the start, ` +
        `${describeSpread(wait.duringStartMs)} for it and ` +
        `${describeSpread(wait.afterStartMs)} after it beside the served runtime.`,
    );
  }
  if (heldUp > 0) {
    sentences.push(
      `Of ${formatNoun(heldUp, "start")} the news came seconds late, as of nodes that are ` +
        "overloaded: these are too long here.",
    );
  }
  return sentences.join(" ");
}

/** The median; of too few values for one, from where to where they are. */
function describeSpread({ median, least, most }: Spread): string {
  if (median !== null) return `${formatNumber(median)} ms`;
  const [from, to] = [formatNumber(least), formatNumber(most)];
  return from === to ? `${from} ms` : `${from} to ${to} ms`;
}

interface Bar {
  readonly part: StartPart;
  readonly fromRank: number;
  readonly untilRank: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly color: string;
}

function stack({ fromRank, untilRank, partMs }: ColdStartGroup, shown: readonly StartPart[]) {
  let fromMs = 0;
  return shown.map((part): Bar => {
    const untilMs = fromMs + partMs[part];
    const bar = { part, fromRank, untilRank, fromMs, untilMs, color: COLORS[part] };
    fromMs = untilMs;
    return bar;
  });
}
