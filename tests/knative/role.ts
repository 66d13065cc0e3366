import { basename } from "node:path";
import process from "node:process";
import { RealClock } from "../../lib/clock/clock.ts";
import { formatResource, type Right } from "../../lib/platform/knative/cluster/rights.ts";
import {
  applyRole,
  makeKubeconfig,
  placeRole,
  readRoleObjects,
  removeRole,
  type RoleObject,
} from "../../lib/platform/knative/cluster/loader_role.ts";
import { type KubeAccess, openKubeAccess } from "../../lib/platform/knative/cluster/kube_access.ts";
import { waitUntil } from "./condition.ts";

/** There is a cluster to test against. */
export const HAS_CLUSTER = process.env.KUBECONFIG !== undefined &&
  process.env.LOADER_GATEWAY !== undefined;

/** Longest that a token of the tests is valid. */
const TOKEN_SECONDS = 3600;

const APPLIED = "the role's change is in force";

/** A namespace of its own, and access to it with the rights of config/rbac.yaml alone. */
export interface TestRole extends AsyncDisposable {
  readonly namespace: string;
  /** Path of a kubeconfig with the role's token; its context has the namespace. */
  readonly kubeconfig: string;
  readonly clock: RealClock;
  /** As the role. */
  readonly access: KubeAccess;
  /** As an administrator, for what the test sets up and looks at. */
  readonly admin: KubeAccess;
  /** Takes a right away, or gives all back (`null`), and waits until that is in force. */
  withhold(right: Right | null): Promise<void>;
}

/**
 * Makes a namespace with the role in it. It goes, with all that is in it, at the end.
 *
 * @param name of the test, a part of the namespace's name
 */
export async function openTestRole(
  name: string,
  { prometheusNamespace = null }: { readonly prometheusNamespace?: string | null } = {},
): Promise<TestRole> {
  const clock = new RealClock();
  const folder = Deno.makeTempDirSync();
  // As the folder it is new: one of a test before, even of the same name, may still be going.
  const namespace = `test-${name}-${basename(folder)}`;
  const admin = openKubeAccess({ clock, namespace });
  const objects = placeRole(readRoleObjects(), { namespace, prometheusNamespace });
  const remove = async () => {
    await removeRole(admin, objects, { withNamespace: true });
    Deno.removeSync(folder, { recursive: true });
  };
  try {
    await applyRole(admin, objects);
    const kubeconfig = `${folder}/kubeconfig`;
    Deno.writeTextFileSync(kubeconfig, await makeKubeconfig(admin, namespace, TOKEN_SECONDS), {
      mode: 0o600,
    });
    const access = openKubeAccess({ clock, kubeconfig });
    await waitUntil(APPLIED, () => mayAll(access, objects, namespace));
    return {
      namespace,
      kubeconfig,
      clock,
      access,
      admin,
      async withhold(right) {
        const changed = objects.map((object) => right === null ? object : without(object, right));
        await applyRole(admin, changed.filter(({ rules }) => rules !== undefined));
        await waitUntil(APPLIED, () => mayAll(access, changed, namespace));
      },
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The object without the rules that grant a right. */
function without(object: RoleObject, { scope, group, resource, verbs, names }: Right): RoleObject {
  const isOf = {
    functions: object.kind === "Role" && object.metadata.namespace !== "knative-serving",
    serving: object.kind === "Role" && object.metadata.namespace === "knative-serving",
    cluster: object.kind === "ClusterRole" && !object.metadata.name.endsWith("-prometheus"),
    prometheus: object.kind === "ClusterRole" && object.metadata.name.endsWith("-prometheus"),
  }[scope];
  if (!isOf || object.rules === undefined) return object;
  return {
    ...object,
    rules: object.rules.map((rule) => {
      const isMeant = rule.apiGroups.includes(group) && rule.resources.includes(resource) &&
        JSON.stringify(rule.resourceNames ?? []) === JSON.stringify(names ?? []);
      return isMeant
        ? { ...rule, verbs: rule.verbs.filter((verb) => !verbs.includes(verb)) }
        : rule;
    }).filter((rule) => rule.verbs.length > 0),
  };
}

/** The API server's list of our rights in both namespaces is that of the roles. */
async function mayAll(
  { authorization }: KubeAccess,
  objects: readonly RoleObject[],
  namespace: string,
): Promise<boolean> {
  for (const place of [namespace, "knative-serving"]) {
    const { status } = await authorization.createSelfSubjectRulesReview({
      body: { spec: { namespace: place } },
    });
    const granted = new Set(
      (status?.resourceRules ?? []).flatMap((rule) => keysOf(rule)),
    );
    const wanted = objects
      .filter(({ kind, metadata }) =>
        kind === "Role"
          ? metadata.namespace === place
          : kind === "ClusterRole" && !metadata.name.endsWith("-prometheus")
      )
      .flatMap(({ rules }) => rules ?? []).flatMap(keysOf);
    const known = new Set(
      readRoleObjects().flatMap(({ rules }) => rules ?? []).flatMap(keysOf),
    );
    // What everyone may do is none of ours.
    const extra = [...granted].filter((key) => known.has(key) && !wanted.includes(key));
    if (extra.length > 0 || wanted.some((key) => !granted.has(key))) return false;
  }
  return true;
}

function keysOf(
  rule: {
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  },
): string[] {
  const names = rule.resourceNames === undefined || rule.resourceNames.length === 0
    ? [""]
    : rule.resourceNames;
  return (rule.apiGroups ?? []).flatMap((group) =>
    (rule.resources ?? []).flatMap((resource) =>
      names.flatMap((name) =>
        rule.verbs.map((verb) => `${verb} ${formatResource({ group, resource })} ${name}`)
      )
    )
  );
}
