import assert from "node:assert/strict";
import { LiveMetrics } from "../../lib/live/live_metrics.ts";
import { PROJECT } from "../support/script.ts";

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { x: number; y: number; w: number; h: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const dashboard: Dashboard = JSON.parse(
  Deno.readTextFileSync(`${PROJECT}/config/grafana_dashboard.json`),
);
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

Deno.test("the dashboard asks for what the loader tells, and leaves nothing out", async () => {
  const text = await new LiveMetrics().text();
  const types = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]),
  );
  const told = [...types].map(([name, type]) => type === "histogram" ? `${name}_bucket` : name);
  const asked = new Set(expressions.flatMap((expr) => expr.match(/\bloader_\w+/g) ?? []));
  assert.deepEqual([...asked].toSorted(), told.toSorted());
  for (const name of asked) {
    const isCounted = /(_total|_bucket)$/.test(name);
    const asks = expressions.filter((expr) => new RegExp(`\\b${name}\\b`).test(expr));
    for (const expr of asks) {
      // The rate of a gauge means nothing, nor does a counter without.
      assert.equal(new RegExp(`rate\\(${name}\\b`).test(expr), isCounted, expr);
    }
  }
});

Deno.test("panels of the dashboard have places of their own", () => {
  const { panels } = dashboard;
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const places = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + i % w} ${y + Math.floor(i / w)}`)
  );
  assert.equal(new Set(places).size, places.length);
  assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
});
