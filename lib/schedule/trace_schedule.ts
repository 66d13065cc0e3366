import { LoaderError } from "../base/error.ts";
import { Rng, type RngKey } from "../base/rng.ts";
import {
  type ChunkOptions,
  type IatDistribution,
  MEMORY_LIMITS_MIB,
  type PhaseSpan,
  RUNTIME_LIMITS_MS,
  type Schedule,
  type ScheduleChunk,
  type ScheduleForecast,
  type ScheduleStep,
} from "../model/schedule.ts";
import type { SlotCounts, SlotCursor } from "../model/slot_counts.ts";
import {
  describeLength,
  formatMinutes,
  functionKey,
  type FunctionProfile,
  type RecordedInvocations,
  type Trace,
  traceLengthMs,
} from "../model/trace.ts";
import { generateArrivals, generateArrivalsInSteps, US_PER_MS } from "./arrivals.ts";
import { chunksAmong, inSteps, ROWS_A_STEP } from "./chunk_slices.ts";
import { deriveForecast } from "./forecast.ts";
import { shareOffsetOf, STREAM, streamKeyOf } from "./function_streams.ts";
import { QuantileSampler } from "./quantile_sampler.ts";
import { RecordedReplay } from "./recorded_replay.ts";
import { scaleCount } from "./rate_scale.ts";
import { hashSchedule } from "./schedule_hash.ts";
import { TimeOrder } from "./time_order.ts";

/** The longest slot whose microseconds fit in 32 bits, in whole hours. */
export const LONGEST_SLOT_MS = 3_600_000;

/** Options of {@linkcode generateSchedule}. */
export interface ScheduleOptions {
  /** Root seed; 42 by default. */
  readonly seed?: number;
  /** Sub-stream of the seed for arrivals, runtimes and memory; 0 by default. */
  readonly repetition?: number;
  readonly iatDistribution?: IatDistribution;
  /**
   * What is done with a trace that has each invocation: `recorded` (the default) replays
   * them at their instants, `folded` draws arrivals from their number in each slot.
   */
  readonly arrivals?: "recorded" | "folded";
  /** Rotate each function by a shift of its own; by default unless `exponential`. */
  readonly shift?: boolean;
  /** Start of the window, from the start of the trace, at the start of a slot; 0 by default. */
  readonly startMs?: number;
  /** How much of the trace to replay, in its own time; by default to its end. */
  readonly durationMs?: number;
  /** How much of that is warm-up; 0 by default. */
  readonly warmupMs?: number;
  /** Factor on every count; 1 by default. */
  readonly rateScale?: number;
  /** Compresses arrivals, never runtimes: 10 replays a minute in 6 s; 1 by default. */
  readonly timeScale?: number;
}

/**
 * Makes the schedule of a window of a trace. The count of each function and
 * slot is the trace's, exactly; a scaled rate keeps the sum over slots to
 * within one invocation. What is drawn depends on (seed, repetition,
 * owner/app/function, slot) alone, so that a function behaves alike in every
 * sample and window. A window that ends inside a slot cuts it. Invocations that
 * the trace has one by one are replayed at their instants, with their runtime and
 * memory, unless `arrivals` says otherwise.
 *
 * @throws LoaderError `usage` when an option is out of range or the window is not in the trace
 *
 * @example
 * ```ts
 * import { SlotCounts } from "../model/slot_counts.ts";
 * import { generateSchedule } from "./trace_schedule.ts";
 * const flat = { quantiles: [0, 1], values: [10, 10], mean: 10 };
 * const schedule = generateSchedule({
 *   name: "example",
 *   slotMs: 60_000,
 *   slots: 2,
 *   functions: [{
 *     id: "f",
 *     appId: "a",
 *     ownerId: "o",
 *     trigger: null,
 *     invocationsPerSlot: SlotCounts.from([3, 5]),
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
  readonly counts: SlotCounts;
  /** Its invocations one by one, where they are to be replayed so. */
  readonly recorded: RecordedInvocations | null;
  readonly runtime: QuantileSampler;
  readonly memory: QuantileSampler;
}

class TraceSchedule implements Schedule {
  readonly functions: readonly FunctionProfile[];
  readonly durationMs: number;
  readonly phases: readonly PhaseSpan[];
  readonly #distribution: IatDistribution;
  readonly #slotUs: number;
  readonly #startSlot: number;
  readonly #windowMs: number;
  readonly #rateScale: number;
  readonly #timeScale: number;
  /** In order of function key, which decides between equal times. */
  readonly #sources: readonly Source[];
  #hash: string | undefined;

  constructor(trace: Trace, options: ScheduleOptions) {
    const seed = options.seed ?? 42;
    const startMs = options.startMs ?? 0;
    const durationMs = options.durationMs ?? traceLengthMs(trace) - startMs;
    checkOptions(trace, options, startMs, durationMs);
    this.functions = trace.functions;
    this.#distribution = options.iatDistribution ?? "exponential";
    this.#slotUs = trace.slotMs * US_PER_MS;
    this.#startSlot = startMs / trace.slotMs;
    // On whole microseconds, as arrivals are: a third of a minute is no double.
    this.#windowMs = Math.round(durationMs * US_PER_MS) / US_PER_MS;
    this.#rateScale = options.rateScale ?? 1;
    this.#timeScale = options.timeScale ?? 1;
    this.durationMs = this.#windowMs / this.#timeScale;
    const warmupMs = Math.min((options.warmupMs ?? 0) / this.#timeScale, this.durationMs);
    this.phases = warmupMs > 0
      ? [{ fromMs: 0, phase: "warmup" }, { fromMs: warmupMs, phase: "measurement" }]
      : [{ fromMs: 0, phase: "measurement" }];
    const shift = options.shift ?? this.#distribution !== "exponential";
    const rng = new Rng();
    const repetition = options.repetition ?? 0;
    this.#sources = trace.functions
      .map((profile, functionIndex) => ({ profile, functionIndex, id: functionKey(profile) }))
      .sort((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : a.functionIndex - b.functionIndex)
      .map(({ profile, functionIndex, id }): Source => {
        const key = streamKeyOf(seed, repetition, id);
        rng.seed(key, 0, STREAM.shift);
        const shiftUs = shift ? rng.nextBelow(this.#slotUs) : 0;
        return {
          functionIndex,
          key,
          shiftUs,
          shareOffset: shareOffsetOf(key),
          counts: profile.invocationsPerSlot,
          recorded: options.arrivals === "folded" ? null : profile.recorded ?? null,
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

  chunks(options?: ChunkOptions): IterableIterator<ScheduleChunk> {
    return chunksAmong(this.steps(options));
  }

  *steps(options: ChunkOptions = {}): IterableIterator<ScheduleStep> {
    const slots = Math.ceil(this.#windowMs * US_PER_MS / this.#slotUs);
    const workspace = new SlotWorkspace(this.#sources, this.#startSlot);
    const columns = new ChunkColumns();
    for (let offset = 0; offset < slots; offset++) {
      const slotColumns = options.reuse ? columns : new ChunkColumns();
      yield yield* this.#generateSlot(offset, workspace, slotColumns);
    }
  }

  async hash(signal?: AbortSignal): Promise<string> {
    this.#hash ??= await hashSchedule(this.functions, this.chunks({ reuse: true }), signal);
    return this.#hash;
  }

  forecast(): ScheduleForecast {
    const slots = Math.ceil(this.#windowMs * US_PER_MS / this.#slotUs);
    const lastShare = this.#windowMs * US_PER_MS / this.#slotUs - (slots - 1);
    const byFunction = new Float64Array(this.functions.length);
    const bySlot = new Float64Array(slots);
    const rateScale = this.#rateScale;
    for (const { functionIndex, counts, shareOffset } of this.#sources) {
      let before = 0;
      for (const cursor = counts.cursor(); cursor.slot < this.#startSlot + slots; cursor.next()) {
        const { count } = cursor;
        const slot = cursor.slot - this.#startSlot;
        if (slot >= 0) {
          const scaled = rateScale === 1
            ? count
            : scaleCount(count, before, rateScale, shareOffset);
          const due = slot === slots - 1 ? scaled * lastShare : scaled;
          byFunction[functionIndex] += due;
          bySlot[slot] += due;
        }
        before += count;
      }
    }
    const slotMs = this.#slotUs / US_PER_MS / this.#timeScale;
    return deriveForecast(this, { byFunction, bySlot, slotMs });
  }

  *#generateSlot(
    offset: number,
    workspace: SlotWorkspace,
    columns: ChunkColumns,
  ): Generator<null, ScheduleChunk> {
    const slot = this.#startSlot + offset;
    const { timeOrder, counts } = workspace;
    const total = workspace.takeCounts(slot, this.#rateScale);
    workspace.reserve(total);
    let from = 0;
    let stepFrom = 0;
    for (let position = 0; position < this.#sources.length; position++) {
      const count = counts[position];
      const source = this.#sources[position];
      if (source.recorded !== null) {
        this.#replaySlot(position, slot, from, workspace);
      } else if (count > ROWS_A_STEP) {
        yield* this.#drawInSteps(source, slot, count, from, workspace);
      } else if (count > 0) {
        this.#drawSlot(source, slot, count, from, workspace);
      }
      workspace.positionOf.fill(position, from, from + count);
      from += count;
      if (from - stepFrom < ROWS_A_STEP) continue;
      yield null;
      stepFrom = from;
    }
    const order = yield* timeOrder.sortInSteps(
      workspace.timesUs,
      workspace.positionOf,
      total,
      this.#slotUs,
    );
    return yield* this.#gather(offset, workspace, order, total, columns);
  }

  #drawSlot(
    source: Source,
    slot: number,
    count: number,
    from: number,
    { rng, timesUs, runtimeMs, memoryMib }: SlotWorkspace,
  ): void {
    rng.seed(source.key, slot, STREAM.arrivals);
    generateArrivals(
      this.#distribution,
      rng,
      count,
      this.#slotUs,
      source.shiftUs,
      timesUs,
      from,
    );
    rng.seed(source.key, slot, STREAM.runtime);
    source.runtime.fill(rng, runtimeMs, from, count);
    rng.seed(source.key, slot, STREAM.memory);
    source.memory.fill(rng, memoryMib, from, count);
  }

  /** The same of a function with so many that they take a step: a generator costs 0.3 µs. */
  *#drawInSteps(
    source: Source,
    slot: number,
    count: number,
    from: number,
    { rng, timesUs, runtimeMs, memoryMib }: SlotWorkspace,
  ): Generator<null, void> {
    rng.seed(source.key, slot, STREAM.arrivals);
    yield* generateArrivalsInSteps(
      this.#distribution,
      rng,
      count,
      this.#slotUs,
      source.shiftUs,
      timesUs,
      from,
    );
    rng.seed(source.key, slot, STREAM.runtime);
    yield* inSteps(
      count,
      ROWS_A_STEP,
      (first, end) => source.runtime.fill(rng, runtimeMs, from + first, end - first),
    );
    rng.seed(source.key, slot, STREAM.memory);
    yield* inSteps(
      count,
      ROWS_A_STEP,
      (first, end) => source.memory.fill(rng, memoryMib, from + first, end - first),
    );
  }

  /** What the trace does not have of single invocations is drawn as for any other function. */
  #replaySlot(
    position: number,
    slot: number,
    from: number,
    { rng, timesUs, runtimeMs, memoryMib, replays, counts, recordedCounts }: SlotWorkspace,
  ): void {
    const source = this.#sources[position];
    const count = counts[position];
    replays[position]!.take({
      slot,
      slotUs: this.#slotUs,
      recorded: recordedCounts[position],
      copiesOf: this.#copiesOf(source),
      timesUs,
      runtimeMs,
      memoryMib,
      from,
    });
    if (count === 0) return;
    if (source.recorded!.runtimeMs === null) {
      rng.seed(source.key, slot, STREAM.runtime);
      source.runtime.fill(rng, runtimeMs, from, count);
    }
    if (source.recorded!.memoryMib === null) {
      rng.seed(source.key, slot, STREAM.memory);
      source.memory.fill(rng, memoryMib, from, count);
    }
  }

  /** How often the invocation after so many is replayed. */
  #copiesOf({ shareOffset }: Source): (before: number) => number {
    const scale = this.#rateScale;
    return scale === 1 ? () => 1 : (before) => scaleCount(1, before, scale, shareOffset);
  }

  *#gather(
    offset: number,
    workspace: SlotWorkspace,
    order: Uint32Array,
    total: number,
    columns: ChunkColumns,
  ): Generator<null, ScheduleChunk> {
    const { timesUs } = workspace;
    const startUs = offset * this.#slotUs;
    const cutUs = this.#windowMs * US_PER_MS - startUs;
    let kept = total;
    while (kept > 0 && timesUs[order[kept - 1]] >= cutUs) kept--;
    const chunk = columns.take(kept);
    yield* inSteps(
      kept,
      ROWS_A_STEP,
      (from, to) => this.#gatherRows(startUs, workspace, order, chunk, from, to),
    );
    return chunk;
  }

  #gatherRows(
    startUs: number,
    { timesUs, positionOf, runtimeMs, memoryMib }: SlotWorkspace,
    order: Uint32Array,
    chunk: ScheduleChunk,
    from: number,
    to: number,
  ): void {
    for (let i = from; i < to; i++) {
      const index = order[i];
      chunk.scheduledMs[i] = (startUs + timesUs[index]) / US_PER_MS / this.#timeScale;
      chunk.functionIndex[i] = this.#sources[positionOf[index]].functionIndex;
      chunk.runtimeMs[i] = runtimeMs[index];
      chunk.memoryMib[i] = memoryMib[index];
    }
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

/** Stands for a slot that does not come. */
const NO_SLOT = 0x7fffffff;

/** What one iteration over the chunks keeps: where it stands, and buffers that serve again. */
class SlotWorkspace {
  readonly rng = new Rng();
  readonly timeOrder = new TimeOrder();
  /** Invocations of each source in the slot: at the rate of the replay. */
  readonly counts: Uint32Array;
  /** The same, as the trace has them. */
  readonly recordedCounts: Uint32Array;
  /** Of the sources that are replayed one by one. */
  readonly replays: readonly (RecordedReplay | null)[];
  timesUs = new Uint32Array(0);
  positionOf = new Uint32Array(0);
  runtimeMs = new Uint32Array(0);
  memoryMib = new Uint32Array(0);
  readonly #cursors: readonly SlotCursor[];
  /** The next slot in which each source has invocations. */
  readonly #nextSlot: Int32Array;
  /** Invocations of each source before the slot, as the trace has them. */
  readonly #before: Float64Array;
  readonly #shareOffset: Float64Array;

  constructor(sources: readonly Source[], startSlot: number) {
    this.counts = new Uint32Array(sources.length);
    this.recordedCounts = new Uint32Array(sources.length);
    this.#nextSlot = new Int32Array(sources.length);
    this.#before = new Float64Array(sources.length);
    this.#shareOffset = Float64Array.from(sources, ({ shareOffset }) => shareOffset);
    this.#cursors = sources.map(({ counts }, position) => {
      const cursor = counts.cursor();
      for (; cursor.slot < startSlot; cursor.next()) this.#before[position] += cursor.count;
      this.#nextSlot[position] = Math.min(cursor.slot, NO_SLOT);
      return cursor;
    });
    this.replays = sources.map(({ recorded }, position) =>
      recorded === null ? null : new RecordedReplay(recorded, this.#before[position])
    );
  }

  /** Sets the counts of the next slot, and returns their sum. */
  takeCounts(slot: number, rateScale: number): number {
    const { counts, recordedCounts } = this;
    let total = 0;
    for (let position = 0; position < counts.length; position++) {
      if (this.#nextSlot[position] !== slot) {
        counts[position] = 0;
        recordedCounts[position] = 0;
        continue;
      }
      const cursor = this.#cursors[position];
      const count = cursor.count;
      const before = this.#before[position];
      this.#before[position] = before + count;
      cursor.next();
      this.#nextSlot[position] = Math.min(cursor.slot, NO_SLOT);
      recordedCounts[position] = count;
      counts[position] = rateScale === 1
        ? count
        : scaleCount(count, before, rateScale, this.#shareOffset[position]);
      total += counts[position];
    }
    return total;
  }

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
  startMs: number,
  durationMs: number,
): void {
  const refuse = (sentence: string, value: unknown): never => {
    throw new LoaderError("usage", sentence, { value });
  };
  if (options.seed !== undefined && !Number.isSafeInteger(options.seed)) {
    refuse(`The seed must be a whole number, not ${options.seed}.`, options.seed);
  }
  if (!Number.isInteger(trace.slotMs) || trace.slotMs < 1 || trace.slotMs > LONGEST_SLOT_MS) {
    refuse(
      `The trace ${trace.name} has slots of ${trace.slotMs} ms; they may be of 1 ms to an hour.`,
      trace.slotMs,
    );
  }
  if (!Number.isFinite(startMs) || startMs < 0 || startMs % trace.slotMs !== 0) {
    const slot = trace.slotMs === 60_000 ? "minutes" : `slots of ${trace.slotMs / 1000} s`;
    refuse(
      `The window must start at a whole number of ${slot} from 0, not at minute ` +
        `${formatMinutes(startMs)}.`,
      startMs,
    );
  }
  if (startMs >= traceLengthMs(trace)) {
    refuse(
      `The window starts at minute ${formatMinutes(startMs)}, but the trace ${trace.name} has ` +
        `${describeLength(trace)}.`,
      startMs,
    );
  }
  if (!(durationMs > 0)) {
    refuse(
      `The duration must be above 0 minutes, not ${formatMinutes(durationMs)}.`,
      durationMs,
    );
  }
  if (startMs + durationMs > traceLengthMs(trace)) {
    refuse(
      `The window ends at minute ${formatMinutes(startMs + durationMs)}, but the trace ` +
        `${trace.name} has ${describeLength(trace)}; start earlier or replay less of it.`,
      durationMs,
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
