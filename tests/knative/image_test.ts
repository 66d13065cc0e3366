/** The image of the trace function, as the service template starts it. */
import type { V1Container } from "@kubernetes/client-node";
import { readServiceTemplate } from "../../lib/platform/knative/deploy/service_template.ts";
import { waitUntil } from "./condition.ts";
import { HAS_CLUSTER, openTestRole } from "./role.ts";

const TEMPLATE = "workloads/container/trace_function.yaml";

/** Knative's, by the service's time-out: after it Kubernetes ends a container by force. */
const GRACE_S = 300;

/** Between deletions, so that each finds its pod a little further on. */
const APART_MS = 300;

Deno.test({
  name: "the image: an instance that is deleted while it starts does not stay",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("image");
    const { admin: { core }, namespace } = role;
    const { spec } = readServiceTemplate(TEMPLATE).spec.template;
    const containers = spec.containers as unknown as V1Container[];
    const names = Array.from({ length: 6 }, (_, i) => `starting-${i}`);
    for (const name of names) {
      await core.createNamespacedPod({
        namespace,
        body: { metadata: { name }, spec: { terminationGracePeriodSeconds: GRACE_S, containers } },
      });
    }
    for (const name of names) {
      await core.deleteNamespacedPod({ namespace, name });
      await new Promise((resolve) => setTimeout(resolve, APART_MS));
    }
    await waitUntil("all are gone", async () => {
      const { items } = await core.listNamespacedPod({ namespace });
      return items.length === 0;
    });
  },
});
