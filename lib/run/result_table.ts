import Table from "cli-table3";
import { readMeasuredSummary, readRunTables } from "../analyze/run_analysis.ts";
import { countJudged, countNotOk } from "../analyze/summary.ts";
import { deriveExperimentVerdict, type ExperimentVerdict } from "../analyze/experiment_verdict.ts";
import { readExperimentFolder } from "../store/read/experiment_folder.ts";
import type { RunResult } from "../report/report.ts";

/** An experiment and what it came to. */
export interface ExperimentResult {
  readonly verdict: ExperimentVerdict;
  readonly runs: readonly RunResult[];
}

/** Reads back what an experiment came to, from the files; its report tells the same. */
export async function readExperimentResult(folder: string): Promise<ExperimentResult> {
  const experiment = await readExperimentFolder(folder);
  const runs = experiment.runs.map((run): RunResult => ({
    manifest: run.manifest,
    summary: readMeasuredSummary(readRunTables(run)),
  }));
  return { verdict: deriveExperimentVerdict(experiment), runs };
}

/** A table of runs for a terminal. */
export function renderResultTable(results: readonly RunResult[]): string {
  const hasCancelled = results.some(({ summary }) => summary.outcomes.cancelled > 0);
  const table = new Table({
    head: [
      "run",
      "measured",
      "not ok",
      ...hasCancelled ? ["cancelled"] : [],
      "cold",
      "slowdown p50",
      "p50, first third",
      "p50, rest",
      "p90",
      "p99",
      "response p50",
      "dispatch lag p50",
      "verdict",
    ],
    colAligns: ["left", ...Array(hasCancelled ? 11 : 10).fill("right"), "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { manifest, summary } of results) {
    table.push([
      manifest.name,
      String(countJudged(summary.outcomes)),
      String(countNotOk(summary.outcomes)),
      ...hasCancelled ? [String(summary.outcomes.cancelled)] : [],
      show(summary.coldInvocations, 0),
      show(summary.slowdown.all.p50, 1),
      show(summary.slowdownFirstThird.all.p50, 1),
      show(summary.slowdownRest.all.p50, 1),
      show(summary.slowdown.all.p90, 1),
      show(summary.slowdown.all.p99, 1),
      show(summary.responseTimeMs.all.p50, 0, " ms"),
      show(manifest.verdict?.evidence.dispatchLagP50Ms ?? null, 2, " ms"),
      manifest.verdict?.verdict ?? manifest.status,
    ]);
  }
  return table.toString();
}

/** Unknown is a dash: too few observations, or nothing that tells. */
function show(value: number | null, decimals: number, unit = ""): string {
  if (value === null) return "–";
  return value === Infinity ? "∞" : value.toFixed(decimals) + unit;
}
