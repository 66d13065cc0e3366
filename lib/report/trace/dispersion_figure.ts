import { nameSeries } from "../plot/series.ts";
import { countPoisson } from "../../trace/doctor/diagnosis_summary.ts";
import type { TraceDiagnosis } from "../../trace/doctor/diagnose_trace.ts";
import {
  blockSlotsOf,
  dispersionBand,
  LEVEL,
  type PoissonVerdict,
} from "../../trace/doctor/poisson_agreement.ts";
import type { Figure } from "../page/figure.ts";
import { formatCount, formatNumber, formatPercent, formatShare } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import {
  chooseLogScale,
  choosePowerScale,
  createLogAxis,
  createPowerAxis,
} from "../plot/log_scale.ts";
import { createLegend, createPointCloud } from "../plot/marks.ts";
import { type Mark, PALETTE, type Plotter } from "../plot/plotter.ts";
import { TRACE_MARGINS, TRACE_SIZE } from "./trace_figure.ts";
import { formatAxisCount, nameSlot } from "./trace_texts.ts";

const KINDS: readonly { readonly verdict: PoissonVerdict; label: string; color: string }[] = [
  { verdict: "consistent", label: "Poisson", color: PALETTE.blue },
  { verdict: "bursty", label: "burstier", color: PALETTE.orange },
  { verdict: "regular", label: "more regular", color: PALETTE.green },
  { verdict: "unjudged", label: "too few", color: PALETTE.grey },
];

/** Less is drawn here: a timer's counts do not vary at all. */
const LEAST_DRAWN = 0.01;

/** Renders how far the counts of functions are from those of a Poisson process. */
export function renderDispersionFigure(diagnosis: TraceDiagnosis, plotter: Plotter): Figure {
  const { plot } = plotter;
  const { columns, span, trace } = diagnosis;
  const slots = span.toSlot - span.fromSlot;
  const points = Array.from(columns.dispersion.keys()).filter((i) =>
    !Number.isNaN(columns.dispersion[i])
  );
  const rateOf = (i: number) => columns.invocations[i] / slots;
  const heightOf = (i: number) => Math.max(LEAST_DRAWN, columns.dispersion[i]);
  const rates = points.map(rateOf);
  const slot = nameSlot(trace.slotMs);
  const x = choosePowerScale(
    `mean invocations per ${slot}`,
    rates.reduce((least, rate) => Math.min(least, rate), 1),
    rates.reduce((most, rate) => Math.max(most, rate), 0.1),
    formatAxisCount,
  );
  const y = chooseLogScale("variance ÷ mean of the counts", [0.1, 10, ...points.map(heightOf)]);
  const band = dispersionBand(spread(...x.x.domain), slots, blockSlotsOf(trace.slotMs));
  const title = "Counts beside a Poisson process";
  return {
    name: "dispersion",
    title,
    caption: describeAgreement(diagnosis),
    ...plotter.draw({
      title,
      ...TRACE_SIZE,
      ...TRACE_MARGINS,
      columns: {
        x: { name: `invocations_per_${slot.replaceAll(/\W+/g, "_")}` },
        y: y.columnOf("dispersion"),
      },
      x: x.x,
      y: y.y,
      marks: [
        ...createPowerAxis(x, plotter),
        ...createLogAxis(y, plotter),
        nameSeries(
          "95 % of Poisson processes",
          plot.areaY(band, {
            x: "ratePerSlot",
            y1: ({ low }: { low: number }) => y.place(Math.max(LEAST_DRAWN, low)),
            y2: ({ high }: { high: number }) => y.place(high),
            fill: PALETTE.sky,
            fillOpacity: 0.45,
          }),
        ),
        plot.ruleY([1], { stroke: PALETTE.grey }),
        ...KINDS.toReversed().flatMap(({ verdict, label, color }) =>
          createClouds(
            points.filter((i) => columns.poisson[i] === verdict)
              .map((i) => [rateOf(i), y.place(heightOf(i))] as const),
            color,
          ).map((cloud) => nameSeries(label, cloud))
        ),
        createLegend(KINDS.map(({ label, color }) => ({ label, color, shape: "dot" }))),
      ],
    }),
    numbers: renderAgreementTable(diagnosis),
  };
}

function spread(low: number, high: number): number[] {
  const steps = 80;
  return Array.from({ length: steps + 1 }, (_, i) => low * (high / low) ** (i / steps));
}

/** Points of one place are one: tens of thousands would make a large page. */
const CELLS_PER_DECADE = 24;

/** So many points are drawn each where it is. */
const FEW_POINTS = 500;

/** Opacity by how many functions are in a place. */
const CLOUDS = [[1, 0.4], [3, 0.65], [10, 0.95]] as const;
const CLOUDS_OF_FEW = [[1, 0.85]] as const;

function createClouds(points: readonly (readonly [number, number])[], color: string): Mark[] {
  const isFew = points.length <= FEW_POINTS;
  const cells = new Map<string, { readonly point: readonly [number, number]; count: number }>();
  for (const [x, y] of points) {
    const place = [x, y].map((value) => Math.round(Math.log10(value) * CELLS_PER_DECADE));
    const key = (isFew ? [x, y] : place).join();
    const cell = cells.get(key);
    if (cell !== undefined) cell.count++;
    else {
      const [left, top] = place.map((value) => 10 ** (value / CELLS_PER_DECADE));
      cells.set(key, { point: isFew ? [x, y] : [left, top], count: 1 });
    }
  }
  const clouds = isFew ? CLOUDS_OF_FEW : CLOUDS;
  return clouds.map(([least, opacity], i) => {
    const most = clouds.at(i + 1)?.[0] ?? Infinity;
    return createPointCloud(
      [...cells.values()].filter(({ count }) => count >= least && count < most)
        .map(({ point }) => point),
      { color, shape: "dot", size: 4, opacity },
    );
  });
}

function describeAgreement(diagnosis: TraceDiagnosis): string {
  const { trace } = diagnosis;
  const { consistent, regular, bursty, unjudged } = countPoisson(diagnosis);
  const judged = consistent + regular + bursty;
  const slot = nameSlot(trace.slotMs);
  const few = unjudged === 0 ? "" : ` ${formatCount(unjudged)} have too few invocations to tell.`;
  if (judged === 0) return "No function has enough invocations to tell.";
  return `Of ${formatCount(judged)} functions that can be judged, ${
    formatShare(consistent / judged)
  } have counts per ${slot} like those of a Poisson process whose rate changes evenly ` +
    `within ${blockSlotsOf(trace.slotMs)} slots (chi-square at ${100 * LEVEL} %); ${
      formatShare(bursty / judged)
    } are ` +
    `burstier and ${
      formatShare(regular / judged)
    } more regular. The band is where 95 % of Poisson ` +
    `processes lie.${few}`;
}

interface AgreementRow {
  readonly from: number;
  readonly until: number;
  readonly counts: Record<PoissonVerdict, number>;
  readonly median: number | null;
}

function renderAgreementTable({ columns, span, trace }: TraceDiagnosis) {
  const slots = span.toSlot - span.fromSlot;
  const rows = new Map<number, number[]>();
  for (let i = 0; i < columns.invocations.length; i++) {
    if (columns.invocations[i] === 0) continue;
    const power = Math.floor(Math.log10(columns.invocations[i] / slots));
    const row = rows.get(power);
    if (row === undefined) rows.set(power, [i]);
    else row.push(i);
  }
  const list = [...rows].sort(([a], [b]) => a - b).map(([power, indexes]): AgreementRow => {
    const counts = { consistent: 0, bursty: 0, regular: 0, unjudged: 0 };
    for (const i of indexes) counts[columns.poisson[i]]++;
    const dispersions = indexes.map((i) => columns.dispersion[i])
      .filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    return {
      from: 10 ** power,
      until: 10 ** (power + 1),
      counts,
      median: dispersions[dispersions.length >> 1] ?? null,
    };
  });
  return renderTable<AgreementRow>([
    {
      heading: `per ${nameSlot(trace.slotMs)}`,
      isText: true,
      cell: ({ from, until }) => `${formatAxisCount(from)} to ${formatAxisCount(until)}`,
    },
    ...KINDS.map(({ verdict, label }) => ({
      heading: label,
      cell: ({ counts }: AgreementRow) => formatCount(counts[verdict]),
    })),
    {
      heading: "Poisson",
      unit: "% of judged",
      cell: ({ counts: { consistent, bursty, regular } }) => {
        const judged = consistent + bursty + regular;
        return formatPercent(judged === 0 ? null : consistent / judged);
      },
    },
    { heading: "variance ÷ mean", unit: "median", cell: ({ median }) => formatNumber(median) },
  ], list);
}
