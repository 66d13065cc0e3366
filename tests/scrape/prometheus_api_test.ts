import assert from "node:assert/strict";
import { neverAborted } from "../../lib/base/signal.ts";
import {
  createPrometheusApi,
  createProxiedPrometheusApi,
  parseServicePlace,
} from "../../lib/scrape/prometheus_api.ts";

const NEVER = neverAborted();

/** An answer of Prometheus 2.42 to `up`, and one without a value. */
const VECTOR = JSON.stringify({
  status: "success",
  data: {
    resultType: "vector",
    result: [
      { metric: { __name__: "up", job: "knative" }, value: [1763914468.355, "1"] },
      { metric: { quantile_of: "scheduling_p50_ms" }, value: [1763914468.355, "NaN"] },
      { metric: { le: "+Inf" }, value: [1763914468.355, "+Inf"] },
    ],
  },
});

/** Serves one answer to every request, whose paths are kept. */
async function withServer(
  answer: string,
  status: number,
  body: (url: string, paths: string[]) => Promise<void>,
): Promise<void> {
  const paths: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    paths.push(request.url);
    return new Response(answer, { status });
  });
  await body(`http://127.0.0.1:${server.addr.port}/behind/`, paths);
}

Deno.test("Prometheus: values with their labels, and none where there is none", async () => {
  await withServer(VECTOR, 200, async (url, paths) => {
    const series = await createPrometheusApi(url).query('up{job="knative"} > 0', NEVER);
    assert.deepEqual(series, [
      { labels: { __name__: "up", job: "knative" }, value: 1 },
      { labels: { le: "+Inf" }, value: Infinity },
    ]);
    const asked = new URL(paths[0]);
    assert.equal(asked.pathname, "/behind/api/v1/query");
    assert.equal(asked.searchParams.get("query"), 'up{job="knative"} > 0');
  });
});

Deno.test("Prometheus: what it complains of is said", async () => {
  const complaint = JSON.stringify({
    status: "error",
    errorType: "bad_data",
    error: "parse error",
  });
  await withServer(complaint, 400, async (url) => {
    await assert.rejects(createPrometheusApi(url).query("up{", NEVER), /says: parse error/);
  });
});

Deno.test("Prometheus: something else at its address, and nothing", async () => {
  let gone = "";
  await withServer("<html>Grafana</html>", 200, async (url) => {
    gone = url;
    await assert.rejects(createPrometheusApi(url).query("up", NEVER), /is no Prometheus.*Grafana/);
  });
  await assert.rejects(createPrometheusApi(gone).query("up", NEVER), /does not answer/);
});

Deno.test("Prometheus: through the API server's proxy of its service", async () => {
  const paths: string[] = [];
  const api = createProxiedPrometheusApi(
    { namespace: "monitoring", service: "prometheus-operated", port: "9090" },
    (path) => {
      paths.push(path);
      return Promise.resolve(VECTOR);
    },
  );
  assert.equal((await api.query("up + 1", NEVER)).length, 2);
  assert.deepEqual(paths, [
    "/api/v1/namespaces/monitoring/services/prometheus-operated:9090/proxy/api/v1/query?query=up%20%2B%201",
  ]);
});

for (const wrong of ["localhost:9090", "ftp://a", "", "prometheus"]) {
  Deno.test(`Prometheus: the URL ${JSON.stringify(wrong)} is refused and quoted`, () => {
    assert.throws(
      () => createPrometheusApi(wrong),
      (error: Error) => error.message.includes(`got "${wrong}"`),
    );
  });
}

for (const wrong of ["monitoring", "monitoring/prometheus", "a/b/c:1", "A/b:1"]) {
  Deno.test(`Prometheus: the service ${wrong} is refused and quoted`, () => {
    assert.throws(
      () => parseServicePlace(wrong),
      (error: Error) => error.message.includes(`got "${wrong}"`),
    );
  });
}
