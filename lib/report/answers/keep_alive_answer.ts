import type { Answer } from "./answer.ts";
import { html } from "../page/html.ts";
import { PolicyColors } from "./keep_alive_color.ts";
import { renderFunctionFigure } from "./keep_alive_function_figure.ts";
import { renderMemoryFigure } from "./keep_alive_memory_figure.ts";
import { BOUND, type KeepAliveRun, readKeepAliveRun } from "./keep_alive_run.ts";
import { describeKeepAlive } from "./keep_alive_sentence.ts";
import { renderKeepAliveTable } from "./keep_alive_table.ts";
import { renderTradeoffFigure } from "./keep_alive_tradeoff_figure.ts";

/** Creates the answer of runs that differ in their policy: cold starts against wasted memory-time. */
export function createKeepAliveAnswer(): Answer {
  const all: KeepAliveRun[] = [];
  const mainRuns = () => all.filter(({ nodeMemoryMib }) => nodeMemoryMib === null);
  return {
    async add(_analysis, tables) {
      const run = await readKeepAliveRun(tables);
      // One that only failed has no figures, and is named.
      if (run.invocations > 0 || run.notOkShare > 0) all.push(run);
    },
    renderText() {
      const runs = mainRuns();
      if (runs.length === 0) return null;
      return html`<p>${describeKeepAlive(runs)}</p>${renderKeepAliveTable(runs)}`;
    },
    render(plotter) {
      const isAnswered = ({ invocations }: KeepAliveRun) => invocations > 0;
      const runs = mainRuns().filter(isAnswered);
      const sweep = all.filter((run) => run.nodeMemoryMib !== null && isAnswered(run));
      const colors = new PolicyColors(all.map(({ policy }) => policy), BOUND);
      return [
        runs.length === 0 ? null : renderTradeoffFigure(runs, colors, plotter),
        runs.length === 0 ? null : renderFunctionFigure(runs, colors, plotter),
        sweep.length === 0 ? null : renderMemoryFigure(sweep, colors, plotter),
      ].filter((figure) => figure !== null);
    },
  };
}
