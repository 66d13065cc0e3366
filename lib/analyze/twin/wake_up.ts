import { lengthMs, observe, type ObservedSpans } from "./observation.ts";

/**
 * What a call waits for its turn, for each task too many on each core: so long that
 * the calls among others got from the cores what calls alone take. Without it they
 * would seem to have got more, since who waits for a turn does not compute.
 *
 * @param runs spans from when calls were given to their instances
 * @param cores those that calls and starts have together
 * @param ownWorkMs what a call alone takes on average, by its requested runtime
 * @returns 0 where sharing the cores explains how long they took, or where they are too few
 */
export function deriveWakeUpMs(
  runs: readonly ObservedSpans[],
  cores: number,
  ownWorkMs: (requestedRuntimeMs: number) => number,
): number {
  const waiting = (wakeUpMs: number) =>
    observe(runs, cores, wakeUpMs).calls.filter(({ isFirst, excess }) => !isFirst && excess > 0);
  const calls = waiting(0);
  if (calls.length < LEAST_WAITING) return 0;
  // Each call counts alike: what is a little wrong of the work of long ones would hide the wait.
  const surplus = (wakeUpMs: number) =>
    waiting(wakeUpMs).reduce((sum, waited) => {
      // Waits differ: who was done before a usual one was over stands against who waited longer.
      const earlyMs = Math.max(0, waited.excess * wakeUpMs - lengthMs(waited));
      return sum + (waited.workMs - earlyMs / (1 + waited.excess)) /
          ownWorkMs(waited.call.requestedRuntimeMs) -
        1;
    }, 0);
  if (surplus(0) <= 0) return 0;
  let [tooShortMs, tooLongMs] = [0, MOST_WAKE_UP_MS];
  while (tooLongMs - tooShortMs > WAKE_UP_PRECISION_MS) {
    const middleMs = (tooShortMs + tooLongMs) / 2;
    if (surplus(middleMs) > 0) tooShortMs = middleMs;
    else tooLongMs = middleMs;
  }
  return (tooShortMs + tooLongMs) / 2;
}

/** Calls among others differ in their work, so that it takes many of them. */
const LEAST_WAITING = 100;

/** A few of the longest quanta of Linux, the scheduler's tick at 100 Hz. */
const MOST_WAKE_UP_MS = 100;

const WAKE_UP_PRECISION_MS = 0.05;
