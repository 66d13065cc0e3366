import { quantile } from "../stats/quantile.ts";
import {
  deriveEmpiricalDistribution,
  type EmpiricalDistribution,
} from "./empirical_distribution.ts";
import { type ComputingSpan, type CpuShare, deriveCpuShares, medianOf } from "./twin_contention.ts";
import type { ServedCall, ServingInstance, TwinSource } from "./twin_source.ts";

/**
 * What is measured of a platform for its twin: properties of its parts, not what
 * came out of their interplay. Distributions are `null` where nothing of their
 * kind happened.
 */
export interface TwinParameters {
  /** Cores that the functions had together; `null` where the platform's are not known. */
  readonly nodeCores: number | null;
  /**
   * CPU time that an instance takes until it serves like others: its start, and
   * what its first call, which touches its memory first, took more than a usual one.
   */
  readonly startMs: EmpiricalDistribution | null;
  /** From an instance's stop until it was gone. */
  readonly stopMs: EmpiricalDistribution | null;
  /** CPU time of a call, over the runtime that it asks for. */
  readonly serviceFactor: number;
  /** CPU time of a call beside that: what its instance could serve no other call in. */
  readonly serviceOverheadMs: EmpiricalDistribution | null;
  /** Each way between loader and instance, the loader's own lateness included. */
  readonly networkMs: EmpiricalDistribution | null;
  /** Calls and starts that the figures come from. */
  readonly calls: number;
  readonly starts: number;
}

/** How the cores were shared by what computed. */
export interface TwinMachine {
  /** Cores of the machine; `null`: not known, and nothing is told apart. */
  readonly cores: number | null;
  /** Requests that an instance serves at a time. */
  readonly containerConcurrency: number;
}

/**
 * Derives the parameters of a platform from the tables of the runs on one
 * deployment of it.
 *
 * Calls and starts that take place at the same time slow one another down, which is
 * the twin's to predict. What a call takes alone is seen from those that were alone;
 * how much all together get of the cores, from those among many; and what a start
 * takes, by the model that the simulator has, the other way round: from the spans in
 * which instances computed follows how many shared the cores at every instant.
 */
export function deriveTwinParameters(
  sources: readonly TwinSource[],
  { cores, containerConcurrency }: TwinMachine,
): TwinParameters {
  const isExclusive = containerConcurrency === 1;
  const crowd = cores ?? Infinity;
  const turnaroundMs = isExclusive ? deriveTurnaroundMs(sources, crowd) : 0;
  const spans = sources.map((source) => observeSpans(source, turnaroundMs, isExclusive));
  const nodeCores = cores === null ? null : deriveNodeCores(sources, spans, cores);
  const { calls, starts } = observe(spans, nodeCores ?? Infinity, crowd);
  const service = deriveServiceWork(calls);
  const usualMs = medianOf(service.extrasMs) ?? 0;
  const firstExtraMs = new Map(
    calls.filter(({ isFirst }) => isFirst)
      .map((first) => [first.instance, Math.max(0, extraMs(first, service.factor) - usualMs)]),
  );
  return {
    nodeCores,
    startMs: deriveEmpiricalDistribution(
      starts.map(({ instance, workMs }) => workMs + (firstExtraMs.get(instance) ?? 0)),
    ),
    stopMs: deriveEmpiricalDistribution(sources.flatMap(listStopsMs)),
    serviceFactor: service.factor,
    serviceOverheadMs: deriveEmpiricalDistribution(service.extrasMs),
    networkMs: deriveNetworkMs(calls, turnaroundMs),
    calls: calls.length,
    starts: starts.length,
  };
}

/** A call, the span in which its instance was taken by it, and what is derived of it. */
interface ObservedService {
  readonly instance: ServingInstance;
  readonly call: ServedCall;
  readonly span: ComputingSpan;
  /** First of an instance that became ready in the run. */
  readonly isFirst: boolean;
  /** Whether the instance was free when it was dispatched. */
  readonly isUnqueued: boolean;
}

interface Observation extends ObservedService, CpuShare {
  /** Whether an instance was starting meanwhile. */
  readonly isBesideStart: boolean;
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

interface ObservedSpans {
  readonly services: readonly ObservedService[];
  readonly starts: readonly ObservedStart[];
}

/** Calls and starts with what each got of the cores. */
function observe(
  runs: readonly ObservedSpans[],
  cores: number,
  crowd: number,
): { readonly calls: readonly Observation[]; readonly starts: readonly WholeStart[] } {
  const calls: Observation[] = [];
  const wholeStarts: WholeStart[] = [];
  for (const { services, starts } of runs) {
    const spans = [...services, ...starts].map(({ span }) => span);
    const shares = deriveCpuShares(spans, cores, crowd);
    const startSpans = starts.map(({ span }) => span);
    services.forEach((service, i) =>
      calls.push({
        ...service,
        ...shares[i],
        isBesideStart: startSpans.some((start) => overlaps(start, service.span)),
      })
    );
    starts.forEach(({ instance }, i) => {
      if (Number.isNaN(instance.readyMs)) return;
      wholeStarts.push({ instance, workMs: shares[services.length + i].workMs });
    });
  }
  return { calls, starts: wholeStarts };
}

function observeSpans(
  { instances }: TwinSource,
  turnaroundMs: number,
  isExclusive: boolean,
): ObservedSpans {
  const services: ObservedService[] = [];
  const starts: ObservedStart[] = [];
  for (const instance of instances) {
    const { createdMs, readyMs, stoppingMs } = instance;
    const untilMs = Number.isNaN(readyMs) ? stoppingMs : readyMs;
    if (createdMs < untilMs) {
      starts.push({ instance, span: { fromMs: createdMs, untilMs } });
    }
    services.push(...observeServices(instance, turnaroundMs, isExclusive));
  }
  return { services, starts };
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
 * What an instance is taken by a call beyond the served runtime: between the ends
 * of two calls of which the second waited for the first, less what it was served.
 * Of those that were alone, or else of the quickest.
 */
function deriveTurnaroundMs(sources: readonly TwinSource[], crowd: number): number {
  const spans = sources.map((source) => observeSpans(source, 0, true));
  const queued = observe(spans, crowd, crowd).calls
    .filter(({ isFirst, isUnqueued }) => !isFirst && !isUnqueued);
  const gapsMs = (calls: readonly Observation[]) =>
    calls.map((observation) => lengthMs(observation) - observation.call.servedRuntimeMs);
  const alone = queued.filter(isAlone);
  if (alone.length >= LEAST_CALLS) return medianOf(gapsMs(alone))!;
  return quantile(Float64Array.from(gapsMs(queued)).sort(), 0.1) ?? 0;
}

/**
 * The cores that calls and starts get together: so many that calls among enough for
 * every core would take alone what calls alone take. Where nothing tells, what the
 * other processes leave.
 */
function deriveNodeCores(
  sources: readonly TwinSource[],
  spans: readonly ObservedSpans[],
  cores: number,
): number {
  const usedCores = ["loader", "gateway"].map((group) => {
    const readings = sources.flatMap(({ cpu }) => cpu.get(group) ?? []);
    return (medianOf(readings.map(({ cpuPercent }) => cpuPercent)) ?? 0) / 100;
  });
  const leftCores = usedCores.reduce((left, used) => left - used, cores);
  // With one core, what each gets is an equal part of the time.
  const { calls } = observe(spans, 1, cores);
  // A start computes on several threads, and so gets more than its part.
  const crowded = calls.filter((call) => !call.isFirst && isCrowded(call) && !call.isBesideStart);
  if (crowded.length < LEAST_CROWDED) return leftCores;
  const { factor, extrasMs } = deriveServiceWork(observe(spans, leftCores, cores).calls);
  const meanExtraMs = sum(extrasMs) / extrasMs.length;
  const aloneMs = sum(crowded.map(({ call }) => factor * call.requestedRuntimeMs + meanExtraMs));
  const ratio = aloneMs / sum(crowded.map(({ workMs }) => workMs));
  return Math.min(cores, Math.max(LEAST_CORES, ratio));
}

/** However busy the machine is. */
const LEAST_CORES = 0.1;

/** Calls that differ in their work, so that it takes many of them. */
const LEAST_CROWDED = 100;

/** Fewer calls than this are no measurement. */
const LEAST_CALLS = 30;

/** Nearly all of a span: its ends are not known to the hair. */
const NEARLY_ALL = 0.99;

function lengthMs({ span: { fromMs, untilMs } }: Observation): number {
  return untilMs - fromMs;
}

/** Whether nothing else computed while the call was served. */
function isAlone(call: Observation): boolean {
  return call.aloneMs > NEARLY_ALL * lengthMs(call);
}

/** Whether there was work for every core while the call was served. */
function isCrowded(call: Observation): boolean {
  return call.crowdedMs > NEARLY_ALL * lengthMs(call);
}

/**
 * The calls at whose beginning nothing else computed, or all, where these are too
 * few. What came beside them later does not count: longer calls meet more of it,
 * and to leave those out would make the work look smaller than it is.
 */
function selectUndisturbed(calls: readonly Observation[]): readonly Observation[] {
  const undisturbed = calls.filter(({ othersAtStart }) => othersAtStart === 0);
  return undisturbed.length >= LEAST_CALLS ? undisturbed : calls;
}

/** Work of a call: its requested runtime times the factor, and one of the extras. */
function deriveServiceWork(calls: readonly Observation[]): {
  readonly factor: number;
  readonly extrasMs: readonly number[];
} {
  const warm = selectUndisturbed(calls.filter(({ isFirst }) => !isFirst));
  const factor = deriveServiceFactor(warm);
  return { factor, extrasMs: warm.map((call) => extraMs(call, factor)) };
}

function extraMs({ workMs, call }: Observation, factor: number): number {
  return Math.max(0, workMs - factor * call.requestedRuntimeMs);
}

/** The median of served over requested runtime, where a longer call counts for more. */
function deriveServiceFactor(calls: readonly Observation[]): number {
  const ratios = calls
    .map(({ workMs, call }) => ({
      ratio: Math.min(workMs, call.servedRuntimeMs) / Math.max(1, call.requestedRuntimeMs),
      weight: call.requestedRuntimeMs,
    }))
    .sort((a, b) => a.ratio - b.ratio);
  let leftMs = sum(ratios.map(({ weight }) => weight)) / 2;
  for (const { ratio, weight } of ratios) {
    leftMs -= weight;
    if (leftMs <= 0) return ratio;
  }
  return 1;
}

function overlaps(a: ComputingSpan, b: ComputingSpan): boolean {
  return a.fromMs < b.untilMs && b.fromMs < a.untilMs;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Half of what a call that waited for nobody took beyond its service. */
function deriveNetworkMs(
  calls: readonly Observation[],
  turnaroundMs: number,
): EmpiricalDistribution | null {
  const unqueued = calls.filter(({ isUnqueued, isFirst }) => isUnqueued && !isFirst);
  return deriveEmpiricalDistribution(
    selectUndisturbed(unqueued).map(({ call }) =>
      (call.completedMs - call.scheduledMs - call.servedRuntimeMs - turnaroundMs) / 2
    ),
  );
}

function listStopsMs({ instances }: TwinSource): number[] {
  return instances
    .map(({ stoppingMs, goneMs }) => goneMs - stoppingMs)
    .filter((stopMs) => !Number.isNaN(stopMs));
}
