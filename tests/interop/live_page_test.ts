/**
 * The live page in a real Chromium: what the browser makes of it while an experiment runs, and
 * after. Needs Debian's `chromium`, or one that CHROMIUM names.
 */
import assert from "node:assert/strict";
import { Script, temporaryFolder } from "../support/script.ts";
import { peerTest } from "./interop_test_case.ts";
import { CHROMIUM, WatchedPage } from "./watched_page.ts";

const NEEDS = { needs: [CHROMIUM] };

/** The value of a tile. */
async function tileOf({ page }: WatchedPage, name: string): Promise<string> {
  const tiles = await page.$$eval(
    "#tiles > div",
    (boxes) => boxes.map((box) => [...box.children].map(({ textContent }) => textContent ?? "")),
  );
  return tiles.find(([term]) => term === name)![1];
}

/** Pixels of a chart that are not background. */
async function drawnIn(watched: WatchedPage, chart: string): Promise<number> {
  return await watched.evaluate(`(() => {
    const canvas = document.querySelector("#chart-${chart} canvas");
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    return data.filter((value, i) => i % 4 === 3 && value > 0).length;
  })()`);
}

async function urlOf(script: Script): Promise<string> {
  return (await script.said(/Live: +(http:\S+)/))[1];
}

const LOAD = "--rps 10 --slot 200ms --burst 10 --runtime 5ms --drain 20s --live".split(" ");

peerTest(
  "live page: the past, the present, a reload, dark and narrow, the end",
  NEEDS,
  async () => {
    await using folder = await temporaryFolder();
    const output = `${folder.path}/burst`;
    const args = [...LOAD, "--duration", "12s", "--output", output];
    await using script = Script.start("experiments/burst.ts", args);
    await using watched = await WatchedPage.open(await urlOf(script));
    const { page } = watched;
    const samples = "Number(document.querySelector('#charts').dataset.samples)";
    await watched.until(`${samples} >= 3`);
    const progress = "document.querySelector('#progress').value";
    const before = await watched.evaluate<number>(progress);
    assert.ok(before > 0);
    assert.match(await tileOf(watched, "Target"), /^[\d.]+ \/s$/);
    assert.match(await tileOf(watched, "Phase"), /^(warmup|measurement)$/);
    assert.match(await tileOf(watched, "Ready instances"), /^\d+$/);
    assert.match(await watched.text("#status"), /^burst: \d+ s left$/);
    assert.ok(await drawnIn(watched, "rates") > 1000);
    // The numbers move.
    await watched.until(`${progress} > ${before}`);

    // A reload begins with the past.
    const known = await watched.evaluate<number>(samples);
    await page.reload();
    await watched.until(`${samples} >= ${known}`);
    assert.ok(await watched.evaluate<number>(samples) >= known);

    // Dark, and as narrow as a phone.
    const ink = async () => await watched.evaluate<string>("getComputedStyle(document.body).color");
    const light = await ink();
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    assert.notEqual(await ink(), light);
    await page.setViewport({ width: 400, height: 800 });
    const overflow = "document.documentElement.scrollWidth - innerWidth";
    await watched.until(`${overflow} <= 0`);
    const widths = "[...document.querySelectorAll('canvas')].map((c) => c.clientWidth)";
    await watched.until(`${widths}.every((width) => width > 200 && width <= 400)`);

    // The end, with the report, which is there when the server is not.
    await page.waitForSelector("#report", { timeout: 90_000 });
    const { status, stderr } = await script.result;
    assert.equal(status, 0, stderr);
    assert.match(await watched.text("#status"), /^The experiment has ended: finished\. Report/);
    assert.match(await watched.text("#ended-runs"), /^burstfinished/);
    const opened = watched.browser.waitForTarget((target) => target.url().startsWith("blob:"));
    await page.click("#report");
    const report = (await (await opened).page())!;
    await report.waitForSelector("#verdict");
    // With its own styles.
    const style = "getComputedStyle(document.querySelector('#verdict')).borderLeftStyle";
    assert.equal(await report.evaluate(style), "solid");
    assert.deepEqual(watched.faults, []);
  },
);

peerTest("live page: one run after the other, and Ctrl-C", NEEDS, async () => {
  await using folder = await temporaryFolder();
  const args = "--start 5 --step 1 --end 40 --slot 3s --runtime 5ms --functions 2 --live"
    .split(" ");
  await using script = Script.start("experiments/rps_ramp.ts", [
    ...args,
    "--output",
    `${folder.path}/ramp`,
  ]);
  await using watched = await WatchedPage.open(await urlOf(script));
  await watched.until("document.querySelector('#ended-runs').rows.length >= 2");
  assert.match(await watched.text("#ended-runs"), /rate-6.*rate-5/);
  script.kill("SIGINT");
  await watched.page.waitForSelector("#report", { timeout: 90_000 });
  assert.match(await watched.text("#status"), /^The experiment has ended: interrupted\. Report/);
  const { status, stderr } = await script.result;
  assert.equal(status, 130, stderr);
  assert.deepEqual(watched.faults, []);
});
