import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
// @ts-types="@types/d3-dsv"
import { csvParse } from "d3-dsv";
import fc from "fast-check";
import { chooseLogScale, createLogAxis } from "../../lib/report/plot/log_scale.ts";
import { createPointCloud } from "../../lib/report/plot/marks.ts";
import { createPlotter } from "../../lib/report/plot/plotter.ts";
import { nameSeries } from "../../lib/report/plot/series.ts";
import { createLinearGrid } from "../../lib/report/plot/time_frame.ts";
import { formatFigureData } from "../../lib/report/page/figure.ts";
import { renderReport } from "../../lib/report/report.ts";
import { writeBurst, writeRamp, writeSweep } from "../support/run_folder.ts";

const SIZE = { width: 400, height: 200 };

Deno.test("the data of a figure is what its marks were given", async () => {
  const plotter = await createPlotter();
  const { plot } = plotter;
  const value = fc.double({ min: 0.1, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value), { minLength: 1 }), (points) => {
      const { data } = plotter.draw({
        title: "t",
        ...SIZE,
        columns: { x: { name: "a_ms" }, y: { name: "b_mib" } },
        marks: [
          ...createLinearGrid(plotter),
          nameSeries("line", plot.lineY(points, { x: "0", y: "1" })),
          nameSeries(
            "cloud",
            createPointCloud(points, {
              color: "#000",
              shape: "dot",
              size: 2,
              opacity: 1,
            }),
          ),
        ],
      });
      assert.deepEqual(data, {
        columns: ["series", "a_ms", "b_mib"],
        rows: ["line", "cloud"].flatMap((series) => points.map(([x, y]) => [series, x, y])),
      });
      const rows = csvParse(formatFigureData(data));
      assert.deepEqual(
        rows.map(({ series, a_ms, b_mib }) => [series, Number(a_ms), Number(b_mib)]),
        data.rows,
      );
    }),
    { numRuns: 30, seed: 1 },
  );
});

Deno.test("intervals have two ends, bars on the axis and lines one value, gaps none", async () => {
  const plotter = await createPlotter();
  const { plot } = plotter;
  const { data } = plotter.draw({
    title: "t",
    ...SIZE,
    columns: { x: { name: "x" }, y: { name: "y" } },
    marks: [
      nameSeries("bar", plot.rectY([[0, 5, 3]], { x1: "0", x2: "1", y: "2" })),
      nameSeries("area", plot.areaY([[1, 2]], { x: "0", y: "1" })),
      nameSeries("band", plot.areaY([[1, 2, 3]], { x: "0", y1: "1", y2: "2" })),
      nameSeries("line", plot.lineY([[1, NaN]], { x: "0", y: "1" })),
      nameSeries(
        ([name]: [string]) => name,
        plot.link([["way", 1, 2, 3, 4]], {
          x1: "1",
          x2: "2",
          y1: "3",
          y2: "4",
        }),
      ),
    ],
  });
  assert.equal(
    formatFigureData(data),
    "series,x,x_end,y,y_end\nbar,0,5,3,\narea,1,,2,\nband,1,,2,3\nline,1,,,\nway,1,2,3,4\n",
  );
});

Deno.test("horizontal bars have names, and what stands at ∞ is infinite in the data", async () => {
  const plotter = await createPlotter();
  const { plot } = plotter;
  const bars = plotter.draw({
    title: "t",
    ...SIZE,
    columns: { x: { name: "functions" }, y: { name: "period" } },
    marks: [nameSeries("f", plot.barX([{ n: "1 min, about", f: 2 }], { x: "f", y: "n" }))],
  });
  assert.equal(formatFigureData(bars.data), 'series,functions,period\nf,2,"1 min, about"\n');
  const scale = chooseLogScale("y", [1, 10, Infinity]);
  const { data } = plotter.draw({
    title: "t",
    ...SIZE,
    columns: { x: { name: "x" }, y: scale.columnOf("y_ms") },
    y: scale.y,
    marks: [
      ...createLogAxis(scale, plotter),
      nameSeries("a", plot.dot([[1, 10], [2, scale.place(Infinity)]], { x: "0", y: "1" })),
    ],
  });
  assert.equal(formatFigureData(data), "series,x,y_ms\na,1,10\na,2,Infinity\n");
});

for (
  const [name, write] of Object.entries({
    sweep: (folder: string) =>
      writeSweep(folder, { sizes: [3, 6], repetitions: 2, durationMs: 8_000 }),
    ramp: writeRamp,
    burst: writeBurst,
  })
) {
  Deno.test(`every figure of a ${name} has its data beside it, and a link in the page`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
    try {
      await write(folder);
      const { html, figures } = await renderReport(folder);
      const page = await readFile(html, "utf8");
      for (const figure of figures) {
        const csv = figure.replace(/svg$/, "csv");
        assert.ok(page.includes(`href="figures/${basename(csv)}"`), csv);
        const text = await readFile(csv, "utf8");
        const table = csvParse(text);
        assert.match(table.columns[0], /^series$/);
        assert.ok(table.columns.every((column) => /^[a-z][a-z0-9_]*$/.test(column)), text);
        assert.doesNotMatch(text, /NaN|undefined|null|\[object/, csv);
        // A dot a row: those of clouds are paths, each begun by a move.
        if (!/response_time\.svg$|burst_response_time/.test(csv)) continue;
        const svg = await readFile(figure, "utf8");
        const dots = [...svg.matchAll(/<path [^>]*stroke-opacity[^>]*>/g)]
          .flatMap(([path]) => path.match(/M/g) ?? []);
        assert.equal(dots.length, table.length, csv);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
