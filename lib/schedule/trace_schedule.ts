import { LoaderError } from "../base/error.ts";
import { deriveKey, Rng, type RngKey } from "../base/rng.ts";
import {
  type ChunkOptions,
  type IatDistribution,
  MEMORY_LIMITS_MIB,
  type PhaseSpan,
  RUNTIME_LIMITS_MS,
  type Schedule,
  type ScheduleChunk,
} from "../model/schedule.ts";
import { describeMinutes, functionKey, type FunctionProfile, type Trace } from "../model/trace.ts";
import { generateArrivals, US_PER_MS } from "./arrivals.ts";
import { QuantileSampler } from "./quantile_sampler.ts";
import { scaleCount } from "./rate_scale.ts";
import { hashSchedule } from "./schedule_hash.ts";
import { TimeOrder } from "./time_order.ts";

const MINUTE_MS = 60_000;
const MINUTE_US = MINUTE_MS * US_PER_MS;

/** Numbers of the random streams of a function in a minute; part of the format of a seed. */
const STREAM = { shift: 0, arrivals: 1, runtime: 2, memory: 3, count: 4 } as const;

/** Options of {@linkcode generateSchedule}. */
export interface ScheduleOptions {
  /** Root seed; 42 by default. */
  readonly seed?: number;
  /** Sub-stream of the seed for arrivals, runtimes and memory; 0 by default. */
  readonly repetition?: number;
  readonly iatDistribution?: IatDistribution;
  /** Rotate each function by a shift of its own; by default unless `exponential`. */
  readonly shift?: boolean;
  /** First minute of the window, from 0. */
  readonly startMinute?: number;
  /** Minutes of the trace to replay, may be fractional; by default to its end. */
  readonly durationMinutes?: number;
  /** Minutes at the start of the window that are warm-up; 0 by default. */
  readonly warmupMinutes?: number;
  /** Factor on every count; 1 by default. */
  readonly rateScale?: number;
  /** Compresses arrivals, never runtimes: 10 replays a minute in 6 s; 1 by default. */
  readonly timeScale?: number;
}

/**
 * Makes the schedule of a window of a trace. The count of each function and
 * minute is the trace's, exactly; a scaled rate keeps the sum over minutes to
 * within one invocation. What is drawn depends on (seed, repetition,
 * owner/app/function, minute) alone, so that a function behaves alike in every
 * sample and window. A window that ends inside a minute cuts it.
 *
 * @throws LoaderError `usage` when an option is out of range or the window is not in the trace
 *
 * @example
 * ```ts
 * import { generateSchedule } from "./trace_schedule.ts";
 * const flat = { quantiles: [0, 1], values: [10, 10], mean: 10 };
 * const schedule = generateSchedule({
 *   name: "example",
 *   minutes: 2,
 *   functions: [{
 *     id: "f",
 *     appId: "a",
 *     ownerId: "o",
 *     trigger: null,
 *     invocationsPerMinute: Uint32Array.of(3, 5),
 *     runtimeMs: flat,
 *     memoryMib: flat,
 *   }],
 *   repairs: [],
 *   hash: "",
 * }, { seed: 42 });
 * let invocations = 0;
 * for (const chunk of schedule.chunks()) invocations += chunk.scheduledMs.length;
 * if (invocations !== 8) throw new Error("counts are conserved");
 * ```
 */
export function generateSchedule(trace: Trace, options: ScheduleOptions = {}): Schedule {
  return new TraceSchedule(trace, options);
}

/** A function with what is needed to draw its invocations. */
interface Source {
  readonly functionIndex: number;
  readonly key: RngKey;
  readonly shiftUs: number;
  /** Where a scaled rate begins to share its invocations out, in [0, 1). */
  readonly shareOffset: number;
  readonly counts: Uint32Array;
  readonly runtime: QuantileSampler;
  readonly memory: QuantileSampler;
}

class TraceSchedule implements Schedule {
  readonly functions: readonly FunctionProfile[];
  readonly durationMs: number;
  readonly phases: readonly PhaseSpan[];
  readonly #distribution: IatDistribution;
  readonly #startMinute: number;
  readonly #windowMs: number;
  readonly #rateScale: number;
  readonly #timeScale: number;
  /** In order of function key, which decides between equal times. */
  readonly #sources: readonly Source[];
  #hash: string | undefined;

  constructor(trace: Trace, options: ScheduleOptions) {
    const seed = options.seed ?? 42;
    const startMinute = options.startMinute ?? 0;
    const durationMinutes = options.durationMinutes ?? trace.minutes - startMinute;
    const warmupMinutes = options.warmupMinutes ?? 0;
    checkOptions(trace, options, startMinute, durationMinutes);
    this.functions = trace.functions;
    this.#distribution = options.iatDistribution ?? "exponential";
    this.#startMinute = startMinute;
    // On whole microseconds, as arrivals are: a third of a minute is no double.
    this.#windowMs = Math.round(durationMinutes * MINUTE_US) / US_PER_MS;
    this.#rateScale = options.rateScale ?? 1;
    this.#timeScale = options.timeScale ?? 1;
    this.durationMs = this.#windowMs / this.#timeScale;
    const warmupMs = Math.min(warmupMinutes * MINUTE_MS / this.#timeScale, this.durationMs);
    this.phases = warmupMs > 0
      ? [{ fromMs: 0, phase: "warmup" }, { fromMs: warmupMs, phase: "measurement" }]
      : [{ fromMs: 0, phase: "measurement" }];
    const shift = options.shift ?? this.#distribution !== "exponential";
    const rng = new Rng();
    const streamName = `repetition ${options.repetition ?? 0}`;
    this.#sources = trace.functions
      .map((profile, functionIndex) => ({ profile, functionIndex, id: functionKey(profile) }))
      .sort((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : a.functionIndex - b.functionIndex)
      .map(({ profile, functionIndex, id }): Source => {
        const key = deriveKey(seed, streamName, id);
        rng.seed(key, 0, STREAM.shift);
        const shiftUs = shift ? rng.nextBelow(MINUTE_US) : 0;
        rng.seed(key, 0, STREAM.count);
        return {
          functionIndex,
          key,
          shiftUs,
          shareOffset: rng.nextFloat(),
          counts: profile.invocationsPerMinute,
          runtime: new QuantileSampler(
            profile.runtimeMs,
            RUNTIME_LIMITS_MS.minimum,
            RUNTIME_LIMITS_MS.maximum,
          ),
          memory: new QuantileSampler(
            profile.memoryMib,
            MEMORY_LIMITS_MIB.minimum,
            MEMORY_LIMITS_MIB.maximum,
          ),
        };
      });
  }

  *chunks(options: ChunkOptions = {}): IterableIterator<ScheduleChunk> {
    const minutes = Math.ceil(this.#windowMs / MINUTE_MS);
    const workspace = new MinuteWorkspace();
    if (this.#rateScale !== 1) workspace.countsBefore = this.#countBefore();
    const columns = new ChunkColumns();
    for (let offset = 0; offset < minutes; offset++) {
      yield this.#generateMinute(offset, workspace, options.reuse ? columns : new ChunkColumns());
    }
  }

  /** Invocations of each source from the trace's first minute to the window, unscaled. */
  #countBefore(): Float64Array {
    return Float64Array.from(this.#sources, ({ counts }) => {
      let sum = 0;
      for (let minute = 0; minute < this.#startMinute; minute++) sum += counts[minute];
      return sum;
    });
  }

  async hash(signal?: AbortSignal): Promise<string> {
    this.#hash ??= await hashSchedule(this.functions, this.chunks({ reuse: true }), signal);
    return this.#hash;
  }

  #generateMinute(
    offset: number,
    workspace: MinuteWorkspace,
    columns: ChunkColumns,
  ): ScheduleChunk {
    const minute = this.#startMinute + offset;
    const { rng, timeOrder, counts } = workspace;
    counts.length = 0;
    let total = 0;
    for (let position = 0; position < this.#sources.length; position++) {
      const source = this.#sources[position];
      let count = source.counts[minute];
      if (this.#rateScale !== 1) {
        const before = workspace.countsBefore[position];
        workspace.countsBefore[position] += count;
        count = scaleCount(count, before, this.#rateScale, source.shareOffset);
      }
      counts.push(count);
      total += count;
    }
    workspace.reserve(total);
    const { timesUs, positionOf, runtimeMs, memoryMib } = workspace;
    let from = 0;
    for (let position = 0; position < this.#sources.length; position++) {
      const count = counts[position];
      if (count === 0) continue;
      const source = this.#sources[position];
      rng.seed(source.key, minute, STREAM.arrivals);
      generateArrivals(
        this.#distribution,
        rng,
        count,
        MINUTE_US,
        source.shiftUs,
        timesUs,
        from,
      );
      rng.seed(source.key, minute, STREAM.runtime);
      source.runtime.fill(rng, runtimeMs, from, count);
      rng.seed(source.key, minute, STREAM.memory);
      source.memory.fill(rng, memoryMib, from, count);
      positionOf.fill(position, from, from + count);
      from += count;
    }
    const order = timeOrder.sort(timesUs, positionOf, total, MINUTE_US);
    return this.#gather(offset, workspace, order, total, columns);
  }

  #gather(
    offset: number,
    workspace: MinuteWorkspace,
    order: Uint32Array,
    total: number,
    columns: ChunkColumns,
  ): ScheduleChunk {
    const { timesUs, positionOf, runtimeMs, memoryMib } = workspace;
    const startUs = offset * MINUTE_US;
    const cutUs = this.#windowMs * US_PER_MS - startUs;
    let kept = total;
    while (kept > 0 && timesUs[order[kept - 1]] >= cutUs) kept--;
    const chunk = columns.take(kept);
    for (let i = 0; i < kept; i++) {
      const index = order[i];
      chunk.scheduledMs[i] = (startUs + timesUs[index]) / US_PER_MS / this.#timeScale;
      chunk.functionIndex[i] = this.#sources[positionOf[index]].functionIndex;
      chunk.runtimeMs[i] = runtimeMs[index];
      chunk.memoryMib[i] = memoryMib[index];
    }
    return chunk;
  }
}

/** The columns of a chunk, in one allocation that can serve again. */
class ChunkColumns {
  #length = 0;
  #buffer = new ArrayBuffer(0);

  take(count: number): ScheduleChunk {
    if (this.#length < count) {
      // The first take is exact; a larger one leaves room for the next.
      this.#length = this.#length === 0 ? count : Math.ceil(count * 1.25);
      this.#buffer = new ArrayBuffer(this.#length * 20);
    }
    const length = this.#length;
    return {
      scheduledMs: new Float64Array(this.#buffer, 0, count),
      functionIndex: new Uint32Array(this.#buffer, length * 8, count),
      runtimeMs: new Uint32Array(this.#buffer, length * 12, count),
      memoryMib: new Uint32Array(this.#buffer, length * 16, count),
    };
  }
}

/** Buffers that one iteration over the chunks uses again and again. */
class MinuteWorkspace {
  readonly rng = new Rng();
  readonly timeOrder = new TimeOrder();
  readonly counts: number[] = [];
  /** Invocations of each source before the minute, unscaled; where a rate is scaled. */
  countsBefore: Float64Array = new Float64Array(0);
  timesUs = new Uint32Array(0);
  positionOf = new Uint32Array(0);
  runtimeMs = new Uint32Array(0);
  memoryMib = new Uint32Array(0);

  reserve(count: number): void {
    if (this.timesUs.length >= count) return;
    const length = Math.ceil(count * 1.25);
    this.timesUs = new Uint32Array(length);
    this.positionOf = new Uint32Array(length);
    this.runtimeMs = new Uint32Array(length);
    this.memoryMib = new Uint32Array(length);
  }
}

function checkOptions(
  trace: Trace,
  options: ScheduleOptions,
  startMinute: number,
  durationMinutes: number,
): void {
  const refuse = (sentence: string, value: unknown): never => {
    throw new LoaderError("usage", sentence, { value });
  };
  if (options.seed !== undefined && !Number.isSafeInteger(options.seed)) {
    refuse(`The seed must be a whole number, not ${options.seed}.`, options.seed);
  }
  if (!Number.isSafeInteger(startMinute) || startMinute < 0) {
    refuse(`The start minute must be a whole number from 0, not ${startMinute}.`, startMinute);
  }
  if (startMinute >= trace.minutes) {
    refuse(
      `The window starts at minute ${startMinute}, but the trace ${trace.name} has ` +
        `${describeMinutes(trace)}.`,
      startMinute,
    );
  }
  if (!(durationMinutes > 0)) {
    refuse(`The duration must be above 0 minutes, not ${durationMinutes}.`, durationMinutes);
  }
  if (startMinute + durationMinutes > trace.minutes) {
    refuse(
      `The window ends at minute ${startMinute + durationMinutes}, but the trace ${trace.name} ` +
        `has ${describeMinutes(trace)}; start earlier or replay less of it.`,
      durationMinutes,
    );
  }
  for (const name of ["rateScale", "timeScale"] as const) {
    const value = options[name];
    if (value !== undefined && !(value > 0 && value < Infinity)) {
      refuse(
        `The ${name === "rateScale" ? "rate" : "time"} scale must be above 0, not ${value}.`,
        value,
      );
    }
  }
}
