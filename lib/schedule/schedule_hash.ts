import { createHash } from "node:crypto";
import { LoopPauses } from "../clock/loop_pauses.ts";
import type { ScheduleChunk } from "../model/schedule.ts";
import { sliceChunk } from "./chunk_slices.ts";
import { functionKey, type FunctionProfile } from "../model/trace.ts";

/** Rows are put together in blocks of this many, to feed the hash in large pieces. */
const BLOCK_ROWS = 4096;
/** Float64 time, Uint32 function, runtime and memory, in words of 32 bits. */
const ROW_WORDS = 2 + 1 + 1 + 1;

/**
 * SHA-256 of a schedule, as it is gone through: the function keys, a line each, then for
 * every invocation in order its time (float64), function index, runtime and
 * memory (uint32), little-endian. It does not depend on how the schedule is cut
 * into chunks.
 */
export class ScheduleHasher {
  readonly #hash = createHash("sha256");
  // As words: the byte order of every machine that this runs on is the format's.
  readonly #block = new Uint32Array(BLOCK_ROWS * ROW_WORDS);
  readonly #bytes = new Uint8Array(this.#block.buffer);

  constructor(functions: readonly FunctionProfile[]) {
    for (const profile of functions) this.#hash.update(functionKey(profile)).update("\n");
  }

  /** Takes in the next rows. */
  add({ scheduledMs, functionIndex, runtimeMs, memoryMib }: ScheduleChunk): void {
    const block = this.#block;
    const timeWords = new Uint32Array(
      scheduledMs.buffer,
      scheduledMs.byteOffset,
      2 * scheduledMs.length,
    );
    for (let first = 0; first < scheduledMs.length; first += BLOCK_ROWS) {
      const end = Math.min(first + BLOCK_ROWS, scheduledMs.length);
      let word = 0;
      for (let i = first; i < end; i++) {
        block[word] = timeWords[2 * i];
        block[word + 1] = timeWords[2 * i + 1];
        block[word + 2] = functionIndex[i];
        block[word + 3] = runtimeMs[i];
        block[word + 4] = memoryMib[i];
        word += ROW_WORDS;
      }
      this.#hash.update(this.#bytes.subarray(0, 4 * word));
    }
  }

  /** The hash of all that was taken in, hexadecimal; nothing can be added after it. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}

/**
 * The hash of a schedule's functions and chunks, as {@linkcode ScheduleHasher} makes it.
 *
 * @throws the signal's reason when it aborts meanwhile
 */
export async function hashSchedule(
  functions: readonly FunctionProfile[],
  chunks: Iterable<ScheduleChunk>,
  signal?: AbortSignal,
): Promise<string> {
  const pauses = new LoopPauses(signal);
  const hasher = new ScheduleHasher(functions);
  for (const chunk of chunks) {
    for (const slice of sliceChunk(chunk)) {
      hasher.add(slice);
      if (pauses.isDue) await pauses.take();
    }
  }
  return hasher.digest();
}
