import type { Capacity } from "../model/platform.ts";
import type { Outcome } from "../model/record.ts";
import type { CommonOptions } from "./common_options.ts";
import { type Fit, judgeLimits, type LimitReading } from "./fit.ts";
import { type Usage, USAGE_KEYS } from "./instance_usage.ts";
import { formatDuration } from "./option.ts";
import type { RunExpectation, SimulatedFigures } from "./run_expectation.ts";

/** Of a p99: the share of invocations that may be slower. */
export const BEYOND_P99 = 0.01;

/** What a platform has for functions. */
export interface PlatformRoom {
  readonly capacity: Capacity;
  readonly cores: number;
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
  rejected: ({ queueTimeout }) =>
    `no instance within --queue-timeout, ${formatDuration(queueTimeout)}`,
  timed_out: ({ timeout, drain }) =>
    `no answer within --timeout, ${formatDuration(timeout)}, or the drain, ${
      formatDuration(drain)
    }`,
  dropped: ({ maxInFlight }) => `more calls in flight than --max-in-flight, ${maxInFlight}`,
};

/** Judges whether the platform carries a run that was simulated. */
export function judgePlatformFit(
  { plan }: RunExpectation,
  figures: SimulatedFigures,
  { capacity, cores }: PlatformRoom,
  options: CommonOptions & { readonly limitSlowdown: number },
): Fit {
  return judgeLimits([
    ...USAGE_KEYS.map((key) => readRoom(key, figures, capacity)),
    ...readOutcomes(figures, options),
    readCores(plan.expectedConcurrency, cores),
    readSlowdown(figures, options.limitSlowdown),
  ]);
}

function readRoom(
  key: keyof Usage,
  { peak, shortage }: SimulatedFigures,
  capacity: Capacity,
): LimitReading {
  const { name, format } = USAGE_TEXTS[key];
  const most = capacity[key] ?? Infinity;
  const share = most === 0 ? 1 : peak[key] / most;
  const crossed = shortage?.limit === key;
  const level = `${name}: ${format(peak[key])} of ${format(most)} (${percent(share)})`;
  return {
    name,
    share,
    crossed,
    sinceMs: crossed ? shortage!.sinceMs : null,
    phrase: crossed ? `${level}; instances wait for room ${since(shortage!.sinceMs)}` : level,
  };
}

function readOutcomes(
  { outcomes, firstMs }: SimulatedFigures,
  options: CommonOptions,
): LimitReading[] {
  return Object.entries(outcomes)
    // What was cancelled is what was left when it was clear that the load does not fit.
    .filter(([outcome, count]) => count > 0 && outcome !== "ok" && outcome !== "cancelled")
    .map(([outcome]) => {
      const cause = OUTCOME_CAUSES[outcome as Outcome]?.(options) ?? "not ok";
      const sinceMs = firstMs[outcome as Outcome]!;
      const phrase = `${outcome} from ${seconds(sinceMs)} on: ${cause}`;
      return { name: outcome, share: null, crossed: true, sinceMs, phrase };
    });
}

/** The p99 is decided by the share above the limit, so that it needs no least number. */
function readSlowdown(
  { slowdown, slow, outcomes }: SimulatedFigures,
  limitSlowdown: number,
): LimitReading {
  const measured = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  const p99 = slowdown.all.p99;
  const crossed = slow > BEYOND_P99 * measured;
  const share = p99 === null ? null : p99 / limitSlowdown;
  return {
    name: "slowdown p99",
    share: share === Infinity ? null : share,
    crossed,
    sinceMs: null,
    phrase: crossed
      ? `slowdown p99 above --limit-slowdown, ${limitSlowdown}`
      : `slowdown p99: ${p99 === null ? "below" : `${p99.toFixed(0)} of`} ${limitSlowdown}`,
  };
}

/** Requests say little of the work; beyond the cores queues grow for as long as the load goes on. */
function readCores(expectedConcurrency: number, cores: number): LimitReading {
  const share = cores === 0 ? Infinity : expectedConcurrency / cores;
  const crossed = share > 1;
  const level = `work: ${expectedConcurrency.toFixed(2)} of ${
    Number(cores.toFixed(2))
  } cores on average (${percent(share)})`;
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
