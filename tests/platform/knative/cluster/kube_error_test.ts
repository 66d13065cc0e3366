import assert from "node:assert/strict";
import {
  isNotFound,
  isTransient,
  kubeError,
} from "../../../../lib/platform/knative/cluster/kube_error.ts";

/** As the library throws what an API server answers. */
function answer(code: number, message: string): Error {
  return Object.assign(new Error(`HTTP-Code: ${code}`), {
    code,
    body: JSON.stringify({ kind: "Status", status: "Failure", message, code }),
    headers: {},
  });
}

/** As node-fetch throws what becomes of a connection. */
function broken(code: string): Error {
  return Object.assign(
    new Error(`request to https://127.0.0.1:6443/api/v1/nodes failed, reason: ${code}`),
    { type: "system", errno: code, code },
  );
}

const sentence = (error: unknown) => kubeError(error, "deploy f-0").message;

Deno.test("kubeError: what is wrong and what to do, by kind of error", () => {
  assert.equal(
    sentence(broken("ECONNREFUSED")),
    "Cannot deploy f-0: nothing listens at https://127.0.0.1:6443 (connection refused); is the " +
      "cluster up, and is --context the right one?",
  );
  assert.match(sentence(broken("ENOTFOUND")), /has no address; is --context/);
  assert.match(sentence(broken("ECONNRESET")), /broke \(ECONNRESET\)/);
  assert.match(
    sentence(Object.assign(new Error("no answer within 30 s"), { code: "ETIMEDOUT" })),
    /no answer within 30 s/,
  );
  assert.match(sentence(answer(401, "Unauthorized")), /token or certificate is expired or wrong/);
  assert.match(sentence(answer(429, "slow down")), /too much to do/);
  assert.match(
    sentence(answer(404, "the server could not find the requested resource")),
    /is Knative Serving installed/,
  );
});

Deno.test("kubeError: a missing right is named with where and how it is granted", () => {
  const message =
    'services.serving.knative.dev is forbidden: User "system:serviceaccount:default:loader" cannot ' +
    'patch resource "services" in API group "serving.knative.dev" in the namespace "default"';
  assert.equal(
    sentence(answer(403, message)),
    "Cannot deploy f-0: the right to patch services.serving.knative.dev in the namespace default " +
      "is missing to system:serviceaccount:default:loader; an administrator makes an account that " +
      "has it with: deno task role --namespace default.",
  );
  const nodes =
    'nodes is forbidden: User "u" cannot list resource "nodes" in API group "" at the ' +
    "cluster scope";
  assert.match(
    sentence(answer(403, nodes)),
    /the right to list nodes in the whole cluster is missing to u; .* --namespace NAMESPACE\.$/,
  );
  const settings =
    'configmaps "config-autoscaler" is forbidden: User "system:serviceaccount:mine:loader" cannot ' +
    'get resource "configmaps" in API group "" in the namespace "knative-serving"';
  assert.match(
    sentence(answer(403, settings)),
    /in the namespace knative-serving is missing .*: deno task role --namespace mine\.$/,
  );
});

Deno.test("kubeError: a webhook that refuses, and one that does not answer", () => {
  const denied =
    'admission webhook "validation.webhook.serving.knative.dev" denied the request: validation ' +
    "failed: invalid value: 0: initial-scale";
  assert.equal(
    sentence(answer(400, denied)),
    "Cannot deploy f-0: the webhook validation.webhook.serving.knative.dev refuses it: invalid " +
      "value: 0: initial-scale.",
  );
  const silent = 'Internal error occurred: failed calling webhook "webhook.serving.knative.dev": ' +
    "context deadline exceeded";
  assert.match(
    sentence(answer(500, silent)),
    /the webhook webhook.serving.knative.dev does not answer/,
  );
});

Deno.test("isTransient: what waiting may mend, and nothing else", () => {
  for (
    const error of [
      broken("ECONNREFUSED"),
      broken("ECONNRESET"),
      answer(503, "x"),
      answer(429, "x"),
    ]
  ) {
    assert.equal(isTransient(error), true);
  }
  for (
    const error of [broken("ENOTFOUND"), answer(400, "x"), answer(401, "x"), answer(403, "no")]
  ) {
    assert.equal(isTransient(error), false);
  }
  assert.equal(isNotFound(answer(404, "x")), true);
  assert.equal(isNotFound(broken("ECONNREFUSED")), false);
});
