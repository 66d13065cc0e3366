/**
 * How far the twins of real runs are from them: the experiments on the local
 * platform with `--twin`, at their defaults (or shortened with `--short`), and for
 * each run the p50 and p90 of the response time and the cold invocations of both.
 *
 *     deno task bench:twin [--short]
 *
 * What disturbs the machine from outside is no part of a twin: run it on a quiet
 * one. An experiment counts as met where the median over its runs is within 10 %, for
 * cold invocations where their sum is.
 */
import { burst } from "../experiments/burst.ts";
import { rpsRamp } from "../experiments/rps_ramp.ts";
import { traceSweep } from "../experiments/trace_sweep.ts";
import { deriveRelativeDifference } from "../lib/analyze/divergence.ts";
import type { DivergenceMetric } from "../lib/store/schema/manifest.ts";
import { readExperimentFolder } from "../lib/store/read/experiment_folder.ts";
import { readTwinFolder } from "../lib/store/read/experiment_folder.ts";
import type { CommonOptions } from "../lib/run/common_options.ts";
import type { Experiment } from "../lib/run/experiment.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import { runExperiment } from "../lib/cli/run_experiment.ts";
import { temporaryFolder } from "../tests/support/script.ts";

const isShort = Deno.args.includes("--short");

/** Each experiment, and what makes it short. */
const EXPERIMENTS = [
  [traceSweep, ["--sizes", "6", "--duration", "10s"]],
  [rpsRamp, ["--end", "60", "--slot", "3s"]],
  [burst, ["--duration", "8s", "--slot", "1s"]],
] as const;

const QUANTILES = ["response_time_p50", "response_time_p90"];
const COLD = "cold_invocations";
const TARGET = 0.1;

/** A metric of an experiment: a figure a run. */
type MetricOfRuns = readonly DivergenceMetric[];

// deno-lint-ignore no-explicit-any -- experiments differ in their options
async function measure(experiment: Experiment<any>, args: readonly string[]): Promise<void> {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/${experiment.name}`;
  const { values } = parseOptions(experiment.name, "", experiment.options, [
    ...args,
    "--twin",
    "--output",
    output,
  ]);
  await runExperiment(experiment, values as CommonOptions);
  const { runs } = await readExperimentFolder(output);
  const ofRuns = new Map<string, DivergenceMetric[]>();
  for (const run of runs) {
    const twin = readTwinFolder(run);
    if (twin === null) {
      print(`${experiment.name} ${run.manifest.name}: ${run.manifest.notes.join(" ")}`);
      continue;
    }
    const cells = [...QUANTILES, COLD].map((name) => {
      const metric = twin.divergence.find((candidate) => candidate.metric === name)!;
      ofRuns.set(name, [...ofRuns.get(name) ?? [], metric]);
      return describe(metric.run, metric.twin, metric.relativeDifference);
    });
    printRow(experiment.name, run.manifest.name, [
      ...cells,
      run.manifest.verdict?.verdict ?? "no verdict",
    ]);
  }
  const differences = QUANTILES.map((name) => medianDifference(ofRuns.get(name) ?? []));
  const cold = ofRuns.get(COLD) ?? [];
  const [coldOfRuns, coldOfTwins] = [sumOf(cold, "run"), sumOf(cold, "twin")];
  const coldDifference = deriveRelativeDifference(coldOfRuns, coldOfTwins);
  printRow(experiment.name, "all runs", [
    ...differences.map((difference) => `median ${describeMet(difference)}`),
    `${coldOfRuns} / ${coldOfTwins} ${describeMet(coldDifference)}`,
  ]);
}

/**
 * Of the differences without their signs. Two figures that are both infinite, or too
 * few for one, agree on nothing and do not count; one infinite figure is infinitely far.
 */
function medianDifference(metrics: MetricOfRuns): number | null {
  const sizes = metrics
    .filter(({ run, twin }) =>
      run !== null && twin !== null && (Number.isFinite(run) || Number.isFinite(twin))
    )
    .map(({ relativeDifference }) => Math.abs(relativeDifference ?? Infinity))
    .sort((a, b) => a - b);
  if (sizes.length === 0) return null;
  const middle = sizes.length >> 1;
  // Of two in the middle the farther: an infinite one must not hide.
  return sizes[middle];
}

function sumOf(metrics: MetricOfRuns, of: "run" | "twin"): number {
  return metrics.reduce((sum, metric) => sum + (metric[of] ?? 0), 0);
}

function describe(run: number | null, twin: number | null, difference: number | null): string {
  const [ofRun, ofTwin] = [run, twin].map((value) => value === null ? "–" : value.toFixed(1));
  return `${ofRun} / ${ofTwin} (${describeDifference(difference)})`;
}

function describeMet(difference: number | null): string {
  const isMet = difference !== null && Math.abs(difference) <= TARGET;
  return `(${describeDifference(difference)}) ${isMet ? "met" : "NOT MET"}`;
}

function describeDifference(difference: number | null): string {
  return difference === null ? "–" : `${(100 * difference).toFixed(1)} %`;
}

function printRow(experiment: string, run: string, cells: readonly string[]): void {
  print([experiment.padEnd(12), run.padEnd(26), ...cells.map((cell) => cell.padEnd(28))].join(""));
}

function print(line: string): void {
  console.log(line.trimEnd());
}

printRow("experiment", "run", [
  "p50 ms, run / twin",
  "p90 ms, run / twin",
  "cold, run / twin",
  "verdict",
]);
for (const [experiment, short] of EXPERIMENTS) await measure(experiment, isShort ? short : []);
