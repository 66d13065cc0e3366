import process from "node:process";
import { createCallColumns } from "../../lib/invoke/calls_in_flight.ts";
import type { FunctionSpec, Platform } from "../../lib/model/platform.ts";
import {
  isNotFound,
  type KubeAccess,
  type NamedObject,
  persist,
} from "../../lib/platform/knative/cluster/kube_access.ts";
import type { LivePod, LiveService } from "../../lib/platform/knative/cluster/knative_objects.ts";
import { SERVICES } from "../../lib/platform/knative/cluster/knative_objects.ts";
import type { PlatformSettings } from "../../lib/platform/registry.ts";
import { createPlatform } from "../../lib/platform/registry.ts";
import { functionSpec } from "../support/function_spec.ts";
import { LONGEST_MS } from "./condition.ts";
import type { TestRole } from "./role.ts";

/** Requests that fit on two busy cores. */
const CPU_REQUEST_MILLI = 10;

/** A platform in the role's namespace, with its rights alone, that leaves the activator to others. */
export async function createTestPlatform(
  { kubeconfig, namespace }: Pick<TestRole, "kubeconfig" | "namespace">,
  options: PlatformSettings["knative"] = {},
): Promise<Platform> {
  return await createPlatform("knative", {
    kubeconfig,
    namespace,
    gateway: process.env.LOADER_GATEWAY,
    prometheus: process.env.LOADER_PROMETHEUS,
    restartActivator: false,
    ...options,
  });
}

/** A function that asks for little. */
export function smallFunction(index: number, given: Partial<FunctionSpec> = {}): FunctionSpec {
  return functionSpec(index, { cpuRequestMilli: CPU_REQUEST_MILLI, ...given });
}

/** Names of the services and pods in the role's namespace, whosever they are. */
export async function listObjects({ admin, namespace }: TestRole): Promise<string[]> {
  const services: { readonly items: readonly LiveService[] } = await admin.custom
    .listNamespacedCustomObject({ ...SERVICES, namespace });
  const pods = await admin.core.listNamespacedPod({ namespace });
  return [
    ...services.items.map(({ metadata }) => `service ${metadata.name}`),
    ...(pods.items as unknown as readonly LivePod[]).map(({ metadata }) => `pod ${metadata.name}`),
  ].sort();
}

/** Makes a service, whosever it is, in the namespace of the access. */
export async function createService(
  { custom, namespace }: KubeAccess,
  body: NamedObject,
): Promise<void> {
  await custom.createNamespacedCustomObject({ ...SERVICES, namespace, body });
}

/** Deletes a service, as someone else would who tries again while a busy webhook does not answer. */
export async function deleteService(access: KubeAccess, name: string): Promise<void> {
  const { clock, custom, namespace } = access;
  const remove = async () => {
    try {
      await custom.deleteNamespacedCustomObject({ ...SERVICES, namespace, name });
    } catch (error) {
      // Gone, though the answer was lost.
      if (!isNotFound(error)) throw error;
    }
  };
  await persist(access, remove, { doing: `delete ${name}`, untilMs: clock.nowMs() + LONGEST_MS });
}

/** Invokes every function once; who refuses what is not there, and when, is the ingress' affair. */
export async function invokeEach(platform: Platform, functions: number): Promise<string[]> {
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
    calls.deadlineMs[slot] = platform.clock.nowMs() + LONGEST_MS;
    transport.invoke(slot);
  }
  await done.promise;
  await transport.close();
  return outcomes;
}
