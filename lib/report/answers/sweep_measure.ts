/** What a sweep is drawn by, upwards. */
export interface SweepMeasure {
  /** Begins the name of the figure's file. */
  readonly name: string;
  readonly title: string;
  /** Label of the vertical axis. */
  readonly axis: string;
  /** Put behind values in the caption. */
  readonly unit: string;
}

export const SLOWDOWN: SweepMeasure = {
  name: "slowdown",
  title: "Slowdown",
  axis: "response time ÷ requested runtime",
  unit: "",
};

export const RESPONSE_TIME: SweepMeasure = {
  name: "response_time",
  title: "Response time",
  axis: "response time (ms)",
  unit: " ms",
};
