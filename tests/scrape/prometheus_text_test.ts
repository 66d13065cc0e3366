import assert from "node:assert/strict";
import { derivePlatformRows, parsePrometheusText } from "../../lib/scrape/prometheus_text.ts";
import { PLATFORM_METRICS, SCALES } from "../../lib/store/schema/tables.ts";

Deno.test("parses names, labels, escapes, special values and time stamps", () => {
  const text = [
    "# HELP a_total Things, with { braces }",
    "# TYPE a_total counter",
    "a_total 3",
    'b{x="1",y="a \\"quoted\\" \\\\ back\\nline, }"} -2.5e-3 1700000000000',
    'c{le="+Inf",} +Inf',
    "d{} NaN",
    "",
  ].join("\n");
  assert.deepEqual(parsePrometheusText(text), [
    { name: "a_total", labels: {}, value: 3 },
    { name: "b", labels: { x: "1", y: 'a "quoted" \\ back\nline, }' }, value: -0.0025 },
    { name: "c", labels: { le: "+Inf" }, value: Infinity },
    { name: "d", labels: {}, value: NaN },
  ]);
});

for (const wrong of ["1abc 3", 'a{b="c" 1', "a{b=c} 1", "a", "a x", 'a{b="c"} 1 2 3']) {
  Deno.test(`refuses the line ${wrong}`, () => {
    assert.throws(() => parsePrometheusText(`ok 1\n${wrong}\n`), /line 2/);
  });
}

const SAMPLES = parsePrometheusText(`
autoscaler_desired_pods{configuration_name="f"} 3
autoscaler_desired_pods{configuration_name="g"} 2
autoscaler_actual_pods{configuration_name="f"} 1
autoscaler_actual_pods{configuration_name="g"} 0
autoscaler_stable_request_concurrency{configuration_name="f"} 1.5
autoscaler_stable_request_concurrency{configuration_name="g"} 0.5
`);

function platformCell(name: string, cells: readonly unknown[]): unknown {
  return cells[PLATFORM_METRICS.columns.slice(1).findIndex((column) => column.name === name)];
}

Deno.test("sums scales, averages concurrencies, leaves the unknown null", () => {
  const ids = new Map([["f", "o/a/f"], ["g", "o/a/g"]]);
  const [platform, ...scales] = derivePlatformRows(SAMPLES, ids);
  assert.equal(platform.table, PLATFORM_METRICS);
  assert.equal(platform.cells.length, PLATFORM_METRICS.columns.length - 1);
  assert.equal(platformCell("desired_instances", platform.cells), 5);
  assert.equal(platformCell("actual_instances", platform.cells), 1);
  assert.equal(platformCell("stable_concurrency", platform.cells), 1);
  assert.equal(platformCell("pending_instances", platform.cells), null);
  assert.equal(platformCell("scheduling_p99_ms", platform.cells), null);
  assert.equal(platformCell("activator_requests", platform.cells), 0);
  assert.deepEqual(scales, [
    { table: SCALES, cells: ["o/a/f", 3, 1] },
    { table: SCALES, cells: ["o/a/g", 2, 0] },
  ]);
});

Deno.test("a gap is null in every column", () => {
  const [platform, scale] = derivePlatformRows([], new Map([["f", "o/a/f"]]));
  assert.ok(platform.cells.every((cell) => cell === null));
  assert.deepEqual(scale.cells, ["o/a/f", null, null]);
});
