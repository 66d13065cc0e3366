/** Removing while the cluster's garbage collector stands still. */
import assert from "node:assert/strict";
import { findOwnObjects } from "../../lib/platform/knative/deploy/clean_cluster.ts";
import { removeServices } from "../../lib/platform/knative/deploy/cleaner.ts";
import {
  MADE_OF_SERVICES,
  selectorOf,
} from "../../lib/platform/knative/cluster/knative_objects.ts";
import type { WatchedObject } from "../../lib/platform/knative/cluster/object_watch.ts";
import { pauseProcess } from "./cluster_process.ts";
import { LONGEST_MS } from "./condition.ts";
import { HAS_CLUSTER, openTestRole } from "./role.ts";
import { createTestPlatform, smallFunction } from "./test_platform.ts";

/** Whoever takes away what belonged to something that is gone. */
const COLLECTOR = "kube-controller-manager";

const never = new AbortController().signal;

Deno.test({
  name: "removing on Knative: what the garbage collector leaves is deleted, all else stays",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("leftovers");
    const { access, admin, namespace } = role;
    const first = await createTestPlatform(role, { runId: "run-1" });
    const second = await createTestPlatform(role, { runId: "run-2" });
    await Promise.all([
      first.deploy([smallFunction(0, { name: "first", initialScale: 1 })], never),
      second.deploy([smallFunction(0, { name: "second", initialScale: 1 })], never),
    ]);
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
      const setting = { timeoutMs: LONGEST_MS, signal: never };
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
