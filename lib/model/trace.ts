import type { SampleCertificate } from "./sample_certificate.ts";
import type { SlotCounts } from "./slot_counts.ts";

/** A distribution known by some of its percentiles. */
export interface Percentiles {
  /** Quantiles in [0, 1], strictly ascending. */
  readonly quantiles: readonly number[];
  /** The value at each quantile, never descending. */
  readonly values: readonly number[];
  /** Mean of the distribution; where a trace does not tell, that of the interpolation. */
  readonly mean: number;
}

/** The invocations of a function one by one, as columns of equal length. */
export interface RecordedInvocations {
  /** Milliseconds from the start of the trace, never descending; several may be at one instant. */
  readonly arrivalMs: Float64Array;
  /** How long each ran; `null`: not known, and drawn from the function's percentiles. */
  readonly runtimeMs: Float32Array | null;
  /** Memory of each; `null`: not known, and drawn from the function's percentiles. */
  readonly memoryMib: Float32Array | null;
}

/** What a trace knows of one function. */
export interface FunctionProfile {
  /** Hash or name of the function; unique together with app and owner. */
  readonly id: string;
  readonly appId: string;
  readonly ownerId: string;
  /** Trigger as the trace names it (`http`, `timer`, …), or `null`. */
  readonly trigger: string | null;
  /** Number of invocations in each slot of the trace. */
  readonly invocationsPerSlot: SlotCounts;
  /** Each invocation, where the trace has them; the counts are made of them then. */
  readonly recorded?: RecordedInvocations;
  readonly runtimeMs: Percentiles;
  readonly memoryMib: Percentiles;
  /** How many invocations its runtimes were observed in, where that is not the sum of the counts. */
  readonly runtimeObservations?: number;
}

/**
 * What a defect does to a replay. `harmless`: no figure changes; `approximate`: an
 * estimate stands for a figure; `loss`: functions or invocations are missing.
 */
export type DefectSeverity = "harmless" | "approximate" | "loss";

/** A class of defects found in a trace, and what was done about them. */
export interface TraceRepair {
  /** What was wrong, such as `function without durations`. */
  readonly defect: string;
  /** What was done, such as `function left out`. */
  readonly repair: string;
  /** Absent in manifests of before it was told. */
  readonly severity?: DefectSeverity;
  /** How often. */
  readonly count: number;
  /** The first few, as `file:line value`. */
  readonly examples: readonly string[];
}

/** A production trace, or a sample of one, in normal form. */
export interface Trace {
  readonly name: string;
  /** Width of a slot: 60,000 where counts are by the minute. */
  readonly slotMs: number;
  /** Number of slots, the length of every `invocationsPerSlot`. */
  readonly slots: number;
  readonly functions: readonly FunctionProfile[];
  readonly repairs: readonly TraceRepair[];
  /** SHA-256 of the files that it was read from, hexadecimal. */
  readonly hash: string;
  /** Instant of its start, in milliseconds since 1970 (UTC); absent: not known. */
  readonly startMs?: number;
  /** The number that the files give its first minute, such as 540; absent: none. */
  readonly firstMinute?: number;
  /** Sentences that a person should know, such as which of several days it is. */
  readonly notes?: readonly string[];
  /** What the files do not tell, and where it was taken from: a sentence each. */
  readonly assumptions?: readonly string[];
  /** Of a sample: how near it is to the trace that it was taken from. */
  readonly certificate?: SampleCertificate;
}

const MINUTE_MS = 60_000;

/** Length of a trace in milliseconds. */
export function traceLengthMs({ slotMs, slots }: Pick<Trace, "slotMs" | "slots">): number {
  return slotMs * slots;
}

/** How long a trace is, for a message; minutes count from 0 whatever number its files give them. */
export function describeLength(
  trace: Pick<Trace, "slotMs" | "slots" | "firstMinute">,
): string {
  const minutes = formatMinutes(traceLengthMs(trace));
  const { firstMinute = 0 } = trace;
  if (firstMinute < 2) return minutes === "1" ? "1 minute" : `${minutes} minutes`;
  return `${minutes} minutes (from 0 on; the columns ${firstMinute} to ` +
    `${firstMinute + trace.slots - 1} of its files)`;
}

/** A time of a trace in minutes for a message: seconds may make a long fraction of one. */
export function formatMinutes(timeMs: number): string {
  return String(Number((timeMs / MINUTE_MS).toFixed(3)));
}

/** The key that is unique in a trace: owner, app and function. */
export function functionKey(
  profile: { readonly ownerId: string; readonly appId: string; readonly id: string },
): string {
  return joinKey([profile.ownerId, profile.appId, profile.id]);
}

/**
 * Joins names by slashes. What would make two keys of different names alike, a
 * slash in a name, the sign that stands for it and control characters, is
 * percent-encoded; hashes and ordinary names stay as they are.
 *
 * @example
 * ```ts
 * import { joinKey } from "./trace.ts";
 * if (joinKey(["o/a", "b"]) === joinKey(["o", "a/b"])) throw new Error("one key for two");
 * ```
 */
export function joinKey(names: readonly string[]): string {
  return names.map(encodeName).join("/");
}

function encodeName(name: string): string {
  return name.replace(AMBIGUOUS, encodeURIComponent);
}

// deno-lint-ignore no-control-regex -- a line feed in a name would end its line of the hash
const AMBIGUOUS = /[%/\u0000-\u001f]/g;
