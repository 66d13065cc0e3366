import assert from "node:assert/strict";
import { joinRepetitions, type KeepAliveRun } from "../../../lib/report/answers/keep_alive_run.ts";

function runOf(policy: string, cold: number, idleMibS: number | null): KeepAliveRun {
  return {
    policy,
    nodeMemoryMib: null,
    isValid: true,
    notOkShare: 0,
    invocations: 100,
    cold,
    coldShareOfFunctions: Float64Array.of(cold / 100),
    memoryTime: idleMibS === null ? null : { startingMibS: 1, idleMibS, servingMibS: 5 },
  };
}

Deno.test("keep-alive: repetitions of a policy are taken together, in the order of the policies", () => {
  const joined = joinRepetitions([
    runOf("fixed", 10, 20),
    runOf("oracle", 1, 2),
    runOf("fixed", 30, 40),
    { ...runOf("oracle", 3, null), isValid: false, notOkShare: 0.5 },
  ]);
  const [fixed, oracle] = joined;
  assert.deepEqual(joined.map(({ policy }) => policy), ["fixed", "oracle"]);
  assert.deepEqual([fixed.invocations, fixed.cold], [200, 40]);
  assert.deepEqual(fixed.memoryTime, { startingMibS: 2, idleMibS: 60, servingMibS: 10 });
  assert.deepEqual([...fixed.coldShareOfFunctions], [0.1, 0.3]);
  // What is not known of one is not known of all, and one that is not valid spoils the others.
  assert.deepEqual([oracle.memoryTime, oracle.isValid, oracle.notOkShare], [null, false, 0.25]);
});
