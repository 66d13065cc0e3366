import assert from "node:assert/strict";
import { VirtualClock } from "../../lib/clock/virtual_clock.ts";
import { PROCESSES } from "../../lib/store/schema/tables.ts";
import { runScrapeLoop } from "../../lib/scrape/scrape_loop.ts";

/** Scrapes of a loop that begins at some time and lasts half a minute; more than it may are too many. */
async function countScrapes(beginMs: number, everyMs: number, most: number): Promise<number> {
  const clock = new VirtualClock();
  const controller = new AbortController();
  let scrapes = 0;
  await clock.run((stop) => void clock.at(beginMs, stop));
  let loop: Promise<unknown> | undefined;
  await clock.run((stop) => {
    const end = () => {
      controller.abort();
      stop();
    };
    loop = runScrapeLoop({
      clock,
      scrapers: [{
        name: "fake",
        tables: [PROCESSES],
        everyMs,
        timeoutMs: everyMs,
        scrape: () => {
          if (++scrapes > most) end();
          return Promise.resolve([]);
        },
        gap: () => [],
      }],
      sinks: {},
      runStartMs: beginMs,
      signal: controller.signal,
    });
    clock.at(beginMs + 30_000 - everyMs / 2, end);
  });
  await loop;
  return scrapes;
}

Deno.test("scrape loop: virtual time goes on whatever time it began at", async () => {
  for (let i = 0; i < 300; i++) {
    // Times at which sums and quotients of doubles are rounded.
    const beginMs = 1000 / 3 + i * 97.13;
    assert.equal(await countScrapes(beginMs, 1000, 60), 30, `from ${beginMs} ms`);
  }
});
