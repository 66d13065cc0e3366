import assert from "node:assert/strict";
import { neverAborted } from "../../lib/base/signal.ts";
import type { Cell } from "../../lib/model/table.ts";
import { PLATFORM_METRICS, SCALES } from "../../lib/store/schema/tables.ts";
import { createKnativeMetricsScraper, KnativeMetrics } from "../../lib/scrape/knative_metrics.ts";
import type { PrometheusApi, PrometheusSeries } from "../../lib/scrape/prometheus_api.ts";

const NEVER = neverAborted();
const FUNCTIONS = new Map([["f", "o/a/f"], ["g", "o/a/g"]]);

/** Answers the question which names there are, and every other with the series given. */
class ScriptedPrometheus implements PrometheusApi {
  readonly place = "http://prometheus";
  readonly queries: string[] = [];
  names: readonly string[] = [];
  series: readonly PrometheusSeries[] = [];
  error: Error | null = null;

  query(promql: string): Promise<readonly PrometheusSeries[]> {
    this.queries.push(promql);
    if (this.error !== null) return Promise.reject(this.error);
    if (!promql.startsWith("count by (__name__)")) return Promise.resolve(this.series);
    return Promise.resolve(this.names.map((name) => ({ labels: { __name__: name }, value: 1 })));
  }
}

function cellOf(cells: readonly Cell[], name: string): Cell {
  return cells[PLATFORM_METRICS.columns.slice(1).findIndex((column) => column.name === name)];
}

const SCHEMES = [
  { name: "opencensus", desired: "autoscaler_desired_pods", label: "configuration_name" },
  { name: "opentelemetry", desired: "kn_revision_pods_desired", label: "kn_configuration_name" },
] as const;

for (const { name, desired, label } of SCHEMES) {
  Deno.test(`Knative's metrics, ${name}: names are found out once, foreign functions left out`, async () => {
    const prometheus = new ScriptedPrometheus();
    prometheus.names = [desired, "scheduler_scheduling_attempt_duration_seconds_count"];
    const of = (metric: string, configuration: string, value: number) => ({
      labels: { metric, [label]: configuration },
      value,
    });
    prometheus.series = [
      of("autoscaler_desired_pods", "f", 3),
      of("autoscaler_desired_pods", "g", 2),
      of("autoscaler_desired_pods", "someone-elses", 40),
      of("autoscaler_actual_pods", "f", 1),
      of("autoscaler_stable_request_concurrency", "f", 3),
      of("autoscaler_stable_request_concurrency", "g", 1),
      { labels: { quantile_of: "scheduling_p99_ms" }, value: 12.5 },
    ];
    const metrics = new KnativeMetrics({ prometheus, namespace: "functions" });
    const scraper = createKnativeMetricsScraper({
      metrics,
      functionIds: FUNCTIONS,
      withScales: true,
      everyMs: 1000,
      timeoutMs: 1000,
    });
    const [platform, ...scales] = await scraper.scrape(NEVER);
    await scraper.scrape(NEVER);
    assert.equal(prometheus.queries.length, 3, "one question for the names, one for each scrape");
    assert.match(prometheus.queries[1], new RegExp(`by \\(${label}\\) \\(${desired}\\{`));
    assert.match(prometheus.queries[1], /namespace_name="functions"/);
    assert.equal(platform.table, PLATFORM_METRICS);
    assert.equal(platform.cells.length, PLATFORM_METRICS.columns.length - 1);
    assert.equal(cellOf(platform.cells, "desired_instances"), 5);
    assert.equal(cellOf(platform.cells, "stable_concurrency"), 2);
    assert.equal(cellOf(platform.cells, "pending_instances"), null);
    assert.equal(cellOf(platform.cells, "scheduling_p99_ms"), 12.5);
    assert.equal(cellOf(platform.cells, "placement_p99_ms"), null);
    assert.deepEqual(scales, [
      { table: SCALES, cells: ["o/a/f", 3, 1] },
      { table: SCALES, cells: ["o/a/g", 2, null] },
    ]);
    assert.deepEqual(metrics.describe(), {
      prometheus: "http://prometheus",
      metricNames: {
        knative: name,
        scheduling: "scheduler_scheduling_attempt_duration_seconds",
        placement: null,
      },
    });
    assert.deepEqual(metrics.notes(), []);
  });
}

Deno.test("Knative's metrics: of the scheduler's names the newest that is there", async () => {
  const prometheus = new ScriptedPrometheus();
  const detect = (names: readonly string[]) => {
    prometheus.names = names.map((name) => `scheduler_${name}_duration_seconds_count`);
    return new KnativeMetrics({ prometheus, namespace: "n" }).detect(NEVER);
  };
  const full = (name: string) => `scheduler_${name}_duration_seconds`;
  // Kubernetes 1.21, 1.28 and 1.34.
  for (
    const [there, scheduling, placement] of [
      [["e2e_scheduling", "pod_scheduling"], "e2e_scheduling", "pod_scheduling"],
      [["scheduling_attempt", "pod_scheduling"], "scheduling_attempt", "pod_scheduling"],
      [
        ["scheduling_attempt", "pod_scheduling", "pod_scheduling_sli"],
        "scheduling_attempt",
        "pod_scheduling_sli",
      ],
    ] as const
  ) {
    assert.deepEqual(await detect(there), {
      knative: null,
      scheduling: full(scheduling),
      placement: full(placement),
    });
  }
});

Deno.test("Knative's metrics: names that are not there yet are asked for again", async () => {
  const prometheus = new ScriptedPrometheus();
  const metrics = new KnativeMetrics({ prometheus, namespace: "n" });
  await assert.rejects(metrics.scrape(FUNCTIONS, NEVER), /no metrics of Knative's autoscaler/);
  prometheus.names = ["kn_revision_pods_desired"];
  assert.equal((await metrics.scrape(FUNCTIONS, NEVER))[0].table, PLATFORM_METRICS);
  assert.match(metrics.notes()[0], /^1 of 2 scrapes of Knative's metrics are gaps: .*no metrics/);
});

Deno.test("Knative's metrics: without Prometheus there are gaps and a note", async () => {
  const prometheus = new ScriptedPrometheus();
  prometheus.error = new Error("connection refused");
  const metrics = new KnativeMetrics({ prometheus, namespace: "n" });
  const scraper = createKnativeMetricsScraper({
    metrics,
    functionIds: FUNCTIONS,
    withScales: false,
    everyMs: 1000,
    timeoutMs: 1000,
  });
  await assert.rejects(scraper.scrape(NEVER), /connection refused/);
  const gap = scraper.gap();
  assert.equal(gap.length, 1, "scales are watched");
  assert.ok(gap[0].cells.every((cell) => cell === null));
  assert.match(metrics.notes()[0], /^1 of 1 scrapes .*: connection refused$/);
});
