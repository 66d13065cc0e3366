import { MEMORY_LIMITS_MIB, RUNTIME_LIMITS_MS } from "../../model/schedule.ts";
import type { DefectClass } from "../repair_log.ts";

/** Something about a trace that its files say in good form, and a replay had better know. */
export interface ContentCheck extends DefectClass {
  /** What is counted: functions, invocations, slots, days. */
  readonly counted: string;
  /** What it means for a replay, in a sentence. */
  readonly meaning: string;
}

/** One function with more of the load than this is told. */
export const DOMINANT_SHARE = 0.1;

/** A mean that is further than this factor from that of the percentiles is told. */
export const MEAN_FACTOR = 2;

/** A day with more than so many times the median day's load, or less than its inverse, is told. */
export const UNLIKE_DAY_FACTOR = 2;

/** A function is silent for a day by no chance where its other days have so many on average. */
export const LEAST_DAILY = 20;

/** Runtimes of more or fewer invocations than are counted, by this factor, are told. */
export const OBSERVATIONS_FACTOR = 2;

/** Functions with equal counts are told where they are invoked in at least so many slots. */
export const LEAST_SLOTS_ALIKE = 20;

const seconds = RUNTIME_LIMITS_MS.maximum / 1000;

/**
 * The checks of a trace's content, each once: the page, the JSON and the table in the
 * documentation follow from here. Severities are those of defects: *loss* where
 * load of the data set is missing in a replay, *approximate* where it has another figure,
 * *harmless* where it is replayed as it stands and only the reader is to know.
 */
export const CONTENT_CHECKS = {
  silentSlots: {
    defect: "slots without any invocation",
    counted: "slots",
    repair: "replayed as silence",
    severity: "loss",
    meaning: "So many functions are never silent together: the recording has a hole, or the " +
      "service was down. Choose a window without it, or say that it is there.",
  },
  cutEdge: {
    defect: "first or last slot with less than half of its neighbours' load",
    counted: "slots",
    repair: "replayed as it stands",
    severity: "loss",
    meaning: "The recording began or ended within the slot; a window that leaves it out has the " +
      "right rate.",
  },
  longRuntime: {
    defect: `runtime above ${seconds} s`,
    counted: "invocations",
    repair: `${seconds} s asked for`,
    severity: "approximate",
    meaning: "Long invocations are cut, and with them the concurrency that they would have held; " +
      "the page has both figures.",
  },
  shortRuntime: {
    defect: `runtime below ${RUNTIME_LIMITS_MS.minimum} ms`,
    counted: "invocations",
    repair: `${RUNTIME_LIMITS_MS.minimum} ms asked for`,
    severity: "approximate",
    meaning: "The shortest invocations become longer; their slowdown is " +
      "relative to what is asked for.",
  },
  largeMemory: {
    defect: `memory above ${MEMORY_LIMITS_MIB.maximum} MiB`,
    counted: "invocations",
    repair: `${MEMORY_LIMITS_MIB.maximum} MiB asked for`,
    severity: "approximate",
    meaning: "The largest instances are smaller than they were, so that more fit on a node.",
  },
  smallMemory: {
    defect: `memory below ${MEMORY_LIMITS_MIB.minimum} MiB`,
    counted: "invocations",
    repair: `${MEMORY_LIMITS_MIB.minimum} MiB asked for`,
    severity: "approximate",
    meaning: "An application's memory shared by many functions, or a figure that is missing; an " +
      "instance takes more than that by itself.",
  },
  meanOutsideRange: {
    defect: "average runtime or memory outside of minimum and maximum",
    counted: "functions",
    repair: "average used for concurrency, percentiles for draws",
    severity: "approximate",
    meaning: "Average and percentiles are not of the same invocations; initial scales follow the " +
      "one, the load itself the other.",
  },
  meanUnlikePercentiles: {
    defect: `average runtime more than ${MEAN_FACTOR} times off that of the percentiles`,
    counted: "functions",
    repair: "average used for concurrency, percentiles for draws",
    severity: "approximate",
    meaning: "What is drawn between the percentiles has another mean than the trace tells, so a " +
      "replay offers another concurrency; the page has both figures.",
  },
  notAscending: {
    defect: "percentiles that descend",
    counted: "functions",
    repair: "drawn as they stand",
    severity: "approximate",
    meaning: "Columns were swapped, or figures of several sources mixed; what is drawn is " +
      "between them all the same.",
  },
  coarseInstants: {
    defect: "recorded instants that are all whole seconds",
    counted: "invocations",
    repair: "replayed at these instants",
    severity: "approximate",
    meaning: "The recording knows seconds only, so invocations that were spread over one come in " +
      "a burst at its start; replayed folded to counts they are spread again.",
  },
  scaledCounts: {
    defect: "counts that are all multiples of one number",
    counted: "functions",
    repair: "replayed as they stand",
    severity: "approximate",
    meaning: "The counts were scaled up from a sample, so quiet slots are too quiet and bursts " +
      "too large.",
  },
  ties: {
    defect: "invocations of one function at one recorded instant",
    counted: "invocations",
    repair: "replayed a microsecond apart",
    severity: "harmless",
    meaning: "They ask for as many instances at once, if they were not tied by rounding.",
  },
  dips: {
    defect: "slots with less than a fifth of the load around them",
    counted: "slots",
    repair: "replayed as they stand",
    severity: "harmless",
    meaning: "A part of the service or of the recording was away; what follows may be its backlog.",
  },
  surges: {
    defect: "slots with more than five times the load around them",
    counted: "slots",
    repair: "replayed as they stand",
    severity: "harmless",
    meaning: "A window with one of them is another experiment than a window without.",
  },
  unlikeDays: {
    defect: "days with less than half or more than twice the median day's load",
    counted: "days",
    repair: "replayed as they stand",
    severity: "harmless",
    meaning:
      "A week-end, a holiday or a day that is not whole; a window there does not stand for " +
      "the trace.",
  },
  functionSilentForDays: {
    defect: "function without an invocation on some days and many on others",
    counted: "functions",
    repair: "replayed as it stands",
    severity: "harmless",
    meaning: "It was deployed later, removed, or is missing from a day's file; a window of one " +
      "day has other functions than another.",
  },
  dominant: {
    defect: "function with more than a tenth of all invocations, or of the load",
    counted: "functions",
    repair: "replayed as it stands",
    severity: "harmless",
    meaning: "Means over invocations are mostly its own, and a sample with it has another load " +
      "than one without: compare functions, or stratify.",
  },
  otherObservations: {
    defect: "runtimes of more than twice or less than half of the invocations that are counted",
    counted: "functions",
    repair: "counts and runtimes used as they stand",
    severity: "harmless",
    meaning: "Runtimes are of other invocations than the counts: of a whole day where counts are " +
      "of a part, or logged when an invocation has ended.",
  },
  neverInvoked: {
    defect: "function that is never invoked",
    counted: "functions",
    repair: "deployed and counted, never called",
    severity: "harmless",
    meaning: "It costs a deployment and shows in the number of functions only; samples leave " +
      "it out.",
  },
  constantRuntime: {
    defect: "function with one and the same runtime throughout",
    counted: "functions",
    repair: "that runtime asked for each time",
    severity: "harmless",
    meaning: "Too few observations, or a figure that was filled in: its invocations do not vary " +
      "as real ones do.",
  },
  alike: {
    defect: "function with the counts of another, slot by slot",
    counted: "functions",
    repair: "replayed as it stands",
    severity: "harmless",
    meaning: "One calls the other, or one was recorded twice: they burst together, which makes " +
      "the whole burstier than functions on their own.",
  },
  sharedIds: {
    defect: "function id under several applications",
    counted: "functions",
    repair: "taken for different functions",
    severity: "harmless",
    meaning: "Where the id is one function's everywhere, its load is spread over several " +
      "deployments.",
  },
  splitApps: {
    defect: "application id under several owners",
    counted: "applications",
    repair: "taken for different applications",
    severity: "harmless",
    meaning: "Where it is one application, its memory is counted for each owner.",
  },
} as const satisfies Readonly<Record<string, ContentCheck>>;

/** Name of a check. */
export type ContentCheckName = keyof typeof CONTENT_CHECKS;

/** What a check found. */
export interface Finding extends ContentCheck {
  readonly name: ContentCheckName;
  /** How many of what is counted; expected values are rounded. */
  readonly count: number;
  /** Out of so many. */
  readonly of: number;
  /** The first few, or the largest. */
  readonly examples: readonly string[];
}

const MAX_EXAMPLES = 3;

/** Gathers findings. */
export class FindingList {
  readonly #findings: Finding[] = [];

  /** Adds what a check found; a count that rounds to 0 is nothing. */
  add(
    name: ContentCheckName,
    count: number,
    of: number,
    examples: readonly string[] = [],
  ): void {
    if (!(count >= 0.5)) return;
    this.#findings.push({
      name,
      ...CONTENT_CHECKS[name],
      count: Math.round(count),
      of,
      examples: examples.slice(0, MAX_EXAMPLES),
    });
  }

  /** In the order of {@linkcode CONTENT_CHECKS}. */
  list(): Finding[] {
    const order = Object.keys(CONTENT_CHECKS);
    return this.#findings.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  }
}
