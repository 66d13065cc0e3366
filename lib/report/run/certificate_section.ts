import { type ArrivalFit, FIT_LEVEL } from "../../analyze/arrival_fit.ts";
import type { LoadCertificate } from "../../analyze/load_certificate.ts";
import { type RatioDistribution, TOLERANCES } from "../../analyze/served_fit.ts";
import { type Figure, renderFigures } from "../page/figure.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import { formatCount, formatNumber, formatPercent, UNKNOWN } from "../page/number_format.ts";
import { renderTable, type ReportColumn } from "../page/table_section.ts";
import type { Plotter } from "../plot/plotter.ts";
import { renderFitFigure, renderServedFigure } from "./certificate_figures.ts";

/** Renders how far the load was what it claims, and how it was served; none if nothing is known. */
export function renderLoadFigures(
  certificates: readonly LoadCertificate[],
  plotter: Plotter,
): Figure[] {
  return [renderFitFigure(certificates, plotter), renderServedFigure(certificates, plotter)]
    .filter((figure) => figure !== null);
}

/** Renders the certificate of the load of all runs. */
export function renderLoadSection(
  certificates: readonly LoadCertificate[],
  figures: readonly Figure[],
): Html {
  const judged = certificates.flatMap(({ run, arrivals }): JudgedArrivals[] =>
    arrivals === null ? [] : [{ run, arrivals }]
  );
  const served = certificates.filter(({ served }) =>
    served.runtime.count + served.memory.count > 0
  );
  if (judged.length === 0 && served.length === 0) return NOTHING;
  return html`
    <section id="load">
    <h2>Certificate of the load</h2>
    ${renderFigures(figures)}
    ${renderServed(served)}
    ${renderArrivals(judged)}
    </section>
  `;
}

function renderServed(certificates: readonly LoadCertificate[]): Html {
  if (certificates.length === 0) return NOTHING;
  return html`
    <h3>Requested and served</h3>
    ${renderTable<LoadCertificate>([
      { heading: "run", isText: true, cell: ({ run }) => run },
      ...ratioColumns("served runtime, % of requested", ({ served }) => served.runtime),
      ...ratioColumns("served memory, % of requested", ({ served }) => served.memory),
    ], certificates)}
    <p class="small">Of the measured invocations that are ok and told what they used: the share whose
    served runtime or memory lies within 2 % and 5 % of the requested one (±), and quantiles of served ÷
    requested, in percent. The trace function touches half of the memory that is asked for and tells
    that, so 50 % is what it should be.</p>
  `;
}

function ratioColumns(
  group: string,
  ratioOf: (row: LoadCertificate) => RatioDistribution,
): ReportColumn<LoadCertificate>[] {
  return [
    { group, heading: "invocations", cell: (row) => formatCount(ratioOf(row).count) },
    ...TOLERANCES.map((tolerance, i): ReportColumn<LoadCertificate> => ({
      group,
      heading: `±${formatPercent(tolerance)} %`,
      unit: "% of them",
      cell: (row) => formatPercent(ratioOf(row).sharesWithin[i]),
    })),
    ...[0.05, 0.5, 0.95].map((q): ReportColumn<LoadCertificate> => ({
      group,
      heading: `p${100 * q}`,
      cell: (row) => formatPercent(ratioOf(row).quantile(q)),
    })),
  ];
}

interface JudgedArrivals {
  readonly run: string;
  readonly arrivals: ArrivalFit;
}

function renderArrivals(rows: readonly JudgedArrivals[]): Html {
  if (rows.length === 0) {
    return html`
      <h3>Arrivals</h3>
      <p>No trace is replayed: the arrivals of a pattern are not judged against a process.</p>
    `;
  }
  const isPoisson = rows.every(({ arrivals }) => arrivals.claimed === "exponential");
  return html`
    <h3>Arrivals</h3>
    ${renderTable<JudgedArrivals>([
      { heading: "run", isText: true, cell: ({ run }) => run },
      { heading: "claimed", isText: true, cell: ({ arrivals }) => arrivals.claimed },
      { heading: "slot", unit: "s", cell: ({ arrivals }) => formatNumber(arrivals.slotMs / 1_000) },
      { heading: "functions judged", cell: ({ arrivals }) => formatCount(arrivals.judged) },
      { heading: "too few", cell: ({ arrivals }) => formatCount(arrivals.unjudged) },
      ...isPoisson ? [...fitColumns("scheduled"), ...fitColumns("dispatched")] : [],
      {
        heading: "largest distance",
        group: "scheduled",
        cell: ({ arrivals }) => formatNumber(arrivals.scheduled.mostDistance),
      },
      {
        heading: "largest distance",
        group: "from scheduled to dispatched",
        cell: ({ arrivals }) => formatNumber(arrivals.mostApart),
      },
    ], rows)}
    <p class="small">${isPoisson ? POISSON : NOT_POISSON} ${LIMITS}</p>
  `;
}

function fitColumns(of: "scheduled" | "dispatched"): ReportColumn<JudgedArrivals>[] {
  return [
    {
      group: of,
      heading: `p < ${FIT_LEVEL}`,
      cell: ({ arrivals }) =>
        `${formatCount(arrivals[of].pValues.filter((p) => p < FIT_LEVEL).length)} of ${
          formatCount(arrivals[of].pValues.length)
        }`,
    },
    {
      group: of,
      heading: "lowest p",
      cell: ({ arrivals }) => formatP(arrivals[of].pValues.at(0)),
    },
  ];
}

function formatP(p: number | undefined): string {
  if (p === undefined) return UNKNOWN;
  return p < 0.0001 ? "< 0.0001" : formatNumber(p);
}

const POISSON =
  "Kolmogorov-Smirnov test, function by function, of where in their slots the arrivals " +
  "lie: those of a Poisson process, given the counts of the trace, lie there independently and " +
  "evenly. Exact p-values (to 1e-7); where the claim is true, one function in a hundred has one " +
  "below 0.01. What is dispatched late is seen in the columns beside it.";

const NOT_POISSON =
  "These inter-arrival times are no Poisson process, and the arrivals of a slot " +
  "depend on one another, so there is no exact p-value: the table tells the distance of their " +
  "places in the slots from even spread alone.";

const LIMITS = "Functions with fewer than 10 arrivals are not judged; of more than 1,000 a part " +
  "is, chosen by index alone. Where a trace tells its invocations one by one and they are replayed " +
  "as recorded, this says how far the trace is from such a process. The distance between scheduled " +
  "and dispatched has no p-value: they are the same invocations.";
