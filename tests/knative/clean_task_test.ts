import assert from "node:assert/strict";
import {
  MANAGED_BY,
  MANAGED_BY_LABEL,
  SERVICES,
} from "../../lib/platform/knative/cluster/knative_objects.ts";
import {
  DEFAULT_TEMPLATE,
  KNATIVE_PLATFORM_DEFAULTS,
} from "../../lib/platform/knative/knative_options.ts";
import type { NamedObject } from "../../lib/platform/knative/cluster/kube_access.ts";
import {
  deriveService,
  readServiceTemplate,
} from "../../lib/platform/knative/deploy/service_template.ts";
import { functionSpec } from "../support/function_spec.ts";
import { waitUntil } from "./condition.ts";
import { HAS_CLUSTER, openTestRole, type TestRole } from "./role.ts";
import { createService } from "./test_platform.ts";
import { runClean } from "./user_run.ts";

/** Deploys services of two runs, and two of others. */
async function deployAll({ admin }: TestRole): Promise<void> {
  const template = readServiceTemplate(DEFAULT_TEMPLATE);
  const serviceOf = (name: string, runId: string) =>
    deriveService(
      template,
      // One instance, so that there are pods to wait for; its image need not be there.
      functionSpec(0, { name, initialScale: 1, cpuRequestMilli: 5 }),
      runId,
      KNATIVE_PLATFORM_DEFAULTS,
    );
  const bare = serviceOf("foreign", "none");
  const { metadata, ...revision } = bare.spec.template;
  const foreign = (name: string, labels: Record<string, string>): NamedObject => ({
    ...bare,
    metadata: { name, labels } as NamedObject["metadata"],
    // Kept, however long the others take to go.
    spec: {
      template: {
        ...revision,
        metadata: {
          annotations: { ...metadata.annotations, "autoscaling.knative.dev/min-scale": "1" },
        },
      },
    },
  } as NamedObject);
  await Promise.all([
    createService(admin, serviceOf("first-0", "first")),
    createService(admin, serviceOf("first-1", "first")),
    createService(admin, serviceOf("second-0", "second")),
    createService(admin, foreign("foreign", {})),
    // Of a program of the same name, or of a person who likes the label.
    createService(admin, foreign("alike", { [MANAGED_BY_LABEL]: MANAGED_BY })),
  ]);
}

async function listServices({ admin, namespace }: TestRole): Promise<string[]> {
  const { items } = await admin.custom.listNamespacedCustomObject({ ...SERVICES, namespace }) as {
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
  };
  return items.map(({ metadata }) => metadata.name).sort();
}

/** Names of the pods that there are, by service; in order. */
async function listPods({ admin, namespace }: TestRole): Promise<Map<string, string[]>> {
  const { items } = await admin.core.listNamespacedPod({ namespace });
  const pods = items.map(({ metadata }) => metadata!.name!).sort();
  return Map.groupBy(pods, (name) => name.replace(/-00001-deployment-.*$/, ""));
}

Deno.test({
  name: "clean: removes one run, or all, and nothing of others",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("clean");
    await deployAll(role);
    const all = ["alike", "first-0", "first-1", "foreign", "second-0"];
    // The first may be gone for want of calls when the last comes.
    const started = new Set<string>();
    await waitUntil("each service has had its instance", async () => {
      for (const service of (await listPods(role)).keys()) started.add(service);
      return started.size === all.length;
    });
    const before = await listPods(role);

    const dry = await runClean(role, "--platform", "knative", "--dry-run");
    assert.equal(dry.status, 0, dry.stderr);
    assert.match(dry.stdout, /run first: 2 services in the namespace test-clean-/);
    assert.match(dry.stdout, /run second: 1 service /);
    assert.deepEqual(await listServices(role), all);

    const unknown = await runClean(role, "--run", "third");
    assert.equal(unknown.status, 0, unknown.stderr);
    assert.match(unknown.stdout, /Nothing of the run third is in the namespace/);
    assert.deepEqual(await listServices(role), all);

    const first = await runClean(role, "--run", "first");
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /Removed 2 services of the run first .*\nNothing of ours is left\./);
    assert.deepEqual(await listServices(role), ["alike", "foreign", "second-0"]);

    const rest = await runClean(role);
    assert.equal(rest.status, 0, rest.stderr);
    assert.deepEqual(await listServices(role), ["alike", "foreign"]);
    const kept = [...before].filter(([service]) => ["alike", "foreign"].includes(service));
    assert.deepEqual([...await listPods(role)], kept, "their pods are what they were, ours gone");
  },
});

Deno.test({
  name: "clean: a mistake of the user's, and a cluster that is not there",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("mistakes");
    const context = await runClean(role, "--context", "nowhere");
    assert.equal(context.status, 2);
    assert.match(context.stderr, /has no context "nowhere" \(it has loader\)/);
    const platform = await runClean(role, "--platform", "local");
    assert.equal(platform.status, 2);
  },
});
