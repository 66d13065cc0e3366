/**
 * Reports in a real Chromium: every kind of answer, the index, a comparison and the page of a
 * trace's doctor, each as a reader has it: values at the points, dark, narrow, on paper. Needs
 * Debian's `chromium`, or one that CHROMIUM names.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runScript, type TemporaryFolder, temporaryFolder } from "../support/script.ts";
import { peerTest } from "./interop_test_case.ts";
import { CHROMIUM, WatchedPage } from "./watched_page.ts";

const NEEDS = { needs: [CHROMIUM] };

const SIMULATED = "--platform simulator";

/** An experiment of each kind of answer, as small as it may be. */
const EXPERIMENTS: readonly (readonly [script: string, args: string])[] = [
  ["trace_sweep", `${SIMULATED} --sizes 3,6 --repetitions 2 --duration 20s`],
  ["rps_ramp", `${SIMULATED} --start 20 --end 60 --step 20 --slot 3s`],
  ["burst", SIMULATED],
  ["cold_start", SIMULATED],
  ["keep_alive", "--policies fixed-10min,oracle"],
  ["convergence", "--sizes 10,20 --samples 3"],
  ["prior_works", `${SIMULATED} --repetitions 1`],
  ["single", SIMULATED],
  ["capacity", SIMULATED],
];

/** Every page that there is, in a folder of results. */
async function makePages(folder: TemporaryFolder): Promise<string[]> {
  const results = folder.path;
  const run = async (script: string, args: readonly string[]) => {
    const { status, stderr } = await runScript(script, args);
    assert.equal(status, 0, `${script}: ${stderr}`);
  };
  for (const [name, args] of EXPERIMENTS) {
    await run(`experiments/${name}.ts`, [
      ...args.split(" "),
      "--output",
      join(results, name),
    ]);
  }
  await run("scripts/compare.ts", [join(results, "burst"), join(results, "burst")]);
  await run("scripts/trace_doctor.ts", [
    "data/azure_2019_synthetic",
    "--output",
    join(results, "doctor.html"),
  ]);
  await run("scripts/report.ts", [results]);
  return [
    ...EXPERIMENTS.map(([name]) => `${name}/report.html`),
    "burst/compare/compare.html",
    "doctor.html",
    "index.html",
  ];
}

peerTest(
  "reports: every page works for pointers and keys, dark, narrow and printed",
  NEEDS,
  async (t) => {
    await using folder = await temporaryFolder();
    for (const page of await makePages(folder)) {
      await t.step(page, async () => {
        await using watched = await WatchedPage.open(pathToFileURL(join(folder.path, page)).href);
        await checkFigures(watched, page);
        await checkDark(watched);
        await checkNarrow(watched);
        await checkPrint(watched);
        assert.deepEqual(watched.faults, []);
      });
    }
  },
);

async function checkFigures(watched: WatchedPage, page: string): Promise<void> {
  const { page: tab } = watched;
  if (page === "index.html") {
    const sizes = "[...document.images].map(({ naturalWidth }) => naturalWidth)";
    const widths = await watched.evaluate<number[]>(sizes);
    assert.ok(widths.length > 3 && widths.every((width) => width > 100), `${widths}`);
    return;
  }
  // What is folded away is of the same kind.
  const count = await watched.evaluate<number>(`(() => {
    window.shown = [...document.querySelectorAll("figure svg[tabindex='0']")]
      .filter((svg) => svg.checkVisibility());
    return shown.length;
  })()`);
  assert.ok(count > 0, `${page} has no figure that tells values`);
  for (let i = 0; i < count; i++) {
    const told = () =>
      watched.evaluate<string>(`(() => {
        const tip = shown[${i}].closest("figure").querySelector(".tip");
        return tip.hidden ? "" : tip.innerText;
      })()`);
    await watched.evaluate(`shown[${i}].focus()`);
    assert.equal(await told(), "");
    await tab.keyboard.press("ArrowRight");
    assert.match(await told(), /\S[^]*: /, `${page} tells nothing to the keyboard`);
    await tab.keyboard.press("End");
    assert.notEqual(await told(), "");
    await tab.keyboard.press("Escape");
    assert.equal(await told(), "");
  }
  await checkHover(watched);
}

/** Under the pointer is the value of the point there, and nothing away from points. */
async function checkHover(watched: WatchedPage): Promise<void> {
  const place = await watched.evaluate<{ x: number; y: number }>(`(() => {
    const svg = document.querySelector("figure svg[tabindex='0']");
    svg.scrollIntoView({ block: "center" });
    const [left, top] = svg.querySelector(".hits > path").getAttribute("d").slice(1, -2).split(",");
    const { x, y } = new DOMPoint(Number(left), Number(top)).matrixTransform(svg.getScreenCTM());
    return { x, y };
  })()`);
  const tip = "document.querySelector('figure .tip:not([hidden])')?.innerText ?? ''";
  await watched.page.mouse.move(place.x, place.y);
  assert.match(await watched.evaluate<string>(tip), /\d/);
  // The mark is where the point is.
  const apart = await watched.evaluate<number>(`(() => {
    const { x, y, width, height } = document.querySelector(".tip-marks circle")
      .getBoundingClientRect();
    return Math.abs(x + width / 2 - ${place.x});
  })()`);
  assert.ok(apart < 3, `${apart} pixels from the pointer`);
  await watched.page.mouse.move(1, 1);
  assert.equal(await watched.evaluate<string>(tip), "");
}

async function checkDark({ page }: WatchedPage): Promise<void> {
  const colors = async () =>
    await page.evaluate(
      "['color', 'backgroundColor'].map((name) => getComputedStyle(document.body)[name]).join()",
    );
  const light = await colors();
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  assert.notEqual(await colors(), light);
  await page.emulateMediaFeatures([]);
}

async function checkNarrow(watched: WatchedPage): Promise<void> {
  await watched.page.setViewport({ width: 400, height: 800 });
  const overflow = "document.documentElement.scrollWidth - innerWidth";
  assert.ok(await watched.evaluate<number>(overflow) <= 0);
  await watched.page.setViewport({ width: 1280, height: 1000 });
}

async function checkPrint({ page }: WatchedPage): Promise<void> {
  const pdf = await page.pdf({ format: "A4" });
  assert.equal(new TextDecoder().decode(pdf.subarray(0, 5)), "%PDF-");
  assert.ok(pdf.length > 10_000);
}
