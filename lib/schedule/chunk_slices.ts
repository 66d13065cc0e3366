import type { ChunkOptions, Schedule, ScheduleChunk, ScheduleStep } from "../model/schedule.ts";

/** Rows that are drawn between two steps: a tenth of a millisecond at most. */
export const ROWS_A_STEP = 2048;

/** The steps of making a schedule; each chunk is one where it has none. */
export function stepsOf(
  schedule: Schedule,
  options?: ChunkOptions,
): IterableIterator<ScheduleStep> {
  return schedule.steps?.(options) ?? schedule.chunks(options);
}

/** The chunks among the steps. */
export function* chunksAmong(steps: Iterable<ScheduleStep>): Generator<ScheduleChunk> {
  for (const step of steps) if (step !== null) yield step;
}

/**
 * Calls `work` with parts of [0, `count`), with a step between them.
 *
 * @param rows of a part
 */
export function* inSteps(
  count: number,
  rows: number,
  work: (from: number, to: number) => void,
): Generator<null, void> {
  for (let from = 0; from < count; from += rows) {
    work(from, Math.min(from + rows, count));
    yield null;
  }
}

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
