import assert from "node:assert/strict";
import { describeCpuLimit } from "../../lib/run/machine_facts.ts";

const ALL = {
  limits: { cpuCores: null, memoryMib: 64 },
  areLimitsKnown: true,
  usableCores: 2,
  allCores: 2,
};

Deno.test("a CPU limit of the loader's container is a sentence", () => {
  assert.equal(describeCpuLimit(ALL), null);
  assert.match(
    describeCpuLimit({ ...ALL, limits: { cpuCores: 0.5, memoryMib: null } })!,
    /^The loader runs in a container with a CPU limit of 0\.5 cores: /,
  );
  // A set of cores is no limit; where nobody may look, it may be one.
  assert.equal(describeCpuLimit({ ...ALL, usableCores: 1 }), null);
  assert.match(
    describeCpuLimit({ ...ALL, usableCores: 1, areLimitsKnown: false })!,
    /^The loader may use 1 of the machine's 2 cores; /,
  );
  assert.equal(describeCpuLimit({ ...ALL, areLimitsKnown: false }), null);
});
