import assert from "node:assert/strict";
import { RefusingProxy } from "../support/refusing_proxy.ts";
import { ScriptedApiServer } from "../support/scripted_api_server.ts";
import { PROJECT } from "../support/script.ts";

/** Runs code in a process of its own. */
async function evaluate(
  code: string,
  environment: Record<string, string>,
): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", code],
    cwd: PROJECT,
    env: { NO_COLOR: "1", ...environment },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

const from = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);

Deno.test("proxies of the environment: those that scrape do not go through them", async () => {
  await using proxy = new RefusingProxy();
  const vector = { status: "success", data: { resultType: "vector", result: [] } };
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url }) =>
      url.includes("query") ? Response.json(vector) : new Response("autoscaler_desired_pods 3\n"),
  );
  const url = JSON.stringify(`http://127.0.0.1:${server.addr.port}`);
  const said = await evaluate(
    `
    const { createPrometheusTextScraper } = await import(${from("lib/scrape/prometheus_text.ts")});
    const { createPrometheusApi } = await import(${from("lib/scrape/prometheus_api.ts")});
    const { signal } = new AbortController();
    const scraper = createPrometheusTextScraper({
      url: () => ${url}, functionIds: new Map(), everyMs: 1000, timeoutMs: 1000,
    });
    console.log((await scraper.scrape(signal))[0].cells.includes(3));
    console.log((await createPrometheusApi(${url}).query("up", signal)).length);
  `,
    { ...proxy.environment, NODE_USE_ENV_PROXY: "1" },
  );
  assert.equal(said, "true\n0");
  assert.deepEqual(proxy.asked, []);
});

for (const asked of [false, true]) {
  Deno.test(
    `proxies of the environment: ${
      asked
        ? "a cluster is reached through the proxy that its kubeconfig names"
        : "a cluster is reached without"
    }`,
    async () => {
      await using proxy = new RefusingProxy();
      await using named = new RefusingProxy();
      await using api = await ScriptedApiServer.start(
        ({ path, query }) =>
          path !== "/hello"
            ? null
            : query.has("watch")
            ? new Response('{"type":"ADDED","object":{}}\n')
            : new Response("hello"),
      );
      let kubeconfig = Deno.readTextFileSync(api.kubeconfig);
      const namedUrl = named.environment.HTTP_PROXY;
      if (asked) {
        kubeconfig = kubeconfig.replace("cluster: { ", `$&proxy-url: "${namedUrl}", `);
      }
      Deno.writeTextFileSync(api.kubeconfig, kubeconfig);
      const said = await evaluate(
        `
      const { openKubeAccess } = await import(${
          from("lib/platform/knative/cluster/kube_access.ts")
        });
      const { RealClock } = await import(${from("lib/clock/clock.ts")});
      const access = openKubeAccess({
        clock: new RealClock(), kubeconfig: ${JSON.stringify(api.kubeconfig)},
      });
      console.log(await access.readText("/hello").catch((error) => error.code ?? error.message));
      const { signal } = new AbortController();
      await access.watch("/hello", {}, (type) => console.log(type), signal).catch(() => {});
      Deno.exit(0);
    `,
        proxy.environment,
      );
      assert.deepEqual(proxy.asked, [], "the environment's");
      assert.match(said, asked ? /Bad response: 502/ : /^hello\nADDED$/);
      assert.equal(named.asked.length > 0, asked);
    },
  );
}
