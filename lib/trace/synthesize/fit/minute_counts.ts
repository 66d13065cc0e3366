import { LoaderError } from "../../../base/error.ts";
import { SlotCounts, SlotCountsBuilder } from "../../../model/slot_counts.ts";
import { type Trace, traceLengthMs } from "../../../model/trace.ts";
import { MINUTES_PER_DAY } from "../load_shape.ts";

const MINUTE_MS = 60_000;
const DAY_MS = MINUTES_PER_DAY * MINUTE_MS;
const DAYS_PER_WEEK = 7;
/** 1 January 1970 was a Thursday: so many days after a Monday. */
const EPOCH_WEEKDAY = 3;

/** How a trace lies in time. */
export interface TraceTime {
  readonly minutes: number;
  /** In days, which need not be whole. */
  readonly days: number;
  /** Minute of the day at which it starts; 0 where it is not known. */
  readonly startMinute: number;
  /** Day of the week of its first day, 0 for a Monday; that where it is not known. */
  readonly weekday: number;
}

/** A fit needs this many minutes at least, or there is nothing to be seen of variation. */
const LEAST_MINUTES = 10;

/**
 * Where a trace starts and how long it is.
 *
 * @throws {LoaderError} `usage` when its slots are no part of a minute, or it has fewer than 10
 */
export function timeOfTrace(trace: Trace): TraceTime {
  if (MINUTE_MS % trace.slotMs !== 0) {
    throw new LoaderError(
      "usage",
      `The trace ${trace.name} has slots of ${trace.slotMs} ms, of which no minutes can be made; ` +
        "give one with slots of a minute, or of a part of it.",
      { value: trace.slotMs },
    );
  }
  const minutes = Math.floor(traceLengthMs(trace) / MINUTE_MS);
  if (minutes < LEAST_MINUTES) {
    throw new LoaderError(
      "usage",
      `The trace ${trace.name} has ${minutes} minutes; give at least ${LEAST_MINUTES}.`,
      { value: minutes },
    );
  }
  const { startMs, firstMinute = 1 } = trace;
  return {
    minutes,
    days: minutes / MINUTES_PER_DAY,
    startMinute: startMs === undefined
      ? Math.max(0, firstMinute - 1) % MINUTES_PER_DAY
      : Math.floor((startMs % DAY_MS) / MINUTE_MS),
    weekday: startMs === undefined
      ? 0
      : (Math.floor(startMs / DAY_MS) + EPOCH_WEEKDAY) % DAYS_PER_WEEK,
  };
}

/** Counts of each minute, of slots that are a part of one. */
export function foldToMinutes(counts: SlotCounts, slotMs: number, minutes: number): SlotCounts {
  if (slotMs === MINUTE_MS && counts.length === minutes) return counts;
  const slotsPerMinute = MINUTE_MS / slotMs;
  const builder = new SlotCountsBuilder();
  for (const cursor = counts.cursor(); cursor.slot < minutes * slotsPerMinute; cursor.next()) {
    builder.add(Math.floor(cursor.slot / slotsPerMinute), cursor.count);
  }
  return builder.finish(minutes);
}
