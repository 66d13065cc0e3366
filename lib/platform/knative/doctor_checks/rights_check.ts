import type { AuthorizationV1Api } from "@kubernetes/client-node";
import { type Finding, okay, problem, warning } from "../../finding.ts";
import type { KubeAccess } from "../kube_access.ts";
import {
  type AskedRight,
  formatResource,
  listAskedRights,
  type Right,
  type ScopeNamespaces,
} from "./rights.ts";

/** Questions under way at once. */
const ASKED_AT_ONCE = 8;

/** Asks the API server for every right of the table. */
export async function checkRights(
  { authorization }: Pick<KubeAccess, "authorization">,
  namespaces: ScopeNamespaces,
): Promise<Finding[]> {
  const asked = listAskedRights(namespaces);
  const allowed = new Set<AskedRight>();
  const queue = asked.values();
  const askAll = async () => {
    for (const right of queue) {
      if (await isAllowed(authorization, right)) allowed.add(right);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askAll));
  const missing = asked.filter((right) => !allowed.has(right));
  return judgeRights(asked.length, missing, namespaces.functions);
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
  const command = right.scope === "prometheus"
    ? `deno task role --namespace ${functionsNamespace} --prometheus-namespace ${namespace}`
    : `deno task role --namespace ${functionsNamespace}`;
  return right.isOptional === true
    ? warning("permissions", sentence, command)
    : problem("permissions", sentence, command);
}

function formatRight(right: Right, name: string | null): string {
  return name === null ? formatResource(right) : `${formatResource(right)} "${name}"`;
}
