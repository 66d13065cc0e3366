import assert from "node:assert/strict";
import {
  formatResource,
  listAskedRights,
  RIGHTS,
} from "../../../../lib/platform/knative/cluster/rights.ts";
import { judgeRights } from "../../../../lib/platform/knative/doctor/rights_check.ts";
import {
  placeRole,
  readRoleObjects,
} from "../../../../lib/platform/knative/cluster/loader_role.ts";

const NAMESPACES = { functions: "ns", serving: "knative-serving", prometheus: "monitoring" };

/** Scope of an object's rules, by where it is. */
function scopeOf(kind: string, name: string, namespace: string | undefined): string | null {
  if (kind === "Role") return namespace === "knative-serving" ? "serving" : "functions";
  if (kind !== "ClusterRole") return null;
  return name.endsWith("-prometheus") ? "prometheus" : "cluster";
}

Deno.test("config/rbac.yaml grants the rights of the table, and no others", () => {
  const granted = readRoleObjects().flatMap(({ kind, metadata, rules }) => {
    const scope = scopeOf(kind, metadata.name, metadata.namespace);
    return (rules ?? []).flatMap(({ apiGroups, resources, resourceNames = ["*"], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.flatMap((name) =>
            verbs.map((verb) => `${scope}: ${verb} ${formatResource({ group, resource })} ${name}`)
          )
        )
      )
    );
  });
  const needed = listAskedRights(NAMESPACES).map(({ right, verb, name }) =>
    `${right.scope}: ${verb} ${formatResource(right)} ${name ?? "*"}`
  );
  assert.deepEqual(granted.toSorted(), needed.toSorted());
  assert.equal(new Set(needed).size, needed.length, "each once");
});

Deno.test("no right is to secrets, to all of something, or to grant rights", () => {
  for (const { group, resource, verbs } of RIGHTS) {
    assert.ok(!["secrets", "*"].includes(resource));
    assert.notEqual(group, "rbac.authorization.k8s.io");
    assert.ok(!verbs.includes("*") && !verbs.includes("deletecollection"));
  }
});

Deno.test("a role in another namespace has names of its own outside of it", () => {
  const objects = placeRole(readRoleObjects(), {
    namespace: "mine",
    prometheusNamespace: "monitoring",
  });
  const places = objects.map(({ kind, metadata: { name, namespace } }) =>
    `${kind} ${namespace ?? "-"}/${name}`
  );
  assert.deepEqual(places, [
    "Namespace -/mine",
    "ServiceAccount mine/loader",
    "Role mine/loader",
    "RoleBinding mine/loader",
    "Role knative-serving/loader-mine",
    "RoleBinding knative-serving/loader-mine",
    "ClusterRole -/loader-mine",
    "ClusterRoleBinding -/loader-mine",
    "ClusterRole -/loader-mine-prometheus",
    "RoleBinding monitoring/loader-mine-prometheus",
  ]);
  const roles = new Set(
    objects.filter(({ rules }) => rules !== undefined).map(({ kind, metadata }) =>
      `${kind} ${metadata.name}`
    ),
  );
  for (const { roleRef, subjects } of objects) {
    if (roleRef === undefined) continue;
    assert.ok(roles.has(`${roleRef.kind} ${roleRef.name}`), roleRef.name);
    assert.deepEqual(subjects, [{ kind: "ServiceAccount", name: "loader", namespace: "mine" }]);
  }
});

Deno.test("each right that is missing is told in one sentence, with the command that grants it", () => {
  for (const asked of listAskedRights(NAMESPACES)) {
    const findings = judgeRights(50, [asked], "ns");
    assert.equal(findings.length, 1);
    const [{ level, sentence, command }] = findings;
    assert.equal(level, asked.right.isOptional ? "warning" : "problem");
    const scope = asked.namespace === null
      ? "in the whole cluster"
      : `in the namespace ${asked.namespace}`;
    const name = asked.name === null ? "" : ` "${asked.name}"`;
    assert.equal(
      sentence,
      `The right to ${asked.verb} ${formatResource(asked.right)}${name} ${scope} is missing, so ` +
        `the loader cannot ${asked.right.purpose}.`,
    );
    const prometheus = asked.right.scope === "prometheus"
      ? " --prometheus-namespace monitoring"
      : "";
    assert.equal(command, `deno task role --namespace ns${prometheus}`);
  }
});

Deno.test("rights of one purpose are told together; all of them are told as well", () => {
  const asked = listAskedRights({ ...NAMESPACES, prometheus: null });
  const services = asked.filter(({ right }) =>
    right.group === "serving.knative.dev" && right.resource === "services"
  );
  const [finding, ...others] = judgeRights(asked.length, services, "ns");
  assert.deepEqual(others, []);
  assert.match(
    finding.sentence,
    /^The right to create, delete, list, watch services\.serving\.knative\.dev in /,
  );
  const [all] = judgeRights(asked.length, [], "ns");
  assert.equal(all.level, "ok");
  assert.equal(all.sentence, `All ${asked.length} rights that a run needs are granted.`);
  assert.ok(asked.every(({ right }) => right.scope !== "prometheus"), "not asked for in vain");
});
