import assert from "node:assert/strict";
import fc from "fast-check";
import type { KeepAlivePolicy } from "../../../lib/autoscale/keep_alive/keep_alive_policy.ts";
import { type SimulatedFunction, simulateKeepAlive } from "./keep_alive_simulation.ts";
import { createPolicies, FUNCTIONS } from "./keep_alive_workload.ts";

Deno.test("Every policy answers in time, short of memory or not, and is repeatable", () => {
  fc.assert(
    fc.property(FUNCTIONS, fc.constantFrom(700, Infinity), (functions, capacityMib) => {
      // The simulation checks the times of each answer.
      const run = (policy: KeepAlivePolicy) =>
        simulateKeepAlive({ functions, policy, capacityMib, untilMs: 1e8 });
      const invocations = functions.reduce((sum, { arrivalsMs }) => sum + arrivalsMs.length, 0);
      const [first, second] = [createPolicies(functions), createPolicies(functions)];
      first.forEach((policy, i) => {
        const result = run(policy);
        assert.deepEqual(run(second[i]), result, policy.name);
        assert.ok(result.cold + result.rejected <= invocations);
      });
    }),
    { seed: 42, numRuns: 60 },
  );
});

Deno.test("A longer fixed keep-alive is never colder", () => {
  fc.assert(
    // Without a cold start's delay: with it, invocations end at other times.
    fc.property(FUNCTIONS.map(withInstantStart), (functions) => {
      const [never, ten, twenty] = createPolicies(functions).map((policy) =>
        simulateKeepAlive({ functions, policy, untilMs: 1e8 }).cold
      );
      assert.ok(never >= ten && ten >= twenty, `${never}, ${ten}, ${twenty}`);
    }),
    { seed: 42, numRuns: 60 },
  );
});

function withInstantStart(functions: readonly SimulatedFunction[]): SimulatedFunction[] {
  return functions.map((each) => ({ ...each, coldStartMs: 0 }));
}
