import assert from "node:assert/strict";
import { LoaderError } from "../../../../lib/base/error.ts";
import { kubeError } from "../../../../lib/platform/knative/cluster/kube_access.ts";
import {
  DEFAULT_TEMPLATE,
  KNATIVE_PLATFORM_DEFAULTS,
} from "../../../../lib/platform/knative/knative_options.ts";
import {
  deriveService,
  readServiceTemplate,
  type ServiceSettings,
  type ServiceTemplate,
  withoutEnvironment,
} from "../../../../lib/platform/knative/deploy/service_template.ts";
import { functionSpec } from "../../../support/function_spec.ts";
import { temporaryFolder } from "../../../support/script.ts";

const RUN = "20261123-161405-1f0c";
const template = readServiceTemplate(DEFAULT_TEMPLATE);

function derive(
  spec: Parameters<typeof functionSpec>[1] = {},
  settings: Partial<ServiceSettings> = {},
  from: ServiceTemplate = template,
) {
  const service = deriveService(from, functionSpec(7, spec), RUN, {
    ...KNATIVE_PLATFORM_DEFAULTS,
    ...settings,
  });
  const { metadata, spec: { containers, containerConcurrency } } = service.spec.template;
  return {
    service,
    annotations: metadata.annotations,
    container: containers[0],
    containerConcurrency,
  };
}

Deno.test("deriveService: the shipped template has In-Vitro's settings", () => {
  const { service, annotations, container, containerConcurrency } = derive({ initialScale: 3 });
  assert.equal(service.metadata.name, "f-7");
  const autoscaling = Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [name.split("/")[1], value]),
  );
  assert.deepEqual(autoscaling, {
    "min-scale": "0",
    "target-utilization-percentage": "100",
    "target-burst-capacity": "-1",
    "initial-scale": "3",
    "max-scale": "200",
    "metric": "concurrency",
    "target": "1",
    "panic-window-percentage": "10.0",
    "panic-threshold-percentage": "200.0",
    "function-id": "owner/app/f7",
  });
  assert.equal(containerConcurrency, 1);
  assert.deepEqual(container.ports, [{ name: "h2c", containerPort: 80 }]);
  assert.deepEqual(container.resources, {
    requests: { cpu: "83m", memory: "16Mi" },
    limits: { cpu: "1000m" },
  });
});

Deno.test("deriveService: service and pods carry manager, run and function", () => {
  const { service } = derive();
  const expected = {
    "app.kubernetes.io/managed-by": "loader",
    "loader/run": RUN,
    "loader/function": "7",
  };
  assert.deepEqual(service.metadata.labels, expected);
  assert.deepEqual(service.spec.template.metadata.labels, expected);
});

Deno.test("deriveService: by requests a second, the target is what fits into one", () => {
  const profile = functionSpec(7).profile;
  const runtimeMs = { quantiles: [0, 1], values: [150, 150], mean: 150 };
  const { annotations } = derive({ profile: { ...profile, runtimeMs } }, { scalingMetric: "rps" });
  assert.equal(annotations["autoscaling.knative.dev/metric"], "rps");
  assert.equal(annotations["autoscaling.knative.dev/target"], "7");
});

Deno.test("deriveService: a target is of a runtime of at least 1 ms, and at least 1", () => {
  const profile = functionSpec(7).profile;
  for (const [mean, target] of [[0, "1000"], [0.2, "1000"], [1, "1000"], [1_954_000, "1"]]) {
    const runtimeMs = {
      quantiles: [0, 1],
      values: [Number(mean), Number(mean)],
      mean: Number(mean),
    };
    const { annotations } = derive({ profile: { ...profile, runtimeMs } }, {
      scalingMetric: "rps",
    });
    assert.equal(annotations["autoscaling.knative.dev/target"], target, `${mean} ms`);
  }
});

Deno.test("deriveService: a least scale and a concurrency that are given win over the template", () => {
  const { annotations, containerConcurrency } = derive({}, {
    minScale: 3,
    containerConcurrency: 8,
  });
  assert.equal(annotations["autoscaling.knative.dev/min-scale"], "3");
  assert.equal(containerConcurrency, 8);
  // Or the autoscaler would make an instance for each call all the same.
  assert.equal(annotations["autoscaling.knative.dev/target"], "8");
  const own = structuredClone(template);
  own.spec.template.metadata!.annotations!["autoscaling.knative.dev/min-scale"] = "2";
  own.spec.template.spec.containerConcurrency = 4;
  const kept = derive({}, {}, own);
  assert.equal(kept.annotations["autoscaling.knative.dev/min-scale"], "2");
  assert.equal(kept.containerConcurrency, 4);
});

Deno.test("deriveService: partial panic", () => {
  const { annotations } = derive({}, { partialPanic: true });
  assert.equal(annotations["autoscaling.knative.dev/panic-window-percentage"], "100.0");
  assert.equal(annotations["autoscaling.knative.dev/panic-threshold-percentage"], "1000.0");
});

Deno.test("deriveService: requests and limits as they are asked for", () => {
  const large = { cpuRequestMilli: 2000, memoryRequestMib: 3000 };
  const resources = (settings: Partial<ServiceSettings>) =>
    derive(large, settings).container.resources;
  // Kubernetes refuses a request above the limit.
  assert.deepEqual(resources({}), {
    requests: { cpu: "1000m", memory: "3000Mi" },
    limits: { cpu: "1000m" },
  });
  assert.deepEqual(resources({ limits: "gcp" }), {
    requests: { cpu: "2000m", memory: "3000Mi" },
    limits: { cpu: "2000m" },
  });
  assert.deepEqual(resources({ limits: "none" }), {
    requests: { cpu: "2000m", memory: "3000Mi" },
  });
  assert.deepEqual(resources({ requests: "none" }), {});
});

Deno.test("deriveService: image and template's own fields; the template stays as it was", () => {
  const before = structuredClone(template);
  const { service, container } = derive({}, { image: "registry.example/f:2" });
  assert.equal(container.image, "registry.example/f:2");
  const spec: Record<string, unknown> = { ...service.spec.template.spec };
  assert.equal(spec.enableServiceLinks, false);
  assert.deepEqual(template, before);
});

Deno.test("deriveService: of several containers, the one with a port is the function", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/template.yaml`;
  await Deno.writeTextFile(
    file,
    `apiVersion: serving.knative.dev/v1
kind: Service
spec:
  template:
    spec:
      containers:
        - image: side:1
        - image: function:1
          ports: [{ containerPort: 80 }]
`,
  );
  const { service } = derive({}, { image: "other:1" }, readServiceTemplate(file));
  assert.deepEqual(
    service.spec.template.spec.containers.map((
      { image, resources },
    ) => [image, resources?.requests]),
    [["side:1", undefined], ["other:1", { cpu: "83m", memory: "16Mi" }]],
  );
});

Deno.test("readServiceTemplate: names the line of what is wrong", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/template.yaml`;
  await Deno.writeTextFile(file, "apiVersion: apps/v1\nkind: Deployment\nspec: {}\n");
  assert.throws(() => readServiceTemplate(file), (error) => {
    assert.ok(error instanceof LoaderError);
    assert.equal(error.place.line, 1);
    return true;
  });
});

Deno.test("the image's packages are pinned as the project's are", async () => {
  const read = async (path: string): Promise<{ imports: Record<string, string> }> =>
    JSON.parse(await Deno.readTextFile(new URL(`../../../../${path}`, import.meta.url)));
  const project = (await read("deno.json")).imports;
  const { imports } = await read("workloads/container/deno.json");
  for (const [name, pin] of Object.entries(imports)) assert.equal(project[name], pin, name);
});

Deno.test("withoutEnvironment: names of variables stay, their values go, also out of messages", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/template.yaml`;
  Deno.writeTextFileSync(
    file,
    `apiVersion: serving.knative.dev/v1
kind: Service
spec:
  template:
    spec:
      initContainers:
        - { name: init, image: i, env: [{ name: INIT_TOKEN, value: init-secret-1 }] }
      containers:
        - image: i
          env:
            - { name: DB_PASSWORD, value: db-secret-12 }
            - { name: LEVEL, value: "3" }
            - { name: FROM, valueFrom: { secretKeyRef: { name: s, key: k } } }
`,
  );
  const template = readServiceTemplate(file);
  const text = JSON.stringify(withoutEnvironment(template));
  assert.ok(!/init-secret-1|db-secret-12|"3"/.test(text), text);
  for (const name of ["INIT_TOKEN", "DB_PASSWORD", "LEVEL", "secretKeyRef"]) {
    assert.ok(text.includes(name), name);
  }
  const refusal = kubeError({ code: 400, body: "env: db-secret-12 is refused" }, "deploy f-0");
  assert.equal(
    refusal.message,
    "Cannot deploy f-0: the API server refuses it: env: *** is refused.",
  );
});
