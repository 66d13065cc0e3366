import type { ScheduleChunk } from "../model/schedule.ts";

/** What is done with so many rows at once holds the event loop for less than a tenth of a millisecond. */
const SLICE_ROWS = 1024;

/** The rows of a chunk in parts of a bounded number, which share its memory. */
export function* sliceChunk(chunk: ScheduleChunk): Generator<ScheduleChunk> {
  const rows = chunk.scheduledMs.length;
  if (rows <= SLICE_ROWS) {
    yield chunk;
    return;
  }
  for (let from = 0; from < rows; from += SLICE_ROWS) {
    const to = Math.min(from + SLICE_ROWS, rows);
    yield {
      scheduledMs: chunk.scheduledMs.subarray(from, to),
      functionIndex: chunk.functionIndex.subarray(from, to),
      runtimeMs: chunk.runtimeMs.subarray(from, to),
      memoryMib: chunk.memoryMib.subarray(from, to),
      ...(chunk.index === undefined ? {} : { index: chunk.index.subarray(from, to) }),
    };
  }
}
