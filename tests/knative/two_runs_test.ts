/** Two runs at once in one namespace. */
import assert from "node:assert/strict";
import { HAS_CLUSTER, openTestRole, type TestRole } from "./role.ts";
import { createTestPlatform, invokeEach, listObjects, smallFunction } from "./test_platform.ts";
import { countOutcomes, UserRun } from "./user_run.ts";

const never = new AbortController().signal;

function testOnCluster(name: string, body: (role: TestRole) => Promise<void>): void {
  Deno.test({
    name: `two runs on Knative: ${name}`,
    ignore: !HAS_CLUSTER,
    async fn() {
      await using role = await openTestRole("two");
      await body(role);
    },
  });
}

testOnCluster(
  "under the same names: one has them, the other none of them",
  async (role) => {
    await using one = await createTestPlatform(role, { runId: "one" });
    await using two = await createTestPlatform(role, { runId: "two" });
    const specs = Array.from({ length: 4 }, (_, index) => smallFunction(index));
    const deployed = await Promise.allSettled([one.deploy(specs, never), two.deploy(specs, never)]);
    const refused = deployed.filter(({ status }) => status === "rejected");
    assert.ok(refused.length > 0, "both have the same services");
    for (const result of refused) {
      assert.match(
        String((result as PromiseRejectedResult).reason.message),
        /The service "f-\d" of the run (one|two) is still there/,
      );
    }
    // Who has them keeps them, whatever the other removes of its own.
    const winner = deployed[0].status === "fulfilled" ? one : two;
    if (refused.length === 1) {
      await (winner === one ? two : one)[Symbol.asyncDispose]();
      assert.deepEqual(await invokeEach(winner, 4), ["ok", "ok", "ok", "ok"]);
    }
  },
);

testOnCluster("experiments with one seed in one namespace", async (role) => {
  await using one = await UserRun.start(role);
  await using two = await UserRun.start(role);
  const results = await Promise.all([one.result, two.result]);
  for (const { status, stderr } of results) assert.equal(status, 0, stderr);
  assert.equal(one.manifest.scheduleHash, two.manifest.scheduleHash);
  assert.notEqual(one.runId, two.runId);
  const pods = [one, two].map((run) => new Set(run.rows("instances").map((row) => row.instance)));
  assert.ok(pods[0].size > 0 && pods[1].size > 0);
  assert.equal(pods[0].intersection(pods[1]).size, 0, "an instance belongs to one run");
  for (const run of [one, two]) {
    const outcomes = countOutcomes(run.rows("invocations"));
    assert.equal(outcomes.ok, run.manifest.plan.invocations);
  }
  assert.deepEqual(await listObjects(role), [], "nothing is left");
});
