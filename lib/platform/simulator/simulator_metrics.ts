import type { ScrapedRow, Scraper } from "../../model/platform.ts";
import type { Cell } from "../../model/table.ts";
import { PLATFORM_METRICS, SCALES } from "../../store/schema/tables.ts";
import type { Scaling } from "./scaling.ts";
import type { SimulatedFunction } from "./simulated_function.ts";

/** What a simulated platform tells of itself. */
export interface MetricsSource {
  readonly functions: readonly SimulatedFunction[];
  readonly scaling: Scaling;
  /** Requests answered so far. */
  readonly answered: () => number;
}

/** Columns after the time, which the loop adds. */
const METRIC_COLUMNS = PLATFORM_METRICS.columns.slice(1);

/** Reads the state of the platform, in the columns that Knative's metrics fill elsewhere. */
export function createSimulatorScraper(source: MetricsSource, everyMs: number): Scraper {
  return {
    name: "platform metrics",
    tables: [PLATFORM_METRICS, SCALES],
    everyMs,
    timeoutMs: everyMs,
    scrape: () => Promise.resolve(derivePlatformRows(source)),
    gap: () => [
      { table: PLATFORM_METRICS, cells: METRIC_COLUMNS.map(() => null) },
      ...source.functions.map(({ functionId }) => ({
        table: SCALES,
        cells: [functionId, null, null],
      })),
    ],
  };
}

function derivePlatformRows({ functions, scaling, answered }: MetricsSource): ScrapedRow[] {
  let desired = 0;
  let actual = 0;
  let notReady = 0;
  let pending = 0;
  const stable = new Average();
  const panic = new Average();
  const concurrency = new Average();
  for (const target of functions) {
    const status = scaling.status(target);
    desired += target.desired;
    actual += target.ready;
    notReady += target.starting;
    pending += target.missing;
    stable.add(status.stable);
    panic.add(status.panic);
    concurrency.add(status.concurrency);
  }
  const cells: Readonly<Record<string, Cell>> = {
    desired_instances: desired,
    requested_instances: actual + notReady + pending,
    actual_instances: actual,
    not_ready_instances: notReady,
    pending_instances: pending,
    stable_concurrency: stable.value,
    panic_concurrency: panic.value,
    activator_concurrency: concurrency.value,
    activator_requests: answered(),
  };
  const rows: ScrapedRow[] = [
    { table: PLATFORM_METRICS, cells: METRIC_COLUMNS.map(({ name }) => cells[name] ?? null) },
  ];
  for (const { functionId, desired, ready } of functions) {
    rows.push({ table: SCALES, cells: [functionId, desired, ready] });
  }
  return rows;
}

/** Over functions; `null` where none has the figure. */
class Average {
  #sum = 0;
  #count = 0;

  add(value: number | null): void {
    if (value === null) return;
    this.#sum += value;
    this.#count++;
  }

  get value(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }
}
