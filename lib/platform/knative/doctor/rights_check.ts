import type { AuthorizationV1Api } from "@kubernetes/client-node";
import { LoaderError } from "../../../base/error.ts";
import { type Finding, okay, problem, warning } from "../../finding.ts";
import { type KubeAccess, kubeError } from "../cluster/kube_access.ts";
import {
  type AskedRight,
  formatResource,
  listAskedRights,
  type Right,
  RIGHTS,
  roleCommand,
  type ScopeNamespaces,
  SERVING_NAMESPACE,
} from "../cluster/rights.ts";

/** Questions under way at once. */
const ASKED_AT_ONCE = 8;

/** Asks the API server for every right of the table. */
export async function checkRights(
  access: Pick<KubeAccess, "authorization">,
  namespaces: ScopeNamespaces,
): Promise<Finding[]> {
  const asked = listAskedRights(namespaces);
  return judgeRights(asked.length, await findMissing(access, asked), namespaces.functions);
}

/**
 * Makes sure that functions can be deployed, followed and removed, before the
 * first of them is.
 *
 * @throws LoaderError `platform` naming a right that is missing and what grants it
 */
export async function requireRights(
  access: Pick<KubeAccess, "authorization" | "namespace">,
): Promise<void> {
  const { namespace } = access;
  const asked = listAskedRights(
    { functions: namespace, serving: SERVING_NAMESPACE, prometheus: null },
    RIGHTS.filter(({ isVital }) => isVital),
  );
  let missing: readonly AskedRight[];
  try {
    missing = await findMissing(access, asked);
  } catch (error) {
    throw kubeError(error, "ask the cluster for our rights");
  }
  if (missing.length === 0) return;
  const [{ sentence, command }] = judgeRights(asked.length, missing, namespace);
  throw new LoaderError(
    "platform",
    `${sentence.replace(/\.$/, "")}; an administrator makes an account that has it with: ` +
      `${command}.`,
  );
}

async function findMissing(
  { authorization }: Pick<KubeAccess, "authorization">,
  asked: readonly AskedRight[],
): Promise<AskedRight[]> {
  const allowed = new Set<AskedRight>();
  const queue = asked.values();
  const askAll = async () => {
    for (const right of queue) {
      if (await isAllowed(authorization, right)) allowed.add(right);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askAll));
  return asked.filter((right) => !allowed.has(right));
}

async function isAllowed(
  authorization: AuthorizationV1Api,
  { right, verb, namespace, name }: AskedRight,
): Promise<boolean> {
  const [resource, subresource] = right.resource.split("/");
  const { status } = await authorization.createSelfSubjectAccessReview({
    body: {
      spec: {
        resourceAttributes: {
          verb,
          group: right.group,
          resource,
          ...(subresource === undefined ? {} : { subresource }),
          ...(namespace === null ? {} : { namespace }),
          ...(name === null ? {} : { name }),
        },
      },
    },
  });
  return status?.allowed ?? false;
}

/** What missing rights mean, a finding for each purpose. */
export function judgeRights(
  askedCount: number,
  missing: readonly AskedRight[],
  functionsNamespace: string,
): Finding[] {
  if (missing.length === 0) {
    return [okay("permissions", `All ${askedCount} rights that a run needs are granted.`)];
  }
  // The same purpose may need several rights.
  const byPurpose = Map.groupBy(
    missing,
    ({ right, namespace }) => JSON.stringify([right.purpose, namespace, right.isOptional ?? false]),
  );
  return [...byPurpose.values()].map((rights) => judgePurpose(rights, functionsNamespace));
}

function judgePurpose(missing: readonly AskedRight[], functionsNamespace: string): Finding {
  const [{ right, namespace }] = missing;
  const byResource = Map.groupBy(missing, (asked) => formatRight(asked.right, asked.name));
  const list = [...byResource].map(([resource, asked]) =>
    `${[...new Set(asked.map(({ verb }) => verb))].join(", ")} ${resource}`
  );
  const scope = namespace === null ? "in the whole cluster" : `in the namespace ${namespace}`;
  const sentence = `The right to ${list.join(" and to ")} ${scope} is missing, so the loader ` +
    `cannot ${right.purpose}.`;
  const command = roleCommand(
    functionsNamespace,
    right.scope === "prometheus" ? namespace : null,
  );
  return right.isOptional === true
    ? warning("permissions", sentence, command)
    : problem("permissions", sentence, command);
}

function formatRight(right: Right, name: string | null): string {
  return name === null ? formatResource(right) : `${formatResource(right)} "${name}"`;
}
