import type {
  ChunkOptions,
  PhaseSpan,
  Schedule,
  ScheduleChunk,
  ScheduleStep,
} from "../../model/schedule.ts";
import { functionKey, type FunctionProfile } from "../../model/trace.ts";
import { chunksAmong, inSteps, ROWS_A_STEP, stepsOf } from "../../schedule/chunk_slices.ts";
import { isInShard, type Shard } from "./shard.ts";

/**
 * The part of a schedule that one loader of several dispatches: its functions'
 * invocations, each with its index in the whole. The whole is made, a chunk at a
 * time, and the rest is left out; length, phases and hash are the whole's.
 *
 * @example
 * ```ts
 * import { generateRateStep } from "../../schedule/pattern_schedule.ts";
 * import { takeShard } from "./shard_schedule.ts";
 * const whole = generateRateStep({
 *   seed: 42,
 *   ratePerS: 10,
 *   durationMs: 1000,
 *   warmupShare: 0,
 *   functions: 4,
 *   runtimeMs: 10,
 *   memoryMib: 64,
 *   iatDistribution: "exponential",
 * });
 * let invocations = 0;
 * for (const index of [1, 2]) {
 *   const part = takeShard(whole, { index, count: 2 });
 *   if (await part.hash() !== await whole.hash()) throw new Error("the hash tells what is made together");
 *   for (const chunk of part.chunks()) invocations += chunk.scheduledMs.length;
 * }
 * if (invocations !== 10) throw new Error("every invocation belongs to one loader");
 * ```
 */
export function takeShard(whole: Schedule, shard: Shard): Schedule {
  return new ShardSchedule(whole, shard);
}

/** Stands for a function of another loader. */
const FOREIGN = -1;

class ShardSchedule implements Schedule {
  readonly functions: readonly FunctionProfile[];
  readonly durationMs: number;
  readonly phases: readonly PhaseSpan[];
  readonly #whole: Schedule;
  /** By index into the functions of the whole: the index into those here. */
  readonly #ownIndex: Int32Array;

  constructor(whole: Schedule, shard: Shard) {
    const isOwn = whole.functions.map((profile) => isInShard(shard, functionKey(profile)));
    this.#whole = whole;
    this.functions = whole.functions.filter((_, index) => isOwn[index]);
    this.durationMs = whole.durationMs;
    this.phases = whole.phases;
    let own = 0;
    this.#ownIndex = Int32Array.from(isOwn, (is) => is ? own++ : FOREIGN);
  }

  chunks(options?: ChunkOptions): IterableIterator<ScheduleChunk> {
    return chunksAmong(this.steps(options));
  }

  *steps(options: ChunkOptions = {}): IterableIterator<ScheduleStep> {
    let first = 0;
    let columns = new ShardColumns(0);
    for (const step of stepsOf(this.#whole, { reuse: true })) {
      if (step === null) {
        yield null;
        continue;
      }
      const own = yield* this.#countOwn(step);
      if (!options.reuse || columns.length < own) columns = new ShardColumns(own);
      yield yield* this.#select(step, first, columns, own);
      first += step.scheduledMs.length;
    }
  }

  hash(signal?: AbortSignal): Promise<string> {
    return this.#whole.hash(signal);
  }

  *#countOwn({ functionIndex }: ScheduleChunk): Generator<null, number> {
    let own = 0;
    yield* inSteps(functionIndex.length, ROWS_A_STEP, (from, to) => {
      for (let i = from; i < to; i++) if (this.#ownIndex[functionIndex[i]] !== FOREIGN) own++;
    });
    return own;
  }

  *#select(
    whole: ScheduleChunk,
    first: number,
    columns: ShardColumns,
    own: number,
  ): Generator<null, ScheduleChunk> {
    const { scheduledMs, functionIndex, runtimeMs, memoryMib, index } = columns;
    let at = 0;
    yield* inSteps(whole.functionIndex.length, ROWS_A_STEP, (from, to) => {
      for (let i = from; i < to; i++) {
        const ownIndex = this.#ownIndex[whole.functionIndex[i]];
        if (ownIndex === FOREIGN) continue;
        scheduledMs[at] = whole.scheduledMs[i];
        functionIndex[at] = ownIndex;
        runtimeMs[at] = whole.runtimeMs[i];
        memoryMib[at] = whole.memoryMib[i];
        index[at] = first + i;
        at++;
      }
    });
    return {
      scheduledMs: scheduledMs.subarray(0, own),
      functionIndex: functionIndex.subarray(0, own),
      runtimeMs: runtimeMs.subarray(0, own),
      memoryMib: memoryMib.subarray(0, own),
      index: index.subarray(0, own),
    };
  }
}

class ShardColumns {
  readonly scheduledMs: Float64Array;
  readonly functionIndex: Uint32Array;
  readonly runtimeMs: Uint32Array;
  readonly memoryMib: Uint32Array;
  readonly index: Float64Array;

  constructor(readonly length: number) {
    this.scheduledMs = new Float64Array(length);
    this.functionIndex = new Uint32Array(length);
    this.runtimeMs = new Uint32Array(length);
    this.memoryMib = new Uint32Array(length);
    this.index = new Float64Array(length);
  }
}
