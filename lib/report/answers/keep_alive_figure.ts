import { nameSeries } from "../plot/series.ts";
import type { Figure } from "../page/figure.ts";
import {
  chooseReference,
  coldShareOf,
  type KeepAliveRun,
  type PolicyParts,
  relativeWaste,
} from "./keep_alive_run.ts";
import { formatCount, formatNoun, formatShare } from "../page/number_format.ts";
import { createLegend, type LegendEntry } from "../plot/marks.ts";
import { type Mark, PALETTE, type Plotter } from "../plot/plotter.ts";
import { POINT_SYMBOLS, type PointSymbol } from "../plot/point_symbol.ts";
import { LEAST_BEYOND, rankedQuantile } from "../../stats/quantile.ts";

const SIZE = { width: 560, height: 320 } as const;

/**
 * Renders cold starts against wasted memory-time, a dot for each policy; `null`
 * where the waste is not known.
 */
export function renderTradeoffFigure(
  runs: readonly KeepAliveRun[],
  parts: PolicyParts,
  colors: PolicyColors,
  plotter: Plotter,
): Figure | null {
  const { plot } = plotter;
  const reference = chooseReference(runs, parts);
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
    ...plotter.draw({
      title,
      ...SIZE,
      marginBottom: 42,
      columns: { x: { name: "relative_waste_percent" }, y: { name: "cold_percent" } },
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
        nameSeries(
          ({ policy }: Point) => policy,
          plot.dot(points, {
            x: "x",
            y: "y",
            r: 5,
            symbol: ({ policy }: Point) => colors.symbolOf(policy),
            fill: ({ policy, isValid }: Point) => isValid ? colors.of(policy) : "white",
            stroke: ({ policy }: Point) => colors.of(policy),
            strokeWidth: 1.5,
          }),
        ),
        createPolicyLegend(points.map(({ policy }) => policy), colors, colors.symbolOf),
      ],
    }),
  };
}

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
    ...plotter.draw({
      title,
      ...SIZE,
      marginBottom: 42,
      columns: { x: { name: "cold_percent" }, y: { name: "functions_percent" } },
      x: { label: "cold invocations of a function (%)", labelAnchor: "center", domain: [0, 100] },
      y: { label: "functions (%)", domain: [0, 100] },
      marks: [
        plot.gridY({ stroke: PALETTE.pale, strokeOpacity: 1 }),
        plot.ruleY([0], { stroke: PALETTE.grey }),
        ...runs.map((run) =>
          nameSeries(
            run.policy,
            plot.line(stairOf(run), {
              x: "x",
              y: "y",
              curve: "step-after",
              stroke: colors.of(run.policy),
              strokeWidth: 1.8,
            }),
          )
        ),
        createPolicyLegend(runs.map(({ policy }) => policy), colors, () => "line"),
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
    ...plotter.draw({
      title,
      ...SIZE,
      marginBottom: 42,
      columns: { x: { name: "node_memory_mib" }, y: { name: "cold_percent" } },
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
        nameSeries(
          ({ policy }: Point) => policy,
          plot.dot(points, {
            x: "x",
            y: "y",
            r: 4,
            symbol: ({ policy }: Point) => colors.symbolOf(policy),
            fill: ({ policy, isValid }: Point) => isValid ? colors.of(policy) : "white",
            stroke: ({ policy }: Point) => colors.of(policy),
            strokeWidth: 1.5,
          }),
        ),
        createPolicyLegend(policies, colors, colors.symbolOf),
      ],
    }),
  };
}

const COLORS = [
  PALETTE.blue,
  PALETTE.orange,
  PALETTE.green,
  PALETTE.red,
  PALETTE.sky,
  PALETTE.grey,
] as const;

/** Colours of policies by name, the same in every figure of a report. */
export class PolicyColors {
  readonly #policies: readonly string[];
  readonly #bound: string;

  /**
   * @param policies in order of appearance
   * @param bound the one that is a bound, drawn in ink
   */
  constructor(policies: Iterable<string>, bound: string) {
    this.#policies = [...new Set(policies)].filter((policy) => policy !== bound);
    this.#bound = bound;
  }

  of(policy: string): string {
    if (policy === this.#bound) return PALETTE.ink;
    // Again from the first, where there are more.
    return COLORS[this.#policies.indexOf(policy) % COLORS.length];
  }

  /** What its points look like. */
  readonly symbolOf = (policy: string): PointSymbol =>
    policy === this.#bound
      ? "diamond"
      : POINT_SYMBOLS[this.#policies.indexOf(policy) % POINT_SYMBOLS.length];
}

/** The policies in their colours. */
function createPolicyLegend(
  policies: readonly string[],
  colors: PolicyColors,
  shapeOf: (policy: string) => LegendEntry["shape"],
): Mark {
  return createLegend(policies.map((label) => ({
    label,
    color: colors.of(label),
    shape: shapeOf(label),
  })));
}
