import assert from "node:assert/strict";
import { join } from "node:path";
import { createPlotter, DARK_PALETTE, PALETTE } from "../../../lib/report/plot/plotter.ts";
import { renderTracePage } from "../../../lib/report/trace/trace_page.ts";
import { diagnoseTrace } from "../../../lib/trace/doctor/diagnose_trace.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { parsePage } from "../../support/parsed_page.ts";
import { PROJECT, runScript, temporaryFolder } from "../../support/script.ts";
import {
  csv,
  DURATIONS_HEADER,
  INVOCATIONS_HEADER,
  nameFiles,
  SMALL_TRACE,
  temporaryFiles,
} from "../../support/trace_files.ts";

const SCRIPT = "scripts/trace_doctor.ts";
const SAMPLE = join(PROJECT, "data/azure_2019_synthetic");

/** A function without durations, a runtime beyond 60 s, a row that nothing uses. */
const FAULTY = nameFiles({
  ...SMALL_TRACE,
  invocations: csv(INVOCATIONS_HEADER, "o,a,f,http,1,0,2", "o,a,g,timer,0,3,0", "o,a,h,http,1,1,1"),
  durations: csv(
    DURATIONS_HEADER,
    "o,a,f,90000,3,80000,100000,80000,81000,85000,90000,95000,99000,100000",
    "o,a,g,200,3,100,300,100,110,150,200,250,290,300",
    "o,a,x,200,3,100,300,100,110,150,200,250,290,300",
  ),
});

Deno.test("the page has every figure with its numbers, and needs nothing beside itself", async () => {
  const trace = await readTrace(SAMPLE);
  const plotter = await createPlotter();
  const text = renderTracePage(diagnoseTrace(trace), ["deno", "task"], plotter).page;
  const page = parsePage(text);
  const figures = [...page.querySelectorAll("figure")];
  assert.deepEqual(figures.map((figure) => figure.querySelector("h4")?.textContent), [
    "Invocations over time",
    "Offered concurrency",
    "Rate of each function",
    "Share of the busiest functions",
    "Runtime",
    "Memory",
    "Counts beside a Poisson process",
    "Functions invoked as by a timer",
  ]);
  for (const figure of figures) {
    assert.ok(figure.querySelector("svg"));
    assert.ok([...figure.querySelectorAll("details.data tbody tr")].length > 0);
  }
  assert.doesNotMatch(text, /<(link|img)|<script[^>]+src|url\(|@import/);
  assert.equal(text, renderTracePage(diagnoseTrace(trace), ["deno", "task"], plotter).page);
});

Deno.test("each colour of a figure has another on a dark page", async () => {
  const trace = await readTrace(SAMPLE, { size: 20 });
  const text = renderTracePage(diagnoseTrace(trace), [], await createPlotter()).page;
  const known = new Set<string>([...Object.values(PALETTE), "white"]);
  const colors = [...text.matchAll(/(?:fill|stroke)="(#\w+|[a-z]+)"/g)].map(([, color]) => color)
    .filter((color) => !["none", "currentColor"].includes(color));
  assert.deepEqual(colors.filter((color) => !known.has(color)), []);
  for (const color of Object.values(DARK_PALETTE)) assert.ok(text.includes(`: ${color};`), color);
});

Deno.test("the script tells what it finds, where, and what it means", async () => {
  await using folder = await temporaryFiles(FAULTY);
  const page = join(folder.path, "page.html");
  const { status, stdout, stderr } = await runScript(SCRIPT, [folder.path, "--output", page]);
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.match(stdout, /LOSS: function without durations \(1 place\): function left out\./);
  assert.match(stdout, /Such as invocations\.csv:4 o\/a\/h/);
  assert.match(stdout, /APPROXIMATE: runtime above 60 s \(3 of 6 invocations\): 60 s asked for\./);
  assert.match(stdout, /HARMLESS: row of durations without invocations/);
  const remarks = [...parsePage(await Deno.readTextFile(page)).querySelectorAll(".remark h3")]
    .map(({ textContent }) => textContent.replace(/\s+/g, " ").trim());
  assert.equal(remarks[0], "loss Function without durations");
});

Deno.test("a strict look exits with 3 where a trace is not sound, and says so in JSON", async () => {
  await using folder = await temporaryFiles(FAULTY);
  const page = join(folder.path, "page.html");
  const strict = await runScript(SCRIPT, [folder.path, "--output", page, "--strict", "--json"]);
  assert.equal(strict.status, 3);
  const summary = JSON.parse(strict.stdout);
  assert.equal(summary.kind, "trace-diagnosis");
  assert.equal(summary.isSound, false);
  assert.deepEqual(
    summary.remarks.map(({ severity }: { severity: string }) => severity),
    ["loss", "approximate", "harmless"],
  );
  await using results = await temporaryFolder();
  const output = ["--output", join(results.path, "page.html")];
  const sound = await runScript(SCRIPT, [SAMPLE, "--strict", ...output]);
  assert.equal(sound.status, 0);
});

Deno.test("mistakes are told in a sentence, with status 2", async () => {
  const unnamed = await runScript(SCRIPT, ["--strict"]);
  assert.equal(unnamed.status, 2);
  assert.match(unnamed.stderr, /^Error: Name the folder or the file of a trace first[^\n]+\n$/);
  const outside = await runScript(SCRIPT, [SAMPLE, "--window", "1440.."]);
  assert.equal(outside.status, 2);
  const absent = await runScript(SCRIPT, [join(SAMPLE, "absent")]);
  assert.equal(absent.status, 2);
});
