import type { InvocationRow, InvocationSink } from "../model/record.ts";
import type { Cell, TableSink } from "../model/table.ts";

/**
 * Sees the rows of a run as they are written, on the way of the run itself: what it
 * does must be short, must not wait, and must not throw.
 */
export interface RunObserver {
  /** An invocation has ended; the row is reused after return. */
  onInvocation(row: InvocationRow): void;
  /** A row of the table `generator`: mostly the second before the one that has just ended. */
  onSecond(row: readonly Cell[]): void;
  /** A row of the table `instances`. */
  onInstance(row: readonly Cell[]): void;
}

/** What tells several observers, of which some may be absent; `undefined`: all are. */
export function joinObservers(
  ...given: readonly (RunObserver | undefined)[]
): RunObserver | undefined {
  const observers = given.filter((observer) => observer !== undefined);
  if (observers.length < 2) return observers[0];
  return {
    onInvocation(row) {
      for (const observer of observers) observer.onInvocation(row);
    },
    onSecond(row) {
      for (const observer of observers) observer.onSecond(row);
    },
    onInstance(row) {
      for (const observer of observers) observer.onInstance(row);
    },
  };
}

/** An invocation sink that tells an observer of every row as well. */
export function observedInvocations(
  sink: InvocationSink,
  observer: RunObserver | undefined,
): InvocationSink {
  if (observer === undefined) return sink;
  return {
    write(row) {
      // Before the row is written: a sink may end the run.
      observer.onInvocation(row);
      sink.write(row);
    },
  };
}

/** A sink of a table that tells of every row as well. */
export function observedTable(
  sink: TableSink,
  see: ((row: readonly Cell[]) => void) | undefined,
): TableSink {
  if (see === undefined) return sink;
  return {
    write(row) {
      see(row);
      sink.write(row);
    },
  };
}
