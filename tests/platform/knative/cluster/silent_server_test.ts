import assert from "node:assert/strict";
import { type Clock, RealClock, sleep } from "../../../../lib/clock/clock.ts";
import { LoaderError } from "../../../../lib/base/error.ts";
import { removeServices } from "../../../../lib/platform/knative/deploy/cleaner.ts";
import { watchContainers } from "../../../../lib/platform/knative/watch/container_watch.ts";
import {
  type KubeAccess,
  openKubeAccess,
} from "../../../../lib/platform/knative/cluster/kube_access.ts";
import {
  type WatchedObject,
  watchObjects,
} from "../../../../lib/platform/knative/cluster/object_watch.ts";
import { createProxiedPrometheusApi } from "../../../../lib/scrape/prometheus_api.ts";
import { createPrometheusApi } from "../../../../lib/scrape/prometheus_api.ts";
import { createMetricsServerScraper } from "../../../../lib/scrape/metrics_server.ts";
import {
  type ApiScript,
  ScriptedApiServer,
  statusResponse,
  thenSilence,
} from "../../../support/scripted_api_server.ts";

const PODS = "/api/v1/namespaces/test/pods";

/** Time that passes so much faster: minutes of silence are over in a second. */
const FASTER = 100;

/** As long as a watch waits before it is tried again, at most. */
const LONGEST_RETRY_MS = 5000;

/** A real clock whose time runs faster, for whoever waits on it. */
function hastyClock(): Clock {
  const clock = new RealClock();
  return {
    originUnixMs: clock.originUnixMs,
    nowMs: () => FASTER * clock.nowMs(),
    at: (dueMs: number, callback: () => void) => clock.at(dueMs / FASTER, callback),
  } as unknown as Clock;
}

/** Time that passes in waits for another try alone, and in them at once. */
function retryClock(): Clock {
  const clock = new RealClock();
  let nowMs = 0;
  return {
    originUnixMs: 0,
    nowMs: () => nowMs,
    at(dueMs: number, callback: () => void) {
      // The longer ones are of time-outs, which nothing here comes to.
      if (dueMs - nowMs > LONGEST_RETRY_MS) return { cancel() {} };
      return clock.at(clock.nowMs() + 1, () => {
        nowMs = Math.max(nowMs, dueMs);
        callback();
      });
    },
  } as unknown as Clock;
}

async function withServer(
  script: ApiScript,
  body: (access: KubeAccess, server: ScriptedApiServer) => Promise<void>,
  clock: Clock = hastyClock(),
): Promise<void> {
  await using server = await ScriptedApiServer.start(script);
  await body(openKubeAccess({ clock: clock as RealClock, kubeconfig: server.kubeconfig }), server);
}

const EMPTY = { metadata: { resourceVersion: "1" }, items: [] };

function pod(name: string, resourceVersion: string): WatchedObject {
  return { metadata: { name, uid: name, resourceVersion } };
}

/** Milliseconds of a hasty clock that something took. */
async function timeOf(clock: Clock, act: () => Promise<unknown>): Promise<number> {
  const beganMs = clock.nowMs();
  await act();
  return clock.nowMs() - beganMs;
}

Deno.test("a silent API server: a request ends, where nothing comes and in mid-answer", async () => {
  const nothing: ApiScript = ({ signal }) =>
    new Promise<Response>((resolve) =>
      signal.addEventListener("abort", () => resolve(new Response()))
    );
  const half: ApiScript = ({ signal }) => thenSilence(signal, '{"items":[');
  for (const script of [nothing, half]) {
    await withServer(script, async (access) => {
      const requests: (() => Promise<unknown>)[] = [
        () => access.readText(PODS),
        () => access.core.listNamespacedPod({ namespace: "test" }),
        () => access.version.getCode(),
        () =>
          access.custom.listNamespacedCustomObject({
            group: "g",
            version: "v1",
            plural: "things",
            namespace: "test",
          }),
      ];
      for (const request of requests) {
        const tookMs = await timeOf(access.clock, () => assert.rejects(request(), /within 30 s/));
        assert.ok(tookMs >= 29_000, `${tookMs}`);
        const hurried = access.within(5000);
        await assert.rejects(hurried.readText(PODS), /within 5 s/);
      }
    });
  }
});

Deno.test("a silent API server: an abort ends a request in mid-answer", async () => {
  await withServer(({ signal }) => thenSilence(signal, "{"), async (access, server) => {
    const reason = new Error("enough");
    const stop = new AbortController();
    const all = [
      access.readText(PODS, stop.signal),
      access.within(1e6, stop.signal).core.listNamespacedPod({ namespace: "test" }),
      createProxiedPrometheusApi(
        { namespace: "m", service: "p", port: "9090" },
        access.readText,
      ).query("up", stop.signal),
      createPrometheusApi(server.url).query("up", stop.signal),
    ];
    while (server.requests.length < all.length) await sleep(new RealClock(), 5);
    stop.abort(reason);
    for (const request of all) {
      await assert.rejects(
        request,
        (error: Error) => error === reason || /enough/.test(error.message),
      );
    }
  });
});

Deno.test("a silent API server: a scrape of the metrics API ends with its signal", async () => {
  await withServer(({ signal }) => thenSilence(signal, "{"), async (access) => {
    const scraper = createMetricsServerScraper({
      readText: access.readText,
      groups: [{ group: "instances", namespace: "test" }],
      originUnixMs: 0,
      everyMs: 1000,
      timeoutMs: 1000,
    });
    const stop = new AbortController();
    const scraping = scraper.scrape(stop.signal);
    await sleep(new RealClock(), 50);
    stop.abort(new Error("late"));
    await scraping;
    assert.match(scraper.notes()[0], /gaps: late/);
  });
});

Deno.test("a silent watch is ended and listed again; what was missed is told", async () => {
  let watches = 0;
  let lists = 0;
  await withServer(({ query, signal }) => {
    if (!query.has("watch")) {
      const items = lists++ === 0 ? [] : [pod("missed", "5")];
      return Response.json({ metadata: { resourceVersion: "9" }, items });
    }
    watches++;
    const object = pod("seen", "2");
    return thenSilence(signal, JSON.stringify({ type: "ADDED", object }) + "\n");
  }, async (access) => {
    const missed = Promise.withResolvers<void>();
    const troubles: unknown[] = [];
    let recoveries = 0;
    const watch = await watchObjects<WatchedObject>(access, { path: PODS }, {
      onChange: ({ metadata: { name } }) => name === "missed" && missed.resolve(),
      onTrouble: (error) => troubles.push(error),
      onRecovered: () => recoveries++,
    });
    const tookMs = await timeOf(access.clock, () => missed.promise);
    assert.ok(tookMs >= 69_000 && watches >= 1, `${tookMs}`);
    assert.match(String(troubles[0]), /nothing was heard of a watch for 70 s/);
    assert.ok(recoveries >= 1);
    await watch.close();
  });
});

Deno.test("a watch to which nothing is said at all is ended, too, and can be closed", async () => {
  const forever = Promise.withResolvers<Response>();
  await withServer(({ query, signal }) => {
    if (!query.has("watch")) return Response.json(EMPTY);
    signal.addEventListener("abort", () => forever.resolve(new Response()));
    return forever.promise;
  }, async (access, server) => {
    const trouble = Promise.withResolvers<unknown>();
    const watch = await watchObjects(access, { path: PODS }, {
      onChange() {},
      onTrouble: trouble.resolve,
    });
    assert.match(String(await trouble.promise), /nothing was heard/);
    const isWatch = () => server.requests.filter(({ query }) => query.has("watch")).length;
    while (isWatch() < 2) await sleep(new RealClock(), 5);
    const tookMs = await timeOf(access.clock, () => watch.close());
    assert.ok(tookMs < 600_000, "it does not wait for the server");
  });
});

for (
  const [what, answer] of [
    ["ends at once", () => new Response("")],
    [
      "says 410 at once",
      () =>
        new Response(
          JSON.stringify({ type: "ERROR", object: { code: 410, message: "gone" } }) + "\n",
        ),
    ],
    ["is refused with 500", () => statusResponse(500, "InternalError")],
    [
      "tells a thing and ends",
      () => new Response(JSON.stringify({ type: "BOOKMARK", object: pod("", "3") }) + "\n"),
    ],
  ] as const
) {
  Deno.test(`a watch that ${what} is not asked for again and again`, async () => {
    const watches = { objects: 0, events: 0 };
    await withServer(({ query }) => {
      if (!query.has("watch")) return Response.json(EMPTY);
      watches.objects++;
      return answer();
    }, async (access) => {
      const pods = await watchObjects(access, { path: PODS }, { onChange() {} });
      while (access.clock.nowMs() < 60_000) await sleep(new RealClock(), 1);
      await pods.close();
    }, retryClock());
    await withServer(({ query }) => {
      if (!query.has("watch")) return Response.json(EMPTY);
      watches.events++;
      return answer();
    }, async (access) => {
      const containers = watchContainers(access, () => {});
      while (access.clock.nowMs() < 60_000) await sleep(new RealClock(), 1);
      await containers.close();
    }, retryClock());
    // After waits of 0.2, 0.4, 0.8, 1.6, 3.2 and then 5 s.
    assert.ok(watches.objects >= 10 && watches.objects <= 18, `${watches.objects}`);
    assert.ok(watches.events >= 10 && watches.events <= 18, `${watches.events}`);
  });
}

Deno.test("clean-up ends when its time is over, wherever the API server falls silent", async () => {
  const service = { metadata: { ...pod("f-0", "1").metadata, labels: {} } };
  const hangs: ((method: string, path: string, isWatch: boolean) => boolean)[] = [
    () => true,
    (_method, path) => path.endsWith("/pods"),
    (method) => method === "DELETE",
    (_method, _path, isWatch) => isWatch,
  ];
  for (const hang of hangs) {
    await withServer(({ method, path, query, signal }) => {
      if (hang(method, path, query.has("watch"))) return thenSilence(signal, " ");
      if (query.has("watch")) return thenSilence(signal, "");
      if (method === "DELETE") return Response.json({});
      const items = path.includes("serving.knative.dev") && path.endsWith("services")
        ? [service]
        : [];
      return Response.json({ metadata: { resourceVersion: "1" }, items });
    }, async (access) => {
      let left: readonly string[] = [];
      const tookMs = await timeOf(access.clock, async () => {
        try {
          ({ left } = await removeServices(access, { runId: "r", timeoutMs: 20_000 }));
        } catch (error) {
          assert.ok(error instanceof LoaderError, String(error));
          left = ["unknown"];
        }
      });
      assert.ok(left.length > 0);
      assert.ok(tookMs >= 19_000 && tookMs < 600_000, `${tookMs}`);
    });
  }
});
