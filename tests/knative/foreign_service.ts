import type { NamedObject } from "../../lib/platform/knative/cluster/kube_access.ts";
import assert from "node:assert/strict";
import type { LivePod, LiveService } from "../../lib/platform/knative/cluster/knative_objects.ts";
import { conditionOf, SERVICES } from "../../lib/platform/knative/cluster/knative_objects.ts";
import { isReady } from "../../lib/platform/knative/deploy/readiness.ts";
import { waitUntil } from "./condition.ts";
import type { TestRole } from "./role.ts";
import { createService, listObjects } from "./test_platform.ts";

const NAME = "foreign";

/** A Knative service of someone else's with a pod, which whatever we do must leave as it is. */
export class ForeignService {
  readonly #role: TestRole;
  readonly #before: string;

  private constructor(role: TestRole, before: string) {
    this.#role = role;
    this.#before = before;
  }

  /** Deploys it and waits until its pod is ready. */
  static async deploy(role: TestRole): Promise<ForeignService> {
    const { admin } = role;
    await createService(admin, {
      apiVersion: "serving.knative.dev/v1",
      kind: "Service",
      metadata: { name: NAME, labels: { app: "theirs" } },
      spec: {
        template: {
          metadata: { annotations: { "autoscaling.knative.dev/min-scale": "1" } },
          spec: {
            containers: [{
              image: "dev.local/trace-function:1",
              imagePullPolicy: "IfNotPresent",
              args: ["run", "--quiet", "--cached-only", "--allow-all", SERVER],
              env: [{ name: "DENO_DIR", value: "/deno-dir" }],
              ports: [{ name: "h2c", containerPort: 80 }],
              securityContext: { runAsUser: 0, allowPrivilegeEscalation: false },
              resources: { requests: { cpu: "5m" } },
            }],
          },
        },
      },
    } as NamedObject);
    await waitUntil("the foreign service is ready", async () => isReady(await readService(role)));
    return new ForeignService(role, await describe(role));
  }

  /** Service and pod are the very same, and live. */
  async assertUntouched(): Promise<void> {
    assert.equal(await describe(this.#role), this.#before, "the foreign service was touched");
  }

  /** Services and pods in the namespace beside it. */
  async others(): Promise<string[]> {
    const foreign = new RegExp(` ${NAME}(-|$)`);
    return (await listObjects(this.#role)).filter((name) => !foreign.test(name));
  }
}

const SERVER = "/app/workloads/trace_function/main.ts";

async function readService({ admin, namespace }: TestRole): Promise<LiveService> {
  return await admin.custom.getNamespacedCustomObject({ ...SERVICES, namespace, name: NAME });
}

/** What would be another if it had been deleted, changed or made anew. */
async function describe(role: TestRole): Promise<string> {
  const { metadata } = await readService(role);
  const { items } = await role.admin.core.listNamespacedPod({
    namespace: role.namespace,
    labelSelector: `serving.knative.dev/service=${NAME}`,
  });
  const pods = (items as unknown as readonly LivePod[]).map((pod) => [
    pod.metadata.uid,
    pod.metadata.deletionTimestamp ?? "stays",
    conditionOf(pod, "Ready")?.status,
  ]);
  const { uid, generation, deletionTimestamp = "stays" } = metadata;
  return JSON.stringify({ uid, generation, deletionTimestamp, pods });
}
