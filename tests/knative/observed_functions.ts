import type { V1Pod } from "@kubernetes/client-node";
import { RealClock } from "../../lib/clock/clock.ts";
import {
  deriveService,
  readServiceTemplate,
} from "../../lib/platform/knative/deploy/service_template.ts";
import {
  isNotFound,
  type KubeAccess,
  openKubeAccess,
} from "../../lib/platform/knative/cluster/kube_access.ts";
import {
  KNATIVE_SERVICE_LABEL,
  selectorOf,
  SERVICES,
} from "../../lib/platform/knative/cluster/knative_objects.ts";
import {
  DEFAULT_TEMPLATE,
  KNATIVE_PLATFORM_DEFAULTS,
} from "../../lib/platform/knative/knative_options.ts";
import { functionSpec } from "../support/function_spec.ts";
import { waitUntil } from "./condition.ts";
import { createService } from "./test_platform.ts";

/** Functions of a run in a namespace of their own, for tests of what is observed of them. */
export interface ObservedFunctions extends AsyncDisposable {
  readonly access: KubeAccess;
  readonly clock: RealClock;
  readonly labelSelector: string;
  /** Deploys a function; it may not be ready yet. */
  deploy(name: string, initialScale: number): Promise<void>;
  /** Pods of our functions as the API server has them. */
  listPods(): Promise<readonly V1Pod[]>;
  /** Removes the functions; their pods stop. */
  remove(): Promise<void>;
}

/** The key of each function by its name, as a run would have it. */
export function functionIdsOf(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [name, `owner/app/${name}`]));
}

/** Makes the namespace; it goes, with all that is in it, at the end. */
export async function observeFunctions(namespace: string): Promise<ObservedFunctions> {
  const clock = new RealClock();
  const access = openKubeAccess({ clock, namespace });
  const runId = namespace;
  await access.core.createNamespace({ body: { metadata: { name: namespace } } });
  const template = readServiceTemplate(DEFAULT_TEMPLATE);
  const labelSelector = selectorOf(runId);
  const remove = async () => {
    await access.custom.deleteCollectionNamespacedCustomObject({
      ...SERVICES,
      namespace,
      labelSelector,
    });
  };
  return {
    access,
    clock,
    labelSelector,
    async deploy(name, initialScale) {
      const spec = functionSpec(0, { name, initialScale, cpuRequestMilli: 10 });
      await createService(
        access,
        deriveService(template, { ...spec, memoryRequestMib: 20 }, runId, {
          ...KNATIVE_PLATFORM_DEFAULTS,
        }),
      );
    },
    async listPods() {
      const { items } = await access.core.listNamespacedPod({
        namespace,
        labelSelector: KNATIVE_SERVICE_LABEL,
      });
      return items;
    },
    remove,
    async [Symbol.asyncDispose]() {
      await remove();
      // Of a namespace with pods that may take their time, Kubernetes asks only after minutes again.
      await waitUntil("the pods are gone", async () => {
        await access.core.deleteCollectionNamespacedPod({ namespace, gracePeriodSeconds: 1 });
        return (await access.core.listNamespacedPod({ namespace })).items.length === 0;
      });
      await access.core.deleteNamespace({ name: namespace });
      await waitUntil("the namespace is gone", async () => {
        try {
          await access.core.readNamespace({ name: namespace });
          return false;
        } catch (error) {
          return isNotFound(error);
        }
      });
    },
  };
}
