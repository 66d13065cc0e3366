import assert from "node:assert/strict";
import { RealClock } from "../../lib/clock/clock.ts";
import { checkServer } from "../../lib/platform/endpoints/server_check.ts";
import { openKubeAccess } from "../../lib/platform/knative/cluster/kube_access.ts";
import {
  type WatchedObject,
  watchObjects,
} from "../../lib/platform/knative/cluster/object_watch.ts";
import { createPrometheusApi } from "../../lib/scrape/prometheus_api.ts";
import { serveFunction } from "../../workloads/trace_function/server.ts";
import { answerPromptly, ExecutorServer } from "../support/executor_server.ts";
import { readRows, readRun } from "../support/run_files.ts";
import { runScript, temporaryFolder } from "../support/script.ts";
import { ScriptedApiServer, thenSilence } from "../support/scripted_api_server.ts";

const isThere = (() => {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
})();

function testOnIpv6(name: string, body: () => Promise<void>): void {
  Deno.test({ name: `IPv6: ${name}`, ignore: !isThere, fn: body });
}

testOnIpv6("servers at [::1], in the clear and with TLS, with both transports", async () => {
  using plain = await ExecutorServer.listen(answerPromptly, 0, { host: "[::1]" });
  using secure = await ExecutorServer.listen(answerPromptly, 0, { host: "[::1]", tls: "server" });
  await using folder = await temporaryFolder();
  const file = `${folder.path}/endpoints.yaml`;
  const ca = new URL("../support/tls/ca.pem", import.meta.url).pathname;
  Deno.writeTextFileSync(
    file,
    `endpoints:\n  - address: "https://${secure.address}"\n    tls: { ca: "${ca}" }\n`,
  );
  await Promise.all(
    ["http2", "grpc-js"].flatMap((transport) =>
      [plain.address, file].map(async (endpoints, i) => {
        const output = `${folder.path}/${transport}-${i}`;
        const { status, stderr } = await runScript("experiments/rps_ramp.ts", [
          ...["--platform", "endpoints", "--endpoints", endpoints, "--transport", transport],
          ...["--start", "10", "--end", "10", "--slot", "500ms", "--output", output],
        ]);
        assert.equal(status, 0, stderr);
        const rows = readRows(`${output}/runs/rate-10/invocations.csv`);
        assert.ok(rows.length > 0 && rows.every(({ outcome }) => outcome === "ok"), output);
        const { functionsPerServer } = readRun(output, "rate-10").platform.facts;
        const [server] = Object.keys(functionsPerServer as Record<string, number>);
        assert.match(server, /^https?:\/\/\[::1\]:\d+$/);
      })
    ),
  );
});

testOnIpv6("an API server at [::1] is listed and watched", async () => {
  const pod = { metadata: { name: "p", uid: "u", resourceVersion: "2" } };
  await using server = await ScriptedApiServer.listen("::1", ({ query, signal }) => {
    if (!query.has("watch")) {
      return Response.json({ metadata: { resourceVersion: "1" }, items: [] });
    }
    return thenSilence(signal, JSON.stringify({ type: "ADDED", object: pod }) + "\n");
  });
  assert.match(server.url, /\[::1\]/);
  const access = openKubeAccess({ clock: new RealClock(), kubeconfig: server.kubeconfig });
  const seen = Promise.withResolvers<WatchedObject>();
  const watch = await watchObjects(access, { path: "/api/v1/namespaces/test/pods" }, {
    onChange: seen.resolve,
  });
  assert.equal((await seen.promise).metadata.name, "p");
  await watch.close();
});

testOnIpv6("Prometheus at [::1] is asked", async () => {
  const answer = { status: "success", data: { resultType: "vector", result: [] } };
  await using server = Deno.serve(
    { hostname: "::1", port: 0, onListen() {} },
    () => Response.json(answer),
  );
  const api = createPrometheusApi(`http://[::1]:${server.addr.port}`);
  assert.deepEqual(await api.query("up", new AbortController().signal), []);
});

testOnIpv6("the function server listens at ::1", async () => {
  const server = await serveFunction(
    Promise.reject(new Error("unused")).catch(() => ({}) as never),
    {
      host: "::1",
      port: 0,
      name: "f",
    },
  );
  const address = { hostname: "::1", port: server.port, secure: null };
  await checkServer({ address, tls: null }, new RealClock(), 10_000, new AbortController().signal);
  await server.drain();
});
