import type { Figure } from "../plot/figure.ts";
import { createPolicyNames, POLICY_NAMES_PX, type PolicyColors } from "./keep_alive_color.ts";
import { coldShareOf, type KeepAliveRun } from "./keep_alive_run.ts";
import { formatCount, formatShare } from "../page/number_format.ts";
import { PALETTE } from "../plot/palette.ts";
import type { Plotter } from "../plot/plotter.ts";

const SIZE = { width: 560, height: 320 } as const;

/** Renders cold starts against the memory that instances are kept in, a line for each policy. */
export function renderMemoryFigure(
  runs: readonly KeepAliveRun[],
  colors: PolicyColors,
  plotter: Plotter,
): Figure {
  const { plot } = plotter;
  const points = runs.map((run) => ({
    policy: run.policy,
    isValid: run.isValid,
    x: run.nodeMemoryMib!,
    y: 100 * coldShareOf(run),
  })).sort((a, b) => a.x - b.x);
  type Point = (typeof points)[number];
  const policies = [...new Set(points.map(({ policy }) => policy))];
  const sizes = [...new Set(points.map(({ x }) => x))];
  const title = "Cold starts against the memory for instances";
  return {
    name: "keep_alive_memory",
    title,
    caption:
      sizes.map((size) =>
        `${formatCount(size)} MiB: ${
          runs.filter(({ nodeMemoryMib }) => nodeMemoryMib === size)
            .map((run) => `${run.policy} ${formatShare(coldShareOf(run))}`).join(", ")
        }`
      ).join("; ") + ".",
    svg: plotter.draw({
      title,
      ...SIZE,
      marginRight: POLICY_NAMES_PX,
      marginBottom: 42,
      x: {
        type: "log",
        domain: [sizes[0] / 1.1, sizes[sizes.length - 1] * 1.1],
      },
      y: { label: "cold invocations (%)", zero: true, nice: true },
      marks: [
        plot.gridY({ stroke: PALETTE.pale, strokeOpacity: 1 }),
        plot.ruleY([0], { stroke: PALETTE.grey }),
        plot.axisX(sizes, {
          label: "memory of a node (MiB)",
          labelAnchor: "center",
          text: (size: number) => formatCount(size),
        }),
        plot.line(points, {
          x: "x",
          y: "y",
          z: "policy",
          stroke: ({ policy }: Point) => colors.of(policy),
          strokeWidth: 1.8,
        }),
        plot.dot(points, {
          x: "x",
          y: "y",
          r: 4,
          fill: ({ policy, isValid }: Point) => isValid ? colors.of(policy) : "white",
          stroke: ({ policy }: Point) => colors.of(policy),
          strokeWidth: 1.5,
        }),
        ...createPolicyNames(policies, colors, plotter),
      ],
    }),
  };
}
