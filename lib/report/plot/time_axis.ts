/** A scale of time since run start. */
export interface TimeAxis {
  readonly label: string;
  /** In the unit of the axis. */
  readonly domain: readonly [number, number];
  /** Milliseconds to the unit of the axis. */
  fromMs(timeMs: number): number;
}

/** Chooses seconds for runs up to five minutes, then minutes, then hours. */
export function chooseTimeAxis(endMs: number): TimeAxis {
  const [unitMs, unit] = endMs <= 300_000
    ? [1_000, "s"]
    : endMs <= 10_800_000
    ? [60_000, "min"]
    : [3_600_000, "h"];
  return {
    label: `time since run start (${unit})`,
    domain: [0, endMs / unitMs],
    fromMs: (timeMs) => timeMs / unitMs,
  };
}
