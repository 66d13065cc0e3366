import assert from "node:assert/strict";
import process from "node:process";
import { NODES, PROCESSES } from "../../lib/store/schema/tables.ts";
import { createMetricsServerScraper } from "../../lib/scrape/metrics_server.ts";
import { waitUntil } from "./condition.ts";
import { observeFunctions } from "./observed_functions.ts";

const hasCluster = process.env.KUBECONFIG !== undefined &&
  process.env.LOADER_GATEWAY !== undefined;

Deno.test({
  name: "metrics API: what the node, a function's pods and Knative's use",
  ignore: !hasCluster,
  async fn() {
    await using functions = await observeFunctions("test-metrics");
    const { access, clock, labelSelector } = functions;
    const scraper = createMetricsServerScraper({
      readText: access.readText,
      groups: [
        { group: "instances", namespace: access.namespace, labelSelector },
        { group: "system", namespace: "knative-serving" },
      ],
      originUnixMs: clock.originUnixMs,
      everyMs: 1000,
      timeoutMs: 10_000,
    });
    const scrape = () => scraper.scrape(new AbortController().signal);
    const [before] = (await scrape()).filter(({ table }) => table === PROCESSES);
    assert.deepEqual(before.cells.slice(0, 2), ["instances", 0]);
    await functions.deploy("f", 1);
    let rows = await scrape();
    const group = (name: string) =>
      rows.find(({ table, cells }) => table === PROCESSES && cells[0] === name)!;
    // It is measured over 15 s before it is told, and may have gone to zero; then it says so.
    await waitUntil("the function's pod was measured", async () => {
      rows = await scrape();
      return Number(group("instances").cells[1]) > 0;
    });
    const [, containers, cpuPercent, memoryMib] = group("instances").cells;
    assert.equal(containers, 2, "the function and its queue-proxy");
    assert.ok(Number(cpuPercent) > 0 && Number(cpuPercent) < 200);
    assert.ok(Number(memoryMib) > 5 && Number(memoryMib) < 500, `${memoryMib} MiB`);
    assert.ok(Number(group("system").cells[1]) >= 4, "webhook, autoscaler, activator, controller");
    const [node] = rows.filter(({ table }) => table === NODES);
    const [name, , hasLoader, cpuMilli, , allocatableCpuMilli] = node.cells;
    assert.equal(name, (await access.core.listNode()).items[0].metadata!.name);
    assert.equal(hasLoader, true);
    assert.ok(Number(cpuMilli) > 0 && Number(cpuMilli) <= 1.1 * Number(allocatableCpuMilli));
    // Of the end of a window, whole seconds, not long ago.
    const ageMs = clock.nowMs() - node.timeMs!;
    assert.ok(ageMs > -1000 && ageMs < 60_000, `${ageMs} ms`);
    assert.deepEqual(scraper.notes(), []);
  },
});
