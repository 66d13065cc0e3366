import assert from "node:assert/strict";
import { RealClock } from "../../lib/clock/clock.ts";
import { VirtualClock } from "../../lib/clock/virtual_clock.ts";
import type { Scraper } from "../../lib/model/platform.ts";
import type { Cell } from "../../lib/model/table.ts";
import { PROCESSES, SCALES } from "../../lib/store/schema/tables.ts";
import { describeFailedScrapes, runScrapeLoop } from "../../lib/scrape/scrape_loop.ts";

function fakeScraper(scrape: Scraper["scrape"], options: Partial<Scraper> = {}): Scraper {
  const row = (count: number | null) => ({
    table: PROCESSES,
    cells: ["loader", count, null, null, null],
  });
  return {
    name: "fake",
    tables: [PROCESSES],
    everyMs: 100,
    timeoutMs: 50,
    gap: () => [row(null)],
    ...options,
    scrape: (signal) => scrape(signal),
  };
}

function rowsOf(count: number) {
  return [{ table: PROCESSES, cells: ["loader", count, null, null, null] }];
}

/** Runs the loop on virtual time until `untilMs`. */
async function runVirtually(scraper: Scraper, clock: VirtualClock, untilMs: number) {
  const rows: (readonly Cell[])[] = [];
  const controller = new AbortController();
  let loop: Promise<unknown> | undefined;
  await clock.run((stop) => {
    loop = runScrapeLoop({
      clock,
      scrapers: [scraper],
      sinks: { processes: { write: (row) => rows.push(row) } },
      runStartMs: 100,
      signal: controller.signal,
    });
    clock.at(untilMs, () => {
      controller.abort();
      stop();
    });
  });
  await loop;
  return rows;
}

Deno.test("scrapes at fixed times from the first at once, in run time", async () => {
  let count = 0;
  const rows = await runVirtually(
    fakeScraper(() => Promise.resolve(rowsOf(++count))),
    new VirtualClock(),
    350,
  );
  assert.deepEqual(rows.map((row) => [row[0], row[2]]), [[-100, 1], [0, 2], [100, 3], [200, 4]]);
});

Deno.test("a failed scrape leaves a gap and the next comes at its time", async () => {
  let count = 0;
  const rows = await runVirtually(
    fakeScraper(() => ++count === 2 ? Promise.reject(new Error("no")) : Promise.resolve(rowsOf(1))),
    new VirtualClock(),
    250,
  );
  assert.deepEqual(rows.map((row) => [row[0], row[2]]), [[-100, 1], [0, null], [100, 1]]);
});

Deno.test("the loop writes what a scrape took", async () => {
  const [row] = await runVirtually(
    fakeScraper(() => Promise.resolve(rowsOf(1))),
    new VirtualClock(),
    50,
  );
  assert.equal(row.length, PROCESSES.columns.length);
  assert.equal(row.at(-1), 0);
});

Deno.test("a scrape that takes too long is aborted and leaves a gap", async () => {
  const controller = new AbortController();
  const rows: (readonly Cell[])[] = [];
  let aborted = false;
  const tallies = await runScrapeLoop({
    clock: new RealClock(),
    scrapers: [
      fakeScraper((signal) => {
        signal.addEventListener("abort", () => aborted = true);
        return new Promise(() => {});
      }, { timeoutMs: 5 }),
    ],
    sinks: {
      processes: {
        write(row) {
          rows.push(row);
          controller.abort();
        },
      },
    },
    runStartMs: 0,
    signal: controller.signal,
  });
  assert.ok(aborted);
  assert.equal(rows[0][2], null);
  assert.deepEqual(describeFailedScrapes(tallies), [
    "1 of 1 scrapes of processes failed: no answer within 0.005 s.",
  ]);
});

Deno.test("the end waits for the scrape that is out", async () => {
  const controller = new AbortController();
  const rows: (readonly Cell[])[] = [];
  const answer = Promise.withResolvers<ReturnType<typeof rowsOf>>();
  const asked = Promise.withResolvers<void>();
  const loop = runScrapeLoop({
    clock: new RealClock(),
    scrapers: [
      fakeScraper(() => {
        asked.resolve();
        return answer.promise;
      }, { timeoutMs: 60_000 }),
    ],
    sinks: { processes: { write: (row) => rows.push(row) } },
    runStartMs: 0,
    signal: controller.signal,
  });
  await asked.promise;
  controller.abort();
  answer.resolve(rowsOf(7));
  await loop;
  assert.equal(rows[0][2], 7);
});

Deno.test("scrapes that failed are counted for each scraper, with the reason of the first", async () => {
  const clock = new VirtualClock();
  let count = 0;
  const fails = (failure: Error) => () => ++count % 2 === 0 ? failing(failure) : rows();
  const failing = (failure: Error) => Promise.reject(failure);
  const rows = () => Promise.resolve(rowsOf(1));
  const stop = new AbortController();
  const scrapers = [
    fakeScraper(rows),
    fakeScraper(fails(new Error("it was away.")), { everyMs: 10, tables: [PROCESSES, SCALES] }),
  ];
  let loop = runScrapeLoop({ clock, scrapers: [], sinks: {}, runStartMs: 0, signal: stop.signal });
  await clock.run((end) => {
    loop = runScrapeLoop({ clock, scrapers, sinks: {}, runStartMs: 0, signal: stop.signal });
    clock.at(35, () => {
      stop.abort();
      end();
    });
  });
  assert.deepEqual(describeFailedScrapes(await loop), [
    "2 of 4 scrapes of processes and scales failed: it was away.",
  ]);
});
