import assert from "node:assert/strict";
import { setHeaderOptions } from "@kubernetes/client-node";
import type { SettingsChange } from "../../lib/model/platform.ts";
import { ClusterSettings } from "../../lib/platform/knative/settings/cluster_settings.ts";
import {
  MARKER_ANNOTATION,
  readMarker,
} from "../../lib/platform/knative/settings/phase_settings.ts";
import type { KubeAccess } from "../../lib/platform/knative/cluster/kube_access.ts";
import { Script } from "../support/script.ts";
import { HAS_CLUSTER, openTestRole } from "./role.ts";
import { runClean } from "./user_run.ts";

const { signal } = new AbortController();

const PLACE = { namespace: "knative-serving", name: "config-autoscaler" };

/** The settings in force, and whether a run has left a mark. */
async function readSettings({ core }: KubeAccess) {
  const map = await core.readNamespacedConfigMap(PLACE);
  const { _example, ...data } = map.data ?? {};
  return { data, marker: readMarker(map) };
}

Deno.test({
  name: "settings: those of the phases, each told before it is made, put back as they were",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("settings");
    const before = await readSettings(role.admin);
    const settings = new ClusterSettings({ access: role.access, runId: "test-run" });
    const changes: SettingsChange[] = [];
    const inForce: Record<string, string>[] = [];
    const onChange = (change: SettingsChange) => changes.push(change);
    await settings.enterPhase("warmup", onChange, signal);
    inForce.push((await readSettings(role.admin)).data);
    assert.equal((await readSettings(role.admin)).marker?.run, "test-run");
    await settings.enterPhase("measurement", onChange, signal);
    inForce.push((await readSettings(role.admin)).data);
    await settings.restore();

    assert.deepEqual(await readSettings(role.admin), before);
    assert.equal(inForce[0]["enable-scale-to-zero"], "false");
    assert.equal(inForce[0]["scale-down-delay"], "15m");
    assert.equal(inForce[1]["enable-scale-to-zero"], "true");
    assert.equal(inForce[1]["scale-down-delay"], "0s");
    assert.equal(changes.length, 3);
    assert.equal(changes[0].before["scale-down-delay"], before.data["scale-down-delay"] ?? null);
    for (const [key, value] of Object.entries(changes[0].before)) {
      assert.equal(changes[2].after[key], value, key);
    }
    await settings.restore();
    assert.equal(changes.length, 3, "a second time changes nothing");
  },
});

Deno.test({
  name: "settings: while a run lives another is refused; once it has crashed they are put back",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("crash");
    const before = await readSettings(role.admin);
    const start = () =>
      Script.start("tests/knative/changing_run.ts", ["crashing-run"], ["-P"], {
        KUBECONFIG: role.kubeconfig,
      });
    await using crashing = start();
    await crashing.said(/changed/);
    const other = new ClusterSettings({ access: role.access, runId: "other-run" });
    for (const attempt of [() => other.begin(signal), () => other.recover(signal)]) {
      await assert.rejects(
        attempt(),
        /^LoaderError: run crashing-run on .* is changing Knative's settings on this cluster/,
      );
    }
    await other.restore();
    assert.equal((await readSettings(role.admin)).marker?.run, "crashing-run", "left alone");

    crashing.kill("SIGKILL");
    await crashing.result;
    assert.equal((await readSettings(role.admin)).data["enable-scale-to-zero"], "false");
    const sentence = await other.begin(signal);
    assert.match(
      sentence ?? "",
      /what the run crashing-run on \S+ had left: .*enable-scale-to-zero/,
    );
    assert.deepEqual(await readSettings(role.admin), before);
    assert.equal(await other.begin(signal), null);
  },
});

Deno.test({
  name: "settings: what someone else has set since stays theirs",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("foreign");
    const before = await readSettings(role.admin);
    const patch = (data: Record<string, string | null>) =>
      role.admin.core.patchNamespacedConfigMap(
        { ...PLACE, body: { data } },
        setHeaderOptions("Content-Type", "application/merge-patch+json"),
      );
    const settings = new ClusterSettings({ access: role.access, runId: "test-run" });
    try {
      await settings.enterPhase("warmup", () => {}, signal);
      await patch({ "max-scale-down-rate": "3.0" });
      await settings.restore();
      const after = await readSettings(role.admin);
      assert.deepEqual(after.data, { ...before.data, "max-scale-down-rate": "3.0" });
      assert.equal(after.marker, null);
    } finally {
      await patch({ "max-scale-down-rate": before.data["max-scale-down-rate"] ?? null });
    }
    assert.deepEqual(await readSettings(role.admin), before);
    const { metadata } = await role.admin.core.readNamespacedConfigMap(PLACE);
    assert.equal(metadata?.annotations?.[MARKER_ANNOTATION], undefined);
  },
});

Deno.test({
  name: "settings: without the right to change them the run is refused, and nothing is held",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("unchanged");
    const { RIGHTS } = await import("../../lib/platform/knative/cluster/rights.ts");
    const before = await readSettings(role.admin);
    await role.withhold(
      RIGHTS.find(({ resource, verbs }) => resource === "configmaps" && verbs.includes("patch"))!,
    );
    const settings = new ClusterSettings({ access: role.access, runId: "test-run" });
    await assert.rejects(
      settings.enterPhase("warmup", () => {}, signal),
      /right to patch configmaps in the namespace knative-serving is missing/,
    );
    // Nothing was changed, so there is nothing to put back.
    await settings.restore();
    assert.deepEqual(await readSettings(role.admin), before);
    const other = new ClusterSettings({ access: role.admin, runId: "other-run" });
    assert.equal(await other.begin(signal), null, "nothing is held");
  },
});

Deno.test({
  name: "clean: puts back what a run that crashed has left of settings",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("left");
    await using crashing = Script.start("tests/knative/changing_run.ts", ["left-run"], ["-P"], {
      KUBECONFIG: role.kubeconfig,
    });
    await crashing.said(/changed/);
    crashing.kill("SIGKILL");
    await crashing.result;

    const dry = await runClean(role, "--dry-run");
    assert.match(dry.stdout, /run left-run: settings that it changed .*enable-scale-to-zero/);
    const other = await runClean(role, "--run", "another");
    assert.match(other.stdout, /Nothing of the run another/, "not its settings");
    const { status, stdout, stderr } = await runClean(role, "--run", "left-run");
    assert.equal(status, 0, stderr);
    assert.match(stdout, /Put back in the configmap .* what the run left-run .* had left/);
    const again = await runClean(role, "--dry-run");
    assert.match(again.stdout, /^Nothing of any run is in the namespace/);
  },
});
