import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { OUTCOMES } from "../model/record.ts";
import type { LiveBuckets, LiveMessage, LiveSample, LiveTotals } from "./live_message.ts";
import { LAG_BOUNDS_MS, RESPONSE_BOUNDS_MS } from "./run_counters.ts";

const PHASES = ["deploying", "warmup", "measurement", "drain", "ended"] as const;

/**
 * A histogram whose counts are kept elsewhere, where an observation is cheaper: it has
 * none of its own, and shows those when it is asked.
 */
class ShownHistogram extends Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #boundsMs: readonly number[];
  /** Of the runs before. */
  #before: LiveBuckets;
  #now: LiveBuckets;

  constructor(name: string, help: string, boundsMs: readonly number[], registers: Registry[]) {
    super({ name, help, buckets: boundsMs.map((bound) => bound / 1000), registers });
    this.#name = name;
    this.#help = help;
    this.#boundsMs = boundsMs;
    this.#before = this.#now = { counts: new Array(boundsMs.length + 1).fill(0), sumMs: 0 };
  }

  show(buckets: LiveBuckets): void {
    this.#now = buckets;
  }

  /** What is shown from now on adds up with what was. */
  keep(): void {
    this.#before = this.#sum();
    this.#now = { counts: this.#before.counts.map(() => 0), sumMs: 0 };
  }

  #sum(): LiveBuckets {
    const counts = this.#before.counts.map((count, i) => count + this.#now.counts[i]);
    return { counts, sumMs: this.#before.sumMs + this.#now.sumMs };
  }

  /** What the registry asks, in place of the library's own, which its types leave out. */
  getForPromString(): Promise<unknown> {
    const { counts, sumMs } = this.#sum();
    const name = this.#name;
    let count = 0;
    const values = [
      ...counts.map((of, i) => ({
        metricName: `${name}_bucket`,
        labels: { le: i < this.#boundsMs.length ? this.#boundsMs[i] / 1000 : "+Inf" },
        sharedLabels: {},
        value: count += of,
      })),
      { metricName: `${name}_sum`, labels: {}, sharedLabels: {}, value: sumMs / 1000 },
      { metricName: `${name}_count`, labels: {}, sharedLabels: {}, value: count },
    ];
    return Promise.resolve({ name, help: this.#help, type: "histogram", values });
  }
}

/** What the loader tells Prometheus of an experiment; counters go on from run to run. */
export class LiveMetrics {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  readonly #scheduled = this.#counter("loader_scheduled_total", "Invocations that were due");
  readonly #dispatched = this.#counter("loader_dispatched_total", "Invocations dispatched");
  readonly #invocations = new Counter({
    name: "loader_invocations_total",
    help: "Invocations that have ended, by what became of them",
    labelNames: ["outcome"],
    registers: this.#registers,
  });
  readonly #inFlight = this.#gauge("loader_in_flight", "Invocations in flight");
  readonly #cpu = this.#gauge("loader_cpu_ratio", "CPU of the loader, of a core, waiting excluded");
  readonly #lagMax = this.#gauge(
    "loader_dispatch_lag_max_seconds",
    "Largest dispatch lag of the last second",
  );
  readonly #ready = this.#gauge(
    "loader_instances_ready",
    "Instances that are ready, where the platform tells",
  );
  readonly #phase = new Gauge({
    name: "loader_phase",
    help: "1 for the phase that the run is in",
    labelNames: ["phase"],
    registers: this.#registers,
  });
  readonly #run = new Gauge({
    name: "loader_run_info",
    help: "The run that is under way",
    labelNames: ["experiment", "run"],
    registers: this.#registers,
  });
  readonly #lag = new ShownHistogram(
    "loader_dispatch_lag_seconds",
    "Dispatch lag of invocations that have ended",
    LAG_BOUNDS_MS,
    this.#registers,
  );
  readonly #response = new ShownHistogram(
    "loader_response_seconds",
    "Response time, from the scheduled time on, of invocations that were ok",
    RESPONSE_BOUNDS_MS,
    this.#registers,
  );
  /** Outcomes of the run that have been counted. */
  #counted: Partial<LiveTotals["outcomes"]> = {};
  #experiment = "";

  constructor() {
    for (const outcome of OUTCOMES) this.#invocations.inc({ outcome }, 0);
    this.#setPhase("deploying");
    // Not known is not there.
    for (const gauge of [this.#cpu, this.#lagMax, this.#ready]) gauge.remove();
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: this.#registers });
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: this.#registers });
  }

  take(message: LiveMessage): void {
    switch (message.kind) {
      case "open":
        this.#experiment = message.experiment.name;
        break;
      case "run":
        this.#counted = {};
        this.#run.reset();
        this.#run.set({ experiment: this.#experiment, run: message.run.name }, 1);
        this.#setPhase("deploying");
        break;
      case "second":
        this.#takeSecond(message.sample, message.totals);
        break;
      case "runEnd":
        this.#lag.keep();
        this.#response.keep();
        this.#inFlight.set(0);
        this.#setPhase("ended");
        break;
    }
  }

  #takeSecond(sample: LiveSample, { outcomes, lag, response }: LiveTotals): void {
    this.#scheduled.inc(sample.due);
    this.#dispatched.inc(sample.dispatched);
    for (const outcome of OUTCOMES) {
      this.#invocations.inc({ outcome }, outcomes[outcome] - (this.#counted[outcome] ?? 0));
    }
    this.#counted = outcomes;
    this.#inFlight.set(sample.inFlight);
    setIfKnown(this.#cpu, sample.cpuPercent, 0.01);
    setIfKnown(this.#lagMax, sample.lagMaxMs, 0.001);
    setIfKnown(this.#ready, sample.ready, 1);
    this.#setPhase(sample.phase);
    this.#lag.show(lag);
    this.#response.show(response);
  }

  #setPhase(now: string): void {
    for (const phase of PHASES) this.#phase.set({ phase }, phase === now ? 1 : 0);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of it in Prometheus' text format. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }
}

function setIfKnown(gauge: Gauge, value: number | null, factor: number): void {
  if (value === null) gauge.remove();
  else gauge.set(value * factor);
}
