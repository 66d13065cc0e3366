import { countPoisson, countTimers, listRemarks } from "../../trace/doctor/diagnosis_summary.ts";
import type { TraceDiagnosis } from "../../trace/doctor/diagnose_trace.ts";
import { formatCount, formatNoun, formatNumber, formatShare } from "../page/number_format.ts";
import { formatPeriod, nameSlot, shortenHashes } from "./trace_texts.ts";

/** What the doctor found, in lines for a terminal. */
export function describeDiagnosis(diagnosis: TraceDiagnosis): string {
  const { trace, totals, span } = diagnosis;
  const slots = span.toSlot - span.fromSlot;
  const { consistent, regular, bursty } = countPoisson(diagnosis);
  const judged = consistent + regular + bursty;
  const timers = countTimers(diagnosis).reduce((sum, { functions }) => sum + functions, 0);
  const lines = [
    `${trace.name}: ${formatNoun(totals.functions, "function")} of ` +
    `${formatNoun(totals.applications, "application")}, ${formatCount(totals.invoked)} invoked, ` +
    `${formatNoun(slots, "slot")} of ${formatPeriod(trace.slotMs)}`,
    `${formatNoun(totals.invocations, "invocation")}: ${formatNumber(totals.meanRatePerS)} per ` +
    `second, ${formatNumber(totals.peakRatePerS)} in the busiest ${nameSlot(trace.slotMs)}; ` +
    `offered concurrency ${formatNumber(totals.offeredConcurrency)}, at most ` +
    `${formatNumber(totals.peakConcurrency)}`,
    judged === 0
      ? "No function has enough invocations to be compared with a Poisson process."
      : `Of ${formatNoun(judged, "function")} with enough invocations ` +
        `${formatShare(consistent / judged)} are like a Poisson process, ` +
        `${formatShare(bursty / judged)} burstier, ${
          formatShare(regular / judged)
        } more regular; ` +
        `${formatCount(timers)} are invoked as by a timer.`,
    ...[...trace.assumptions ?? [], ...trace.notes ?? []].map((sentence) => `Note: ${sentence}`),
  ];
  const remarks = listRemarks(diagnosis);
  if (remarks.length === 0) lines.push("The files have no defect, and nothing stands out.");
  for (const { severity, defect, repair, meaning, count, counted, of, examples } of remarks) {
    const share = of === null ? "" : ` of ${formatCount(of)}`;
    lines.push(
      "",
      `${severity.toUpperCase()}: ${defect} (${formatCount(count)}${share} ${counted}): ${repair}.`,
      `  ${meaning}`,
      ...examples.length === 0 ? [] : [`  Such as ${shortenHashes(examples.join("; "))}`],
    );
  }
  return lines.join("\n");
}
