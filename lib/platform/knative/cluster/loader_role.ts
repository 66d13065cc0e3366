import { fileURLToPath } from "node:url";
import { setHeaderOptions } from "@kubernetes/client-node";
import { parseAllDocuments, stringify } from "yaml";
import { sleep } from "../../../clock/clock.ts";
import { LoaderError } from "../../../base/error.ts";
import { FIELD_MANAGER, isNotFound, type KubeAccess, kubeError } from "./kube_access.ts";

/** The role as the project ships it. */
export const ROLE_FILE = fileURLToPath(new URL("../../../../config/rbac.yaml", import.meta.url));

/** Names of the account, its roles and its namespace in that file. */
const NAME = "loader";

/** What may be done with which resources. */
export interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** An object of the role: a namespace, an account, a role or a binding. */
export interface RoleObject {
  readonly apiVersion: string;
  readonly kind:
    | "Namespace"
    | "ServiceAccount"
    | "Role"
    | "RoleBinding"
    | "ClusterRole"
    | "ClusterRoleBinding";
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly RoleRule[];
  readonly roleRef?: { readonly apiGroup: string; readonly kind: string; readonly name: string };
  readonly subjects?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly namespace: string;
  }[];
}

/** Reads the objects of `config/rbac.yaml`. */
export function readRoleObjects(file: string = ROLE_FILE): RoleObject[] {
  return parseAllDocuments(Deno.readTextFileSync(file)).map((document) =>
    document.toJS() as RoleObject
  );
}

/** Where the role is made. */
export interface RolePlace {
  /** Of the functions, and of the account. */
  readonly namespace: string;
  /** Of a Prometheus that is reached through the API server; `null`: there is none. */
  readonly prometheusNamespace: string | null;
}

/**
 * The objects for a namespace of the user's choice. What lies outside of it gets
 * its name, so that several namespaces have roles of their own.
 */
export function placeRole(
  objects: readonly RoleObject[],
  { namespace, prometheusNamespace }: RolePlace,
): RoleObject[] {
  const outside = (name: string) =>
    namespace === NAME ? name : name.replace(NAME, `${NAME}-${namespace}`);
  const placed = objects.map((object): RoleObject => {
    if (object.kind === "Namespace") return { ...object, metadata: { name: namespace } };
    const isInside = object.metadata.namespace === NAME;
    const { metadata: { name }, roleRef, subjects } = object;
    return {
      ...object,
      metadata: isInside ? { name, namespace } : { ...object.metadata, name: outside(name) },
      ...(roleRef === undefined || isInside
        ? {}
        : { roleRef: { ...roleRef, name: outside(roleRef.name) } }),
      ...(subjects === undefined
        ? {}
        : { subjects: subjects.map((subject) => ({ ...subject, namespace })) }),
    };
  });
  if (prometheusNamespace === null) return placed;
  return [...placed, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: outside(NAME) + "-prometheus", namespace: prometheusNamespace },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: outside(`${NAME}-prometheus`),
    },
    subjects: [{ kind: "ServiceAccount", name: NAME, namespace }],
  }];
}

const APPLY = setHeaderOptions("Content-Type", "application/apply-patch+yaml");

const RBAC = { group: "rbac.authorization.k8s.io", version: "v1" } as const;

const PLURALS = {
  Role: "roles",
  RoleBinding: "rolebindings",
  ClusterRole: "clusterroles",
  ClusterRoleBinding: "clusterrolebindings",
} as const;

/**
 * Makes or renews the objects; takes an administrator's access.
 *
 * @throws LoaderError `platform` naming the object that cannot be made
 */
export async function applyRole(
  access: KubeAccess,
  objects: readonly RoleObject[],
): Promise<void> {
  for (const object of objects) {
    const { name, namespace = "" } = object.metadata;
    const body = { name, body: object, fieldManager: FIELD_MANAGER, force: true };
    try {
      switch (object.kind) {
        case "Namespace":
          await access.core.patchNamespace(body, APPLY);
          break;
        case "ServiceAccount":
          await access.core.patchNamespacedServiceAccount({ ...body, namespace }, APPLY);
          break;
        case "ClusterRole":
        case "ClusterRoleBinding":
          await access.custom.patchClusterCustomObject(
            { ...RBAC, plural: PLURALS[object.kind], ...body },
            APPLY,
          );
          break;
        default:
          await access.custom.patchNamespacedCustomObject(
            { ...RBAC, plural: PLURALS[object.kind], namespace, ...body },
            APPLY,
          );
      }
    } catch (error) {
      throw kubeError(error, `make the ${object.kind} ${name}`);
    }
  }
}

/**
 * Removes the role: its account, roles and bindings, and what else the namespace
 * holds only where that is asked for.
 *
 * @throws LoaderError `platform` naming the object that cannot be removed
 */
export async function removeRole(
  access: KubeAccess,
  objects: readonly RoleObject[],
  { withNamespace }: { readonly withNamespace: boolean },
): Promise<void> {
  for (const object of objects.toReversed()) {
    const { name, namespace = "" } = object.metadata;
    try {
      switch (object.kind) {
        case "Namespace":
          if (withNamespace) await access.core.deleteNamespace({ name });
          break;
        case "ServiceAccount":
          await access.core.deleteNamespacedServiceAccount({ name, namespace });
          break;
        case "ClusterRole":
        case "ClusterRoleBinding":
          await access.custom.deleteClusterCustomObject({
            ...RBAC,
            plural: PLURALS[object.kind],
            name,
          });
          break;
        default:
          await access.custom.deleteNamespacedCustomObject({
            ...RBAC,
            plural: PLURALS[object.kind],
            namespace,
            name,
          });
      }
    } catch (error) {
      if (!isNotFound(error)) throw kubeError(error, `remove the ${object.kind} ${name}`);
    }
  }
}

/** Certificates of the API server that Kubernetes publishes in every namespace. */
const ROOT_CERTIFICATE = "kube-root-ca.crt";

/** How long a new namespace may take to get them. */
const CERTIFICATE_WITHIN_MS = 10_000;

/**
 * A kubeconfig, as YAML, that speaks as the role's account with a token.
 *
 * @param seconds that the token is valid for; the API server may grant fewer
 * @throws LoaderError `platform` when there is no token to be had
 */
export async function makeKubeconfig(
  access: KubeAccess,
  namespace: string,
  seconds: number,
): Promise<string> {
  try {
    const { status } = await access.core.createNamespacedServiceAccountToken({
      name: NAME,
      namespace,
      body: { spec: { audiences: [], expirationSeconds: seconds } },
    });
    const certificate = await readRootCertificate(access, namespace);
    return stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{
        name: "cluster",
        cluster: {
          server: access.server,
          "certificate-authority-data": btoa(certificate),
        },
      }],
      users: [{ name: NAME, user: { token: status?.token } }],
      contexts: [{ name: NAME, context: { cluster: "cluster", user: NAME, namespace } }],
      "current-context": NAME,
    });
  } catch (error) {
    throw kubeError(error, `make a token for ${namespace}/${NAME}`);
  }
}

async function readRootCertificate(
  { core, clock }: KubeAccess,
  namespace: string,
): Promise<string> {
  const untilMs = clock.nowMs() + CERTIFICATE_WITHIN_MS;
  for (;;) {
    try {
      const { data } = await core.readNamespacedConfigMap({ namespace, name: ROOT_CERTIFICATE });
      const certificate = data?.["ca.crt"];
      if (certificate !== undefined) return certificate;
      throw new LoaderError("platform", `${ROOT_CERTIFICATE} in ${namespace} has no ca.crt.`);
    } catch (error) {
      if (!isNotFound(error) || clock.nowMs() >= untilMs) throw error;
      await sleep(clock, 100);
    }
  }
}
