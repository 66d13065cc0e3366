import { countJudged, countNotOk, NOT_OK_OUTCOMES } from "../analyze/summary.ts";
import type { Capacity } from "../model/platform.ts";
import type { Outcome } from "../model/record.ts";
import type { CommonOptions } from "../run/common_options.ts";
import { type Fit, judgeLimits, type LimitReading } from "./fit.ts";
import { type Usage, USAGE_KEYS } from "./instance_usage.ts";
import { formatDuration } from "../option/option.ts";
import type { ServiceWork } from "./rehearsal.ts";
import { deriveWorkCores, type RunExpectation, type SimulatedFigures } from "./run_expectation.ts";

/** Of a p99: the share of invocations that may be slower. */
export const BEYOND_P99 = 0.01;

/** What a platform has for functions. */
export interface PlatformRoom {
  readonly capacity: Capacity;
  readonly cores: number;
  readonly service: ServiceWork;
  /** Instances go when others need their room: a platform that is full is no mistake. */
  readonly evicts: boolean;
}

/** What a usage is called, and how a figure of it is written. */
const USAGE_TEXTS: {
  readonly [Key in keyof Usage]: {
    readonly name: string;
    readonly format: (value: number) => string;
  };
} = {
  instances: { name: "instances", format: (count) => String(count) },
  cpuMilli: { name: "requested CPU", format: (milli) => `${(milli / 1000).toFixed(1)} cores` },
  memoryMib: { name: "requested memory", format: (mib) => `${mib.toLocaleString("en")} MiB` },
};

/** Why an invocation ends so, by outcome. */
const OUTCOME_CAUSES: Readonly<Partial<Record<Outcome, (options: CommonOptions) => string>>> = {
  rejected: ({ queueTimeoutMs }) =>
    `no instance within --queue-timeout, ${formatDuration(queueTimeoutMs)}`,
  timed_out: ({ timeoutMs, drainMs }) =>
    `no answer within --timeout, ${formatDuration(timeoutMs)}, or the drain, ${
      formatDuration(drainMs)
    }`,
  dropped: ({ maxInFlight }) => `more calls in flight than --max-in-flight, ${maxInFlight}`,
};

/** Judges whether the platform carries a run that was simulated. */
export function judgePlatformFit(
  { plan }: RunExpectation,
  figures: SimulatedFigures,
  { capacity, cores, service, evicts }: PlatformRoom,
  options: CommonOptions & { readonly limitSlowdown: number },
): Fit {
  return judgeLimits([
    ...USAGE_KEYS.map((key) => readRoom(key, figures, capacity, evicts)),
    readOutcomes(figures, options),
    readCores(
      deriveWorkCores(plan.expectedConcurrency, plan.meanRatePerS, service),
      cores,
    ),
    readSlowdown(figures, options.limitSlowdown),
  ]);
}

function readRoom(
  key: keyof Usage,
  { peak, shortage }: SimulatedFigures,
  capacity: Capacity,
  evicts: boolean,
): LimitReading {
  const { name, format } = USAGE_TEXTS[key];
  const most = capacity[key] ?? Infinity;
  const share = most === 0 ? 1 : peak[key] / most;
  const crossed = shortage?.limit === key;
  const level = `${name}: ${format(peak[key])} of ${format(most)} (${percent(share)})`;
  return {
    name,
    share: evicts ? null : share,
    crossed,
    sinceMs: crossed ? shortage!.sinceMs : null,
    phrase: crossed ? `${level}; instances wait for room ${since(shortage!.sinceMs)}` : level,
  };
}

function readOutcomes(
  { outcomes, firstMs }: SimulatedFigures,
  options: CommonOptions,
): LimitReading {
  const { limitNotOk } = options;
  // What was cancelled is what was left when it was clear that the load does not fit.
  const measured = countJudged(outcomes);
  const notOk = countNotOk(outcomes);
  const [first] = NOT_OK_OUTCOMES
    .filter((outcome) => outcomes[outcome] > 0)
    .sort((a, b) => firstMs[a]! - firstMs[b]!);
  const crossed = notOk > limitNotOk * measured;
  const level = `${notOk} of ${measured} not ok`;
  return {
    name: "not ok",
    share: notOk === 0 ? 0 : notOk / (limitNotOk * measured),
    crossed,
    sinceMs: crossed ? firstMs[first] : null,
    phrase: crossed
      ? `${first} from ${seconds(firstMs[first]!)} on: ` +
        `${OUTCOME_CAUSES[first]?.(options) ?? "not ok"} (${level})`
      : `${level}; --limit-not-ok is ${limitNotOk}`,
  };
}

/** The p99 is decided by the share above the limit, so that it needs no least number. */
function readSlowdown(
  { slowdown, slow, outcomes }: SimulatedFigures,
  limitSlowdown: number,
): LimitReading {
  const measured = countJudged(outcomes);
  const p99 = slowdown.all.p99;
  const crossed = slow > BEYOND_P99 * measured;
  return {
    name: "slowdown p99",
    share: p99 === null ? null : p99 / limitSlowdown,
    crossed,
    sinceMs: null,
    phrase: crossed
      ? `slowdown p99 above --limit-slowdown, ${limitSlowdown}`
      : `slowdown p99: ${p99 === null ? "below" : `${p99.toFixed(0)} of`} ${limitSlowdown}`,
  };
}

/** Requests say little of the work; beyond the cores queues grow for as long as the load goes on. */
function readCores(workCores: number, cores: number): LimitReading {
  const share = cores === 0 ? Infinity : workCores / cores;
  const crossed = share > 1;
  const level = `work: ${workCores.toFixed(2)} of ${Number(cores.toFixed(2))} cores on average (${
    percent(share)
  })`;
  return {
    name: "work",
    share,
    crossed,
    sinceMs: null,
    phrase: crossed ? `${level}, so queues grow` : level,
  };
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function since(timeMs: number): string {
  return timeMs === 0 ? "from the start" : `from ${seconds(timeMs)} on`;
}

function seconds(timeMs: number): string {
  return `${Math.round(timeMs / 1000)} s`;
}
