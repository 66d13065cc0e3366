import assert from "node:assert/strict";
import { LoaderError } from "../../../lib/base/error.ts";
import { deriveAutoscaling } from "../../../lib/platform/knative/settings/autoscaler_settings.ts";
import { addressOfFunction } from "../../../lib/platform/knative/cluster/gateway_address.ts";
import {
  parseGatewayChoice,
  settleKnativeOptions,
} from "../../../lib/platform/knative/knative_options.ts";
import { isLabelValue, selectorOf } from "../../../lib/platform/knative/cluster/knative_objects.ts";
import { openKubeAccess } from "../../../lib/platform/knative/cluster/kube_access.ts";
import { RealClock } from "../../../lib/clock/clock.ts";
import { temporaryFolder } from "../../support/script.ts";

const createTransport = () => () => Promise.reject(new Error("unused"));

Deno.test("settleKnativeOptions: out of range is told with name and value", () => {
  assert.equal(settleKnativeOptions({ createTransport }).deployAtOnce, 20);
  assert.throws(
    () => settleKnativeOptions({ createTransport, deployAtOnce: 0 }),
    (error) => error instanceof LoaderError && /deployAtOnce .* not 0/.test(error.message),
  );
});

Deno.test("--gateway: an address, the services' URLs, or neither", () => {
  assert.deepEqual(parseGatewayChoice(null), { kind: "found" });
  assert.deepEqual(parseGatewayChoice("url"), { kind: "url", port: null });
  assert.deepEqual(parseGatewayChoice("url:8080"), { kind: "url", port: 8080 });
  const choice = parseGatewayChoice("10.0.0.1:31080");
  assert.ok(choice.kind === "address" && choice.address.port === 31080);
  const sixth = parseGatewayChoice("[::1]:8080");
  assert.ok(sixth.kind === "address" && sixth.address.hostname === "::1");
  assert.throws(() => parseGatewayChoice("nowhere"), /--gateway: .*nowhere.*no port/);
});

Deno.test("addressOfFunction: the gateway with the function's host, or the URL", () => {
  const url = "http://f-0.default.example.com";
  const gateway = { hostname: "10.0.0.1", port: 31080, secure: null };
  assert.deepEqual(addressOfFunction(url, gateway, null), {
    address: "10.0.0.1:31080",
    authority: "f-0.default.example.com",
  });
  assert.deepEqual(addressOfFunction(url, null, null), {
    address: "f-0.default.example.com:80",
    authority: "f-0.default.example.com",
  });
  assert.deepEqual(addressOfFunction(url, null, 8080), {
    address: "f-0.default.example.com:8080",
    authority: "f-0.default.example.com:8080",
  });
  assert.deepEqual(addressOfFunction(url, { hostname: "::1", port: 80, secure: null }, null), {
    address: "[::1]:80",
    authority: "f-0.default.example.com",
  });
  assert.deepEqual(addressOfFunction("http://[::1]/", null, null), {
    address: "[::1]:80",
    authority: "[::1]",
  });
  assert.deepEqual(addressOfFunction("http://[::1]:8080/", null, null), {
    address: "[::1]:8080",
    authority: "[::1]:8080",
  });
  const secure = addressOfFunction("https://f-0.example.com", null, null);
  assert.equal(secure.address, "f-0.example.com:443");
  assert.notEqual(secure.tls, undefined);
});

Deno.test("deriveAutoscaling: the cluster's settings, then our annotations", () => {
  const map = {
    "stable-window": "1m30s",
    "scale-to-zero-grace-period": "10s",
    "max-scale-down-rate": "1.1",
    "enable-scale-to-zero": "false",
    "max-scale-up-rate": "many",
  };
  const annotations = {
    "autoscaling.knative.dev/target-burst-capacity": "-1",
    "autoscaling.knative.dev/target-utilization-percentage": "100",
    "autoscaling.knative.dev/scale-to-zero-pod-retention-period": "5s",
  };
  const autoscaling = deriveAutoscaling(map, annotations, { maxScale: 7, partialPanic: true });
  assert.equal(autoscaling.stableWindowMs, 90_000);
  assert.equal(autoscaling.scaleToZeroGraceMs, 10_000);
  assert.equal(autoscaling.maxScaleDownRate, 1.1);
  assert.equal(autoscaling.enableScaleToZero, false);
  assert.equal(autoscaling.maxScaleUpRate, 1000, "what cannot be read stays the default");
  assert.equal(autoscaling.maxScale, 7);
  assert.equal(autoscaling.panicThreshold, 10);
  assert.equal(autoscaling.targetBurstCapacity, -1);
  assert.equal(autoscaling.targetValue, 1);
  assert.equal(autoscaling.lastPodRetentionMs, 5000);
});

Deno.test("deriveAutoscaling: a least scale and a concurrency that are given win", () => {
  const map = { "min-scale": "1" };
  const own = { maxScale: 7, partialPanic: false };
  assert.equal(deriveAutoscaling(map, {}, own).minScale, 1);
  const given = deriveAutoscaling(map, {}, { ...own, minScale: 3, containerConcurrency: 10 });
  assert.deepEqual([given.minScale, given.totalValue, given.targetValue], [3, 10, 7]);
  assert.throws(
    () => settleKnativeOptions({ createTransport, minScale: 8, maxScale: 7 }),
    /--min-scale: 8 is above --max-scale, 7/,
  );
});

Deno.test("deriveAutoscaling: a template without annotations has the cluster's settings", () => {
  const map = { "container-concurrency-target-percentage": "80", "target-burst-capacity": "5" };
  const annotations = { "autoscaling.knative.dev/window": "20s" };
  const own = { maxScale: 7, partialPanic: false };
  const autoscaling = deriveAutoscaling(map, annotations, own);
  assert.equal(autoscaling.targetBurstCapacity, 5);
  assert.equal(autoscaling.targetValue, 0.8);
  assert.equal(autoscaling.stableWindowMs, 20_000);
  const defaults = deriveAutoscaling({}, {}, own);
  assert.equal(defaults.targetBurstCapacity, 211, "Knative's own");
  assert.equal(defaults.targetValue, 0.7);
});

Deno.test("labels: values that Kubernetes takes, and a selector that finds nothing foreign", () => {
  assert.ok(isLabelValue("20261123-161405-1f0c"));
  for (const wrong of ["-a", "a b", "x".repeat(64)]) assert.equal(isLabelValue(wrong), false);
  // Without a run, an object of ours must still carry some run's label.
  assert.equal(selectorOf(null), "app.kubernetes.io/managed-by=loader,loader/run");
  assert.equal(selectorOf("a"), "app.kubernetes.io/managed-by=loader,loader/run=a");
});

Deno.test("openKubeAccess: a wrong context names those that there are", async () => {
  await using folder = await temporaryFolder();
  const kubeconfig = `${folder.path}/config`;
  await Deno.writeTextFile(
    kubeconfig,
    `apiVersion: v1
kind: Config
current-context: one
clusters: [{ name: c, cluster: { server: "https://127.0.0.1:1" } }]
users: [{ name: u, user: { token: t } }]
contexts:
  - { name: one, context: { cluster: c, user: u, namespace: functions } }
  - { name: two, context: { cluster: c, user: u } }
`,
  );
  const clock = new RealClock();
  const access = openKubeAccess({ clock, kubeconfig });
  assert.deepEqual([access.contextName, access.namespace], ["one", "functions"]);
  assert.equal(openKubeAccess({ clock, kubeconfig, context: "two" }).namespace, "default");
  assert.throws(
    () => openKubeAccess({ clock, kubeconfig, context: "three" }),
    (error) =>
      error instanceof LoaderError && error.code === "usage" &&
      /no context "three" \(it has one, two\)/.test(error.message),
  );
  assert.throws(
    () => openKubeAccess({ clock, kubeconfig: `${folder.path}/none` }),
    (error) => error instanceof LoaderError && error.place.file === `${folder.path}/none`,
  );
});
