/** The API server of the cluster goes away, and comes back. */
import assert from "node:assert/strict";
import process from "node:process";
import { ApiServer } from "./api_server.ts";
import { waitUntil } from "./condition.ts";
import { ForeignService } from "./foreign_service.ts";
import { HAS_CLUSTER, openTestRole, type TestRole } from "./role.ts";
import { TcpProxy } from "./tcp_proxy.ts";
import { createTestPlatform, smallFunction } from "./test_platform.ts";
import { assertNoTrace, assertTold, clean, countOutcomes, UserRun } from "./user_run.ts";

/** How long the server is away where a run is to wait for it: longer than the first retries. */
const AWAY_MS = 4000;

/**
 * How long what a cluster does by itself may take after an outage. Its controllers, its garbage
 * collector and the kubelet, which ends the instances, were each seen to hear nothing of some kinds
 * for up to ten minutes.
 */
const CATCH_UP_MS = 720_000;

const never = new AbortController().signal;

function testOutage(
  name: string,
  namespace: string,
  body: (role: TestRole, server: ApiServer) => Promise<void>,
): void {
  Deno.test({
    name: `outage of the API server: ${name}`,
    ignore: !HAS_CLUSTER,
    async fn() {
      await using role = await openTestRole(namespace);
      const foreign = await ForeignService.deploy(role);
      {
        await using server = ApiServer.find(role);
        await body(role, server);
      }
      await waitUntil(
        "nothing of ours is left",
        async () => (await foreign.others()).length === 0,
        CATCH_UP_MS,
      );
      await foreign.assertUntouched();
      await assertClusterWorks(role);
    },
  });
}

/** Webhook, controllers and autoscaler of the cluster do their work. */
async function assertClusterWorks(role: TestRole): Promise<void> {
  await using platform = await createTestPlatform(role, { deployTimeoutMs: CATCH_UP_MS });
  await platform.deploy([smallFunction(0)], never);
}

testOutage("in mid-deployment it is waited for", "deployment", async (role, server) => {
  await using run = await UserRun.start(
    role,
    ...["--deploy-at-once", "1", "--deploy-timeout", `${CATCH_UP_MS / 1000}s`],
  );
  await waitUntil("its first service is there", async () => (await run.services()).length > 0);
  await server.stop();
  await pass(AWAY_MS);
  await server.start();
  const { status, stderr } = await run.result;
  assert.equal(status, 0, stderr);
  assertNoTrace(stderr);
  const { plan, outcomes, verdict, ...manifest } = run.manifest;
  assert.equal(manifest.status, "finished");
  const rows = run.rows("invocations");
  assert.equal(rows.length, plan.invocations);
  assert.equal(countOutcomes(rows).ok, outcomes?.ok);
  // The activator, too, may hear nothing of instances for a while; then the verdict says so.
  const isAllOk = outcomes?.ok === plan.invocations;
  const found = JSON.stringify({ verdict, outcomes, notes: manifest.notes });
  assert.equal(verdict?.verdict, isAllOk ? "VALID" : "PLATFORM-LIMITED", found);
  assert.match(manifest.notes.join("\n"), WATCH_INTERRUPTED);
});

const WATCH_INTERRUPTED = /The watch of instances was interrupted 1 times, \d+\.\d s in all/;

testOutage("while there is load", "load", async (role, server) => {
  await using proxy = TcpProxy.open(process.env.LOADER_GATEWAY!);
  // Its load ends with the cluster, so that it has some however late the other begins.
  await using lost = await UserRun.start(
    role,
    ...["--seed", "2", "--gateway", proxy.address, "--duration", "10min"],
  );
  await lost.hasInvoked(8);
  await using run = await UserRun.start(
    role,
    ...["--seed", "1", "--timeout", "5s", "--duration", "30s"],
  );
  await run.hasInvoked(8);
  await server.stop();
  await proxy.close();

  // Who has lost the gateway too has lost the platform, and ends without waiting for it.
  const failure = await lost.result;
  assert.equal(failure.status, 1, failure.stderr);
  assertTold(
    failure,
    /^Error: The cluster is gone: neither its API server \(.*\) nor its gateway has answered for \d+ s\.$/,
  );
  assert.match(failure.stderr, new RegExp(`deno task clean --run ${lost.runId}\\.`));
  assert.equal(lost.experiment.status, "failed");
  assert.equal(lost.manifest.status, "failed");
  assert.match(lost.manifest.error ?? "", /^The cluster is gone: /);
  const lostRows = lost.rows("invocations");
  assert.equal(lostRows.length, lost.manifest.plan.invocations, "every invocation has a row");
  assert.ok(countOutcomes(lostRows).ok >= 8, "what was measured is kept");

  // The other's load goes through the gateway, and its removal waits for the server.
  await waitUntil("the load is over", () => run.manifest.outcomes !== null);
  await pass(AWAY_MS);
  await server.start();
  const [{ status, stderr }] = await Promise.all([
    run.result,
    clean(role, "--run", lost.runId!, "--wait", `${CATCH_UP_MS / 1000}s`),
  ]);
  assert.equal(status, 0, stderr);
  assertNoTrace(stderr);
  const { plan, notes, ...manifest } = run.manifest;
  assert.equal(manifest.status, "finished");
  const rows = run.rows("invocations");
  assert.equal(rows.length, plan.invocations);
  // Nothing can be started while the server is away, and the victim has no instance.
  const bad = rows.filter(({ outcome }) => outcome !== "ok");
  assert.ok(bad.every(({ function_id }) => /victim/.test(function_id)), JSON.stringify(bad));
  assert.match(notes.join("\n"), WATCH_INTERRUPTED);
  assert.match(
    notes.join("\n"),
    /scrapes of the metrics API have gaps/,
    "what could not be scraped is told",
  );
});

/** Here time itself is the point. */
async function pass(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
