import type { ScrapedRow, Scraper } from "../../../model/platform.ts";
import { SCALES } from "../../../store/schema/tables.ts";

/** Desired and actual scale of a function. */
export interface Scale {
  /** `null`: the autoscaler has not decided. */
  readonly desired: number | null;
  readonly actual: number | null;
}

interface Change extends Scale {
  readonly timeMs: number;
  readonly functionId: string;
}

/** Keeps the scales of functions as they are told, and their changes until a scrape takes them. */
export class ScaleLog {
  readonly #scales = new Map<string, Scale>();
  #changes: Change[] = [];

  /** @param timeMs on the platform's clock */
  see(functionId: string, scale: Scale, timeMs: number): void {
    const before = this.#scales.get(functionId);
    if (before?.desired === scale.desired && before?.actual === scale.actual) return;
    this.#scales.set(functionId, scale);
    this.#changes.push({ ...scale, timeMs, functionId });
  }

  /**
   * The first scrape tells how all functions stand, the others every change at the
   * time that it was told.
   */
  createScraper(everyMs: number): Scraper {
    let isFirst = true;
    return {
      name: "scales",
      tables: [SCALES],
      everyMs,
      timeoutMs: everyMs,
      scrape: () => {
        const changes = this.#changes;
        this.#changes = [];
        const rows: ScrapedRow[] = isFirst
          ? [...this.#scales].map(([functionId, { desired, actual }]) => ({
            table: SCALES,
            cells: [functionId, desired, actual],
          }))
          : changes.map(({ timeMs, functionId, desired, actual }) => ({
            table: SCALES,
            timeMs,
            cells: [functionId, desired, actual],
          }));
        isFirst = false;
        return Promise.resolve(rows);
      },
      gap: () => [],
    };
  }
}
