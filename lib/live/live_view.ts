import { LoaderError } from "../base/error.ts";
import { sinceProgramStartMs } from "../base/process.ts";
import { untilAborted } from "../base/signal.ts";
import { RealClock } from "../clock/clock.ts";
import { Deadline } from "../clock/deadline.ts";
import type { RunManifest } from "../store/schema/manifest.ts";
import type { PlannedLoad } from "../run/plan_block.ts";
import type { RunObserver } from "../run/run_observer.ts";
import type { LiveAnswer, LiveEnd, LiveExperiment, LiveMessage } from "./live_message.ts";
import { RunCounters } from "./run_counters.ts";
import { SampleGatherer } from "./sample_gatherer.ts";

/** Longest that the program waits at its end until readers have what they were told. */
const MOST_FAREWELL_MS = 2000;

/** How often simulated time is told of, for whoever looks. */
const SIMULATED_EVERY_MS = 250;

/**
 * A page to watch an experiment while it runs, served from a thread of its own: what
 * readers do costs the thread that makes the load one small message a second.
 */
export class LiveView {
  /** The page's address. */
  readonly url: string;
  readonly #worker: Worker;
  readonly #closed: Promise<void>;
  /** Of a simulated run. */
  readonly #gatherer: SampleGatherer | null;

  private constructor(worker: Worker, port: number, { isVirtual }: LiveExperiment) {
    this.#worker = worker;
    this.#gatherer = isVirtual
      ? new SampleGatherer(
        (sample, totals) => this.#post({ kind: "second", sample, totals }),
        SIMULATED_EVERY_MS,
        sinceProgramStartMs,
      )
      : null;
    this.url = `http://127.0.0.1:${port}/`;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    worker.onmessage = ({ data }: MessageEvent<LiveAnswer>) => {
      if (data.kind === "closed") resolve();
    };
    worker.onerror = (event) => {
      // The page is gone; the run is not.
      event.preventDefault();
      resolve();
    };
  }

  /**
   * Serves the page, from now on.
   *
   * @param port 0: any that is free
   * @throws LoaderError `usage` when the port cannot be had
   */
  static async open(port: number, experiment: LiveExperiment): Promise<LiveView> {
    const worker = new Worker(new URL("./live_worker.ts", import.meta.url), { type: "module" });
    const { promise, resolve, reject } = Promise.withResolvers<LiveAnswer>();
    worker.onmessage = ({ data }: MessageEvent<LiveAnswer>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage({ kind: "open", port, experiment } satisfies LiveMessage);
    const answer = await promise;
    if (answer.kind === "listening") return new LiveView(worker, answer.port, experiment);
    worker.terminate();
    const reason = answer.kind === "failed" && !answer.isInUse
      ? `cannot be listened on (${answer.reason})`
      : "is in use";
    throw new LoaderError(
      "usage",
      `--live: the port ${port} of 127.0.0.1 ${reason}; give another, or none for any that is free.`,
      { value: port },
    );
  }

  /** A run begins. */
  start({ run, plan }: PlannedLoad): void {
    const { functions, invocations, durationMs } = plan;
    this.#post({ kind: "run", run: { name: run.name, functions, invocations, durationMs } });
  }

  /** How far its deployment is, a phrase. */
  deploying(progress: string): void {
    this.#post({ kind: "deploying", progress });
  }

  /** What sees the rows of a run. */
  observe(): RunObserver {
    const gatherer = this.#gatherer;
    return new RunCounters((sample, totals) => {
      if (gatherer === null) this.#post({ kind: "second", sample, totals });
      else gatherer.take(sample, totals);
    });
  }

  endRun({ name, status, verdict }: RunManifest): void {
    this.#gatherer?.flush();
    this.#post({ kind: "runEnd", run: { name, status, verdict: verdict?.verdict ?? null } });
  }

  /** The user wishes to stop. */
  stopping(): void {
    this.#post({ kind: "stopping" });
  }

  /** Tells readers how it ended, and stops serving: at once where there are none. */
  async close(end: LiveEnd): Promise<void> {
    this.#post({ kind: "end", end });
    using deadline = new Deadline(new RealClock(), MOST_FAREWELL_MS);
    await untilAborted(deadline.signal, this.#closed).catch(() => {
      // Who has not read it by now will not.
    });
    this.#worker.terminate();
  }

  #post(message: LiveMessage): void {
    this.#worker.postMessage(message);
  }
}
