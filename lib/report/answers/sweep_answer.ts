import type { RankedQuantiles } from "../../analyze/ranked_quantiles.ts";
import { deriveRunStanding, type RunStanding } from "../../analyze/run_standing.ts";
import type { Answer } from "./answer.ts";
import { renderSweepFigure } from "./sweep_figure.ts";
import type { SweepPoint } from "./sweep_group.ts";
import { RESPONSE_TIME, SLOWDOWN } from "./sweep_measure.ts";
import { renderSweepTable } from "./sweep_table.ts";
import type { SweptParameter } from "./swept_parameter.ts";

interface SweptRun {
  readonly x: number;
  readonly standing: RunStanding;
  readonly slowdown: RankedQuantiles;
  readonly responseTimeMs: RankedQuantiles;
}

/** Creates the answer of a sweep: slowdown and response time against a parameter of its runs. */
export function createSweepAnswer(parameter: SweptParameter): Answer {
  const runs: SweptRun[] = [];
  const pointsOf = (quantilesOf: (run: SweptRun) => RankedQuantiles): SweepPoint[] =>
    runs.map((run) => ({ x: run.x, standing: run.standing, quantiles: quantilesOf(run) }));
  const isEmpty = () => runs.every(({ slowdown }) => slowdown.observations === 0);
  return {
    add({ run: { manifest }, summary }) {
      const standing = deriveRunStanding(manifest);
      runs.push({
        x: Number(manifest.parameters[parameter.name]),
        standing: standing.isCounted && summary.slowdown.observations === 0
          ? { isCounted: false, word: "nothing measured" }
          : standing,
        slowdown: summary.slowdown,
        responseTimeMs: summary.responseTimeMs,
      });
    },
    render(plotter) {
      if (isEmpty()) return [];
      return [
        renderSweepFigure(pointsOf((run) => run.slowdown), SLOWDOWN, parameter, plotter),
        renderSweepFigure(pointsOf((run) => run.responseTimeMs), RESPONSE_TIME, parameter, plotter),
      ];
    },
    renderTable() {
      if (isEmpty() || new Set(runs.map(({ x }) => x)).size === runs.length) return null;
      return renderSweepTable([
        { measure: SLOWDOWN, points: pointsOf((run) => run.slowdown) },
        { measure: RESPONSE_TIME, points: pointsOf((run) => run.responseTimeMs) },
      ], parameter);
    },
  };
}
