import { type Clock, wallClockDate } from "../../clock/clock.ts";
import { RUN_LEAD_MS } from "../../invoke/dispatcher.ts";
import { passTime } from "../deployment_session.ts";
import { formatInstant } from "./shard_options.ts";

/** Before its start a run connects and makes its first minute: this long is enough. */
const PREPARATION_MS = 2000;

/** When a run starts that several loaders make together. */
export interface AgreedStart {
  /** Run start, in ms since 1970. */
  readonly unixMs: number;
  /** No function is deployed earlier, so that initial instances are not idle for long. */
  readonly deployUnixMs: number;
}

/**
 * The starts of all runs of an experiment, by a rule that each loader follows on
 * its own: the first run starts at the instant that was given, each other one
 * when the one before has ended at the latest, drain included, and the gap has
 * passed.
 *
 * @example
 * ```ts
 * import { AgreedStarts } from "./agreed_start.ts";
 * const starts = new AgreedStarts({ startAtUnixMs: 1_000_000, drainMs: 10_000, startGapMs: 20_000 });
 * const first = starts.next(60_000);
 * const second = starts.next(60_000);
 * if (first.unixMs !== 1_000_000 || second.unixMs !== 1_090_000) throw new Error();
 * ```
 */
export class AgreedStarts {
  readonly #betweenMs: number;
  readonly #gapMs: number;
  #nextUnixMs: number;

  constructor(
    { startAtUnixMs, drainMs, startGapMs }: {
      readonly startAtUnixMs: number;
      readonly drainMs: number;
      readonly startGapMs: number;
    },
  ) {
    this.#nextUnixMs = startAtUnixMs;
    this.#gapMs = startGapMs;
    this.#betweenMs = drainMs + startGapMs;
  }

  /** The start of the next run, whose schedule takes `durationMs`. */
  next(durationMs: number): AgreedStart {
    const unixMs = this.#nextUnixMs;
    this.#nextUnixMs += durationMs + this.#betweenMs;
    return { unixMs, deployUnixMs: unixMs - this.#gapMs };
  }
}

/** The starts of the runs on one deployment, on the clock of its platform. */
export class StartClock {
  readonly #clock: Clock;
  /** What the time of day is when the clock shows 0; `null`: as this machine tells it. */
  readonly #originUnixMs: number | null;

  /** On virtual time it is by definition the deployment's time now. */
  constructor(clock: Clock, { deployUnixMs }: AgreedStart) {
    this.#clock = clock;
    this.#originUnixMs = clock.isVirtual ? deployUnixMs - clock.nowMs() : null;
  }

  /** Waits until the deployment may begin. */
  async waitForDeployment({ deployUnixMs }: AgreedStart, signal: AbortSignal): Promise<void> {
    await passTime(this.#clock, this.#clockMs(deployUnixMs), signal);
  }

  /** Waits until the run may be prepared; returns its start on the clock. */
  async waitForRun({ unixMs }: AgreedStart, signal: AbortSignal): Promise<number> {
    // Preparing takes no virtual time, and policies reckon with the lead.
    const aheadMs = this.#clock.isVirtual ? RUN_LEAD_MS : PREPARATION_MS;
    await passTime(this.#clock, this.#clockMs(unixMs) - aheadMs, signal);
    return this.#clockMs(unixMs);
  }

  /** The time of day is read anew: it is set right while the program runs, and the clock is not. */
  #clockMs(unixMs: number): number {
    const originUnixMs = this.#originUnixMs ??
      wallClockDate().getTime() - this.#clock.nowMs();
    return unixMs - originUnixMs;
  }
}

/** A sentence on a start for whoever waits. */
export function describeStart(name: string, { unixMs, deployUnixMs }: AgreedStart): string {
  return `${name} starts at ${formatInstant(unixMs)}; its functions are deployed from ` +
    `${formatInstant(deployUnixMs)} on.`;
}
