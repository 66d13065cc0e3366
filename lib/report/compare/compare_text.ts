import Table from "cli-table3";
import type { ExperimentComparison } from "../../analyze/compare/compare_experiments.ts";
import type { MetricComparison } from "../../analyze/compare/compare_runs.ts";
import { UNKNOWN } from "../page/number_format.ts";
import { formatOf, formatValue } from "./change_format.ts";
import type { JudgedCondition } from "./compare_page.ts";

/** Renders a comparison for a terminal: a table a cell, conditions, notes. */
export function renderComparisonText(
  { a, b, cells, notes }: ExperimentComparison,
  conditions: readonly JudgedCondition[],
): string {
  const blocks = cells.map(({ label, comparison, notes }) => {
    const table = new Table({
      head: ["metric", "A", "B", "change", "interval of all at once", ""],
      colAligns: ["left", "right", "right", "right", "right", "left"],
      style: { head: [], border: [], compact: true },
    });
    for (const metric of comparison.metrics) table.push(rowOf(metric));
    return [...label === "" ? [] : [label], table.toString(), ...notes.map((note) => `- ${note}`)]
      .join("\n");
  });
  const clear = cells.flatMap(({ comparison }) => comparison.metrics)
    .filter(({ isClear }) => isClear).length;
  return [
    `A: ${a.name}`,
    `B: ${b.name}`,
    ...blocks,
    ...notes.map((note) => `- ${note}`),
    ...conditions.map(({ cell, condition, result }) =>
      `Fails if ${condition.text}${cell === "" ? "" : ` (${cell})`}: ${result}`
    ),
    clear === 0
      ? "No difference: no metric differs by more than chance would explain."
      : `${clear} of the metrics differ by more than chance would explain.`,
  ].join("\n");
}

function rowOf(metric: MetricComparison): string[] {
  const { words, a, b, change, jointInterval, isClear } = metric;
  return [
    words,
    formatValue(metric, a),
    formatValue(metric, b),
    change === null ? UNKNOWN : formatOf(metric, change),
    jointInterval === null
      ? UNKNOWN
      : `${formatOf(metric, jointInterval.low)} to ${formatOf(metric, jointInterval.high)}`,
    isClear ? "differs" : "",
  ];
}
