/**
 * Takes a picture of the live page while an experiment runs, in headless Chromium, which must be
 * installed: that of the guide. What follows the number of seconds is what the loader is called
 * with:
 *
 *     deno run -P scripts/capture_live.ts docs/images/live.png 40 burst --rps 40 --duration 60s
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

/** Wide enough for two charts in a row. */
const WIDTH = 1280;

const [picture, seconds, ...args] = Deno.args;
if (picture === undefined || !(Number(seconds) > 0) || args.length === 0) {
  console.error("Expected a name for the picture, seconds of the run, and an experiment.");
  Deno.exit(2);
}
const output = await Deno.makeTempDir({ prefix: "loader-capture-" });
const loader = new Deno.Command(Deno.execPath(), {
  args: ["run", "-q", "-P", "--v8-flags=--max-semi-space-size=4", "loader.ts"]
    .concat(args, "--live", "--output", `${output}/results`),
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  stdout: "null",
  stderr: "piped",
}).spawn();
try {
  let said = "";
  for await (const text of loader.stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    const url = /Live: +(http:\S+)/.exec(said)?.[1];
    if (url === undefined) continue;
    await capture(url);
    break;
  }
} finally {
  try {
    loader.kill("SIGINT");
  } catch {
    // It has ended.
  }
  await loader.stderr.cancel().catch(() => {});
  await loader.status;
  await Deno.remove(output, { recursive: true });
}

async function capture(url: string): Promise<void> {
  const browser = await puppeteer.launch({
    executablePath: Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
    headless: true,
  });
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: WIDTH, height: 1000 });
    await page.goto(url);
    const samples = "Number(document.querySelector('#charts').dataset.samples)";
    await page.waitForFunction(`${samples} >= ${Number(seconds)}`, { timeout: 0 });
    await page.screenshot({ path: resolve(picture) as `${string}.png`, fullPage: true });
  } finally {
    await browser.close();
  }
}
