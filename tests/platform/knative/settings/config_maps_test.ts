import assert from "node:assert/strict";
import {
  queueProxyCpuMilliOf,
  requestTimeoutMsOf,
} from "../../../../lib/platform/knative/settings/config_maps.ts";
import { DEFAULT_TEMPLATE } from "../../../../lib/platform/knative/knative_options.ts";
import {
  readServiceTemplate,
  type ServiceTemplate,
} from "../../../../lib/platform/knative/deploy/service_template.ts";

const TEMPLATE = readServiceTemplate(DEFAULT_TEMPLATE);

function withTimeout(timeoutSeconds: number): ServiceTemplate {
  const { template } = TEMPLATE.spec;
  return {
    ...TEMPLATE,
    spec: {
      ...TEMPLATE.spec,
      template: { ...template, spec: { ...template.spec, timeoutSeconds } },
    },
  };
}

Deno.test("requestTimeoutMsOf: the service's, else the cluster's, else Knative's own", () => {
  const cluster = new Map([["config-defaults", { "revision-timeout-seconds": "120" }]]);
  assert.equal(requestTimeoutMsOf(withTimeout(60), cluster), 60_000);
  assert.equal(requestTimeoutMsOf(TEMPLATE, cluster), 120_000);
  assert.equal(requestTimeoutMsOf(TEMPLATE, new Map([["config-defaults", null]])), 300_000);
  assert.equal(requestTimeoutMsOf(TEMPLATE, new Map()), 300_000);
});

Deno.test("queueProxyCpuMilliOf: the cluster's, else Knative's own", () => {
  const cluster = new Map([["config-deployment", { "queue-sidecar-cpu-request": "5m" }]]);
  assert.equal(queueProxyCpuMilliOf(cluster), 5);
  assert.equal(queueProxyCpuMilliOf(new Map()), 25);
});
