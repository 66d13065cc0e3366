import type { InvocationListener, RunAnalysis, RunTables } from "../../analyze/run_analysis.ts";
import type { Figure } from "../page/figure.ts";
import type { Html } from "../page/html.ts";
import type { Plotter } from "../plot/plotter.ts";

/** Collects what the answer to the experiment's question needs, run by run. */
export interface Answer {
  /** Told of a run before it is gone through: who listens to its invocations for the answer. */
  listen?(tables: RunTables): InvocationListener;
  /** Takes in a run that was gone through; may keep of the tables only what is small. */
  add(analysis: RunAnalysis, tables: RunTables): void | Promise<void>;
  /** What stands above the figures, if anything: the answer in words, a table. */
  renderText?(): Html | null;
  /** What stands below the figures, if anything: the numbers that they show. */
  renderTable?(): Html | null;
  /** Renders the figures that answer the question; none if the runs do not allow it. */
  render(plotter: Plotter): Figure[];
}
