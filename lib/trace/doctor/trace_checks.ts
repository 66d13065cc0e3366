import { functionKey, type FunctionProfile } from "../../model/trace.ts";
import { DOMINANT_SHARE, type FindingList } from "./content_checks.ts";
import { type DayFigures, findUnlikeDays } from "./day_figures.ts";
import { findIrregularities, type LoadCurve, type SlotRun } from "./load_curve.ts";
import type { TopShare } from "./top_share.ts";

/** Tells of slots that are unlike those around them. */
export function reportLoad(load: LoadCurve, fromSlot: number, findings: FindingList): void {
  const slots = load.invocations.length;
  const { silent, dips, surges, firstIsCut, lastIsCut } = findIrregularities(load.invocations);
  for (
    const [name, runs] of [["silentSlots", silent], ["dips", dips], ["surges", surges]] as const
  ) {
    const longest = runs.toSorted((a, b) => lengthOf(b) - lengthOf(a));
    findings.add(
      name,
      runs.reduce((sum, run) => sum + lengthOf(run), 0),
      slots,
      longest.map((run) => describeRun(run, fromSlot)),
    );
  }
  const edges = [
    ...firstIsCut ? [`slot ${fromSlot}`] : [],
    ...lastIsCut ? [`slot ${fromSlot + slots - 1}`] : [],
  ];
  findings.add("cutEdge", edges.length, slots, edges);
}

function lengthOf({ fromSlot, toSlot }: SlotRun): number {
  return toSlot - fromSlot;
}

function describeRun(run: SlotRun, offset: number): string {
  const [first, last] = [offset + run.fromSlot, offset + run.toSlot - 1];
  return first === last ? `slot ${first}` : `slots ${first} to ${last}`;
}

/** Tells of days with another load than the median day. */
export function reportDays(days: readonly DayFigures[], findings: FindingList): void {
  const unlike = findUnlikeDays(days);
  findings.add(
    "unlikeDays",
    unlike.length,
    days.length,
    // People count days from 1.
    unlike.map(({ day, invocations }) => `day ${day + 1}: ${invocations}`),
  );
}

/** Too few functions to speak of one that dominates the others. */
const LEAST_FUNCTIONS = 20;

/** Tells of functions that make a large part of the whole. */
export function reportDominant(
  functions: readonly FunctionProfile[],
  byInvocations: TopShare,
  byLoad: TopShare,
  findings: FindingList,
): void {
  if (functions.length < LEAST_FUNCTIONS) return;
  const shares = new Map<number, string[]>();
  for (const [top, of] of [[byInvocations, "invocations"], [byLoad, "load"]] as const) {
    let before = 0;
    for (const [rank, index] of top.order.entries()) {
      const share = top.cumulative[rank] - before;
      if (share <= DOMINANT_SHARE) break;
      before = top.cumulative[rank];
      shares.set(index, [...shares.get(index) ?? [], `${Math.round(100 * share)} % of ${of}`]);
    }
  }
  findings.add(
    "dominant",
    shares.size,
    functions.length,
    [...shares].map(([index, texts]) => `${functionKey(functions[index])}: ${texts.join(", ")}`),
  );
}
