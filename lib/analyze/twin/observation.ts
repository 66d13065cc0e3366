import { type ComputingSpan, type CpuShare, deriveCpuShares, excessPerCore } from "./contention.ts";
import type { ServedCall, ServingInstance, TwinSource } from "./source.ts";

/** A call, the span in which its instance was taken by it, and what is derived of it. */
export interface ObservedService {
  readonly instance: ServingInstance;
  readonly call: ServedCall;
  readonly span: ComputingSpan;
  /** First of an instance that became ready in the run. */
  readonly isFirst: boolean;
  /** True if the instance was free when it was dispatched. */
  readonly isUnqueued: boolean;
}

export interface Observation extends ObservedService, CpuShare {
  /** Tasks too many on each core when it began. */
  readonly excess: number;
}

interface ObservedStart {
  readonly instance: ServingInstance;
  readonly span: ComputingSpan;
}

/** A start that ended with an instance that was ready. */
interface WholeStart {
  readonly instance: ServingInstance;
  readonly workMs: number;
}

export interface ObservedSpans {
  readonly services: readonly ObservedService[];
  readonly starts: readonly ObservedStart[];
}

/** Calls and starts with what each got of the cores, once a call had waited for its turn. */
export function observe(
  runs: readonly ObservedSpans[],
  cores: number,
  wakeUpMs: number,
): { readonly calls: readonly Observation[]; readonly starts: readonly WholeStart[] } {
  const calls: Observation[] = [];
  const wholeStarts: WholeStart[] = [];
  for (const run of runs) {
    const { services, starts } = run;
    const spans = spansOf(run);
    const shares = deriveCpuShares(spans, cores, cores);
    const excess = services.map((_, i) => excessPerCore(shares[i].othersAtStart, cores));
    const computing = spans.map(({ fromMs, untilMs }, i) => ({
      fromMs: i < excess.length ? Math.min(untilMs, fromMs + excess[i] * wakeUpMs) : fromMs,
      untilMs,
    }));
    const got = wakeUpMs === 0 ? shares : deriveCpuShares(computing, cores, cores);
    services.forEach((service, i) =>
      calls.push({ ...service, ...shares[i], workMs: got[i].workMs, excess: excess[i] })
    );
    starts.forEach(({ instance }, i) => {
      if (Number.isNaN(instance.readyMs)) return;
      wholeStarts.push({ instance, workMs: got[services.length + i].workMs });
    });
  }
  return { calls, starts: wholeStarts };
}

/** Calls first. */
export function spansOf({ services, starts }: ObservedSpans): ComputingSpan[] {
  return [...services, ...starts].map(({ span }) => span);
}

export function observeSpans(
  { instances }: TwinSource,
  turnaroundMs: number,
  isExclusive: boolean,
): ObservedSpans {
  const services: ObservedService[] = [];
  const starts: ObservedStart[] = [];
  for (const instance of instances) {
    const { createdMs, stoppingMs } = instance;
    const servingMs = servesFromMs(instance);
    const untilMs = Number.isNaN(servingMs) ? stoppingMs : servingMs;
    if (createdMs < untilMs) {
      starts.push({ instance, span: { fromMs: createdMs, untilMs } });
    }
    services.push(...observeServices(instance, turnaroundMs, isExclusive));
  }
  return { services, starts };
}

/** When it was ready, or had begun to serve before the news of that came. */
function servesFromMs({ readyMs, calls: [first] }: ServingInstance): number {
  if (first === undefined) return readyMs;
  return Math.min(readyMs, first.completedMs - first.servedRuntimeMs);
}

/** An instance that serves one call at a time is taken by a call from the end of the one before. */
function observeServices(
  instance: ServingInstance,
  turnaroundMs: number,
  isExclusive: boolean,
): ObservedService[] {
  const { createdMs, readyMs, calls } = instance;
  let beforeMs = Number.isNaN(readyMs) ? -Infinity : readyMs;
  return calls.map((call, i) => {
    const { dispatchedMs, completedMs, servedRuntimeMs } = call;
    const freeMs = beforeMs;
    const isUnqueued = isExclusive && freeMs < dispatchedMs;
    beforeMs = completedMs;
    const latestMs = completedMs - servedRuntimeMs;
    const fromMs = !isExclusive
      ? latestMs
      : isUnqueued
      ? Math.max(dispatchedMs, latestMs - turnaroundMs)
      // What the loader sees of two ends is not to the hair when they were.
      : Math.min(freeMs, latestMs);
    return {
      instance,
      call,
      span: { fromMs, untilMs: completedMs },
      isFirst: i === 0 && !Number.isNaN(createdMs),
      isUnqueued,
    };
  });
}

/**
 * The spans from when calls were given to their instances: what a call among others
 * took beyond its ways and its service it waited for its turn, in part before its
 * function began to measure.
 */
export function includeWaits({ services, starts }: ObservedSpans, waysMs: number): ObservedSpans {
  return {
    starts,
    services: services.map((service) => {
      const { span: { fromMs, untilMs }, isUnqueued, call } = service;
      if (!isUnqueued) return service;
      const givenMs = Math.min(fromMs, call.dispatchedMs + waysMs);
      return { ...service, span: { fromMs: givenMs, untilMs } };
    }),
  };
}

/** Nearly all of a span: its ends are not known to the hair. */
export const NEARLY_ALL = 0.99;

/** How long a call took of its instance. */
export function lengthMs({ span: { fromMs, untilMs } }: Observation): number {
  return untilMs - fromMs;
}

/** True if nothing else computed while the call was served. */
export function isAlone(call: Observation): boolean {
  return call.aloneMs > NEARLY_ALL * lengthMs(call);
}

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
