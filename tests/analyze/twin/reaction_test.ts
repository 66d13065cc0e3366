import assert from "node:assert/strict";
import { deriveReactionMs } from "../../../lib/analyze/twin/parameters.ts";
import type { ServingInstance, TwinSource } from "../../../lib/analyze/twin/source.ts";
import type { RunManifest } from "../../../lib/store/schema/manifest.ts";

/** An instance whose only call was dispatched so long before or after its creation. */
function instanceOf(
  createdMs: number,
  dispatchedMs: number,
  given: Partial<ServingInstance> = {},
): ServingInstance {
  const call = {
    scheduledMs: dispatchedMs,
    dispatchedMs,
    completedMs: createdMs + 2000,
    requestedRuntimeMs: 10,
    servedRuntimeMs: 10,
    isCold: true,
  };
  return {
    functionId: "f",
    createdMs,
    readyMs: createdMs + 1500,
    stoppingMs: NaN,
    goneMs: NaN,
    calls: [call],
    ...given,
  };
}

function valuesOf(instances: readonly ServingInstance[], wayMs = 0): readonly number[] {
  const source: TwinSource = {
    manifest: {} as RunManifest,
    instances,
    cpu: new Map(),
    clockwork: null,
  };
  return deriveReactionMs([source], wayMs)?.values ?? [];
}

Deno.test("twin reaction: from the call that found nobody until its instance, less its way", () => {
  assert.deepEqual(valuesOf([instanceOf(1150, 1000)], 10), [140, 140]);
});

Deno.test("twin reaction: of a call for which others were there, nothing is said", () => {
  // It was created at a tick, whenever that came.
  const busy = instanceOf(0, -100, { calls: [] });
  assert.deepEqual(valuesOf([busy, instanceOf(2900, 1000)]), []);
  // One of before the run, of which the creation is not known, was there as well.
  const before = instanceOf(NaN, 0, { readyMs: -5000, calls: [] });
  assert.deepEqual(valuesOf([before, instanceOf(2900, 1000)]), []);
});

Deno.test("twin reaction: what had stopped, or is another function's, was not there", () => {
  const stopped = instanceOf(-9000, -9100, { calls: [], stoppingMs: 900 });
  const other = instanceOf(-9000, -9100, { calls: [], functionId: "g" });
  assert.deepEqual(valuesOf([stopped, other, instanceOf(1150, 1000)]), [150, 150]);
});

Deno.test("twin reaction: an instance that nobody waited for tells none", () => {
  assert.deepEqual(valuesOf([instanceOf(1000, 2000)]), []);
  assert.deepEqual(valuesOf([instanceOf(1000, 900, { calls: [] })]), []);
});
