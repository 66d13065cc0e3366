import { LoaderError } from "../../base/error.ts";
import { type SlotCounts, SlotCountsBuilder } from "../../model/slot_counts.ts";
import type { Percentiles } from "../../model/trace.ts";
import { BucketDistribution } from "./bucket_distribution.ts";
import { DURATION_UNITS, type DurationUnit, unitOfName } from "./duration.ts";
import type { PrometheusAnswer, PrometheusRangeSeries } from "./prometheus_answer.ts";

/** How counters become functions. */
export interface PrometheusCountsOptions {
  /** Labels that name the function, joined by blanks; the first of the usual ones by default. */
  readonly labels?: readonly string[];
  /** Width of a slot; the distance of neighbouring samples by default. */
  readonly stepMs?: number;
  /** Unit of the histogram, where its name does not end in it. */
  readonly durationUnit?: DurationUnit;
}

/** A function as counters tell of it. */
export interface CountedFunction {
  readonly name: string;
  readonly counts: SlotCounts;
  /** `null`: nothing tells. */
  readonly runtimeMs: Percentiles | null;
}

/** What counters tell of a span of time. */
export interface PrometheusCounts {
  readonly startMs: number;
  readonly slotMs: number;
  readonly slots: number;
  /** By name. */
  readonly functions: readonly CountedFunction[];
  readonly notes: readonly string[];
  /** Requests of series without the label. */
  readonly unnamed: number;
  /** Series that were read. */
  readonly series: number;
}

/** Labels that name what is called, in the order of preference (OpenTelemetry, then others). */
const USUAL_LABELS = [
  "http_route",
  "faas_name",
  "configuration_name",
  "function_name",
  "function",
  "route",
  "handler",
  "uri",
  "path",
  "endpoint",
  "grpc_method",
  "rpc_method",
  "service",
  "destination_service_name",
  "service_name",
  "job",
];

/**
 * What a new process has counted when it is asked first came within a step or so: a first sample
 * of more than so many of the busiest steps (and than a few requests) is a counter that has been
 * counting for long, of a server that Prometheus did not know before.
 */
const MOST_FIRST_STEPS = 10;
const FEW_REQUESTS = 100;

/** A counter falls when its process starts again; a series that falls more often than this is none. */
const MOST_FALLS = 0.2;
const LEAST_STEPS = 10;

/**
 * Derives counts of slots and runtimes from the counters `…_count` (or any other), `…_sum` and
 * `…_bucket`, as Prometheus answered for a range: what a counter has grown by from one sample to
 * the next is what came in that slot. A counter that fell has started again from 0. Where samples
 * are missing, what came meanwhile is spread evenly. A series that appears while others are there
 * already has counted from 0 (which Prometheus' own `increase` leaves out), unless it begins with
 * far more than comes in a step.
 *
 * @throws LoaderError `input` when the answers hold no counters or do not fit each other, `usage`
 *   when it is not known what names a function, or the unit of the histogram
 */
export function derivePrometheusCounts(
  answers: readonly PrometheusAnswer[],
  options: PrometheusCountsOptions = {},
): PrometheusCounts {
  const series = joinPieces(answers.flat());
  if (series.length === 0) {
    throw new LoaderError("input", "Prometheus' answers have no series; look at the query.");
  }
  const grid = findGrid(series, options.stepMs ?? null);
  const labels = options.labels ?? findLabel(series);
  const growth = new Growth(grid);
  const functions = new Map<string, FunctionSeries>();
  const unnamed = new FunctionSeries(grid.slots);
  for (const one of series) {
    const name = labels.map((label) => one.labels[label] ?? "").join(" ").trim();
    let target = name === "" ? unnamed : functions.get(name);
    if (target === undefined) functions.set(name, target = new FunctionSeries(grid.slots));
    target.add(one, growth);
  }
  const kept = [...functions].sort(([a], [b]) => a < b ? -1 : 1);
  const counted = kept.map(([name, function_]) => ({
    name,
    counts: function_.counts(),
    runtimeMs: function_.runtimeMs(options.durationUnit),
  })).filter(({ counts }) => counts.total > 0);
  return {
    startMs: grid.startMs,
    slotMs: grid.stepMs,
    slots: grid.slots,
    functions: counted,
    notes: [
      `Counters of ${labels.join(" + ")}: what each has grown by in ${grid.stepMs / 1000} s.`,
      ...growth.notes(),
      ...describeAbove(kept.map(([, function_]) => function_)),
    ],
    unnamed: unnamed.counts().total,
    series: series.length,
  };
}

function describeAbove(functions: readonly FunctionSeries[]): string[] {
  const above = functions.reduce((sum, { above }) => sum + above, 0);
  return above === 0 ? [] : [
    `Requests that took longer than the histogram's last bound: ${Math.round(above)}; they count ` +
    "as if they took just that long.",
  ];
}

interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly slots: number;
}

/** The same series of several answers as one, by time. */
function joinPieces(series: readonly PrometheusRangeSeries[]): PrometheusRangeSeries[] {
  const groups = new Map<string, PrometheusRangeSeries[]>();
  for (const one of series) {
    const key = JSON.stringify(Object.entries(one.labels).sort(([a], [b]) => a < b ? -1 : 1));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return Array.from(groups.values(), (pieces) => {
    if (pieces.length === 1) return pieces[0];
    const samples = new Map<number, number>();
    for (const { timesMs, values } of pieces) {
      timesMs.forEach((timeMs, i) => samples.set(timeMs, values[i]));
    }
    const timesMs = Float64Array.from(samples.keys()).sort();
    return {
      labels: pieces[0].labels,
      timesMs,
      values: timesMs.map((timeMs) => samples.get(timeMs)!),
    };
  });
}

function findGrid(series: readonly PrometheusRangeSeries[], givenMs: number | null): Grid {
  let startMs = Infinity;
  let endMs = -Infinity;
  let stepMs = givenMs ?? Infinity;
  for (const { timesMs } of series) {
    if (timesMs.length === 0) continue;
    startMs = Math.min(startMs, timesMs[0]);
    endMs = Math.max(endMs, timesMs[timesMs.length - 1]);
    for (let i = 1; i < timesMs.length && givenMs === null; i++) {
      stepMs = Math.min(stepMs, timesMs[i] - timesMs[i - 1]);
    }
  }
  const isGrid = stepMs < Infinity &&
    series.every(({ timesMs }) => timesMs.every((timeMs) => (timeMs - startMs) % stepMs === 0));
  if (!isGrid || endMs <= startMs) {
    throw new LoaderError(
      "input",
      endMs <= startMs
        ? "Prometheus' answers have fewer than two instants; ask for a longer range."
        : "The samples of Prometheus' answers are not all the same step apart; ask for all of " +
          "them with the same step, or say it with --step.",
    );
  }
  return { startMs, stepMs, slots: Math.round((endMs - startMs) / stepMs) };
}

function findLabel(series: readonly PrometheusRangeSeries[]): readonly string[] {
  const found = USUAL_LABELS.find((label) => series.some(({ labels }) => label in labels));
  if (found !== undefined) return [found];
  const there = new Set(series.flatMap(({ labels }) => Object.keys(labels)));
  throw new LoaderError(
    "usage",
    `None of the labels is known to name a function; say which with --label: ${
      [...there].filter((label) => label !== "__name__").join(", ")
    }.`,
  );
}

/** Follows counters over the grid, and counts what is unusual. */
class Growth {
  readonly grid: Grid;
  #resets = 0;
  #gaps = 0;
  #firstSamples = 0;
  #longCounted = 0;

  constructor(grid: Grid) {
    this.grid = grid;
  }

  /**
   * Calls `visit` with what a counter has grown by from one slot's start to another's end.
   *
   * @throws LoaderError `input` when it is no counter
   */
  follow(
    { timesMs, values, labels }: PrometheusRangeSeries,
    visit: (fromSlot: number, toSlot: number, growth: number) => void,
  ): void {
    const { startMs, stepMs } = this.grid;
    const slotOf = (i: number) => Math.round((timesMs[i] - startMs) / stepMs);
    const known = [...timesMs.keys()].filter((i) => Number.isFinite(values[i]));
    let falls = 0;
    let most = 0;
    for (let n = 1; n < known.length; n++) {
      const [before, i] = [known[n - 1], known[n]];
      const difference = values[i] - values[before];
      const growth = difference < 0 ? values[i] : difference;
      if (difference < 0) falls++;
      if (slotOf(i) - slotOf(before) > 1 && isTotal(labels)) this.#gaps++;
      most = Math.max(most, growth / (slotOf(i) - slotOf(before)));
      visit(slotOf(before), slotOf(i), growth);
    }
    // At the very start nobody knows since when it has counted.
    if (known.length > 0 && slotOf(known[0]) > 0) {
      const first = values[known[0]];
      const isNew = first <= Math.max(FEW_REQUESTS, MOST_FIRST_STEPS * most);
      if (isTotal(labels) && isNew) this.#firstSamples += first;
      if (isTotal(labels) && !isNew) this.#longCounted++;
      if (isNew) visit(slotOf(known[0]) - 1, slotOf(known[0]), first);
    }
    if (isTotal(labels)) this.#resets += falls;
    if (known.length > LEAST_STEPS && falls > MOST_FALLS * known.length) {
      throw new LoaderError(
        "input",
        `The series ${describeSeries(labels)} falls in ${falls} of ${known.length - 1} steps, so ` +
          "it is a gauge or a rate; ask for the counter itself, without rate().",
      );
    }
  }

  notes(): string[] {
    return [
      ...(this.#resets === 0 ? [] : [`Starts of counters from 0 again: ${this.#resets}.`]),
      ...(this.#gaps === 0 ? [] : [
        `Gaps in the samples: ${this.#gaps}; what came meanwhile is spread evenly.`,
      ]),
      ...(this.#firstSamples === 0 ? [] : [
        `Requests in first samples of series that appeared later than others: ` +
        `${this.#firstSamples}; they are taken to have come in the slot before.`,
      ]),
      ...(this.#longCounted === 0 ? [] : [
        `Series that had counted for long when they appeared: ${this.#longCounted}; what came ` +
        "before is not known.",
      ]),
    ];
  }
}

function describeSeries(labels: Readonly<Record<string, string>>): string {
  const { __name__: name = "", ...others } = labels;
  return `${name}{${Object.entries(others).map(([key, value]) => `${key}="${value}"`).join(",")}}`;
}

function kindOf(labels: Readonly<Record<string, string>>): "count" | "sum" | "bucket" {
  if ("le" in labels) return "bucket";
  return /_sum$/.test(labels.__name__ ?? "") ? "sum" : "count";
}

function isTotal(labels: Readonly<Record<string, string>>): boolean {
  return kindOf(labels) === "count";
}

/** The series of one function. */
class FunctionSeries {
  /** Growth in each slot. */
  readonly #growth: Float64Array;
  /** The same as the histograms' last bucket has it, for where there is no counter of its own. */
  readonly #bucketGrowth: Float64Array;
  readonly #histograms = new Map<string, Map<number, number>>();
  #sum = 0;
  #total = 0;
  #metric: string | null = null;
  above = 0;

  constructor(slots: number) {
    this.#growth = new Float64Array(slots);
    this.#bucketGrowth = new Float64Array(slots);
  }

  add(series: PrometheusRangeSeries, growth: Growth): void {
    const { labels } = series;
    const kind = kindOf(labels);
    if (kind === "count") {
      growth.follow(series, (from, to, count) => {
        this.#total += count;
        spread(this.#growth, from, to, count);
      });
      return;
    }
    this.#metric ??= labels.__name__ ?? null;
    if (kind === "sum") {
      growth.follow(series, (_from, _to, sum) => this.#sum += sum);
      return;
    }
    const { le, ...others } = labels;
    const bound = le === "+Inf" ? Infinity : Number(le);
    const key = JSON.stringify(Object.entries(others).sort(([a], [b]) => a < b ? -1 : 1));
    const buckets = this.#histograms.get(key) ?? new Map<number, number>();
    this.#histograms.set(key, buckets);
    growth.follow(series, (from, to, count) => {
      buckets.set(bound, (buckets.get(bound) ?? 0) + count);
      if (bound === Infinity) spread(this.#bucketGrowth, from, to, count);
    });
  }

  counts(): SlotCounts {
    const growth = this.#total > 0 ? this.#growth : this.#bucketGrowth;
    const builder = new SlotCountsBuilder();
    let sum = 0;
    let told = 0;
    for (let slot = 0; slot < growth.length; slot++) {
      // Rounded as a running sum, so that the parts of what was spread add up.
      sum += growth[slot];
      const count = Math.round(sum) - told;
      told += count;
      if (count > 0) builder.add(slot, count);
    }
    return builder.finish(growth.length);
  }

  runtimeMs(given: DurationUnit | undefined): Percentiles | null {
    if (this.#histograms.size === 0 && this.#sum === 0) return null;
    const base = (this.#metric ?? "").replace(/_(bucket|sum)$/, "");
    const unit = given ?? unitOfName(base);
    if (unit === null) {
      throw new LoaderError(
        "usage",
        `The name of the metric ${base} does not end in a unit; say it with --duration-unit.`,
        { value: base },
      );
    }
    const unitMs = DURATION_UNITS[unit];
    const distribution = new BucketDistribution();
    let inBuckets = 0;
    for (const buckets of this.#histograms.values()) {
      const sorted = [...buckets].sort(([a], [b]) => a - b);
      distribution.add(
        sorted.map(([bound, count]) => ({ boundMs: bound * unitMs, count })),
      );
      inBuckets += sorted.at(-1)?.[1] ?? 0;
    }
    this.above = distribution.above;
    const requests = this.#total > 0 ? this.#total : inBuckets;
    const meanMs = this.#sum > 0 && requests > 0 ? this.#sum * unitMs / requests : null;
    const percentiles = distribution.derive(meanMs);
    if (percentiles !== null || meanMs === null) return percentiles;
    return { quantiles: [0, 1], values: [meanMs, meanMs], mean: meanMs };
  }
}

/** Adds a number to slots, the same to each. */
function spread(slots: Float64Array, from: number, to: number, count: number): void {
  for (let slot = from; slot < to; slot++) slots[slot] += count / (to - from);
}
