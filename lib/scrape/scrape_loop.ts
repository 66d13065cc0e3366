import { errorMessage } from "../base/error.ts";
import { untilAborted } from "../base/signal.ts";
import type { Clock, TimerHandle } from "../clock/clock.ts";
import { Deadline } from "../clock/deadline.ts";
import type { ScrapedRow, Scraper } from "../model/platform.ts";
import type { Cell, Table, TableSink } from "../model/table.ts";

/** Options of {@linkcode runScrapeLoop}. */
export interface ScrapeLoopOptions {
  readonly clock: Clock;
  readonly scrapers: readonly Scraper[];
  /** Where the rows of each table go, by its name; rows of other tables are left out. */
  readonly sinks: Readonly<Record<string, TableSink | undefined>>;
  /** Run start on the clock: time 0 of the rows. */
  readonly runStartMs: number;
  /** Ends the loop. */
  readonly signal: AbortSignal;
}

/** What became of the scrapes of one scraper. */
export interface ScrapeTally {
  /** The tables that it adds rows to. */
  readonly tables: readonly string[];
  readonly scrapes: number;
  /** How many of them left a gap. */
  readonly failed: number;
  /** Why the first of these did; `null` without any. */
  readonly firstFailure: string | null;
}

/**
 * Scrapes each scraper at fixed times, the first at once, until the signal
 * aborts; resolves when what was out by then is written. A scrape that fails or
 * takes longer than it may leaves a gap (nulls). A scraper never overlaps with
 * itself: times that come by during a scrape are left out.
 */
export async function runScrapeLoop(options: ScrapeLoopOptions): Promise<readonly ScrapeTally[]> {
  return await Promise.all(options.scrapers.map((scraper) => runScraper(scraper, options)));
}

/** A sentence for each scraper that left gaps. */
export function describeFailedScrapes(tallies: readonly ScrapeTally[]): string[] {
  return tallies.filter(({ failed }) => failed > 0)
    .map(({ tables, scrapes, failed, firstFailure }) =>
      `${failed} of ${scrapes} scrapes of ${tables.join(" and ")} failed: ` +
      `${firstFailure!.replace(/[.…]$/, "")}.`
    );
}

async function runScraper(scraper: Scraper, options: ScrapeLoopOptions): Promise<ScrapeTally> {
  const tables = scraper.tables.map(({ name }) => name);
  let scrapes = 0;
  let failed = 0;
  let firstFailure: string | null = null;
  await scrapeAgainAndAgain(scraper, options, (failure) => {
    scrapes++;
    if (failure === null) return;
    failed++;
    firstFailure ??= failure;
  });
  return { tables, scrapes, failed, firstFailure };
}

function scrapeAgainAndAgain(
  scraper: Scraper,
  options: ScrapeLoopOptions,
  onScraped: (failure: string | null) => void,
): Promise<void> {
  const { clock, signal } = options;
  const { promise, resolve } = Promise.withResolvers<void>();
  const firstMs = clock.nowMs();
  let timer: TimerHandle | null = null;
  let scraping = false;
  const onAbort = () => {
    timer?.cancel();
    if (!scraping) resolve();
  };
  const arm = (dueMs: number) => {
    timer = clock.at(dueMs, async () => {
      scraping = true;
      onScraped(await scrapeOnce(scraper, options));
      scraping = false;
      if (signal.aborted) return resolve();
      const nowMs = clock.nowMs();
      let periods = Math.floor((nowMs - firstMs) / scraper.everyMs) + 1;
      // A quotient that was rounded down would ask for the time that it is already, for ever.
      while (firstMs + periods * scraper.everyMs <= nowMs) periods++;
      arm(firstMs + periods * scraper.everyMs);
    });
  };
  if (signal.aborted) return Promise.resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  arm(firstMs);
  return promise;
}

/** @returns why it left a gap; `null` if it did not */
async function scrapeOnce(scraper: Scraper, options: ScrapeLoopOptions): Promise<string | null> {
  const { clock, sinks, runStartMs } = options;
  const startMs = clock.nowMs();
  let rows: readonly ScrapedRow[] | null = null;
  let failure: string | null = null;
  {
    using deadline = new Deadline(clock, scraper.timeoutMs);
    try {
      rows = await untilAborted(deadline.signal, scraper.scrape(deadline.signal));
    } catch (error) {
      failure = errorMessage(error);
    }
    if (deadline.hasPassed) failure = `no answer within ${scraper.timeoutMs / 1000} s`;
  }
  const scrapeMs = clock.nowMs() - startMs;
  for (const { table, timeMs = startMs, cells } of rows ?? scraper.gap()) {
    sinks[table.name]?.write([timeMs - runStartMs, ...withCost(table, cells, scrapeMs)]);
  }
  return failure;
}

/** The loop alone knows what a scrape took; a scraper leaves the column empty. */
function withCost(table: Table, cells: readonly Cell[], scrapeMs: number): readonly Cell[] {
  const last = table.columns.length - 2;
  if (table.columns[last + 1].name !== "scrape_ms") return cells;
  return [...cells.slice(0, last), scrapeMs];
}
