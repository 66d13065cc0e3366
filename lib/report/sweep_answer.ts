import type { RankedQuantiles } from "../analyze/ranked_quantiles.ts";
import type { Answer } from "./answer.ts";
import { renderSweepFigure } from "./sweep_figure.ts";
import { RESPONSE_TIME, SLOWDOWN } from "./sweep_measure.ts";
import type { SweptParameter } from "./swept_parameter.ts";

interface SweptRun {
  readonly x: number;
  readonly isValid: boolean;
  readonly slowdown: RankedQuantiles;
  readonly responseTimeMs: RankedQuantiles;
}

/** Creates the answer of a sweep: slowdown and response time against a parameter of its runs. */
export function createSweepAnswer(parameter: SweptParameter): Answer {
  const runs: SweptRun[] = [];
  return {
    add({ run, merit }) {
      if (merit.slowdown.observations === 0) return;
      const { parameters, verdict } = run.manifest;
      runs.push({
        x: Number(parameters[parameter.name]),
        isValid: verdict?.verdict === "VALID",
        slowdown: merit.slowdown,
        responseTimeMs: merit.responseTimeMs,
      });
    },
    render(plotter) {
      if (runs.length === 0) return [];
      const pointsOf = (quantilesOf: (run: SweptRun) => RankedQuantiles) =>
        runs.map((run) => ({ x: run.x, isValid: run.isValid, quantiles: quantilesOf(run) }));
      return [
        renderSweepFigure(pointsOf((run) => run.slowdown), SLOWDOWN, parameter, plotter),
        renderSweepFigure(pointsOf((run) => run.responseTimeMs), RESPONSE_TIME, parameter, plotter),
      ];
    },
  };
}
