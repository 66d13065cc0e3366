import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import { createCallColumns } from "../../lib/invoke/call_columns.ts";
import type { Platform } from "../../lib/model/platform.ts";
import type { NamedObject } from "../../lib/platform/knative/cluster/kube_access.ts";
import { SERVICES } from "../../lib/platform/knative/cluster/knative_objects.ts";
import { DEFAULT_TEMPLATE } from "../../lib/platform/knative/knative_options.ts";
import type { PlatformOptions } from "../../lib/platform/registry.ts";
import { HAS_CLUSTER, openTestRole, type TestRole } from "./role.ts";
import { countOutcomes, UserRun } from "./user_run.ts";
import { createService, createTestPlatform, listObjects, smallFunction } from "./test_platform.ts";

const never = new AbortController().signal;

/** A cold start on two busy cores. */
const CALL_MS = 30_000;

function testOnCluster(name: string, body: (role: TestRole) => Promise<void>): void {
  Deno.test({
    name: `deploying on Knative: ${name}`,
    ignore: !HAS_CLUSTER,
    async fn() {
      await using role = await openTestRole("deploy");
      await body(role);
    },
  });
}

/** Deploys what cannot come up; nothing of it may be left. */
async function assertFails(
  role: TestRole,
  options: PlatformOptions["knative"],
  specs: Parameters<Platform["deploy"]>[0],
  expected: RegExp,
): Promise<void> {
  const before = await listObjects(role);
  await using platform = await createTestPlatform(role, options);
  await assert.rejects(platform.deploy(specs, never), (error) => {
    assert.ok(error instanceof LoaderError);
    assert.match(error.message, expected);
    assert.doesNotMatch(error.message.slice(0, -1), /\.$|\n/);
    return true;
  });
  assert.deepEqual(await listObjects(role), before);
}

async function writeTemplate(role: TestRole, change: (text: string) => string): Promise<string> {
  const file = role.kubeconfig.replace(/kubeconfig$/, "template.yaml");
  await Deno.writeTextFile(file, change(await Deno.readTextFile(DEFAULT_TEMPLATE)));
  return file;
}

testOnCluster("an image that is not there is named, and nothing is left", async (role) => {
  await assertFails(
    role,
    { image: "dev.local/there-is-none:1" },
    [smallFunction(0, { initialScale: 1 }), smallFunction(1)],
    /^1 of 2 functions did not come up.*f-0: the image dev\.local\/there-is-none:1 cannot be had/,
  );
});

testOnCluster("a webhook's refusal is told, before any load", async (role) => {
  const template = await writeTemplate(
    role,
    (text) => text.replace('burst-capacity: "-1"', 'burst-capacity: "much"'),
  );
  await assertFails(
    role,
    { template },
    [smallFunction(0)],
    /f-0: Cannot deploy f-0: the webhook validation\.webhook\.serving\.knative\.dev refuses it: .*much/,
  );
});

testOnCluster("no room on the nodes", async (role) => {
  await assertFails(
    role,
    { deployTimeoutMs: 6000 },
    [smallFunction(0, { initialScale: 1, memoryRequestMib: 1e8 })],
    /f-0: not ready within 6 s: no node has room for its instance: .*Insufficient memory/,
  );
});

testOnCluster("a container that ends again and again", async (role) => {
  const template = await writeTemplate(
    role,
    (text) => text.replace(/args: \[.*\]/, "args: [eval, Deno.exit(3)]"),
  );
  await assertFails(
    role,
    { template },
    [smallFunction(0, { initialScale: 1 })],
    /f-0: its container "function" ends again and again \(exit status 3/,
  );
});

testOnCluster("a gateway that is away", async (role) => {
  await assertFails(
    role,
    { gateway: "127.0.0.1:1" },
    [smallFunction(0)],
    /^The gateway at 127\.0\.0\.1:1 cannot be used: .*Is the ingress up/,
  );
});

testOnCluster("a foreign service of the same name is not taken over", async (role) => {
  const { admin, namespace } = role;
  await createService(admin, {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: { name: "f-0", labels: { app: "theirs" } },
    spec: {
      template: {
        metadata: { annotations: { "autoscaling.knative.dev/initial-scale": "0" } },
        spec: { containers: [{ image: "dev.local/trace-function:1" }] },
      },
    },
  } as NamedObject);
  await assertFails(role, {}, [smallFunction(0)], /already has a service "f-0", which is not ours/);
  const left: { metadata: { labels: Record<string, string>; deletionTimestamp?: string } } =
    await admin.custom.getNamespacedCustomObject({ ...SERVICES, namespace, name: "f-0" });
  assert.equal(left.metadata.labels.app, "theirs");
  assert.equal(left.metadata.deletionTimestamp, undefined);
});

testOnCluster("Ctrl-C in mid-deployment leaves nothing", async (role) => {
  const interrupt = new AbortController();
  const reason = new LoaderError("interrupted", "Stopped by the user.");
  await using platform = await createTestPlatform(role, {
    deployAtOnce: 2,
    onProgress: ({ ready }) => ready > 0 && interrupt.abort(reason),
  });
  const specs = [0, 1, 2, 3, 4, 5].map((index) => smallFunction(index));
  await assert.rejects(platform.deploy(specs, interrupt.signal), reason);
  assert.deepEqual(await listObjects(role), []);
  // Nothing is in the way of another.
  await platform.deploy([smallFunction(0)], never);
});

testOnCluster("with --allow-partial those that are there are called", async (role) => {
  const notes: string[] = [];
  await using platform = await createTestPlatform(role, {
    allowPartial: true,
    deployTimeoutMs: 15_000,
    onNote: (sentence) => notes.push(sentence),
  });
  await platform.deploy([
    smallFunction(0, { initialScale: 1, memoryRequestMib: 1e8 }),
    smallFunction(1),
  ], never);
  assert.match(notes.join(), /f-0 is not there: not ready within 15 s: no node has room/);
  assert.deepEqual(await invokeEach(platform, 2), ["not ok", "ok"]);
});

testOnCluster("a service that someone else deletes is noted, and its calls fail", async (role) => {
  const deleted = Promise.withResolvers<string>();
  await using platform = await createTestPlatform(role, { onNote: deleted.resolve });
  await platform.deploy([smallFunction(0), smallFunction(1)], never);
  const { admin, namespace } = role;
  await admin.custom.deleteNamespacedCustomObject({ ...SERVICES, namespace, name: "f-0" });
  assert.match(await deleted.promise, /The service f-0 was deleted by someone else/);
  assert.deepEqual(await invokeEach(platform, 2), ["not ok", "ok"]);
  assert.equal(platform.lost.aborted, false);
});

testOnCluster(
  "two at once under the same names: one has them, the other none of them",
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

testOnCluster("two experiments at once with one seed in one namespace", async (role) => {
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

/** Invokes every function once; who refuses what is not there, and when, is the ingress' affair. */
async function invokeEach(platform: Platform, functions: number): Promise<string[]> {
  const calls = createCallColumns(functions);
  const outcomes: string[] = Array(functions).fill("");
  const done = Promise.withResolvers<void>();
  const transport = await platform.transport(calls, (slot, outcome) => {
    outcomes[slot] = outcome === "ok" ? "ok" : "not ok";
    if (outcomes.every((text) => text !== "")) done.resolve();
  });
  for (let slot = 0; slot < functions; slot++) {
    calls.functionIndex[slot] = slot;
    calls.runtimeMs[slot] = 5;
    calls.memoryMib[slot] = 8;
    calls.deadlineMs[slot] = platform.clock.nowMs() + CALL_MS;
    transport.invoke(slot);
  }
  await done.promise;
  await transport.close();
  return outcomes;
}
