import type { Figure } from "../plot/figure.ts";
import { createPolicyNames, POLICY_NAMES_PX, type PolicyColors } from "./keep_alive_color.ts";
import {
  BOUND,
  chooseReference,
  coldShareOf,
  type KeepAliveRun,
  relativeWaste,
} from "./keep_alive_run.ts";
import { formatShare } from "../page/number_format.ts";
import { PALETTE } from "../plot/palette.ts";
import type { Plotter } from "../plot/plotter.ts";

const SIZE = { width: 560, height: 320 } as const;

/**
 * Renders cold starts against wasted memory-time, a dot for each policy; `null`
 * where the waste is not known.
 */
export function renderTradeoffFigure(
  runs: readonly KeepAliveRun[],
  colors: PolicyColors,
  plotter: Plotter,
): Figure | null {
  const { plot } = plotter;
  const reference = chooseReference(runs);
  const known = runs.filter((run) => Number.isFinite(relativeWaste(run, reference)));
  if (known.length === 0) return null;
  const points = known.map((run) => ({
    policy: run.policy,
    isValid: run.isValid,
    x: 100 * relativeWaste(run, reference),
    y: 100 * coldShareOf(run),
  }));
  type Point = (typeof points)[number];
  const title = "Cold starts against wasted memory-time";
  return {
    name: "keep_alive_tradeoff",
    title,
    caption: "Further down: fewer cold starts; further left: less memory held without serving. " +
      known.map((run) =>
        `${run.policy}: ${formatShare(coldShareOf(run))} cold for ` +
        `${formatShare(relativeWaste(run, reference))}`
      ).join("; ") + ".",
    svg: plotter.draw({
      title,
      ...SIZE,
      marginRight: POLICY_NAMES_PX,
      marginBottom: 42,
      x: {
        label: `wasted memory-time (% of ${reference.policy})`,
        labelAnchor: "center",
        zero: true,
        nice: true,
      },
      y: { label: "cold invocations (%)", zero: true, nice: true },
      marks: [
        plot.gridX({ stroke: PALETTE.pale, strokeOpacity: 1 }),
        plot.gridY({ stroke: PALETTE.pale, strokeOpacity: 1 }),
        plot.ruleY([0], { stroke: PALETTE.grey }),
        plot.dot(points, {
          x: "x",
          y: "y",
          r: 5,
          symbol: ({ policy }: Point) => policy === BOUND ? "diamond" : "circle",
          fill: ({ policy, isValid }: Point) => isValid ? colors.of(policy) : "white",
          stroke: ({ policy }: Point) => colors.of(policy),
          strokeWidth: 1.5,
        }),
        ...createPolicyNames(points.map(({ policy }) => policy), colors, plotter),
      ],
    }),
  };
}
