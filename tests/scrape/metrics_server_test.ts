import assert from "node:assert/strict";
import fc from "fast-check";
import { neverAborted } from "../../lib/base/signal.ts";
import { NODES, PROCESSES } from "../../lib/store/schema/tables.ts";
import { parseQuantity } from "../../lib/scrape/kubernetes_quantity.ts";
import { createMetricsServerScraper } from "../../lib/scrape/metrics_server.ts";

const NEVER = neverAborted();
const API = "/apis/metrics.k8s.io/v1beta1";

/** As a cluster answered, cut to what is read. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  [`${API}/nodes`]: {
    items: [
      {
        metadata: { name: "node1" },
        timestamp: "2026-11-23T16:21:36Z",
        window: "18.665s",
        usage: { cpu: "84864885n", memory: "942Mi" },
      },
      {
        metadata: { name: "new" },
        timestamp: "2026-11-23T16:21:37Z",
        usage: { cpu: "1", memory: "1Gi" },
      },
    ],
  },
  "/api/v1/nodes": {
    items: [{
      metadata: { name: "node1", labels: { "node-role.kubernetes.io/control-plane": "" } },
      status: {
        allocatable: { cpu: "2", memory: "4017728Ki" },
        addresses: [{ type: "InternalIP", address: "127.0.0.1" }, { address: "node1" }],
      },
    }],
  },
  [`${API}/namespaces/functions/pods?labelSelector=loader%2Frun%3Dr1`]: {
    items: [
      {
        metadata: { name: "f-1" },
        timestamp: "2026-11-23T16:21:40Z",
        containers: [
          { name: "user-container", usage: { cpu: "500m", memory: "64Mi" } },
          { name: "queue-proxy", usage: { cpu: "739066n", memory: "15824Ki" } },
        ],
      },
      {
        metadata: { name: "f-2" },
        timestamp: "2026-11-23T16:21:42Z",
        containers: [{ name: "user-container", usage: { cpu: "250m", memory: "32Mi" } }],
      },
    ],
  },
};

const ORIGIN_UNIX_MS = Date.parse("2026-11-23T16:21:00Z");

function scraperOf(answers: Readonly<Record<string, unknown>>) {
  return createMetricsServerScraper({
    readText: (path) =>
      path in answers
        ? Promise.resolve(JSON.stringify(answers[path]))
        : Promise.reject(new Error(`forbidden: ${path}`)),
    groups: [
      { group: "instances", namespace: "functions", labelSelector: "loader/run=r1" },
      { group: "system", namespace: "knative-serving" },
    ],
    originUnixMs: ORIGIN_UNIX_MS,
    everyMs: 1000,
    timeoutMs: 1000,
  });
}

Deno.test("metrics API: nodes and pods at the time that they were measured", async () => {
  const scraper = scraperOf({
    ...ANSWERS,
    [`${API}/namespaces/knative-serving/pods`]: { items: [] },
  });
  const rows = await scraper.scrape(NEVER);
  assert.deepEqual(rows.map(({ table, timeMs }) => [table.name, timeMs]), [
    ["nodes", 36_000],
    ["nodes", 37_000],
    ["processes", 42_000],
    ["processes", undefined],
  ]);
  const [node, unknown, instances, system] = rows.map(({ cells }) => cells);
  assert.deepEqual(node.slice(0, 3), ["node1", true, true]);
  assert.ok(Math.abs(Number(node[3]) - 84.864885) < 1e-9);
  assert.deepEqual(node.slice(4), [942, 2000, 4017728 / 1024, null]);
  assert.deepEqual(unknown, ["new", null, null, 1000, 1024, null, null, null]);
  assert.deepEqual(instances.slice(0, 2), ["instances", 3]);
  assert.ok(Math.abs(Number(instances[2]) - 75.0739066) < 1e-9, "percent of a core");
  assert.equal(instances[3], 64 + 15824 / 1024 + 32);
  assert.deepEqual(system, ["system", 0, 0, 0, null]);
  for (const { table, cells } of rows) assert.equal(cells.length, table.columns.length - 1);
  assert.deepEqual(scraper.notes(), []);
});

Deno.test("metrics API: a right that is missing leaves the rest, a gap and a note", async () => {
  const scraper = scraperOf(ANSWERS);
  const rows = await scraper.scrape(NEVER);
  assert.equal(rows.filter(({ table }) => table === NODES).length, 2);
  const [instances, system] = rows.filter(({ table }) => table === PROCESSES);
  assert.equal(instances.cells[1], 3);
  assert.deepEqual(system.cells, ["system", null, null, null, null]);
  assert.match(scraper.notes()[0], /^1 of 1 scrapes .* gaps: forbidden.*knative-serving/);
});

Deno.test("metrics API: one that is away is a gap in every group", async () => {
  const scraper = scraperOf({});
  const rows = await scraper.scrape(NEVER);
  assert.deepEqual(rows, scraper.gap());
});

Deno.test("quantities: every number with every suffix", () => {
  const suffixes = {
    n: 1e-9,
    u: 1e-6,
    m: 1e-3,
    "": 1,
    k: 1e3,
    M: 1e6,
    Ki: 1024,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
  };
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e9 }),
      fc.constantFrom(...Object.keys(suffixes) as (keyof typeof suffixes)[]),
      (count, suffix) => {
        assert.equal(parseQuantity(`${count}${suffix}`), count * suffixes[suffix]);
      },
    ),
    { seed: 61 },
  );
  assert.equal(parseQuantity("129e6"), 129e6);
  assert.equal(parseQuantity("1.5Gi"), 1.5 * 2 ** 30);
  for (const wrong of ["", "1 Gi", "Mi", "1x", "1mi", "NaN"]) {
    assert.throws(() => parseQuantity(wrong), /Expected a quantity/);
  }
});
