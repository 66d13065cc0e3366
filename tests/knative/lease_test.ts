/** The settings lease on a real API server, before which requests are late and answers lost. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { RealClock, sleep } from "../../lib/clock/clock.ts";
import { ClusterSettings } from "../../lib/platform/knative/settings/cluster_settings.ts";
import { readMarker } from "../../lib/platform/knative/settings/phase_settings.ts";
import { type KubeAccess, openKubeAccess } from "../../lib/platform/knative/cluster/kube_access.ts";
import { LEASE_TIMES, SettingsLease } from "../../lib/platform/knative/settings/settings_lease.ts";
import { type ApiRequest, ScriptedApiServer } from "../support/scripted_api_server.ts";
import type { Fate } from "../support/scripted_settings.ts";
import { HAS_CLUSTER, openTestRole, type TestRole } from "./role.ts";

const { signal } = new AbortController();

/** An HTTP server in front of the API server, which hands everything on, when it is told to. */
interface Front {
  readonly access: KubeAccess;
  /** Decides what becomes of a request; `null`: it is handed on at once. */
  fateOf: (request: ApiRequest) => Fate | null;
}

interface Kubeconfig {
  readonly clusters: readonly [{
    readonly cluster: { readonly server: string; readonly "certificate-authority-data": string };
  }];
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}

async function withFront(role: TestRole, body: (front: Front) => Promise<void>): Promise<void> {
  const { clusters: [{ cluster }], users: [{ user }] } = parse(
    Deno.readTextFileSync(role.kubeconfig),
  ) as Kubeconfig;
  using client = Deno.createHttpClient({ caCerts: [atob(cluster["certificate-authority-data"])] });
  const handOn = async ({ method, path, query, body, contentType }: ApiRequest) => {
    const answer = await fetch(`${cluster.server}${path}?${query}`, {
      client,
      method,
      headers: {
        authorization: `Bearer ${user.token}`,
        ...(contentType === null ? {} : { "content-type": contentType }),
      },
      body: body === null ? null : JSON.stringify(body),
    });
    return new Response(await answer.text(), { status: answer.status, headers: answer.headers });
  };
  await using server = await ScriptedApiServer.start(async (request) => {
    const fate = front.fateOf(request);
    await fate?.appliedAfter;
    const answer = await handOn(request);
    await fate?.answeredAfter;
    return answer;
  });
  const front: Front = {
    access: openKubeAccess({ clock: new RealClock(), kubeconfig: server.kubeconfig }),
    fateOf: () => null,
  };
  await body(front);
}

function testOnCluster(
  name: string,
  body: (front: Front, role: TestRole) => Promise<void>,
): void {
  Deno.test({
    name: `lease on Knative: ${name}`,
    ignore: !HAS_CLUSTER,
    async fn() {
      await using role = await openTestRole("lease");
      await withFront(role, (front) => body(front, role));
      assert.equal(await holderOf(role), null, "nothing is held in the end");
    },
  });
}

async function holderOf({ admin }: TestRole): Promise<string | null> {
  return await new SettingsLease(admin, "reader").readHolder();
}

const isRenewal = ({ method, path }: ApiRequest) => method === "PUT" && path.includes("/leases/");

/** Does something to the first request that is meant, and tells when it has come. */
function once(front: Front, isMeant: (request: ApiRequest) => boolean, fate: Fate): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isDone = false;
  front.fateOf = (request) => {
    if (isDone || !isMeant(request)) return null;
    isDone = true;
    resolve();
    return fate;
  };
  return promise;
}

testOnCluster("a renewal that arrives after the release makes no lease", async (front, role) => {
  const lease = new SettingsLease(front.access, "one");
  await lease.acquire(signal);
  assert.equal(await holderOf(role), "one");
  const late = Promise.withResolvers<void>();
  const applied = Promise.withResolvers<void>();
  await once(front, isRenewal, {
    appliedAfter: late.promise,
    // Asked for once it has been applied.
    get answeredAfter() {
      applied.resolve();
      return applied.promise;
    },
  });
  await lease.release();
  assert.equal(await holderOf(role), null);
  late.resolve();
  await applied.promise;
  assert.equal(await holderOf(role), null, "made anew");
});

testOnCluster("where the answer to a renewal is lost it stays held", async (front, role) => {
  const losses: unknown[] = [];
  const lease = new SettingsLease(front.access, "one", (holder) => losses.push(holder));
  await lease.acquire(signal);
  const answered = sleep(role.clock, LEASE_TIMES.requestMs + 1000);
  await once(front, isRenewal, { answeredAfter: answered });
  await answered;
  await lease.confirm();
  const other = new SettingsLease(role.admin, "two");
  await assert.rejects(other.acquire(signal), /one is changing Knative's settings/);
  assert.deepEqual(losses, []);
  await lease.release();
});

testOnCluster("who was not heard of for too long leaves the other's alone", async (front, role) => {
  const place = { namespace: "knative-serving", name: "config-autoscaler" };
  const read = async () => await role.admin.core.readNamespacedConfigMap(place);
  const before = (await read()).data;
  const notes: string[] = [];
  const onNote = (sentence: string) => notes.push(sentence);
  const one = new ClusterSettings({ access: front.access, runId: "lease-1", onNote });
  const two = new ClusterSettings({ access: role.access, runId: "lease-2" });
  try {
    await one.enterPhase("warmup", () => {}, signal);
    const silence = Promise.withResolvers<void>();
    front.fateOf = (request) => isRenewal(request) ? { appliedAfter: silence.promise } : null;
    // It waits until the lease has not been renewed for its length.
    await two.enterPhase("warmup", () => {}, signal);
    assert.equal(readMarker(await read())?.run, "lease-2");
    const ofTwo = (await read()).data;
    front.fateOf = () => null;
    silence.resolve();
    await assert.rejects(
      one.enterPhase("measurement", () => {}, signal),
      /taken over Knative's settings|has changed Knative's settings/,
    );
    await one.restore();
    assert.deepEqual((await read()).data, ofTwo);
    assert.match(notes.join("\n"), /was taken over by run lease-2 on/);
  } finally {
    await two.restore();
  }
  assert.deepEqual((await read()).data, before);
  assert.equal(readMarker(await read()), null);
});
