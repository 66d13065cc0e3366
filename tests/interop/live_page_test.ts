/**
 * The live page in a real Chromium: what the browser makes of it while an experiment runs, and
 * after. Needs Debian's `chromium`, or one that CHROMIUM names.
 */
import assert from "node:assert/strict";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { Script, temporaryFolder } from "../support/script.ts";
import { peerTest } from "./interop_test_case.ts";

const CHROMIUM = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";
const NEEDS = { needs: [CHROMIUM] };

/** A page, with everything that a developer would see go wrong. */
class WatchedPage implements AsyncDisposable {
  readonly faults: string[] = [];

  private constructor(readonly browser: Browser, readonly page: Page) {
    page.on("console", (message) => {
      if (["error", "warn"].includes(message.type())) this.faults.push(message.text());
    });
    page.on("pageerror", (error) => this.faults.push(String(error)));
    page.on("requestfailed", (request) => {
      this.faults.push(`${request.url()}: ${request.failure()?.errorText}`);
    });
    page.on("request", (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) {
        this.faults.push(`asks for ${request.url()}`);
      }
    });
  }

  static async open(url: string): Promise<WatchedPage> {
    const browser = await puppeteer.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--disable-gpu", "--no-first-run"],
      headless: true,
    });
    const watched = new WatchedPage(browser, await browser.newPage());
    await watched.page.setViewport({ width: 1280, height: 1000 });
    await watched.page.goto(url);
    return watched;
  }

  /** Waits until an expression holds in the page. */
  async until(expression: string): Promise<void> {
    await this.page.waitForFunction(expression, { timeout: 90_000 });
  }

  async text(selector: string): Promise<string> {
    return await this.page.$eval(selector, (element) => element.textContent ?? "");
  }

  /** The value of a tile. */
  async tile(name: string): Promise<string> {
    const tiles = await this.page.$$eval(
      "#tiles > div",
      (boxes) => boxes.map((box) => [...box.children].map(({ textContent }) => textContent ?? "")),
    );
    return tiles.find(([term]) => term === name)![1];
  }

  /** Pixels of a chart that are not background. */
  async drawn(chart: string): Promise<number> {
    return await this.evaluate(`(() => {
      const canvas = document.querySelector("#chart-${chart} canvas");
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    })()`);
  }

  /** A number or a text that an expression is in the page, whose types are not ours. */
  async evaluate<T>(expression: string): Promise<T> {
    return await this.page.evaluate(expression) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
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
    assert.match(await watched.tile("Target"), /^[\d.]+ \/s$/);
    assert.match(await watched.tile("Phase"), /^(warmup|measurement)$/);
    assert.match(await watched.tile("Ready instances"), /^\d+$/);
    assert.match(await watched.text("#status"), /^burst: \d+ s left$/);
    assert.ok(await watched.drawn("rates") > 1000);
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
