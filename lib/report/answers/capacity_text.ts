import { type Bound, unitOfBound } from "../../analyze/bound.ts";
import type { Capacity, TriedValue } from "../../analyze/capacity.ts";
import { formatNumber, formatShare } from "../page/number_format.ts";

/** The run that was to confirm the answer of a search. */
export interface Confirmation {
  readonly platform: string;
  readonly value: number;
  /** Of the bounded figure; `null`: unknown. */
  readonly result: number | null;
  /** Why it says nothing, where it does not count; `null`: it counts. */
  readonly leftOut: string | null;
}

/** A value of a bounded figure, with its unit. */
export function formatBounded(value: number | null, { metric }: Bound): string {
  const unit = unitOfBound(metric);
  if (unit === "share" && value !== null) return formatShare(value);
  return unit === "ms" && value !== Infinity ? `${formatNumber(value)} ms` : formatNumber(value);
}

/**
 * Says what a search came to, in sentences: the answer with its margin, the next smaller value
 * with its own, and whether more was always better.
 *
 * @param sought what the values are of: `max-scale`
 */
export function describeCapacity(capacity: Capacity, bound: Bound, sought: string): string[] {
  const { smallest, below, lostAbove } = capacity;
  const figure = bound.metric.words;
  const noun = sought === "nodes" ? "number of nodes" : sought;
  if (smallest === null) return describeFailure(capacity, bound, noun);
  return [
    `${describeValue(sought, smallest.value)} enough: the ${figure} is ` +
    `${describeTried(smallest, bound)}, ${describeMargin(smallest.median, bound)} the bound of ` +
    `${formatBounded(bound.most, bound)}.`,
    below === null
      ? `There is no smaller ${noun} to try.`
      : `With ${below.value} it is ${describeTried(below, bound)}, ` +
        `${describeMargin(below.median, bound)} it` +
        (below.low <= bound.most ? ", so near that chance decides between the two." : "."),
    ...lostAbove.length === 0 ? [] : [
      `More is not always better: with ${
        lostAbove.map(({ value }) => value).join(" and ")
      } the bound is not kept, so that a smaller ${noun} than was tried may keep it, too.`,
    ],
  ];
}

function describeFailure({ tried, nearest }: Capacity, bound: Bound, noun: string): string[] {
  const last = tried[tried.length - 1];
  const no = `No ${noun} up to ${last.value} keeps ${bound.text}: `;
  if (nearest.median === Infinity) {
    return [`${no}with each that was tried too many invocations are not ok.`];
  }
  return [
    `${no}the nearest is ${describeTried(nearest, bound)} with ${nearest.value}.`,
    nearest === last
      ? "It may be kept beyond that; --most goes further."
      : "It was lower there than with more, so that more is not what is missing; what " +
        "lies between those was not tried.",
  ];
}

function describeValue(sought: string, value: number): string {
  if (sought === "nodes") return value === 1 ? "1 node is" : `${value} nodes are`;
  return `A ${sought} of ${value} is`;
}

/** Says whether the run on the platform itself kept the bound; `null`: there is none to be said of. */
export function describeConfirmation(
  confirmation: Confirmation | null,
  capacity: Capacity,
  bound: Bound,
): string | null {
  if (confirmation === null) {
    return capacity.smallest === null ? null : "It was not confirmed: that run is missing.";
  }
  const { platform, result, leftOut } = confirmation;
  if (leftOut !== null || result === null) {
    return `The run that was to confirm it on the platform ${platform} says nothing: ${
      leftOut ?? "it has too few invocations"
    }.`;
  }
  const text = `${formatBounded(result, bound)}, ${describeMargin(result, bound)} the bound`;
  return result <= bound.most
    ? `A run on the platform ${platform} confirms it: ${text}.`
    : `A run on the platform ${platform} does not confirm it: ${text}.`;
}

function describeTried({ median, low, high, results }: TriedValue, bound: Bound): string {
  const text = formatBounded(median, bound);
  if (results.length === 1) return text;
  return `${text} (${formatBounded(low, bound)} to ${formatBounded(high, bound)})`;
}

/** How far a value is from the bound, up to `below` or `above`. */
function describeMargin(value: number, { most }: Bound): string {
  if (value === most) return "at";
  if (value === Infinity) return "infinitely above";
  const share = formatShare(Math.abs(value - most) / most);
  return `${share} ${value < most ? "below" : "above"}`;
}
