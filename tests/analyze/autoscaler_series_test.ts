import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  deriveAutoscalerSeries,
  thinAutoscalerSeries,
} from "../../lib/analyze/autoscaler_series.ts";
import type { Cell } from "../../lib/model/table.ts";
import { StoredTables } from "../../lib/store/read/stored_table.ts";
import { PLATFORM_METRICS } from "../../lib/store/schema/tables.ts";
import { csvText } from "../support/synthetic_run.ts";

async function readRows(rows: Cell[][]) {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  try {
    await writeFile(join(folder, "platform_metrics.csv"), csvText(PLATFORM_METRICS, rows));
    return deriveAutoscalerSeries(new StoredTables(folder).get(PLATFORM_METRICS));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function metricRow(timeMs: number, desired: number | null): Cell[] {
  const others = Array<null>(PLATFORM_METRICS.columns.length - 2).fill(null);
  return [timeMs, desired, ...others];
}

Deno.test("a failed scrape is a gap, and a table of gaps tells nothing", async () => {
  const series = await readRows([metricRow(0, 2), metricRow(1_000, null), metricRow(2_000, 3)]);
  assert.deepEqual([...series?.desiredInstances ?? []], [2, NaN, 3]);
  assert.equal(await readRows([metricRow(0, null)]), null);
  assert.equal(await readRows([]), null);
});

Deno.test("a long series is thinned to the largest of neighbours, a short one not at all", async () => {
  const rows = [5, null, null, null, 1, 4, 2].map((desired, i) => metricRow(i, desired));
  const series = await readRows(rows);
  assert.ok(series !== null);
  assert.equal(thinAutoscalerSeries(series, 7), series);
  const thin = thinAutoscalerSeries(series, 4);
  assert.deepEqual([...thin.timeMs], [0, 2, 4, 6]);
  assert.deepEqual([...thin.desiredInstances], [5, NaN, 4, 2]);
});
