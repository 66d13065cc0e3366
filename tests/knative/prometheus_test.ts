import assert from "node:assert/strict";
import process from "node:process";
import type { Cell } from "../../lib/model/table.ts";
import { PLATFORM_METRICS } from "../../lib/store/schema/tables.ts";
import { openClusterScrapers } from "../../lib/platform/knative/watch/cluster_scrapers.ts";
import { KnativeMetrics } from "../../lib/scrape/knative_metrics.ts";
import { createPrometheusApi } from "../../lib/scrape/prometheus_api.ts";
import { waitUntil } from "./condition.ts";
import { functionIdsOf, observeFunctions } from "./observed_functions.ts";

const PROMETHEUS = process.env.LOADER_PROMETHEUS;
const hasCluster = process.env.KUBECONFIG !== undefined && PROMETHEUS !== undefined;
const REFERENCE = new URL("../reference/", import.meta.url);
const NEVER = new AbortController().signal;

function cellOf(cells: readonly Cell[], name: string): Cell {
  return cells[PLATFORM_METRICS.columns.slice(1).findIndex((column) => column.name === name)];
}

/** What the samples of both releases tell of the service `ping`; `auto` is at zero. */
const SAMPLED = [
  {
    release: "0.42",
    scheme: "opencensus",
    cells: {
      desired_instances: 6,
      requested_instances: 5,
      actual_instances: 5,
      not_ready_instances: 0,
      pending_instances: 0,
      stable_concurrency: 39.18546,
      panic_concurrency: 0,
      activator_concurrency: 39.33241835708174,
      activator_requests: 6443,
    },
  },
  {
    release: "0.50",
    scheme: "opentelemetry",
    cells: {
      desired_instances: 6,
      requested_instances: 5,
      actual_instances: 5,
      not_ready_instances: 0,
      pending_instances: 0,
      stable_concurrency: 39.314527,
      panic_concurrency: 0,
      activator_concurrency: 39.40263971353429,
      activator_requests: 5034,
    },
  },
] as const;

for (const { release, scheme, cells } of SAMPLED) {
  Deno.test({
    name: `Prometheus: what Knative ${release} told, by its own names`,
    ignore: !hasCluster,
    async fn() {
      await using prometheus = await PrometheusServer.start(
        "127.0.0.1",
        (path) =>
          Deno.readTextFile(new URL(`knative_${release}_${path.slice(1)}_metrics.txt`, REFERENCE)),
      );
      const metrics = new KnativeMetrics({
        prometheus: createPrometheusApi(prometheus.url),
        namespace: "default",
      });
      let row: readonly Cell[] = [];
      await waitUntil("both pages were scraped", async () => {
        row = await metrics.scrape(functionIdsOf(["ping"]), NEVER)
          .then(([{ cells }]) => cells, () => []);
        // A counter that is not there yet has counted nothing.
        return Number(cellOf(row, "activator_requests") ?? 0) > 0 &&
          cellOf(row, "desired_instances") !== null;
      });
      for (const [name, value] of Object.entries(cells)) {
        assert.equal(cellOf(row, name), value, name);
      }
      assert.equal((await metrics.detect(NEVER)).knative, scheme);
    },
  });
}

Deno.test({
  name: "Prometheus: of the cluster, by its own URL and through the API server",
  ignore: !hasCluster,
  async fn() {
    await using functions = await observeFunctions("test-prometheus");
    const { access, labelSelector } = functions;
    await functions.deploy("f", 2);
    const open = (prometheus: string) =>
      openClusterScrapers({
        access,
        prometheus,
        labelSelector,
        functionIds: functionIdsOf(["f"]),
        areScalesWatched: true,
        everyMs: 1000,
        timeoutMs: 10_000,
      });
    const own = await open(PROMETHEUS!);
    const scraper = own.scrapers.find(({ tables }) => tables.includes(PLATFORM_METRICS))!;
    const scrape = () =>
      scraper.scrape(NEVER).then(([{ cells }]) => cells, () => scraper.gap()[0].cells);
    let row: readonly Cell[] = [];
    // Without a call they are there for seconds only, and the decider, which does not know of
    // initial scales, desires none; Knative tells of the two one after the other.
    await waitUntil("instances are there, and how many are desired", async () => {
      row = await scrape();
      return Number(cellOf(row, "actual_instances")) >= 1 &&
        cellOf(row, "desired_instances") !== null;
    });
    assert.deepEqual(own.describe(), {
      prometheus: PROMETHEUS,
      metricNames: {
        knative: "opencensus",
        scheduling: "scheduler_scheduling_attempt_duration_seconds",
        placement: "scheduler_pod_scheduling_sli_duration_seconds",
      },
    });
    // The scheduler is scraped every 15 s; it has just placed the pods of this test.
    await waitUntil("the scheduler's quantiles are there", async () => {
      row = await scrape();
      return cellOf(row, "scheduling_p99_ms") !== null && cellOf(row, "placement_p50_ms") !== null;
    });
    const [p50, p99] = ["scheduling_p50_ms", "scheduling_p99_ms"].map((name) => cellOf(row, name));
    assert.ok(Number(p50) > 0 && Number(p50) <= Number(p99) && Number(p99) < 60_000);

    // A Prometheus that only the cluster can reach.
    const node = (await access.core.listNode()).items[0];
    const address = node.status!.addresses!.find(({ type }) => type === "InternalIP")!.address;
    await using inside = await PrometheusServer.start(
      address,
      (path) =>
        path === "/autoscaler"
          ? `autoscaler_desired_pods{configuration_name="f",namespace_name="test-prometheus"} 7\n`
          : "",
    );
    const { namespace } = access;
    // The API server passes requests on to pods alone; this one has the node's address.
    const labels = { app: "prometheus" };
    await access.core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: "prometheus", labels },
        spec: {
          hostNetwork: true,
          containers: [{
            name: "pause",
            image: "dev.local/pause:1",
            imagePullPolicy: "IfNotPresent",
          }],
        },
      },
    });
    await access.core.createNamespacedService({
      namespace,
      body: {
        metadata: { name: "prometheus" },
        spec: { selector: labels, ports: [{ port: inside.port }] },
      },
    });
    const proxied = await open(`${namespace}/prometheus:${inside.port}`);
    const [platform] = proxied.scrapers.filter(({ tables }) => tables.includes(PLATFORM_METRICS));
    await waitUntil("it answers through the API server", async () => {
      const cells = await platform.scrape(NEVER).then(([{ cells }]) => cells, () => []);
      return cellOf(cells, "desired_instances") === 7;
    });
  },
});

Deno.test({
  name: "Prometheus: one that is away leaves gaps and a note",
  ignore: !hasCluster,
  async fn() {
    await using functions = await observeFunctions("test-prometheus-away");
    const { access, labelSelector } = functions;
    const cluster = await openClusterScrapers({
      access,
      prometheus: "http://127.0.0.1:1",
      labelSelector,
      functionIds: functionIdsOf(["f"]),
      areScalesWatched: true,
      everyMs: 1000,
      timeoutMs: 1000,
    });
    await cluster.detect();
    const scraper = cluster.scrapers.find(({ tables }) => tables.includes(PLATFORM_METRICS))!;
    await assert.rejects(scraper.scrape(NEVER), /does not answer/);
    assert.match(cluster.notes()[0], /^1 of 1 scrapes of Knative's metrics are gaps/);
  },
});

/** Debian's Prometheus, scraping pages of this program as if they were Knative's. */
class PrometheusServer implements AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly #process: Deno.ChildProcess;
  readonly #pages: Deno.HttpServer<Deno.NetAddr>;
  readonly #folder: string;

  static async start(
    host: string,
    page: (path: string) => string | Promise<string>,
  ): Promise<PrometheusServer> {
    const pages = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      const text = await page(new URL(request.url).pathname);
      return new Response(text, { headers: { "content-type": "text/plain; version=0.0.4" } });
    });
    const folder = await Deno.makeTempDir({ prefix: "prometheus-" });
    const job = (name: string) => ({
      job_name: name,
      scrape_interval: "1s",
      metrics_path: `/${name}`,
      honor_labels: true,
      static_configs: [{ targets: [`127.0.0.1:${pages.addr.port}`] }],
    });
    await Deno.writeTextFile(
      `${folder}/prometheus.yml`,
      JSON.stringify({ scrape_configs: [job("autoscaler"), job("activator")] }),
    );
    const free = Deno.listen({ hostname: host, port: 0 });
    const { port } = free.addr;
    free.close();
    const child = new Deno.Command("prometheus", {
      args: [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${host}:${port}`,
        "--log.level=error",
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    return new PrometheusServer(host, port, child, pages, folder);
  }

  private constructor(
    host: string,
    port: number,
    child: Deno.ChildProcess,
    pages: Deno.HttpServer<Deno.NetAddr>,
    folder: string,
  ) {
    this.url = `http://${host}:${port}`;
    this.port = port;
    this.#process = child;
    this.#pages = pages;
    this.#folder = folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.status;
    await this.#pages.shutdown();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
