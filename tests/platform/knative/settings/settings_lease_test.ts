import assert from "node:assert/strict";
import { RealClock, sleep } from "../../../../lib/clock/clock.ts";
import { ClusterSettings } from "../../../../lib/platform/knative/settings/cluster_settings.ts";
import {
  type KubeAccess,
  openKubeAccess,
} from "../../../../lib/platform/knative/cluster/kube_access.ts";
import { parseMarker } from "../../../../lib/platform/knative/settings/phase_settings.ts";
import {
  type LeaseTimes,
  SettingsLease,
} from "../../../../lib/platform/knative/settings/settings_lease.ts";
import { type ApiRequest, ScriptedApiServer } from "../../../support/scripted_api_server.ts";
import { type Fate, ScriptedSettings } from "../../../support/scripted_settings.ts";

const { signal } = new AbortController();

/** Everything faster; a lease says whole seconds, so one is its least. */
const TIMES: LeaseTimes = {
  leaseMs: 1000,
  renewEveryMs: 60,
  requestMs: 150,
  lookEveryMs: 20,
  persistMs: 5000,
};

interface Scene {
  readonly settings: ScriptedSettings;
  readonly server: ScriptedApiServer;
  readonly access: KubeAccess;
  readonly clock: RealClock;
}

async function withServer(body: (scene: Scene) => Promise<void>): Promise<void> {
  const settings = new ScriptedSettings();
  await using server = await ScriptedApiServer.start(settings.script);
  const clock = new RealClock();
  await body({
    settings,
    server,
    clock,
    access: openKubeAccess({ clock, kubeconfig: server.kubeconfig }),
  });
}

const isRenewal = ({ method, path }: ApiRequest) => method === "PUT" && path.includes("/leases/");

/** Does something to the first request that is meant, and tells when it has come. */
function once(
  settings: ScriptedSettings,
  isMeant: (request: ApiRequest) => boolean,
  fate: Fate,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isDone = false;
  settings.fateOf = (request) => {
    if (isDone || !isMeant(request)) return null;
    isDone = true;
    resolve();
    return fate;
  };
  return promise;
}

Deno.test("lease: a renewal that is in force after the release makes no new lease", async () => {
  await withServer(async ({ settings, server, access, clock }) => {
    const lease = new SettingsLease(access, "one", () => {}, TIMES);
    await lease.acquire(signal);
    const late = Promise.withResolvers<void>();
    await once(settings, isRenewal, { appliedAfter: late.promise });
    await lease.release();
    assert.equal(settings.lease, null);
    late.resolve();
    await sleep(clock, 3 * TIMES.renewEveryMs);
    assert.equal(settings.lease, null, "made anew");
    const count = server.requests.length;
    await sleep(clock, 3 * TIMES.renewEveryMs);
    assert.equal(server.requests.length, count, "nothing is renewed any more");
  });
});

Deno.test("lease: a renewal under way when it is released is waited for", async () => {
  await withServer(async ({ settings, server, access, clock }) => {
    const lease = new SettingsLease(access, "one", () => {}, TIMES);
    await lease.acquire(signal);
    const slow = sleep(clock, TIMES.requestMs / 2);
    await once(settings, isRenewal, { appliedAfter: slow });
    await lease.release();
    assert.equal(settings.lease, null);
    const count = server.requests.length;
    await sleep(clock, 3 * TIMES.renewEveryMs);
    assert.equal(server.requests.length, count);
  });
});

Deno.test("lease: where the answer to a renewal is lost it stays ours", async () => {
  await withServer(async ({ settings, access, clock }) => {
    const losses: unknown[] = [];
    const lease = new SettingsLease(access, "one", (holder) => losses.push(holder), TIMES);
    await lease.acquire(signal);
    await once(settings, isRenewal, { answeredAfter: sleep(clock, 4 * TIMES.requestMs) });
    await sleep(clock, 2 * TIMES.requestMs + 3 * TIMES.renewEveryMs);
    assert.ok(lease.isHeld);
    assert.deepEqual(losses, []);
    await lease.confirm();
    await lease.release();
    assert.equal(settings.lease, null, "and is given back");
  });
});

Deno.test("lease: where the answer to its making is lost it is ours all the same", async () => {
  await withServer(async ({ settings, access, clock }) => {
    const lease = new SettingsLease(access, "one", () => {}, TIMES);
    const isMaking = ({ method }: ApiRequest) => method === "POST";
    once(settings, isMaking, { answeredAfter: sleep(clock, 4 * TIMES.requestMs) });
    await lease.acquire(signal);
    assert.ok(lease.isHeld);
    await lease.release();
    assert.equal(settings.lease, null);
  });
});

Deno.test("lease: where the answer to the release is lost it is given back, and nobody else's", async () => {
  await withServer(async ({ settings, access, clock }) => {
    const lease = new SettingsLease(access, "one", () => {}, TIMES);
    await lease.acquire(signal);
    const isRelease = ({ method }: ApiRequest) => method === "DELETE";
    const released = once(settings, isRelease, {
      answeredAfter: sleep(clock, 4 * TIMES.requestMs),
    });
    const releasing = lease.release();
    await released;
    const other = new SettingsLease(access, "two", () => {}, TIMES);
    await other.acquire(signal);
    await releasing;
    assert.equal(settings.lease?.spec?.holderIdentity, "two");
    await other.release();
  });
});

Deno.test("lease: one that another took over is told to be lost, and left alone", async () => {
  await withServer(async ({ settings, access, clock }) => {
    const losses: unknown[] = [];
    const lease = new SettingsLease(access, "one", (holder) => losses.push(holder), TIMES);
    await lease.acquire(signal);
    const { metadata } = settings.lease!;
    settings.lease = {
      metadata: { ...metadata, resourceVersion: "900" },
      spec: { holderIdentity: "two" },
    };
    await assert.rejects(lease.confirm(), /Another run has taken over/);
    assert.deepEqual(losses, ["two"]);
    assert.ok(!lease.isHeld && lease.isLost);
    await lease.release();
    await sleep(clock, 3 * TIMES.renewEveryMs);
    assert.equal(settings.lease?.metadata.resourceVersion, "900");
  });
});

Deno.test("lease: while the API server says nothing it is neither given up nor asked without end", async () => {
  await withServer(async ({ settings, server, access, clock }) => {
    const lease = new SettingsLease(access, "one", () => {}, TIMES);
    await lease.acquire(signal);
    const silence = Promise.withResolvers<void>();
    settings.fateOf = (request) => isRenewal(request) ? { appliedAfter: silence.promise } : null;
    const before = server.requests.length;
    await sleep(clock, 4 * TIMES.requestMs);
    assert.ok(lease.isHeld);
    assert.ok(server.requests.length - before <= 6, "one at a time");
    settings.fateOf = () => null;
    silence.resolve();
    await lease.confirm();
    await lease.release();
    assert.equal(settings.lease, null);
  });
});

function changer({ access }: Scene, runId: string): ClusterSettings & { readonly notes: string[] } {
  const notes: string[] = [];
  const onNote = (sentence: string) => notes.push(sentence);
  return Object.assign(new ClusterSettings({ access, runId, onNote, times: TIMES }), { notes });
}

function markerOf({ map }: ScriptedSettings): string | undefined {
  return parseMarker(map.metadata.annotations?.["loader/settings-changed"])?.run;
}

Deno.test("settings: a run that lost its lease changes nothing of the other's, and says so", async () => {
  await withServer(async (scene) => {
    const { settings, clock } = scene;
    const before = settings.map.data;
    const one = changer(scene, "run-1");
    await one.enterPhase("warmup", () => {}, signal);
    // Nothing of it is heard for longer than the lease holds.
    const silence = Promise.withResolvers<void>();
    const isFirst = ({ body }: ApiRequest) => JSON.stringify(body ?? "").includes("run run-1 on");
    settings.fateOf = (request) =>
      isRenewal(request) && isFirst(request) ? { appliedAfter: silence.promise } : null;
    const two = changer(scene, "run-2");
    await two.enterPhase("warmup", () => {}, signal);
    assert.equal(markerOf(settings), "run-2");
    const ofTwo = settings.map;
    settings.fateOf = () => null;
    silence.resolve();
    await assert.rejects(
      one.enterPhase("measurement", () => {}, signal),
      /taken over Knative's settings|has changed Knative's settings/,
    );
    await one.restore();
    assert.deepEqual(settings.map, ofTwo, "the other's settings are as it left them");
    assert.match(one.notes.join("\n"), /was taken over by run run-2 on/);
    assert.match(one.notes.join("\n"), /had been put back by another run/);
    await two.restore();
    assert.deepEqual(settings.map.data, before);
    assert.equal(markerOf(settings), undefined);
    assert.equal(settings.lease, null);
    assert.deepEqual(two.notes, []);
    await sleep(clock, 3 * TIMES.renewEveryMs);
    assert.equal(settings.lease, null);
  });
});

Deno.test("settings: an answer that is lost in mid-change is made up for", async () => {
  await withServer(async (scene) => {
    const { settings, clock } = scene;
    const before = settings.map.data;
    const one = changer(scene, "run-1");
    const isChange = ({ method }: ApiRequest) => method === "PATCH";
    once(settings, isChange, { answeredAfter: sleep(clock, 4 * TIMES.requestMs) });
    await one.enterPhase("warmup", () => {}, signal);
    assert.equal(markerOf(settings), "run-1");
    once(settings, isChange, { answeredAfter: sleep(clock, 4 * TIMES.requestMs) });
    await one.restore();
    assert.deepEqual(settings.map.data, before);
    assert.equal(markerOf(settings), undefined);
    assert.equal(settings.lease, null);
  });
});
