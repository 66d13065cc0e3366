import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { Verdict } from "../../store/schema/manifest.ts";
import type { Html } from "../page/html.ts";
import { html, NOTHING } from "../page/html.ts";
import { formatCount, formatNumber, UNKNOWN } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";

/** Of the periods of its CPU limit in which the loader wanted to run, those in which it was held back. */
function throttledPercent(evidence: Verdict["evidence"] | undefined): number | null {
  const { cpuPeriods = null, throttledPeriods = null } = evidence?.machine?.means ?? {};
  if (cpuPeriods === null || throttledPeriods === null || cpuPeriods === 0) return null;
  return 100 * throttledPeriods / cpuPeriods;
}

/** Renders how the generator itself fared, and what the processes of each run used. */
export function renderHealthSection(runs: readonly RunAnalysis[]): Html {
  const limits = runs.find(({ run }) => run.manifest.verdict !== null)?.run.manifest.verdict
    ?.limits;
  const evidence = ({ run }: RunAnalysis) => run.manifest.verdict?.evidence;
  const groups = runs.flatMap(({ run, processPeaks }) =>
    processPeaks.map((peak) => ({ name: run.manifest.name, peak }))
  );
  return html`
    <section id="health">
    <h2>Generator health</h2>
    ${renderTable<RunAnalysis>([
      { heading: "run", isText: true, cell: ({ run }) => run.manifest.name },
      {
        heading: "start to first dispatch",
        unit: "ms",
        cell: ({ run }) => formatNumber(run.manifest.firstDispatchAfterMs),
      },
      {
        heading: "dispatch lag max",
        unit: "ms",
        cell: (row) => formatNumber(evidence(row)?.dispatchLagMaxMs ?? null),
      },
      {
        heading: "late dispatches",
        cell: (row) => formatCount(evidence(row)?.lateDispatches ?? null),
      },
      {
        heading: "p99",
        group: "event-loop delay",
        unit: "ms",
        cell: (row) => formatNumber(evidence(row)?.loopDelayP99Ms ?? null),
      },
      {
        heading: "max",
        group: "event-loop delay",
        unit: "ms",
        cell: (row) => formatNumber(evidence(row)?.loopDelayMaxMs ?? null),
      },
      {
        heading: "mean",
        group: "CPU",
        unit: "% of a core",
        cell: (row) => formatNumber(row.cpuMeanPercent),
      },
      {
        heading: "max",
        group: "CPU",
        unit: "% of a core",
        cell: (row) => formatNumber(row.cpuMaxPercent),
      },
      {
        heading: "waiting",
        group: "CPU",
        unit: "% of a core",
        cell: (row) => formatNumber(evidence(row)?.waitingPercent ?? null),
      },
      {
        heading: "busy seconds",
        isText: true,
        cell: (row) => {
          const seconds = evidence(row)?.busySeconds;
          return seconds === undefined ? UNKNOWN : seconds.join(", ") || "none";
        },
      },
      {
        heading: "invocations",
        group: "waits for the platform",
        cell: (row) => formatCount(evidence(row)?.peerWaits.invocations ?? null),
      },
      {
        heading: "longest",
        group: "waits for the platform",
        unit: "ms",
        cell: (row) => formatNumber(evidence(row)?.peerWaits.longestMs ?? null),
      },
      {
        heading: "set-up of connections p50",
        unit: "ms",
        cell: (row) => formatNumber(evidence(row)?.setUpP50Ms ?? null),
      },
      {
        heading: "stolen",
        group: "machine",
        unit: "% of all cores",
        cell: (row) => formatNumber(evidence(row)?.machine?.means.stolenPercent ?? null),
      },
      {
        heading: "throttled",
        group: "machine",
        unit: "ms/s",
        cell: (row) => formatNumber(evidence(row)?.machine?.means.throttledMs ?? null),
      },
      {
        heading: "throttled periods",
        group: "machine",
        unit: "%",
        cell: (row) => formatNumber(throttledPercent(evidence(row))),
      },
      {
        heading: "no core",
        group: "machine",
        unit: "ms/s",
        cell: (row) => formatNumber(evidence(row)?.machine?.means.threadWaitMs ?? null),
      },
      {
        heading: "peak memory",
        unit: "MiB",
        cell: ({ run }) => formatNumber(run.manifest.loaderPeakMemoryMib),
      },
    ], runs)}
    ${limits === undefined ? NOTHING : html`
      <p
        class="small">Limits: dispatch lag p99 ${formatNumber(
          limits.dispatchLagP99Ms,
        )} ms, event-loop delay p99 ${formatNumber(
          limits.loopDelayP99Ms,
        )} ms, own CPU ${formatNumber(limits.cpuPercent)} % of a core in at most ${formatNumber(
          100 * limits.busySecondsShare,
        )} % of the seconds, at most ${formatNumber(
          100 * limits.notOkShare,
        )} % of the measured invocations not ok.</p>
    `}
    ${groups.length === 0
      ? NOTHING
      : html`<details><summary>Processes, peaks</summary>${
        renderTable<(typeof groups)[number]>([
          { heading: "run", isText: true, cell: ({ name }) => name },
          { heading: "group", isText: true, cell: ({ peak }) => peak.group },
          { heading: "processes", cell: ({ peak }) => formatCount(peak.processes) },
          {
            heading: "CPU",
            unit: "% of a core",
            cell: ({ peak }) => formatNumber(peak.cpuPercent),
          },
          { heading: "memory", unit: "MiB", cell: ({ peak }) => formatNumber(peak.memoryMib) },
        ], groups)
      }</details>`}
    </section>
  `;
}
