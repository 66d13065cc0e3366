import assert from "node:assert/strict";
import { neverAborted } from "../../lib/base/signal.ts";
import { createProcessScraper, type ProcessUsage } from "../../lib/scrape/process_usage.ts";

const MIB = 2 ** 20;

Deno.test("CPU is counted since the scrape before, a new process from its beginning", async () => {
  const answers: Record<number, ProcessUsage>[] = [
    { 1: { ctime: 500, memory: 10 * MIB, timestamp: 1000 } },
    {
      1: { ctime: 700, memory: 20 * MIB, timestamp: 2000 },
      2: { ctime: 300, memory: 5 * MIB, timestamp: 2000 },
    },
    { 2: { ctime: 1300, memory: 5 * MIB, timestamp: 4000 } },
  ];
  const scraper = createProcessScraper({
    groups: () => ({ loader: [1], instances: [2, 3] }),
    everyMs: 1000,
    timeoutMs: 1000,
    readUsage: () => Promise.resolve(answers.shift()!),
  });
  const scrape = async () => (await scraper.scrape(neverAborted())).map(({ cells }) => cells);
  assert.deepEqual(await scrape(), [["loader", 1, null, 10, null], [
    "instances",
    0,
    null,
    0,
    null,
  ]]);
  assert.deepEqual(await scrape(), [["loader", 1, 20, 20, null], ["instances", 1, 30, 5, null]]);
  assert.deepEqual(await scrape(), [["loader", 0, 0, 0, null], ["instances", 1, 50, 5, null]]);
});

Deno.test({
  name: "sees this process",
  // pidusage keeps what it opened for a minute.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const scraper = createProcessScraper({
      groups: () => ({ loader: [Deno.pid] }),
      everyMs: 1000,
      timeoutMs: 1000,
    });
    const [row] = await scraper.scrape(neverAborted());
    assert.equal(row.cells[1], 1);
    assert.ok(Number(row.cells[3]) > 1, `resident memory of ${row.cells[3]} MiB`);
  },
});
