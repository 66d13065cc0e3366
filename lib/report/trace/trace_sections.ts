import type { DayFigures } from "../../trace/doctor/day_figures.ts";
import type { TraceDiagnosis } from "../../trace/doctor/diagnose_trace.ts";
import {
  listRemarks,
  type Remark,
  SEVERITIES,
  SEVERITY_MEANINGS,
  spanMsOf,
} from "../../trace/doctor/diagnosis_summary.ts";
import { renderSeverity } from "../page/experiment_sections.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import {
  formatCount,
  formatDate,
  formatNoun,
  formatNumber,
  formatShare,
} from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import { formatPeriod, nameSlot, shortenHashes } from "./trace_texts.ts";

/** Renders what was found, the worst first, as blocks that a narrow screen has room for. */
export function renderRemarkSection(diagnosis: TraceDiagnosis): Html {
  const remarks = listRemarks(diagnosis);
  return html`
    <section id="remarks">
      <h2>What to know before a replay</h2>
      ${remarks.length === 0
        ? html`<p>The files have no defect, and nothing in their content stands out.</p>`
        : html`
          <dl>${SEVERITIES.map((severity) =>
            html`
              <dt>${renderSeverity(severity)}</dt>
              <dd>${formatNoun(
                remarks.filter((remark) => remark.severity === severity).length,
                "kind",
              )}:
                ${SEVERITY_MEANINGS[severity]}</dd>
            `
          )}</dl>
          ${remarks.map(renderRemark)}
        `}
    </section>
  `;
}

function renderRemark(remark: Remark): Html {
  const { severity, defect, repair, meaning, count, counted, of, examples } = remark;
  const share = of === null || of === 0 ? "" : ` of ${formatCount(of)}`;
  return html`
    <article class="remark ${severity}">
      <h3>${renderSeverity(severity)}
        ${capitalize(defect)}</h3>
      <p>${formatCount(count)}${share} ${counted}: ${repair}. ${meaning}</p>
      ${examples.length === 0
        ? NOTHING
        : html`<p class="small" title="${examples.join("\n")}">Such as ${
          shortenHashes(examples.join("; "))
        }</p>`}
    </article>
  `;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Renders what the trace is, and what its functions come to. */
export function renderTraceSection(diagnosis: TraceDiagnosis): Html {
  const { trace, totals, span } = diagnosis;
  const slots = span.toSlot - span.fromSlot;
  const isPart = slots < trace.slots;
  const facts: (readonly [string, Html | string])[] = [
    [
      "functions",
      `${formatCount(totals.functions)} of ${formatNoun(totals.applications, "application")}` +
      `, ${formatCount(totals.invoked)} of them invoked`,
    ],
    [
      "time",
      `${formatNoun(slots, "slot")} of ${formatPeriod(trace.slotMs)}, ` +
      `${formatPeriod(spanMsOf(diagnosis))} in all` +
      (isPart ? ` (slots ${span.fromSlot} to ${span.toSlot - 1} of ${trace.slots})` : "") +
      (trace.startMs === undefined
        ? ""
        : `, from ${formatDate(new Date(trace.startMs).toISOString())}`),
    ],
    ["invocations", formatCount(totals.invocations)],
    [
      "rate",
      `${formatNumber(totals.meanRatePerS)} per second on average, ` +
      `${formatNumber(totals.peakRatePerS)} in the busiest ${nameSlot(trace.slotMs)}`,
    ],
    [
      "offered concurrency",
      `${formatNumber(totals.offeredConcurrency)} on average, ` +
      `${formatNumber(totals.peakConcurrency)} in the busiest ${nameSlot(trace.slotMs)}, with ` +
      `the runtimes that are asked for; with the average runtimes as recorded ` +
      `${formatNumber(totals.recordedConcurrency)}${
        describeDistance(totals.offeredConcurrency, totals.recordedConcurrency)
      }`,
    ],
    ["hash", html`<code>${trace.hash}</code>`],
  ];
  const sentences = [...trace.assumptions ?? [], ...trace.notes ?? []];
  return html`
    <section id="trace">
      <h2>The trace</h2>
      <dl>${facts.map(([name, value]) =>
        html`
          <dt>${name}</dt>
          <dd>${value}</dd>
        `
      )}</dl>
      ${sentences.length === 0
        ? NOTHING
        : html`<ul class="notes">${sentences.map((text) => html`<li>${text}</li>`)}</ul>`}
    </section>
  `;
}

function describeDistance(offered: number, recorded: number): string {
  if (!(recorded > 0)) return "";
  const difference = offered / recorded - 1;
  if (Math.abs(difference) < 0.005) return "";
  return ` (a replay has ${formatShare(Math.abs(difference))} ${difference < 0 ? "less" : "more"})`;
}

/** Renders the days beside one another, where there are several. */
export function renderDaySection({ days }: TraceDiagnosis): Html {
  if (days.length === 0) return NOTHING;
  return html`
    <section id="days">
      <h2>Days</h2>
      <p>Counted from the trace's start. The likeness is the correlation of a day's 24 hours with
      those of the mean day.</p>
      ${renderTable<DayFigures>([
        { heading: "day", cell: ({ day }) => day + 1 },
        { heading: "invocations", cell: ({ invocations }) => formatCount(invocations) },
        { heading: "functions invoked", cell: ({ functions }) => formatCount(functions) },
        { heading: "likeness", cell: ({ likeness }) => formatNumber(likeness) },
      ], days)}
    </section>
  `;
}
