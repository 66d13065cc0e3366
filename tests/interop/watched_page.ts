import puppeteer, { type Browser, type Page } from "puppeteer-core";

/** Debian's, or another that is named. */
export const CHROMIUM = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

/** A page, with everything that a developer would see go wrong. */
export class WatchedPage implements AsyncDisposable {
  readonly faults: string[] = [];

  private constructor(readonly browser: Browser, readonly page: Page) {
    page.on("console", (message) => {
      if (["error", "warn"].includes(message.type())) this.faults.push(message.text());
    });
    page.on("pageerror", (error) => this.faults.push(String(error)));
    page.on("requestfailed", (request) => {
      const { errorText } = request.failure() ?? {};
      // A page ends its stream of events itself, before the server or after it, when all is told.
      if (request.url().endsWith("/events") && errorText === "net::ERR_ABORTED") return;
      this.faults.push(`${request.url()}: ${errorText}`);
    });
    page.on("request", (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|file:|data:|blob:)/.test(request.url())) {
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

  /** A number or a text that an expression is in the page, whose types are not ours. */
  async evaluate<T>(expression: string): Promise<T> {
    return await this.page.evaluate(expression) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
}
