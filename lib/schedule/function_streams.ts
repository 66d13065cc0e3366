import { deriveKey, Rng, type RngKey } from "../base/rng.ts";
import { functionKey, type FunctionProfile } from "../model/trace.ts";

/** Numbers of the random streams of a function in a slot; part of the format of a seed. */
export const STREAM = { shift: 0, arrivals: 1, runtime: 2, memory: 3, count: 4 } as const;

/** What the random streams of a function in a run begin from. */
export function streamKeyOf(seed: number, repetition: number, functionKey: string): RngKey {
  return deriveKey(seed, `repetition ${repetition}`, functionKey);
}

const rng = new Rng();

/** Where a scaled rate begins to share a function's invocations out, in [0, 1). */
export function shareOffsetOf(key: RngKey): number {
  rng.seed(key, 0, STREAM.count);
  return rng.nextFloat();
}

/** The same for each function of a trace. */
export function shareOffsetsOf(
  functions: readonly FunctionProfile[],
  seed: number,
  repetition: number,
): Float64Array {
  return Float64Array.from(
    functions,
    (profile) => shareOffsetOf(streamKeyOf(seed, repetition, functionKey(profile))),
  );
}
