import { quantile } from "../../stats/quantile.ts";
import {
  deriveEmpiricalDistribution,
  type EmpiricalDistribution,
} from "../empirical_distribution.ts";
import { deriveCoresLeft, measureNodeCores } from "./cores.ts";
import { medianOf } from "./contention.ts";
import {
  deriveWakeUpMs,
  includeWaits,
  isAlone,
  lengthMs,
  type Observation,
  observe,
  observeSpans,
} from "./observation.ts";
import type { ServingInstance, TwinSource } from "./source.ts";

/**
 * What is measured of a platform for its twin: properties of its parts, not what
 * came out of their interplay. Distributions are `null` where nothing of their
 * kind happened.
 */
export interface TwinParameters {
  /** Cores that the functions had together; `null` where the platform's are not known. */
  readonly nodeCores: number | null;
  /**
   * From a call that finds its function at zero until an instance is created; `null` where
   * nothing but loader and gateway is on the machine, for there it is at once.
   */
  readonly reactionMs: EmpiricalDistribution | null;
  /**
   * CPU time that an instance takes until it serves like others: its start, and
   * what its first call, which touches its memory first, took more than a usual one.
   * Where the cores are not known: the time that passed.
   */
  readonly startMs: EmpiricalDistribution | null;
  /** From an instance's stop until it was gone. */
  readonly stopMs: EmpiricalDistribution | null;
  /** CPU time of a call, over the runtime that it asks for. */
  readonly serviceFactor: number;
  /** CPU time of a call beside that: what its instance could serve no other call in. */
  readonly serviceOverheadMs: EmpiricalDistribution | null;
  /**
   * What a call waits for its turn of the cores, for each task too many on each of them;
   * 0 where nothing shows that it does.
   */
  readonly wakeUpMs: number;
  /** Each way between loader and instance, the loader's own lateness included. */
  readonly networkMs: EmpiricalDistribution | null;
  /** Calls and starts that the figures come from. */
  readonly calls: number;
  readonly starts: number;
}

/** How the cores were shared by what computed. */
export interface TwinMachine {
  /**
   * Cores of the machine that all instances are on; `null`: not known, or they are on
   * several. Then nothing is told apart, and what calls and starts were short of is part
   * of their times.
   */
  readonly cores: number | null;
  /**
   * True if it is a node of a cluster: it is shared with what no table tells of, the loader
   * is elsewhere, and CPU is read too coarsely to tell what a crowd got.
   */
  readonly isNode?: boolean;
  /** Requests that an instance serves at a time. */
  readonly containerConcurrency: number;
}

/**
 * Derives the parameters of a platform from the tables of the runs on one
 * deployment of it.
 *
 * Calls and starts that take place at the same time slow one another down, which is
 * the twin's to predict. What a call takes alone is seen from those that were alone;
 * what all together get of the cores, from what they took while they were many; and
 * what a call waits for its turn and what a start takes, by the model that the simulator
 * has, the other way round: from the spans in which instances computed follows how
 * many shared the cores at every instant.
 */
export function deriveTwinParameters(
  sources: readonly TwinSource[],
  { cores, isNode = false, containerConcurrency }: TwinMachine,
): TwinParameters {
  const isExclusive = containerConcurrency === 1;
  const turnaroundMs = isExclusive ? deriveTurnaroundMs(sources, cores ?? Infinity) : 0;
  const runs = sources.map((source) => observeSpans(source, turnaroundMs, isExclusive));
  const coresLeft = cores === null || isNode ? cores : deriveCoresLeft(sources, cores);
  // Where nothing is told apart, what disturbed calls is a part of what they take.
  const choose = cores === null ? (calls: readonly Observation[]) => calls : selectUndisturbed;
  const ownWorkMs = deriveMeanWork(
    deriveServiceWork(choose, observe(runs, coresLeft ?? Infinity, 0).calls),
  );
  const measuredCores = cores === null || isNode
    ? null
    : measureNodeCores(sources, runs, cores, ownWorkMs);
  const nodeCores = measuredCores ?? coresLeft;
  const served = observe(runs, nodeCores ?? Infinity, 0).calls;
  const service = deriveServiceWork(choose, served);
  const waysMs = deriveWaysMs(choose(selectUnqueued(served)), turnaroundMs);
  const given = runs.map((run) => includeWaits(run, waysMs));
  // Where it is not known what the functions had, what they were short of would pass for a wait;
  // and of an instance with several calls it is not known when each was given to it.
  const wakeUpMs = measuredCores === null || !isExclusive
    ? 0
    : deriveWakeUpMs(given, measuredCores, deriveMeanWork(service));
  const { calls, starts } = observe(given, nodeCores ?? Infinity, wakeUpMs);
  const wayMs = waysMs / 2;
  const usualMs = medianOf(service.extrasMs) ?? 0;
  const firstExtraMs = new Map(
    calls.filter(({ isFirst }) => isFirst)
      .map((first) => [first.instance, Math.max(0, extraMs(first, service.factor) - usualMs)]),
  );
  return {
    nodeCores,
    reactionMs: isNode ? deriveReactionMs(sources, wayMs) : null,
    startMs: deriveEmpiricalDistribution(
      starts.map(({ instance, workMs }) => workMs + (firstExtraMs.get(instance) ?? 0)),
    ),
    stopMs: deriveEmpiricalDistribution(sources.flatMap(listStopsMs)),
    serviceFactor: service.factor,
    serviceOverheadMs: deriveEmpiricalDistribution(service.extrasMs),
    wakeUpMs,
    networkMs: deriveNetworkMs(choose(selectUnqueued(served)), turnaroundMs),
    calls: calls.length,
    starts: starts.length,
  };
}

/**
 * What an instance is taken by a call beyond the served runtime: between the ends
 * of two calls of which the second waited for the first, less what it was served.
 * Of those that were alone, or else of the quickest; but never more than what calls
 * took that came to a free instance, which have their ways in it, too.
 */
function deriveTurnaroundMs(sources: readonly TwinSource[], cores: number): number {
  const runs = sources.map((source) => observeSpans(source, 0, true));
  const warm = observe(runs, cores, 0).calls.filter(({ isFirst }) => !isFirst);
  const gapsMs = (calls: readonly Observation[]) =>
    calls.map((observation) => lengthMs(observation) - observation.call.servedRuntimeMs);
  const queued = warm.filter(({ isUnqueued }) => !isUnqueued);
  const alone = queued.filter(isAlone);
  const turnaroundMs = alone.length >= LEAST_CALLS
    ? medianOf(gapsMs(alone))!
    : quantile(Float64Array.from(gapsMs(queued)).sort(), 0.1) ?? 0;
  const beyondMs = medianOf(
    warm.filter((observation) => observation.isUnqueued && isAlone(observation))
      .map(({ call }) => call.completedMs - call.dispatchedMs - call.servedRuntimeMs),
  );
  return Math.min(turnaroundMs, beyondMs ?? Infinity);
}

/** Fewer calls than this are no measurement. */
const LEAST_CALLS = 30;

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
interface ServiceWork {
  readonly factor: number;
  readonly extrasMs: readonly number[];
}

/** What a call takes on average, by its requested runtime. */
function deriveMeanWork({ factor, extrasMs }: ServiceWork): (requestedRuntimeMs: number) => number {
  const meanExtraMs = extrasMs.reduce((sum, extra) => sum + extra, 0) / extrasMs.length;
  return (requestedRuntimeMs) => factor * Math.max(1, requestedRuntimeMs) + meanExtraMs;
}

function deriveServiceWork(
  choose: (calls: readonly Observation[]) => readonly Observation[],
  calls: readonly Observation[],
): ServiceWork {
  const warm = choose(calls.filter(({ isFirst }) => !isFirst));
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
  let leftMs = ratios.reduce((sum, { weight }) => sum + weight, 0) / 2;
  for (const { ratio, weight } of ratios) {
    leftMs -= weight;
    if (leftMs <= 0) return ratio;
  }
  return 1;
}

/** Half of what a call that waited for nobody took beyond its service. */
function deriveNetworkMs(
  calls: readonly Observation[],
  turnaroundMs: number,
): EmpiricalDistribution | null {
  return deriveEmpiricalDistribution(
    calls.map(({ call }) =>
      (call.completedMs - call.scheduledMs - call.servedRuntimeMs - turnaroundMs) / 2
    ),
  );
}

/** What both ways between loader and instance usually take. */
function deriveWaysMs(calls: readonly Observation[], turnaroundMs: number): number {
  const waysMs = medianOf(
    calls.map(({ call }) =>
      call.completedMs - call.dispatchedMs - call.servedRuntimeMs - turnaroundMs
    ),
  );
  return Math.max(0, waysMs ?? 0);
}

/** Calls that waited for no other on their instance. */
function selectUnqueued(calls: readonly Observation[]): readonly Observation[] {
  return calls.filter(({ isUnqueued, isFirst }) => isUnqueued && !isFirst);
}

function listStopsMs({ instances }: TwinSource): number[] {
  return instances
    .map(({ stoppingMs, goneMs }) => goneMs - stoppingMs)
    .filter((stopMs) => !Number.isNaN(stopMs));
}

/**
 * What passed from a call that found its function without an instance until one was
 * created for it: the autoscaler hears of the call and decides, and controllers
 * carry that out. Of calls that were the first of an instance.
 *
 * @param wayMs what a call usually takes until it is with the platform
 * @returns `null` where no call found its function at zero
 */
export function deriveReactionMs(
  sources: readonly TwinSource[],
  wayMs: number,
): EmpiricalDistribution | null {
  return deriveEmpiricalDistribution(
    sources.flatMap(({ instances }) =>
      instances
        .filter((instance) => endsZero(instance, instances))
        .map(({ createdMs, calls }) => createdMs - calls[0].dispatchedMs - wayMs)
    ),
  );
}

/** True if its first call came before it, while its function had no other. */
function endsZero(instance: ServingInstance, instances: readonly ServingInstance[]): boolean {
  const { calls: [first], createdMs, functionId } = instance;
  if (first === undefined || !(first.dispatchedMs < createdMs)) return false;
  return !instances.some((other) =>
    other !== instance && other.functionId === functionId && isThere(other, first.dispatchedMs)
  );
}

/** Of what was created before the run it is not known when. */
function isThere({ createdMs, stoppingMs }: ServingInstance, timeMs: number): boolean {
  return !(createdMs > timeMs) && !(stoppingMs <= timeMs);
}
