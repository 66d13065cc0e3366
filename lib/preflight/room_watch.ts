import { neverAborted } from "../base/signal.ts";
import type { TimerHandle } from "../clock/clock.ts";
import type { Capacity, Platform } from "../model/platform.ts";
import type { Cell } from "../model/table.ts";
import { PLATFORM_METRICS } from "../store/schema/tables.ts";
import { type InstanceUsage, type Usage, USAGE_KEYS } from "./instance_usage.ts";

/** Instances that were seen waiting because there was no room for them. */
export interface RoomShortage {
  /** When it was first seen, in ms since run start. */
  readonly sinceMs: number;
  /** What there was least of then. */
  readonly limit: keyof Usage;
}

/** Options of {@linkcode RoomWatch}. */
export interface RoomWatchOptions {
  readonly platform: Platform;
  readonly usage: InstanceUsage;
  /** Instances that may be starting: those beyond wait for their turn, and not for room. */
  readonly startsAtOnce: number;
  readonly onShortage: () => void;
}

/** Time between two looks. */
const LOOK_EVERY_MS = 1000;

/**
 * Looks at a platform once a second, until an instance waits for room. A wait
 * between two looks is not seen; what it does to calls is, in their outcomes and
 * slowdowns.
 */
export class RoomWatch implements Disposable {
  readonly #options: RoomWatchOptions;
  #shortage: RoomShortage | null = null;
  #timer: TimerHandle | undefined;
  #isOver = false;

  constructor(options: RoomWatchOptions) {
    this.#options = options;
  }

  /** What was seen so far. */
  get shortage(): RoomShortage | null {
    return this.#shortage;
  }

  begin(runStartMs: number): void {
    this.#arm(runStartMs, 1);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** Times are multiples from the start on: added up, they could stand still by rounding. */
  #arm(runStartMs: number, looks: number): void {
    const sinceMs = looks * LOOK_EVERY_MS;
    this.#timer = this.#options.platform.clock.at(runStartMs + sinceMs, async () => {
      await this.#look(sinceMs);
      if (!this.#isOver && this.#shortage === null) this.#arm(runStartMs, looks + 1);
    });
  }

  async #look(sinceMs: number): Promise<void> {
    const { platform, usage, startsAtOnce, onShortage } = this.#options;
    for (const scraper of platform.scrapers()) {
      const rows = await scraper.scrape(neverAborted());
      const metrics = rows.find(({ table }) => table === PLATFORM_METRICS)?.cells;
      if (metrics === undefined || !waitsForRoom(metrics, startsAtOnce)) continue;
      this.#shortage = { sinceMs, limit: fullestOf(usage.now, platform.capacity) };
      return onShortage();
    }
  }
}

/** Cells come without the time in front. */
const METRICS = PLATFORM_METRICS.columns.slice(1).map(({ name }) => name);
const PENDING = METRICS.indexOf("pending_instances");
const NOT_READY = METRICS.indexOf("not_ready_instances");

function waitsForRoom(metrics: readonly Cell[], startsAtOnce: number): boolean {
  return Number(metrics[PENDING]) > 0 && Number(metrics[NOT_READY]) < startsAtOnce;
}

/** The figure of which the largest part of what there is, is taken. */
function fullestOf(usage: Usage, capacity: Capacity): keyof Usage {
  const shareOf = (key: keyof Usage) =>
    capacity[key] === 0 ? Infinity : usage[key] / (capacity[key] ?? Infinity);
  return USAGE_KEYS.reduce((fullest, key) => shareOf(key) > shareOf(fullest) ? key : fullest);
}
