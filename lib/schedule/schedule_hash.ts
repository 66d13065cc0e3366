import { createHash } from "node:crypto";
import { LoopPauses } from "../clock/loop_pauses.ts";
import type { ScheduleChunk } from "../model/schedule.ts";
import { functionKey, type FunctionProfile } from "../model/trace.ts";

/** Rows are put together in blocks of this many, to feed the hash in large pieces. */
const BLOCK_ROWS = 4096;
/** Float64 time, Uint32 function, runtime and memory. */
const ROW_BYTES = 8 + 4 + 4 + 4;

/**
 * SHA-256 of a schedule, hexadecimal: the function keys, a line each, then for
 * every invocation in order its time (float64), function index, runtime and
 * memory (uint32), little-endian. It does not depend on how the schedule is cut
 * into chunks.
 *
 * @throws the signal's reason when it aborts meanwhile
 */
export async function hashSchedule(
  functions: readonly FunctionProfile[],
  chunks: Iterable<ScheduleChunk>,
  signal?: AbortSignal,
): Promise<string> {
  const pauses = new LoopPauses(signal);
  const hash = createHash("sha256");
  for (const profile of functions) hash.update(functionKey(profile)).update("\n");
  const block = new Uint8Array(BLOCK_ROWS * ROW_BYTES);
  const view = new DataView(block.buffer);
  for (const chunk of chunks) {
    const { scheduledMs, functionIndex, runtimeMs, memoryMib } = chunk;
    for (let first = 0; first < scheduledMs.length; first += BLOCK_ROWS) {
      const end = Math.min(first + BLOCK_ROWS, scheduledMs.length);
      let offset = 0;
      for (let i = first; i < end; i++) {
        view.setFloat64(offset, scheduledMs[i], true);
        view.setUint32(offset + 8, functionIndex[i], true);
        view.setUint32(offset + 12, runtimeMs[i], true);
        view.setUint32(offset + 16, memoryMib[i], true);
        offset += ROW_BYTES;
      }
      hash.update(block.subarray(0, offset));
      if (pauses.isDue) await pauses.take();
    }
  }
  return hash.digest("hex");
}
