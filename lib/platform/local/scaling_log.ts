import type { ScrapedRow, Scraper } from "../../model/platform.ts";
import { AUTOSCALER } from "../../store/schema/tables.ts";
import type { GatewayScalingStep } from "./control.ts";

/** Keeps what the gateway told of its autoscaler until the next scrape takes it. */
export class ScalingLog {
  readonly #originUnixMs: number;
  #steps: GatewayScalingStep[] = [];

  /** @param originUnixMs of the platform's clock */
  constructor(originUnixMs: number) {
    this.#originUnixMs = originUnixMs;
  }

  add(steps: readonly GatewayScalingStep[]): void {
    this.#steps.push(...steps);
  }

  /** Takes what was told since the last scrape; nothing of it is lost where one fails. */
  createScraper(everyMs: number): Scraper {
    return {
      name: "autoscaler",
      tables: [AUTOSCALER],
      everyMs,
      timeoutMs: everyMs,
      scrape: () => {
        const steps = this.#steps;
        this.#steps = [];
        return Promise.resolve(steps.map((step) => this.#rowOf(step)));
      },
      gap: () => [],
    };
  }

  #rowOf(step: GatewayScalingStep): ScrapedRow {
    const head = [step.timeMs, step.functionId, step.step];
    return {
      table: AUTOSCALER,
      timeMs: step.unixMs - this.#originUnixMs,
      cells: [...head, ...cellsOf(step)],
    };
  }
}

function cellsOf(step: GatewayScalingStep): ScrapedRow["cells"] {
  switch (step.step) {
    case "arrival":
      return [null, null, null, null, null, null];
    case "report":
      return [1000 * step.concurrency, null, null, null, null, null];
    default: {
      const { stable, panic, panicking, desired } = step.decision;
      return [null, step.ready, 1000 * stable, 1000 * panic, panicking, desired];
    }
  }
}
