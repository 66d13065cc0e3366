import assert from "node:assert/strict";
import { join } from "node:path";
import { parsePage } from "../support/parsed_page.ts";
import { getDocument, OPS } from "pdfjs-dist/legacy/build/pdf.mjs";
import { renderReport } from "../../lib/report/report.ts";
import { paperStyleOf } from "../../lib/report/plot/figure_style.ts";
import { createPlotter } from "../../lib/report/plot/plotter.ts";
import { createPdfWriter } from "../../lib/report/plot/pdf_writer.ts";
import { parseFigureWidthMm } from "../../lib/report/page/figure_formats.ts";
import { writeSweep } from "../support/run_folder.ts";
import { runScript, temporaryFolder } from "../support/script.ts";

const SMALL = { sizes: [2], repetitions: 1, durationMs: 2_000 };

const PT_PER_MM = 72 / 25.4;

/** The page of a PDF as a reader has it. */
async function readPdf(bytes: Uint8Array) {
  // The library takes what it is given away.
  const document = await getDocument({ data: bytes.slice(), verbosity: 0 }).promise;
  try {
    const page = await document.getPage(1);
    const [, , widthPt, heightPt] = page.view;
    const { items, styles } = await page.getTextContent();
    const { fnArray } = await page.getOperatorList();
    return {
      widthPt,
      heightPt,
      texts: items.flatMap((item) => "str" in item && item.str.trim() !== "" ? [item] : []),
      fonts: Object.values(styles),
      hasPictures: fnArray.some((operator) =>
        operator === OPS.paintImageXObject || operator === OPS.paintInlineImageXObject
      ),
      source: new TextDecoder("latin1").decode(bytes),
    };
  } finally {
    await document.loadingTask.destroy();
  }
}

Deno.test("figures for paper are of the width asked for, in every format, and linked", async () => {
  await using folder = await temporaryFolder();
  await writeSweep(folder.path, SMALL);
  const { html } = await renderReport(folder.path, { pngScale: 1, paperWidthMm: 84 });
  const document = parsePage(await Deno.readTextFile(html));
  const figures = [...document.querySelectorAll("figure")];
  assert.ok(figures.length > 5);
  for (const figure of figures) {
    const links = [...figure.querySelectorAll(".files a")];
    assert.deepEqual(
      links.map(({ textContent }) => textContent),
      ["Data", "SVG", "PNG", "PDF", "SVG for paper", "PNG for paper"],
    );
    for (const link of links) await Deno.stat(join(folder.path, link.getAttribute("href")!));
    const nameOf = (ending: string) =>
      figure.getAttribute("data-file")!.replace(/figures\/(.*)svg$/, `figures/paper/$1${ending}`);
    const svg = await Deno.readTextFile(join(folder.path, nameOf("svg")));
    assert.match(svg, /<svg [^>]*width="84\.00mm"/);
    assert.doesNotMatch(svg, /class="hits"/);
    const { widthPt } = await readPdf(await Deno.readFile(join(folder.path, nameOf("pdf"))));
    assert.ok(Math.abs(widthPt - 84 * PT_PER_MM) < 0.05, `${widthPt}`);
  }
  // The next report without them leaves nothing old.
  await renderReport(folder.path);
  assert.ok([...Deno.readDirSync(join(folder.path, "figures/paper"))].length === 0);
});

Deno.test("a PDF has its texts as text in an embedded font of 7 to 9 pt, and no picture", async () => {
  const plotter = await createPlotter(paperStyleOf(84));
  const writer = await createPdfWriter();
  const { svg } = plotter.draw({
    title: "t",
    width: 560,
    height: 240,
    columns: { x: { name: "x" }, y: { name: "y" } },
    x: { label: "time (s)", domain: [0, 10] },
    y: { label: "response time ÷ requested runtime", domain: [0, 1] },
    marks: [
      plotter.plot.lineY([[0, 0], [10, 1]]),
      plotter.plot.text([[5, 0.5]], {
        text: () => "∞ − ≤",
      }),
    ],
  });
  const bytes = await writer.draw(svg);
  assert.deepEqual(bytes, await writer.draw(svg), "the same figure makes the same bytes");
  const { texts, hasPictures, source } = await readPdf(bytes);
  assert.equal(hasPictures, false);
  assert.match(source, /\/FontFile2/);
  assert.match(source, /\/BaseFont \/[A-Z]+\+DejaVuSansCondensed/);
  const told = texts.map(({ str }) => str).join(" ");
  for (const text of ["response time ÷ requested runtime", "time (s)", "∞ − ≤", "10"]) {
    assert.ok(told.includes(text), `${text} in ${told}`);
  }
  for (const { height, str } of texts) assert.ok(height >= 6.6 && height <= 9, `${str}: ${height}`);
});

Deno.test("a PDF shows each thing where its SVG has it", async () => {
  const writer = await createPdfWriter();
  const { texts, widthPt, heightPt } = await readPdf(
    await writer.draw(
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100" width="200" height="100">' +
        '<g transform="translate(10,20)"><text x="5" y="30" font-size="10">here</text>' +
        '<text transform="translate(100,30)" text-anchor="end" font-size="10">end</text></g></svg>',
    ),
  );
  assert.deepEqual([widthPt, heightPt], [150, 75]);
  const [here, end] = texts;
  const near = (value: number, wanted: number) => Math.abs(value - wanted) < 0.3;
  assert.ok(near(here.transform[4], 15 * 0.75) && near(here.transform[5], 50 * 0.75));
  assert.ok(near(end.transform[4] + end.width, 110 * 0.75), `${end.transform} ${end.width}`);
});

Deno.test("what no PDF can be made of is refused, not left out", async () => {
  const writer = await createPdfWriter();
  await assert.rejects(
    writer.draw('<svg viewBox="0 0 9 9" width="9" height="9"><image href="x"/></svg>'),
    /A figure has <image>, which no PDF is made of\./,
  );
});

Deno.test("widths on paper have names and units", () => {
  assert.deepEqual(["one-column", "two-column", "90.5mm"].map(parseFigureWidthMm), [84, 178, 90.5]);
  for (const text of ["84", "8.4cm", "3mm", "column", ""]) {
    assert.throws(() => parseFigureWidthMm(text), /is neither one-column nor two-column nor/);
  }
});

Deno.test("over a folder of results the formats are made in each experiment", async () => {
  await using folder = await temporaryFolder();
  await writeSweep(join(folder.path, "a"), { ...SMALL, durationMs: 10_000 });
  await Deno.mkdir(join(folder.path, "b"));
  await Deno.writeTextFile(join(folder.path, "b/experiment.json"), "{");
  const { status, stdout, stderr } = await runScript("scripts/report.ts", [
    folder.path,
    ..."--png --style paper --figure-width two-column".split(" "),
  ]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /lists 1 experiments; not readable: b/);
  const document = parsePage(await Deno.readTextFile(join(folder.path, "index.html")));
  const links = [...document.querySelectorAll(".files a")];
  assert.deepEqual(links.map(({ textContent }) => textContent).slice(0, 4), [
    "Data",
    "SVG",
    "PNG",
    "PDF",
  ]);
  for (const link of links) await Deno.stat(join(folder.path, link.getAttribute("href")!));
});
