import type { CallColumns } from "../model/platform.ts";

/** Columns for `slots` calls in flight. */
export function createCallColumns(slots: number): CallColumns {
  return {
    functionIndex: new Uint32Array(slots),
    runtimeMs: new Uint32Array(slots),
    memoryMib: new Uint32Array(slots),
    deadlineMs: new Float64Array(slots),
    dispatchedMs: new Float64Array(slots),
    setUpMs: new Float64Array(slots),
    peerWaitMs: new Float64Array(slots),
    boundWaitMs: new Float64Array(slots),
    completedMs: new Float64Array(slots),
    servedRuntimeUs: new Float64Array(slots),
    servedMemoryKib: new Float64Array(slots),
    instance: new Array<string | null>(slots).fill(null),
    coldStart: new Array<boolean | null>(slots).fill(null),
    statusMessage: new Array<string | null>(slots).fill(null),
  };
}
