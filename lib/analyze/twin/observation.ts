import { type ComputingSpan, type CpuShare, deriveCpuShares, excessPerCore } from "./contention.ts";
import type { ServedCall, ServingInstance, TwinSource } from "./source.ts";

/** A call, the span in which its instance was taken by it, and what is derived of it. */
export interface ObservedService {
  readonly instance: ServingInstance;
  readonly call: ServedCall;
  readonly span: ComputingSpan;
  /** First of an instance that became ready in the run. */
  readonly isFirst: boolean;
  /** Whether the instance was free when it was dispatched. */
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

/** Whether nothing else computed while the call was served. */
export function isAlone(call: Observation): boolean {
  return call.aloneMs > NEARLY_ALL * lengthMs(call);
}
