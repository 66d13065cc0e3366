import { LoaderError } from "../base/error.ts";
import { functionKey, joinKey, type Trace } from "../model/trace.ts";
import { assumeFigures, describeAssumedMemory, describeAssumedRuntime } from "./assumed.ts";
import type { TraceReading } from "./format.ts";
import type { FunctionIdentity, RecordedBuilder } from "./recorded.ts";

/** Each takes 16 bytes, and as much again while columns grow. */
const MOST_ROWS = 50_000_000;

const SLOT_MS = 60_000;

/** What is known of a trace beside its rows. */
export interface RecordedTraceParts {
  readonly name: string;
  /** For messages. */
  readonly file: string;
  /** What the rows do not have at all. */
  readonly lacks: { readonly runtime?: boolean; readonly memory?: boolean };
  readonly startMs?: number;
  /** Least length; by default it ends with the minute of the last arrival. */
  readonly leastMs?: number;
  readonly notes?: readonly string[];
  readonly assumptions?: readonly string[];
}

/**
 * Makes a trace of invocations that were recorded one by one, with counts by the
 * minute. Where runtimes or memory are not known they are assumed; the memory of an
 * application is shared by its functions.
 *
 * @throws LoaderError `input` when there are no rows
 */
export function makeRecordedTrace(
  builder: RecordedBuilder,
  reading: TraceReading,
  parts: RecordedTraceParts,
): Omit<Trace, "repairs" | "hash"> {
  if (builder.lastMs < 0) {
    throw new LoaderError("input", "The trace is empty: it has no invocation.", {
      file: parts.file,
    });
  }
  const lengthMs = Math.max(builder.lastMs + 1, parts.leastMs ?? 0);
  const slots = Math.max(Math.floor(builder.lastMs / SLOT_MS) + 1, Math.ceil(lengthMs / SLOT_MS));
  const figures = assumeFigures(reading.assume);
  const unknownMemory = { quantiles: [0, 1], values: [0, 0], mean: 0 };
  const { functions, unordered, ties } = builder.finish(SLOT_MS, slots, {
    runtimeMs: (identity) => figures.runtimeMs(functionKey(identity)),
    // Replaced below, when it is known how many functions share an application.
    memoryMib: () => unknownMemory,
  });
  const functionsOfApplication = new Map<string, number>();
  for (const profile of functions) {
    const key = applicationKey(profile);
    functionsOfApplication.set(key, (functionsOfApplication.get(key) ?? 0) + 1);
  }
  const withMemory = functions.map((profile) => {
    if (profile.memoryMib !== unknownMemory) return profile;
    const key = applicationKey(profile);
    return { ...profile, memoryMib: figures.memoryMib(key, functionsOfApplication.get(key)) };
  });
  return {
    name: parts.name,
    slotMs: SLOT_MS,
    slots,
    functions: withMemory,
    ...parts.startMs === undefined ? {} : { startMs: parts.startMs },
    notes: [
      ...parts.notes ?? [],
      ...unordered === 0
        ? []
        : [`${countRows(unordered)} not in order of arrival within a function; they were sorted.`],
      ...ties === 0 ? [] : [
        `${countRows(ties)} at the same instant as another invocation of the same function; they ` +
        "are kept so.",
      ],
    ],
    assumptions: [
      ...parts.assumptions ?? [],
      ...parts.lacks.runtime ? [describeAssumedRuntime(reading.assume)] : [],
      ...parts.lacks.memory ? [describeAssumedMemory(reading.assume)] : [],
    ],
  };
}

/** @throws LoaderError `input` when there are too many rows to keep each one */
export function checkRowNumber(rows: number, file: string): void {
  if (rows <= MOST_ROWS) return;
  throw new LoaderError(
    "input",
    `The trace has more than ${MOST_ROWS} invocations, each of which is kept in memory; give fewer ` +
      "of its files.",
    { file },
  );
}

function applicationKey({ ownerId, appId }: FunctionIdentity): string {
  return joinKey([ownerId, appId]);
}

function countRows(rows: number): string {
  return rows === 1 ? "1 row is" : `${rows} rows are`;
}
