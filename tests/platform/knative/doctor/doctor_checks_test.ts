import assert from "node:assert/strict";
import fc from "fast-check";
import type { V1Deployment, V1Node, V1Pod, V1Service } from "@kubernetes/client-node";
import {
  deriveClockOffset,
  judgeClock,
} from "../../../../lib/platform/knative/doctor/api_check.ts";
import { deriveRoom } from "../../../../lib/platform/knative/cluster/node_room.ts";
import { judgeCapacity } from "../../../../lib/platform/knative/doctor/capacity_check.ts";
import { settingsWithoutRun } from "../../../../lib/platform/knative/settings/config_maps.ts";
import { chooseGateway } from "../../../../lib/platform/knative/cluster/gateway_address.ts";
import { judgeParts } from "../../../../lib/platform/knative/doctor/knative_check.ts";
import { choosePrometheus } from "../../../../lib/platform/knative/watch/cluster_scrapers.ts";
import { judgeScraping } from "../../../../lib/platform/knative/doctor/metrics_check.ts";
import {
  judgeSettings,
  patchCommand,
  registryOf,
  type SettingsNeed,
} from "../../../../lib/platform/knative/doctor/settings_check.ts";
import { MARKER_ANNOTATION } from "../../../../lib/platform/knative/settings/phase_settings.ts";

const NEED: SettingsNeed = {
  startsAtZero: true,
  maxScale: 200,
  image: "dev.local/trace-function:1",
  callTimeoutMs: 60_000,
};

const GOOD = { "allow-zero-initial-scale": "true" };

function complaints(
  config: Readonly<Record<string, Readonly<Record<string, string>>>>,
  need: Partial<SettingsNeed> = {},
) {
  const maps = new Map(Object.entries({ "config-autoscaler": GOOD, ...config }));
  return judgeSettings(maps, { ...NEED, ...need }).filter(({ level }) => level !== "ok");
}

Deno.test("settings: what a run needs, and the command that sets it", () => {
  assert.deepEqual(complaints({}), []);
  const [zero, ...others] = complaints({ "config-autoscaler": {} });
  assert.deepEqual(others, []);
  assert.equal(zero.level, "problem");
  assert.equal(
    zero.command,
    "kubectl -n knative-serving patch configmap config-autoscaler --type merge " +
      `-p '{"data":{"allow-zero-initial-scale":"true"}}'`,
  );
  assert.deepEqual(complaints({ "config-autoscaler": {} }, { startsAtZero: false }), []);
  const cases: readonly [Parameters<typeof complaints>[0], string, RegExp][] = [
    [{ "config-autoscaler": { ...GOOD, "max-scale-limit": "100" } }, "problem", /up to 200 .* 100/],
    [
      { "config-autoscaler": { ...GOOD, "enable-scale-to-zero": "false" } },
      "warning",
      /ever goes to zero/,
    ],
    [
      { "config-autoscaler": { ...GOOD, "pod-autoscaler-class": "hpa.autoscaling.knative.dev" } },
      "warning",
      /hpa/,
    ],
    [
      { "config-deployment": { "registries-skipping-tag-resolving": "ko.local" } },
      "problem",
      /dev\.local\/trace-function:1 is not in any registry/,
    ],
    [
      { "config-observability": { "metrics.backend-destination": "opencensus" } },
      "warning",
      /"opencensus"/,
    ],
    [{ "config-observability": { "metrics-protocol": "grpc" } }, "warning", /"grpc"/],
  ];
  for (const [config, level, sentence] of cases) {
    const found = complaints(config);
    assert.equal(found.length, 1, JSON.stringify(found));
    assert.equal(found[0].level, level);
    assert.match(found[0].sentence, sentence);
    assert.match(found[0].command ?? "", /^kubectl -n knative-serving patch configmap config-/);
  }
});

Deno.test("settings: a config map that is not there, a limit that is not reached, a digest", () => {
  const maps = new Map([["config-autoscaler", GOOD], ["config-network", null]]);
  const [missing] = judgeSettings(maps, NEED).filter(({ level }) => level !== "ok");
  assert.match(missing.sentence, /has no config-network in knative-serving/);
  const limit = { "config-autoscaler": { ...GOOD, "max-scale-limit": "200" } };
  assert.deepEqual(complaints(limit), []);
  const skipping = { "config-deployment": { "registries-skipping-tag-resolving": "" } };
  for (const image of ["dev.local/f@sha256:00", "docker.io/f:1", "f", null]) {
    assert.deepEqual(complaints(skipping, { image }), [], String(image));
  }
  assert.equal(registryOf("localhost/f"), "localhost");
  assert.equal(registryOf("10.250.0.1:5000/f:1"), "10.250.0.1:5000");
  assert.equal(registryOf("library/f"), null);
  assert.match(patchCommand("config-x", "k", null), /\{"data":\{"k":null\}\}/);
});

Deno.test("settings: what a run has set for its phases, and puts back, does not count", () => {
  const marker = {
    ...{ run: "r", host: "h", since: "2026-11-23T10:00:00Z" },
    before: { "enable-scale-to-zero": null, "scale-down-delay": "1s", "max-scale-up-rate": "9" },
    after: { "enable-scale-to-zero": "false", "scale-down-delay": "15m", "max-scale-up-rate": "1" },
  };
  const data = {
    ...GOOD,
    ...marker.after,
    // Someone else has set it since.
    "max-scale-up-rate": "7",
  };
  const annotations = { [MARKER_ANNOTATION]: JSON.stringify(marker) };
  assert.deepEqual(settingsWithoutRun({ metadata: { annotations }, data }), {
    ...GOOD,
    "scale-down-delay": "1s",
    "max-scale-up-rate": "7",
  });
  assert.deepEqual(settingsWithoutRun({ data }), data);
  assert.deepEqual(settingsWithoutRun({}), {});
});

Deno.test("the clock's difference is within what is told, whatever the delays", () => {
  const sample = fc.record({
    gapMs: fc.double({ min: 0, max: 400, noNaN: true }),
    thereMs: fc.double({ min: 0, max: 50, noNaN: true }),
    backMs: fc.double({ min: 0, max: 50, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.double({ min: -1e7, max: 1e7, noNaN: true }),
      fc.array(sample, { minLength: 1, maxLength: 12 }),
      (aheadMs, delays) => {
        let nowMs = 1.7e12;
        const samples = delays.map(({ gapMs, thereMs, backMs }) => {
          nowMs += gapMs;
          const askedUnixMs = nowMs;
          const readMs = nowMs += thereMs;
          const answeredUnixMs = nowMs += backMs;
          return {
            askedUnixMs,
            answeredUnixMs,
            dateUnixMs: Math.floor((readMs + aheadMs) / 1000) * 1000,
          };
        });
        const offset = deriveClockOffset(samples);
        assert.ok(offset !== null);
        assert.ok(Math.abs(offset.offsetMs - aheadMs) <= offset.uncertaintyMs + 0.01);
      },
    ),
    { seed: 42, numRuns: 500 },
  );
  assert.equal(deriveClockOffset([]), null);
  const at = (askedUnixMs: number, dateUnixMs: number) => ({
    askedUnixMs,
    answeredUnixMs: askedUnixMs + 1,
    dateUnixMs,
  });
  assert.equal(deriveClockOffset([at(0, 0), at(10, 5000)]), null, "it was set meanwhile");
  assert.equal(deriveClockOffset([at(0, NaN)]), null, "it says no time");
});

Deno.test("clocks that differ by more than is uncertain are told", () => {
  assert.equal(judgeClock({ offsetMs: 400, uncertaintyMs: 60 }).level, "ok");
  assert.equal(judgeClock({ offsetMs: 900, uncertaintyMs: 450 }).level, "ok");
  const behind = judgeClock({ offsetMs: -2000, uncertaintyMs: 60 });
  assert.equal(behind.level, "warning");
  assert.match(behind.sentence, /2000 ms behind ours/);
  assert.equal(judgeClock(null).level, "warning");
});

function node(name: string, spec: V1Node["spec"] = {}, isReady = "True"): V1Node {
  return {
    metadata: { name },
    spec,
    status: {
      allocatable: { cpu: "2", memory: "4Gi", pods: "10" },
      conditions: [{ type: "Ready", status: isReady }],
      addresses: [{ type: "InternalIP", address: "10.0.0.7" }],
    },
  };
}

function pod(nodeName: string, cpu: string, phase = "Running"): V1Pod {
  return {
    spec: {
      nodeName,
      containers: [{ name: "c", resources: { requests: { cpu, memory: "1Gi" } } }],
    },
    status: { phase },
  };
}

Deno.test("room: nodes that take pods, less what pods on them ask for", () => {
  const tainted = { taints: [{ key: "control-plane", effect: "NoSchedule" }] };
  const room = deriveRoom(
    [node("a"), node("b", { unschedulable: true }), node("c", tainted), node("d", {}, "Unknown")],
    [pod("a", "500m"), pod("a", "1", "Succeeded"), pod("c", "1")],
  );
  assert.equal(room.nodes, 1);
  assert.equal(room.closed, 3);
  assert.deepEqual(room.total, { instances: 10, cpuMilli: 2000, memoryMib: 4096 });
  assert.deepEqual(room.free, { instances: 9, cpuMilli: 1500, memoryMib: 3072 });
});

Deno.test("capacity: what starts must fit, what is expected should", () => {
  const room = deriveRoom([node("a")], []);
  const level = (instances: number) => ({ instances, cpuMilli: 200 * instances, memoryMib: 0 });
  const judge = (initial: number, peak: number, sidecarMilli = 0) =>
    judgeCapacity(room, [{ name: "r", initial: level(initial), peak: level(peak) }], {
      instances: 1,
      cpuMilli: sidecarMilli,
      memoryMib: 0,
    }).map(({ level }) => level);
  assert.deepEqual(judge(0, 10), ["ok"], "exactly");
  assert.deepEqual(judge(0, 10, 25), ["warning"], "the queue-proxy asks for its own");
  assert.deepEqual(judge(0, 11), ["warning"]);
  assert.deepEqual(judge(11, 11), ["problem"]);
  const none = judgeCapacity(deriveRoom([node("a", { unschedulable: true })], []), [], level(0));
  assert.match(none[0].sentence, /^None of the cluster's nodes \(1\) takes pods\.$/);
  assert.equal(none[0].level, "problem");
});

function service(place: string, spec: V1Service["spec"], status: V1Service["status"] = {}) {
  const [namespace, name] = place.split("/");
  return { metadata: { namespace, name }, spec, status } as V1Service;
}

Deno.test("the gateway is the ingress' service for the outside, by whatever reaches it", () => {
  const ports = [{ name: "http2", port: 80 }, { name: "https", port: 443 }];
  const kourier = "kourier.ingress.networking.knative.dev";
  const internal = service("kourier-system/kourier-internal", { clusterIP: "10.0.0.1", ports });
  const choose = (spec: V1Service["spec"], status: V1Service["status"] = {}) =>
    chooseGateway(
      kourier,
      [
        internal,
        service("default/kourier-demo", spec),
        service("kourier-system/kourier", spec, status),
      ],
      [node("a")],
    );
  assert.deepEqual(choose({ type: "ClusterIP", clusterIP: "10.0.0.2", ports }), {
    service: "kourier-system/kourier",
    address: "10.0.0.2:80",
    kind: "cluster address",
  });
  const nodePorts = [{ name: "http2", port: 80, nodePort: 31080 }];
  assert.equal(choose({ type: "NodePort", ports: nodePorts })?.address, "10.0.0.7:31080");
  assert.equal(
    choose({ type: "LoadBalancer", ports: nodePorts }, {
      loadBalancer: { ingress: [{ hostname: "lb.example.com" }] },
    })?.address,
    "lb.example.com:80",
  );
  assert.equal(choose({ ports, externalIPs: ["192.0.2.1"] })?.address, "192.0.2.1:80");
  assert.equal(choose({ ports, externalIPs: ["2001:db8::1"] })?.address, "[2001:db8::1]:80");
  assert.equal(choose({ type: "ClusterIP", clusterIP: "fd00::2", ports })?.address, "[fd00::2]:80");
  assert.equal(choose({ type: "ClusterIP", clusterIP: "None", ports })?.address, null);
  assert.equal(chooseGateway(kourier, [internal], []), null);
  const envoy = service("contour-external/envoy", { clusterIP: "10.0.0.3", ports });
  assert.equal(
    chooseGateway("contour.ingress.networking.knative.dev", [envoy], [])?.address,
    "10.0.0.3:80",
  );
});

Deno.test("Prometheus: found by label or name and port; which names Knative's metrics have", () => {
  const ports = [{ port: 9090 }];
  const operated = service("monitoring/prometheus-operated", { clusterIP: "None", ports });
  const own = service("monitoring/kube-prometheus", { clusterIP: "10.0.0.4", ports });
  assert.equal(choosePrometheus([operated, own]), "monitoring/kube-prometheus:9090");
  assert.equal(choosePrometheus([operated]), "monitoring/prometheus-operated:9090");
  const exporter = service("monitoring/prometheus-node-exporter", { ports: [{ port: 9100 }] });
  assert.equal(choosePrometheus([exporter]), null);
  assert.match(judgeScraping("p", ["autoscaler_desired_pods"]).sentence, /up to 1\.18/);
  assert.match(judgeScraping("p", ["kn_revision_pods_desired"]).sentence, /from 1\.19 on/);
  assert.equal(judgeScraping("p", []).level, "warning");
});

Deno.test("Knative is there when its four parts are ready", () => {
  const part = (name: string, readyReplicas = 1): V1Deployment => ({
    metadata: { name, labels: { "app.kubernetes.io/version": "1.15.2" } },
    status: { readyReplicas },
  });
  const all = ["activator", "autoscaler", "controller", "webhook"];
  const whole = judgeParts(all.map((name) => part(name)));
  assert.equal(whole.level, "ok");
  assert.match(whole.sentence, /Knative Serving 1\.15\.2 is ready, with 1 activator\./);
  assert.match(judgeParts([]).sentence, /There is no Knative Serving/);
  assert.match(judgeParts(all.slice(1).map((name) => part(name))).sentence, /lacks its activator/);
  const ill = judgeParts(all.map((name) => part(name, name === "webhook" ? 0 : 1)));
  assert.equal(ill.level, "problem");
  assert.match(ill.sentence, /Knative's webhook is not ready/);
});
