import { nameSeries } from "../plot/series.ts";
import type { CertifiedFigure, SampleCertificate } from "../../model/sample_certificate.ts";
import type { StoredRun } from "../../store/read/experiment_folder.ts";
import { type Figure, renderFigures } from "../page/figure.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import { formatCount, formatNumber, formatPercent, UNKNOWN } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import { choosePowerScale, createPowerAxis } from "../plot/log_scale.ts";
import { createLegend } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { TRACE_MARGINS, TRACE_SIZE } from "../trace/trace_figure.ts";
import { formatAxisCount, formatRuntime } from "../trace/trace_texts.ts";

/** The certificates of the samples that runs replay, each once, the smallest sample first. */
export function collectCertificates(
  runs: readonly Pick<StoredRun, "manifest">[],
): SampleCertificate[] {
  const found = new Map<string, SampleCertificate>();
  for (const { manifest: { trace } } of runs) {
    if (trace?.certificate === undefined) continue;
    const { trace: source, method, seed, size, window } = trace.certificate;
    found.set(JSON.stringify([source.hash, method, seed, size, window]), trace.certificate);
  }
  return [...found.values()].toSorted((a, b) => a.size - b.size);
}

/** Renders the distributions of the largest sample beside those of its trace. */
export function renderSampleFigures(
  certificates: readonly SampleCertificate[],
  plotter: Plotter,
): Figure[] {
  const largest = certificates.at(-1);
  if (largest === undefined) return [];
  return largest.figures.map((figure) => renderDistribution(figure, largest, plotter));
}

const FORMATS: Readonly<Record<string, (value: number) => string>> = {
  "": formatAxisCount,
  ms: formatRuntime,
  MiB: (value) => `${formatNumber(value)} MiB`,
};

function renderDistribution(
  { name, unit, values, timesOptimum, timesNearer }: CertifiedFigure,
  { size, trace }: SampleCertificate,
  plotter: Plotter,
): Figure {
  const { plot } = plotter;
  const format = FORMATS[unit] ?? formatNumber;
  const positive = [...values.trace, ...values.sample].filter((value) => value > 0);
  const scale = choosePowerScale(name, Math.min(...positive), Math.max(...positive), format);
  const title = `${name[0].toUpperCase()}${name.slice(1)} of the functions`;
  const curves = [
    { label: "trace", color: PALETTE.grey, values: values.trace },
    { label: "sample", color: PALETTE.orange, values: values.sample },
  ];
  return {
    name: `sample_${name}`,
    title,
    caption: `The ${formatCount(size)} functions of the sample are ` +
      `${formatRatio(timesOptimum)} × as far from the ${formatCount(trace.invoked)} of the trace ` +
      `as any ${formatCount(size)} points must be, and ${formatRatio(timesNearer)} × nearer than ` +
      "by chance.",
    ...plotter.draw({
      title,
      ...TRACE_SIZE,
      ...TRACE_MARGINS,
      columns: { x: { name: columnOf(name, unit) }, y: { name: "at_most_percent" } },
      x: scale.x,
      y: { label: "at most so much (%)", domain: [0, 100] },
      marks: [
        ...createPowerAxis(scale, plotter),
        plot.gridY({ stroke: PALETTE.pale, strokeOpacity: 1 }),
        plot.ruleY([0], { stroke: PALETTE.grey }),
        ...curves.map((curve) =>
          nameSeries(
            curve.label,
            plot.line(stairsOf(curve.values, scale.x.domain), {
              x: "value",
              y: "percent",
              curve: "step-after",
              stroke: curve.color,
              strokeWidth: 1.8,
            }),
          )
        ),
        createLegend(curves.map(({ label, color }) => ({ label, color, shape: "line" } as const))),
      ],
    }),
  };
}

function columnOf(name: string, unit: string): string {
  return `${name} ${unit}`.trim().toLowerCase().replaceAll(/\W+/g, "_");
}

/** A leap at each value, from nothing to all. */
function stairsOf(
  values: readonly number[],
  [low, high]: readonly [number, number],
): { readonly value: number; readonly percent: number }[] {
  return [
    { value: low, percent: 0 },
    ...values.map((value, i) => ({
      value: Math.max(value, low),
      percent: 100 * (i + 1) / values.length,
    })),
    { value: high, percent: 100 },
  ];
}

/** Renders how near the samples are to their traces. */
export function renderSampleSection(
  certificates: readonly SampleCertificate[],
  figures: readonly Figure[],
): Html {
  if (certificates.length === 0) return NOTHING;
  return html`
    <section id="samples">
    <h2>Samples</h2>
    <p>Functions were chosen from a larger trace. <em>× optimum</em>: distance between the
    logarithms of sample and trace (Wasserstein) ÷ the smallest that any so many points have.
    <em>× nearer</em>: mean distance of uniformly random samples ÷ that of the sample. Load is per
    function; the part of it that lies in another part of the window than in the trace is its
    shape's error.</p>
    ${renderTable<SampleCertificate>([
      { heading: "sample", isText: true, cell: ({ method, size }) => `${method} ${size}` },
      {
        heading: "of",
        isText: true,
        cell: ({ trace }) => `${trace.name} (${formatCount(trace.invoked)})`,
      },
      { heading: "seed", cell: ({ seed }) => seed },
      ...certificates[0].figures.flatMap(({ name }, i) => [
        {
          heading: "× optimum",
          group: name,
          cell: ({ figures }: SampleCertificate) => formatRatio(figures[i].timesOptimum),
        },
        {
          heading: "× nearer",
          group: name,
          cell: ({ figures }: SampleCertificate) => formatRatio(figures[i].timesNearer),
        },
      ]),
      {
        heading: "largest difference",
        group: "rank correlation",
        cell: ({ correlations }) =>
          formatNumber(
            Math.max(...correlations.map(({ trace, sample }) =>
              trace === null || sample === null ? 0 : Math.abs(sample - trace)
            )),
          ),
      },
      ...certificates[0].loads.map(({ name }, i) => ({
        heading: name,
        group: "error of load",
        unit: "%",
        cell: ({ loads }: SampleCertificate) => formatPercent(loads[i].error),
      })),
      ...certificates[0].shapes.map(({ name }, i) => ({
        heading: name,
        group: "error of its shape",
        unit: "%",
        cell: ({ shapes }: SampleCertificate) => formatPercent(shapes[i].totalVariation),
      })),
    ], certificates)}
    ${renderFigures(figures)}
    </section>
  `;
}

function formatRatio(ratio: number | null): string {
  return ratio === null ? UNKNOWN : formatNumber(ratio);
}
