import { LEAST_BEYOND, rankedQuantile } from "../../stats/quantile.ts";
import type { Figure } from "../plot/figure.ts";
import { createPolicyNames, POLICY_NAMES_PX, type PolicyColors } from "./keep_alive_color.ts";
import type { KeepAliveRun } from "./keep_alive_run.ts";
import { formatNoun, formatShare } from "../page/number_format.ts";
import { PALETTE } from "../plot/palette.ts";
import type { Plotter } from "../plot/plotter.ts";

const SIZE = { width: 560, height: 320 } as const;

/** Renders how the share of cold invocations is distributed over the functions. */
export function renderFunctionFigure(
  runs: readonly KeepAliveRun[],
  colors: PolicyColors,
  plotter: Plotter,
): Figure {
  const { plot } = plotter;
  const title = "Cold invocations of each function";
  const functions = Math.max(
    ...runs.map(({ coldShareOfFunctions }) => coldShareOfFunctions.length),
  );
  return {
    name: "keep_alive_functions",
    title,
    caption: `The part of the ${formatNoun(functions, "function")} with at most so many cold ` +
      `invocations. ${describeMedians(runs)}`,
    svg: plotter.draw({
      title,
      ...SIZE,
      marginRight: POLICY_NAMES_PX,
      marginBottom: 42,
      x: { label: "cold invocations of a function (%)", labelAnchor: "center", domain: [0, 100] },
      y: { label: "functions (%)", domain: [0, 100] },
      marks: [
        plot.gridY({ stroke: PALETTE.pale, strokeOpacity: 1 }),
        plot.ruleY([0], { stroke: PALETTE.grey }),
        ...runs.map((run) =>
          plot.line(stairOf(run), {
            x: "x",
            y: "y",
            curve: "step-after",
            stroke: colors.of(run.policy),
            strokeWidth: 1.8,
          })
        ),
        ...createPolicyNames(runs.map(({ policy }) => policy), colors, plotter),
      ],
    }),
  };
}

function shareAtMost({ coldShareOfFunctions }: KeepAliveRun, most: number): number {
  return coldShareOfFunctions.filter((share) => share <= most).length / coldShareOfFunctions.length;
}

function describeMedians(runs: readonly KeepAliveRun[]): string {
  const medians = runs.flatMap(({ policy, coldShareOfFunctions }) => {
    const median = rankedQuantile(coldShareOfFunctions, 0, 0.5);
    return median === null ? [] : [`${formatShare(median)} with ${policy}`];
  });
  return medians.length === 0
    ? `Too few for a median, which needs ${2 * LEAST_BEYOND}.`
    : `Half of them have at most ${medians.join(", ")}.`;
}

/** The corners of the distribution, in percent. */
function stairOf(run: KeepAliveRun): { readonly x: number; readonly y: number }[] {
  const shares = [...new Set([0, ...run.coldShareOfFunctions, 1])];
  return shares.map((share) => ({ x: 100 * share, y: 100 * shareAtMost(run, share) }));
}
