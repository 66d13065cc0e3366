import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import type { Platform } from "../../lib/model/platform.ts";
import type { NamedObject } from "../../lib/platform/knative/cluster/kube_access.ts";
import { MADE_OF_SERVICES, SERVICES } from "../../lib/platform/knative/cluster/knative_objects.ts";
import { DEFAULT_TEMPLATE } from "../../lib/platform/knative/knative_options.ts";
import type { PlatformSettings } from "../../lib/platform/registry.ts";
import { waitUntil } from "./condition.ts";
import { HAS_CLUSTER, openTestRole, type TestRole } from "./role.ts";
import {
  createService,
  createTestPlatform,
  deleteService,
  invokeEach,
  listObjects,
  smallFunction,
} from "./test_platform.ts";
import { runTogether } from "./together.ts";

/** Long enough for the scheduler to have said why it places no instance. */
const UNSCHEDULABLE_MS = 60_000;

const never = new AbortController().signal;

/** Makes the cases at the same time, each in a namespace of its own. */
function testTogether(
  name: string,
  cases: Readonly<Record<string, (role: TestRole) => Promise<void>>>,
): void {
  Deno.test({
    name: `deploying on Knative: ${name}`,
    ignore: !HAS_CLUSTER,
    async fn(t) {
      const inOwn = (body: (role: TestRole) => Promise<void>) => async () => {
        await using role = await openTestRole("deploy");
        await body(role);
      };
      await runTogether(
        t,
        Object.fromEntries(Object.entries(cases).map(([name, body]) => [name, inOwn(body)])),
      );
    },
  });
}

/** Deploys what cannot come up; nothing of it may be left. */
async function assertFails(
  role: TestRole,
  options: PlatformSettings["knative"],
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

testTogether("what cannot come up", {
  "an image that is not there is named, and nothing is left": async (role) => {
    await assertFails(
      role,
      { image: "dev.local/there-is-none:1" },
      [smallFunction(0, { initialScale: 1 }), smallFunction(1)],
      /^1 of 2 functions did not come up.*f-0: the image dev\.local\/there-is-none:1 cannot be had/,
    );
  },
  "a webhook's refusal is told, before any load": async (role) => {
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
  },
  "no room on the nodes": async (role) => {
    await assertFails(
      role,
      { deployTimeoutMs: UNSCHEDULABLE_MS },
      [smallFunction(0, { initialScale: 1, memoryRequestMib: 1e8 })],
      /f-0: not ready within 60 s: no node has room for its instance: .*Insufficient memory/,
    );
  },
  "a container that ends again and again": async (role) => {
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
  },
  "a gateway that is away": async (role) => {
    await assertFails(
      role,
      { gateway: "127.0.0.1:1" },
      [smallFunction(0)],
      /^The gateway at 127\.0\.0\.1:1 cannot be used: .*Is the ingress up/,
    );
  },
  "a foreign service of the same name is not taken over": async (role) => {
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
    await assertFails(
      role,
      {},
      [smallFunction(0)],
      /already has a service "f-0", which is not ours/,
    );
    const left: { metadata: { labels: Record<string, string>; deletionTimestamp?: string } } =
      await admin.custom.getNamespacedCustomObject({ ...SERVICES, namespace, name: "f-0" });
    assert.equal(left.metadata.labels.app, "theirs");
    assert.equal(left.metadata.deletionTimestamp, undefined);
  },
});

testTogether("what is cut short, or loses a part", {
  "Ctrl-C in mid-deployment leaves nothing": async (role) => {
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
  },
  "with --allow-partial those that are there are called": async (role) => {
    const notes: string[] = [];
    await using platform = await createTestPlatform(role, {
      allowPartial: true,
      deployTimeoutMs: UNSCHEDULABLE_MS,
      onNote: (sentence) => notes.push(sentence),
    });
    await platform.deploy([
      smallFunction(0, { initialScale: 1, memoryRequestMib: 1e8 }),
      smallFunction(1),
    ], never);
    assert.match(notes.join(), /f-0 is not there: not ready within 60 s: no node has room/);
    assert.deepEqual(await invokeEach(platform, 2), ["not ok", "ok"]);
  },
  "a service that someone else deletes is noted, and its calls fail": async (role) => {
    const deleted = Promise.withResolvers<string>();
    await using platform = await createTestPlatform(role, { onNote: deleted.resolve });
    await platform.deploy([smallFunction(0), smallFunction(1)], never);
    const { admin, namespace } = role;
    await deleteService(admin, "f-0");
    assert.match(await deleted.promise, /The service f-0 was deleted by someone else/);
    // Its calls are served until the garbage collector has taken its route away.
    await waitUntil("its route is gone", async () => {
      const { items }: { readonly items: readonly NamedObject[] } = await admin.custom
        .listNamespacedCustomObject({ ...MADE_OF_SERVICES.ingress, namespace });
      return items.every(({ metadata }) => metadata.name !== "f-0");
    });
    await waitUntil("its calls fail", async () => {
      const [ofDeleted, ofOther] = await invokeEach(platform, 2);
      assert.equal(ofOther, "ok");
      return ofDeleted === "not ok";
    });
    assert.equal(platform.lost.aborted, false);
  },
});
