import assert from "node:assert/strict";
import { removeServices } from "../../lib/platform/knative/deploy/cleaner.ts";
import { LONGEST_MS } from "./condition.ts";
import { HAS_CLUSTER, openTestRole } from "./role.ts";
import { createService, createTestPlatform, listObjects, smallFunction } from "./test_platform.ts";

const never = new AbortController().signal;

Deno.test({
  name: "removing on Knative: what carries the run's label goes, all else stays",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("clean");
    const { admin, access, namespace } = role;
    const foreign = {
      apiVersion: "serving.knative.dev/v1",
      kind: "Service",
      // Ours by manager, but of no run: someone's own.
      metadata: {
        name: "foreign",
        namespace,
        labels: { "app.kubernetes.io/managed-by": "loader" },
      },
      spec: {
        template: {
          metadata: { annotations: { "autoscaling.knative.dev/initial-scale": "0" } },
          spec: { containers: [{ image: "dev.local/trace-function:1" }] },
        },
      },
    };
    await createService(admin, foreign);
    // Two runs that are never torn down, as after a crash.
    const first = await createTestPlatform(role, { runId: "run-1" });
    const second = await createTestPlatform(role, { runId: "run-2" });
    await first.deploy([smallFunction(0, { name: "first", initialScale: 1 })], never);
    await second.deploy([smallFunction(0, { name: "second" })], never);
    const setting = { timeoutMs: LONGEST_MS, signal: never };

    const one = await removeServices(access, { ...setting, runId: "run-1" });
    assert.deepEqual(one, { services: 1, runs: ["run-1"], leftovers: 0, left: [] });
    const kept = (await listObjects(role)).filter((name) => name.startsWith("service"));
    assert.deepEqual(kept, ["service foreign", "service second"]);

    const all = await removeServices(access, { ...setting, runId: null });
    assert.deepEqual(all, { services: 1, runs: ["run-2"], leftovers: 0, left: [] });
    const nothing = await removeServices(access, { ...setting, runId: null });
    assert.deepEqual(nothing, { services: 0, runs: [], leftovers: 0, left: [] });
    assert.ok((await listObjects(role)).includes("service foreign"));
    await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
  },
});
