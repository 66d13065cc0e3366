import assert from "node:assert/strict";
import { findOwnObjects } from "../../lib/platform/knative/deploy/clean_cluster.ts";
import { removeServices } from "../../lib/platform/knative/deploy/cleaner.ts";
import {
  MADE_OF_SERVICES,
  selectorOf,
} from "../../lib/platform/knative/cluster/knative_objects.ts";
import type { WatchedObject } from "../../lib/platform/knative/cluster/object_watch.ts";
import { pauseProcess } from "./cluster_process.ts";
import { HAS_CLUSTER, openTestRole } from "./role.ts";
import { createService, createTestPlatform, listObjects, smallFunction } from "./test_platform.ts";

/** Whoever takes away what belonged to something that is gone. */
const COLLECTOR = "kube-controller-manager";

const never = new AbortController().signal;

/** As long as Knative's queue-proxy drains, on two busy cores. */
const GONE_MS = 150_000;

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
    const setting = { timeoutMs: GONE_MS, signal: never };

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

Deno.test({
  name: "removing on Knative: what the garbage collector leaves is deleted, all else stays",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("leftovers");
    const { access, admin, namespace } = role;
    const first = await createTestPlatform(role, { runId: "run-1" });
    const second = await createTestPlatform(role, { runId: "run-2" });
    await first.deploy([smallFunction(0, { name: "first", initialScale: 1 })], never);
    await second.deploy([smallFunction(0, { name: "second", initialScale: 1 })], never);
    const listRunTwo = async () => {
      const labelSelector = selectorOf("run-2");
      const kinds = Object.values(MADE_OF_SERVICES).map((kind) =>
        admin.custom.listNamespacedCustomObject({ ...kind, namespace, labelSelector }) as Promise<
          { readonly items: readonly WatchedObject[] }
        >
      );
      return (await Promise.all(kinds)).flatMap(({ items }) =>
        items.map(({ metadata: { name, uid, deletionTimestamp } }) =>
          `${name} ${uid} ${deletionTimestamp ?? "stays"}`
        )
      ).sort();
    };
    const before = await listRunTwo();
    {
      using _ = pauseProcess(COLLECTOR);
      const setting = { timeoutMs: GONE_MS, signal: never };
      const { leftovers, ...rest } = await removeServices(access, { ...setting, runId: "run-1" });
      assert.deepEqual(rest, { services: 1, runs: ["run-1"], left: [] });
      // One of each kind at least, and the pod.
      assert.ok(leftovers > Object.keys(MADE_OF_SERVICES).length, `${leftovers} deleted`);
      assert.deepEqual((await findOwnObjects(access, "run-1")).runs, new Map());
      assert.deepEqual(await listRunTwo(), before, "those of another run stay");
      const { runs } = await findOwnObjects(access, null);
      assert.deepEqual(runs, new Map([["run-2", { services: 1, leftovers: 0 }]]));
    }
    await second.teardown();
    await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
  },
});
