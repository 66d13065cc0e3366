import assert from "node:assert/strict";
import {
  formatResource,
  RIGHTS,
  SERVING_NAMESPACE,
} from "../../lib/platform/knative/cluster/rights.ts";
import { checkRights } from "../../lib/platform/knative/doctor/rights_check.ts";
import { HAS_CLUSTER, openTestRole } from "./role.ts";

Deno.test({
  name: "the role: it grants every right of the table; each that is taken away is told",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("rbac", { prometheusNamespace: "kube-public" });
    const namespaces = {
      functions: role.namespace,
      serving: SERVING_NAMESPACE,
      prometheus: "kube-public",
    };
    const whole = await checkRights(role.access, namespaces);
    assert.deepEqual(whole.map(({ level }) => level), ["ok"], JSON.stringify(whole));
    for (const right of RIGHTS) {
      await role.withhold(right);
      // Those that differ from it in the verb alone may be told with it, as one purpose.
      const findings = await checkRights(role.access, namespaces);
      const told = findings.find(({ sentence }) => sentence.includes(right.purpose));
      assert.ok(told, `${formatResource(right)}: ${JSON.stringify(findings)}`);
      assert.equal(told.level, right.isOptional ? "warning" : "problem", told.sentence);
      assert.ok(told.sentence.includes(formatResource(right)), told.sentence);
      assert.match(told.command ?? "", /^deno task role --namespace /);
      assert.equal(findings.length, 1, JSON.stringify(findings));
    }
    await role.withhold(null);
    assert.deepEqual((await checkRights(role.access, namespaces)).map(({ level }) => level), [
      "ok",
    ]);
  },
});

Deno.test({
  name: "the role: what it does not grant is refused in a clear sentence",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("refusal");
    const { kubeError } = await import("../../lib/platform/knative/cluster/kube_access.ts");
    await assert.rejects(
      role.access.core.listNamespacedSecret({ namespace: SERVING_NAMESPACE })
        .catch((error) => Promise.reject(kubeError(error, "list secrets"))),
      /Cannot list secrets: the right to list secrets in the namespace knative-serving is missing/,
    );
  },
});
