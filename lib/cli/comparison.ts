import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CellRuns, ExperimentComparison } from "../analyze/compare/compare_experiments.ts";
import {
  type Condition,
  type ConditionResult,
  judgeCondition,
} from "../analyze/compare/condition.ts";
import { replaceFile } from "../base/file.ts";
import { formatJson } from "../base/json.ts";
import {
  type JudgedCondition,
  renderCellFigures,
  renderComparison,
} from "../report/compare/compare_page.ts";
import { renderComparisonText } from "../report/compare/compare_text.ts";
import { deriveRunCurves, type RunCurves } from "../report/compare/quantile_figure.ts";
import { writeFigures } from "../report/page/figure_files.ts";
import type { FigureFormats } from "../report/page/figure_formats.ts";
import { createPlotter, type Plotter } from "../report/plot/plotter.ts";

/** Exit statuses where a condition is met, and where none is but one cannot be told. */
const CONDITION_MET = 3;
const CONDITION_UNKNOWN = 4;

/** What is to be compared, and how it is told. */
export interface ComparisonCall {
  /** Compares, and tells the tables of each cell. */
  readonly compare: (
    onCell: (runs: CellRuns) => void,
  ) => ExperimentComparison | Promise<ExperimentComparison>;
  readonly conditions: readonly Condition[];
  readonly confidence: number;
  /** For the page and its figures. */
  readonly folder: string;
  /** In which the figures are made. */
  readonly formats: FigureFormats;
}

/** A comparison that was written down. */
export interface WrittenComparison {
  /** Path of the page. */
  readonly page: string;
  /** As it stands in `compare.json`. */
  readonly results: Pick<ExperimentComparison, "cells" | "notes"> & {
    readonly conditions: readonly JudgedCondition[];
  };
  /** For a terminal. */
  readonly text: string;
  /** By the conditions. */
  readonly exitStatus: number;
}

/** Compares two sides, and leaves `compare.html`, its figures and `compare.json` in a folder. */
export async function writeComparison(
  { compare, conditions, confidence, folder, formats }: ComparisonCall,
): Promise<WrittenComparison> {
  const curves: RunCurves[][][] = [];
  const comparison = await compare((runs) => {
    curves.push([runs.a.map(deriveRunCurves), runs.b.map(deriveRunCurves)]);
  });
  const judged = comparison.cells.flatMap(({ label, comparison: { metrics } }) =>
    conditions.map((condition): JudgedCondition => ({
      cell: label,
      condition,
      result: judgeCondition(condition, metrics),
    }))
  );
  const content = { comparison, curves, conditions: judged, confidence };
  const rendered = renderComparison(content, await createPlotter(), formats);
  const redraw = (plotter: Plotter) => renderCellFigures(content, plotter).flat();
  await mkdir(folder, { recursive: true });
  await writeFigures(folder, rendered.figures, { formats, redraw });
  const page = join(folder, "compare.html");
  replaceFile(page, new TextEncoder().encode(rendered.page));
  const results = { cells: comparison.cells, notes: comparison.notes, conditions: judged };
  replaceFile(join(folder, "compare.json"), new TextEncoder().encode(`${formatJson(results)}\n`));
  const has = (wanted: ConditionResult) => judged.some(({ result }) => result === wanted);
  return {
    page,
    results,
    text: renderComparisonText(comparison, judged),
    exitStatus: has("met") ? CONDITION_MET : has("unknown") ? CONDITION_UNKNOWN : 0,
  };
}
