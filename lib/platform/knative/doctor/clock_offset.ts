/** One answer of a server that says the time in whole seconds (HTTP's Date). */
export interface DateSample {
  /** When it was asked and when it had answered, in ms since 1970 by our clock. */
  readonly askedUnixMs: number;
  readonly answeredUnixMs: number;
  /** What it said. */
  readonly dateUnixMs: number;
}

/** How far a server's clock is ahead of ours. */
export interface ClockOffset {
  readonly offsetMs: number;
  /** It is within this much of it. */
  readonly uncertaintyMs: number;
}

/**
 * How far a server's clock is ahead, from dates in whole seconds: each bounds it
 * to a second and its round trip, and where they are spread over a second, all
 * together to little more than the shortest round trip.
 *
 * @returns `null` where they contradict each other: a clock was set meanwhile
 * @example
 * ```ts
 * import { deriveClockOffset } from "./clock_offset.ts";
 * const samples = [0, 250, 500, 750].map((ms) => ({
 *   askedUnixMs: 5000 + ms,
 *   answeredUnixMs: 5002 + ms,
 *   // The server is 300 ms ahead.
 *   dateUnixMs: Math.floor((5301 + ms) / 1000) * 1000,
 * }));
 * const { offsetMs, uncertaintyMs } = deriveClockOffset(samples)!;
 * if (Math.abs(offsetMs - 300) > uncertaintyMs || uncertaintyMs > 130) throw new Error("wide");
 * ```
 */
export function deriveClockOffset(samples: readonly DateSample[]): ClockOffset | null {
  let least = -Infinity;
  let most = Infinity;
  for (const { askedUnixMs, answeredUnixMs, dateUnixMs } of samples) {
    // It read its clock some time between, and what it read was cut to the second.
    least = Math.max(least, dateUnixMs - answeredUnixMs);
    most = Math.min(most, dateUnixMs + 1000 - askedUnixMs);
  }
  if (!(least <= most) || !Number.isFinite(least)) return null;
  return { offsetMs: (least + most) / 2, uncertaintyMs: (most - least) / 2 };
}
