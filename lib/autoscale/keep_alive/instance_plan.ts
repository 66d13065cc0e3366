import { LoaderError } from "../../base/error.ts";

/** What is known of one function's future. */
export interface KnownFuture {
  /** Ascending. */
  readonly arrivalsMs: ArrayLike<number>;
  /** Service time of each arrival, above 0. */
  readonly serviceMs: ArrayLike<number>;
  /** What it takes to start an instance. */
  readonly coldStartMs: number;
}

/** When instances of one function start, and how long idle ones stay. */
export interface InstancePlan {
  /** Arrivals, ascending, that an instance is started for, one cold start ahead of each. */
  readonly startedForMs: Float64Array;
  /**
   * For each completion, in order of time, until when the instance that it
   * leaves idle is kept; NaN: not at all.
   */
  readonly keepUntilMs: Float64Array;
  /** Time that instances spend starting or idle, over all of them. */
  readonly wastedMs: number;
}

/**
 * The instances that serve every invocation of a function at once, with the
 * least time wasted: of all plans in which each invocation begins when it
 * arrives, on an instance of its own, none has its instances idle or starting
 * for less time in total. So it is the lower bound of the wasted memory-time of
 * everything without cold starts (not of what has some: a cold invocation ends
 * later, so that its instance may wait less for the next).
 *
 * An invocation that arrives at a needs an instance that either was left by a
 * completion e ≤ a and waited, at the cost of a − e, or is started for it, at
 * the cost of the cold start c, ready at a. So a plan is a matching of arrivals
 * to earlier completions, one to one, and wastes the sum of a − e over the pairs
 * and c over the arrivals without one. The rule: each arrival, in order of time,
 * is matched to the latest completion still free, unless that is more than c ago.
 *
 * **It is the best**, by exchange: take a best plan that follows the rule up to
 * some arrival, and let a be the next.
 *
 * - The rule leaves a unmatched, as every free completion is more than c ago. If
 *   the plan matches a, then to one of these; starting for it costs less.
 * - The rule matches a to e, the plan does not. If it uses neither: matching them
 *   costs a − e ≤ c instead of c. If it matches only a, to an earlier e′: e is
 *   nearer. If it matches only e, to a later a′: matching a instead, and starting
 *   for a′, costs a′ − a less. If it matches a to e′ and a′ to e: crosswise, both
 *   pairs are possible, as e′ ≤ e ≤ a ≤ a′, and their sum is the same.
 *
 * Each time the plan becomes no worse and follows the rule one arrival further.
 *
 * The same holds where what happens before time 0 is not counted, so that a start
 * for a costs min(c, a): that grows from a to a′ by no more than a′ − a.
 *
 * Pairs are nested (the latest completion is taken first), so where several
 * instances are idle, all are kept until the last of them is due: whichever of
 * them an arrival takes, as many are idle at every instant as planned.
 *
 * @throws {LoaderError} `usage` when the arrivals do not ascend, a service time
 * is not above 0, or there is not one for each arrival
 *
 * @example
 * ```ts
 * import { planInstances } from "./instance_plan.ts";
 * const plan = planInstances({
 *   arrivalsMs: [1000, 1500, 9000],
 *   serviceMs: [100, 100, 100],
 *   coldStartMs: 500,
 * });
 * if (plan.startedForMs.join() !== "1000,9000") throw new Error("not the first and the last");
 * if (plan.keepUntilMs.join() !== "1500,NaN,NaN") throw new Error("not kept for the second");
 * if (plan.wastedMs !== 500 + 400 + 500) throw new Error();
 * ```
 */
export function planInstances({ arrivalsMs, serviceMs, coldStartMs }: KnownFuture): InstancePlan {
  checkFuture(arrivalsMs, serviceMs);
  const endsMs = Float64Array.from(arrivalsMs, (arrivalMs, i) => arrivalMs + serviceMs[i]).sort();
  const matches = matchArrivals(arrivalsMs, endsMs, coldStartMs);
  const startedForMs: number[] = [];
  let wastedMs = 0;
  // Goes through completions and arrivals in order of time, with the number of idle instances.
  const keepUntilMs = new Float64Array(endsMs.length).fill(NaN);
  let idle = 0;
  let idleUntilMs = 0;
  let ended = 0;
  for (let i = 0; i < arrivalsMs.length; i++) {
    for (; ended < endsMs.length && endsMs[ended] <= arrivalsMs[i]; ended++) {
      const arrival = matches.arrivalOfEnd[ended];
      if (arrival < 0) continue;
      if (idle++ === 0) idleUntilMs = arrivalsMs[arrival];
      keepUntilMs[ended] = idleUntilMs;
      wastedMs += arrivalsMs[arrival] - endsMs[ended];
    }
    if (matches.isMatched[i] === 1) {
      idle--;
    } else {
      startedForMs.push(arrivalsMs[i]);
      wastedMs += coldStartMs;
    }
  }
  return { startedForMs: Float64Array.from(startedForMs), keepUntilMs, wastedMs };
}

/** For each completion the arrival that takes its instance (−1: none), and which arrivals do so. */
interface Matches {
  readonly arrivalOfEnd: Int32Array;
  readonly isMatched: Uint8Array;
}

function matchArrivals(
  arrivalsMs: ArrayLike<number>,
  endsMs: Float64Array,
  coldStartMs: number,
): Matches {
  const arrivalOfEnd = new Int32Array(endsMs.length).fill(-1);
  const isMatched = new Uint8Array(arrivalsMs.length);
  const free: number[] = [];
  let ended = 0;
  for (let i = 0; i < arrivalsMs.length; i++) {
    while (ended < endsMs.length && endsMs[ended] <= arrivalsMs[i]) free.push(ended++);
    const latest = free.pop();
    if (latest === undefined) continue;
    if (arrivalsMs[i] - endsMs[latest] <= coldStartMs) {
      arrivalOfEnd[latest] = i;
      isMatched[i] = 1;
    } else {
      // The latest is too long ago for this arrival, so all are for any to come.
      free.length = 0;
    }
  }
  return { arrivalOfEnd, isMatched };
}

function checkFuture(arrivalsMs: ArrayLike<number>, serviceMs: ArrayLike<number>): void {
  if (arrivalsMs.length !== serviceMs.length) {
    throw new LoaderError(
      "usage",
      `A function has ${arrivalsMs.length} arrivals and ${serviceMs.length} service times; give one for each.`,
      { value: serviceMs.length },
    );
  }
  for (let i = 0; i < arrivalsMs.length; i++) {
    if (i > 0 && !(arrivalsMs[i] >= arrivalsMs[i - 1])) {
      throw new LoaderError(
        "usage",
        `Arrival ${i} of a function, at ${
          arrivalsMs[i]
        } ms, is not after the one before it; sort them.`,
        { value: arrivalsMs[i] },
      );
    }
    if (!(serviceMs[i] > 0)) {
      throw new LoaderError(
        "usage",
        `Service time ${i} of a function is ${serviceMs[i]} ms; give times above 0.`,
        { value: serviceMs[i] },
      );
    }
  }
}
