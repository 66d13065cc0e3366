import type { SlotCounts } from "../../model/slot_counts.ts";

/**
 * How regularly functions are invoked, a class each. The gaps between slots with
 * invocations are looked at, as the coefficient of variation of the inter-arrival
 * times in "Serverless in the Wild" (Shahrad et al., USENIX ATC 2020, section 3.3):
 * 0 is a timer; 1, a Poisson process; above, bursts. Here it is divided by what
 * slots chosen by a coin have, √(1 − p) for a share p of slots, so that a busy
 * function is not taken for a timer because its slots are full.
 */
export const PERIODICITY_CLASSES = [
  "rare",
  "periodic",
  "irregular",
  "bursty",
  "every slot",
] as const;

/** One of {@linkcode PERIODICITY_CLASSES}. */
export type PeriodicityClass = typeof PERIODICITY_CLASSES[number];

/** Fewer slots with invocations than this say nothing about their gaps. */
const FEWEST_SLOTS = 4;
/** A function that is invoked in so many of the slots is invoked in every slot. */
const EVERY_SLOT_SHARE = 0.9;
/** Half as much variation as chance has, and twice as much. */
const PERIODIC_BELOW = 0.5;
const BURSTY_ABOVE = 2;

/**
 * The class of a function's counts in the slots from `fromSlot` up to, not
 * including, `toSlot`.
 *
 * @example
 * ```ts
 * import { SlotCounts } from "../../model/slot_counts.ts";
 * import { classifyPeriodicity } from "./periodicity.ts";
 * const timer = SlotCounts.from(Array.from({ length: 60 }, (_, minute) => minute % 5 === 0 ? 1 : 0));
 * if (classifyPeriodicity(timer, 0, 60) !== "periodic") throw new Error("every five minutes");
 * ```
 */
export function classifyPeriodicity(
  counts: SlotCounts,
  fromSlot: number,
  toSlot: number,
): PeriodicityClass {
  let filled = 0;
  let previous = -1;
  let sum = 0;
  let sumOfSquares = 0;
  for (const cursor = counts.cursor(); cursor.slot < toSlot; cursor.next()) {
    if (cursor.slot < fromSlot) continue;
    if (filled > 0) {
      const gap = cursor.slot - previous;
      sum += gap;
      sumOfSquares += gap * gap;
    }
    filled++;
    previous = cursor.slot;
  }
  if (filled < FEWEST_SLOTS) return "rare";
  const share = filled / (toSlot - fromSlot);
  if (share >= EVERY_SLOT_SHARE) return "every slot";
  const gaps = filled - 1;
  const mean = sum / gaps;
  const variation = Math.sqrt(Math.max(0, sumOfSquares / gaps - mean * mean)) / mean;
  const index = variation / Math.sqrt(1 - share);
  if (index < PERIODIC_BELOW) return "periodic";
  return index > BURSTY_ABOVE ? "bursty" : "irregular";
}
