/** A distribution known by some of its percentiles. */
export interface Percentiles {
  /** Quantiles in [0, 1], strictly ascending. */
  readonly quantiles: readonly number[];
  /** The value at each quantile, never descending. */
  readonly values: readonly number[];
  /** Mean of the distribution; where a trace does not tell, that of the interpolation. */
  readonly mean: number;
}

/** What a trace knows of one function. */
export interface FunctionProfile {
  /** Hash or name of the function; unique together with app and owner. */
  readonly id: string;
  readonly appId: string;
  readonly ownerId: string;
  /** Trigger as the trace names it (`http`, `timer`, …), or `null`. */
  readonly trigger: string | null;
  /** Number of invocations in each minute of the trace. */
  readonly invocationsPerMinute: Uint32Array;
  readonly runtimeMs: Percentiles;
  readonly memoryMib: Percentiles;
}

/** A class of defects found in a trace, and what was done about them. */
export interface TraceRepair {
  /** What was wrong, such as `function without durations`. */
  readonly defect: string;
  /** What was done, such as `function left out`. */
  readonly repair: string;
  /** How often. */
  readonly count: number;
  /** The first few, as `file:line value`. */
  readonly examples: readonly string[];
}

/** A production trace, or a sample of one, in normal form. */
export interface Trace {
  readonly name: string;
  /** Length of every `invocationsPerMinute`. */
  readonly minutes: number;
  readonly functions: readonly FunctionProfile[];
  readonly repairs: readonly TraceRepair[];
  /** SHA-256 of the files that it was read from, hexadecimal. */
  readonly hash: string;
  /** The number that the files give its first minute, such as 540; absent: none. */
  readonly firstMinute?: number;
  /** Sentences that a person should know, such as which of several days it is. */
  readonly notes?: readonly string[];
}

/** How long a trace is, for a message; minutes count from 0 whatever number its files give them. */
export function describeMinutes(
  { minutes, firstMinute = 0 }: Pick<Trace, "minutes" | "firstMinute">,
): string {
  if (firstMinute < 2) return `${minutes} minutes`;
  return `${minutes} minutes (from 0 on; the columns ${firstMinute} to ` +
    `${firstMinute + minutes - 1} of its files)`;
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
