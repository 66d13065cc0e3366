/**
 * What is known of Azure Functions in July 2019, with its source:
 *
 * - [ATC] M. Shahrad et al., "Serverless in the Wild: Characterizing and
 *   Optimizing the Serverless Workload at a Large Cloud Provider", USENIX ATC 2020.
 * - [notebook] the same figures for the released part of the data, beside the
 *   paper's: analysis/AzureFunctionsDataset2019-Trace_Analysis.md in
 *   github.com/Azure/AzurePublicDataset. Read off its figures by eye: ± 0.01.
 *
 * What is our own choice says so.
 */

/** A share, % of all. */
type Shares<T> = readonly (readonly [item: T, percent: number])[];

/** Functions and invocations by trigger, % [ATC figure 2]. */
export const TRIGGERS = [
  { trigger: "http", functions: 55.0, invocations: 35.9 },
  { trigger: "queue", functions: 15.2, invocations: 33.5 },
  { trigger: "event", functions: 2.2, invocations: 24.7 },
  { trigger: "orchestration", functions: 6.9, invocations: 2.3 },
  { trigger: "timer", functions: 15.6, invocations: 2.0 },
  { trigger: "storage", functions: 2.8, invocations: 0.7 },
  { trigger: "others", functions: 2.2, invocations: 1.0 },
] as const;

/**
 * Applications by number of functions, %: [[fewest, most], share]. Up to 10 [ATC
 * figure 1]; above, so that the functions in applications of at most 20, 50 and
 * 100 functions are 78, 92 and 96.5 % of all, and 0.04 % of the applications have
 * more than 100 [ATC section 3.2; notebook figure 1].
 */
export const APPLICATION_SIZES: Shares<readonly [number, number]> = [
  [[1, 1], 54],
  [[2, 2], 16],
  [[3, 3], 10],
  [[4, 5], 8],
  [[6, 10], 7],
  [[11, 20], 3.4],
  [[21, 50], 1.36],
  [[51, 100], 0.2],
  [[101, 2000], 0.04],
];

/**
 * Invocations of a function a day, on average over two weeks: logarithm to base
 * 10 by quantile, linear between. What timers leave of the functions' curve of
 * [notebook figure 5a], whose steps at once a day, an hour and so on are theirs;
 * the last points such that the whole spans eight orders of magnitude [ATC
 * section 3.3].
 */
export const LOG_DAILY_INVOCATIONS = [
  [0, Math.log10(1 / 14)],
  [0.07, Math.log10(1 / 14)],
  [0.11, Math.log10(2 / 14)],
  [0.2, Math.log10(0.5)],
  [0.28, Math.log10(0.95)],
  [0.36, 0],
  [0.43, Math.log10(2)],
  [0.52, Math.log10(5)],
  [0.595, 1],
  [0.66, Math.log10(24)],
  [0.72, Math.log10(60)],
  [0.775, Math.log10(144)],
  [0.835, Math.log10(400)],
  [0.915, Math.log10(1500)],
  [0.965, 4],
  [0.989, 5],
  [0.9978, 6],
  [0.9998, 7],
  [1, 8],
] as const;

/** Periods of timers in minutes: the steps of the curve of [notebook figure 5a], %. */
export const TIMER_PERIODS_MINUTES: Shares<number> = [
  [1440, 29],
  [720, 4],
  [360, 2],
  [60, 15],
  [30, 7],
  [15, 6],
  [10, 5],
  [5, 19],
  [2, 2],
  [1, 9],
  [1 / 2, 1],
  [1 / 4, 0.5],
  [1 / 6, 0.3],
  [1 / 60, 0.2],
];

/**
 * Coefficient of variation of the inter-arrival times, by quantile, of
 * applications without a timer [notebook figure 6]; linear between. The end is our choice.
 */
export const IAT_CV = [
  [0, 0],
  [0.11, 0],
  [0.25, 0.5],
  [0.36, 1],
  [0.56, 2],
  [0.69, 3],
  [0.77, 4],
  [0.85, 6],
  [0.89, 8],
  [0.92, 10],
  [1, 30],
] as const;

/**
 * Spread of a function's own runtimes, σ of the logarithm, uniform between; our
 * choice. The medians of minimum, average and maximum are 0.2, 0.9 and 3.7 s in
 * [notebook figure 7], and come out as 0.17, 0.7 and 1.7 s.
 */
export const OWN_RUNTIME_SIGMA = [0.1, 1.2] as const;

/** Spread of an application's own memory, σ of the logarithm, uniform between; our choice. */
export const OWN_MEMORY_SIGMA = [0.01, 0.12] as const;

/**
 * Rate over the day: 1 + amplitude × cosine, with an amplitude of its own for each
 * function. A third on average, so that the baseline is about half of the peak [ATC
 * figure 4]. The peak is where [notebook figure 4] has it, in UTC.
 */
export const DIURNAL_AMPLITUDE = [0, 2 / 3] as const;
export const DIURNAL_PEAK_HOUR = 14.5;

/**
 * Rate of Saturday and Sunday ÷ rate of the other days: of functions that are
 * invoked seldom, so that about 78 % as many functions are seen on a Saturday as on
 * a Friday (36,429 and 46,657 rows in the files of days 6 and 5), and of those above
 * one a minute, whose load [notebook figure 4] shows. Day 1 is a Monday, 15 July 2019.
 */
export const WEEKEND_FACTOR = { seldom: 0.2, often: 0.92 } as const;

/** From this many invocations a day on a function is often invoked: one a minute. */
export const OFTEN_PER_DAY = 1440;

/**
 * From this many a day on, triggers have their shares of the invocations rather
 * than of the functions: some 3 % of the functions are there, and make 99 % of the invocations.
 */
export const BUSIEST_PER_DAY = 10_000;

/** For how long a burst of a function lasts, with the pause after it, in minutes; our choice. */
export const BURST_MINUTES = 30;

/** How the mean of a minute wanders, σ of the logarithm, uniform between, and its correlation from
 * a minute to the next; our choice. */
export const WANDER_SIGMA = [0.05, 0.5] as const;
export const WANDER_CORRELATION = 0.9;
