import { type Clock, type TimerHandle, wallClockDate } from "../clock/clock.ts";
import { errorMessage, LoaderError } from "../base/error.ts";
import { ownPeakMemoryMib, sinceProgramStartMs } from "../base/process.ts";
import type { DispatchProgress, DispatchResult } from "../invoke/dispatcher.ts";
import { anySignal } from "../base/signal.ts";
import { isOverloaded } from "../invoke/verdict.ts";
import type { RunStatus, Verdict } from "../store/schema/manifest.ts";
import type { InstanceEvent, InstanceStep } from "../model/platform.ts";
import type { TableSink } from "../model/table.ts";
import { CONNECTIONS, GENERATOR, INSTANCES, INVOCATIONS, TABLES } from "../store/schema/tables.ts";
import type { RunWriter } from "../store/write/run_writer.ts";
import { runScrapeLoop, type ScrapeTally } from "../scrape/scrape_loop.ts";
import type { InvocationSpans } from "../telemetry/invocation_spans.ts";
import { parseAbortCondition } from "../analyze/abort_condition.ts";
import { AbortWatch } from "./abort_watch.ts";
import { splitConditions } from "./matrix/matrix_options.ts";
import type { CommonOptions } from "./common_options.ts";
import type { DeploymentSession, InstanceFollower } from "./deployment_session.ts";
import type { EarlyCause, EarlyEnd } from "./early_end.ts";
import type { PlannedRun } from "./experiment.ts";
import { describeEndedRun } from "./run_notes.ts";
import {
  joinObservers,
  observedInvocations,
  observedTable,
  type RunObserver,
} from "./run_observer.ts";
import { armMeasurement, WarmupWatch } from "./warmup.ts";

/** How often rows begin their way to the operating system. */
const FLUSH_EVERY_MS = 250;

/** What a run needs beside its plan. */
export interface RunSetting {
  readonly session: DeploymentSession<InstanceLog>;
  readonly options: CommonOptions;
  readonly folder: RunWriter;
  /** Waits until it may be prepared; its start, on the clock. Absent: as soon as can be. */
  readonly waitForStart?: (signal: AbortSignal) => Promise<number>;
  /** When work on this run began, since program start; 0 for the first. */
  readonly beganMs: number;
  /** The user's wish to stop. */
  readonly signal: AbortSignal;
  /** What else may end it before its time; absent: nothing does. */
  readonly early?: EarlyEnd;
  readonly onProgress?: (progress: DispatchProgress) => void;
  /** Sees the rows of the run. */
  readonly observer?: RunObserver;
  /** Of invocations that are traced; `null`: none is. */
  readonly spans?: InvocationSpans | null;
}

/**
 * Makes one run on functions that are deployed: scrapes, dispatches, drains,
 * judges, and leaves all of it in the run's folder, whatever happens.
 *
 * @throws LoaderError when the platform is lost or results cannot be written
 */
export async function runOnce(run: PlannedRun, setting: RunSetting): Promise<RunStatus> {
  const { session: { platform, instances }, folder, options, spans, early } = setting;
  const { clock, lost } = platform;
  const observer = joinObservers(setting.observer, watchConditions(options, early, clock));
  const watch = WarmupWatch.of(run);
  const signal = anySignal(setting.signal, early?.signal);
  let scrapes: readonly ScrapeTally[] = [];
  let firstDispatchAfterMs: number | null = null;
  let noting: TimerHandle | undefined;
  const invocations = observedInvocations(
    watch?.listen(folder.invocations) ?? folder.invocations,
    observer,
  );
  let result: DispatchResult;
  try {
    result = await setting.session.run({
      schedule: run.schedule,
      options,
      invocations: spans?.listen(invocations) ?? invocations,
      traceparentOf: spans?.traceparentOf,
      generator: observedTable(folder.sink(GENERATOR), observer?.onSecond.bind(observer)),
      connections: folder.sink(CONNECTIONS),
      signal,
      waitForStart: setting.waitForStart,
      onStart: (runStartMs, beside) => {
        folder.update({ runStartUnixMs: clock.originUnixMs + runStartMs });
        spans?.begin(clock.originUnixMs + runStartMs);
        beside.use(flushAgainAndAgain(clock, folder));
        instances.begin(
          observedTable(folder.sink(INSTANCES), observer?.onInstance.bind(observer)),
          runStartMs,
        );
        beside.defer(() => instances.end());
        beside.defer(armMeasurement(run, { ...setting, signal, platform }, runStartMs));
        const stopScraping = new AbortController();
        const scraping = runScrapeLoop({
          clock,
          scrapers: platform.scrapers(),
          sinks: scrapedSinks(folder),
          runStartMs,
          signal: stopScraping.signal,
        });
        beside.defer(async () => {
          stopScraping.abort();
          scrapes = await scraping;
        });
        beside.defer(() => noting?.cancel());
      },
      onFirstDispatch: () => {
        firstDispatchAfterMs = sinceProgramStartMs() - setting.beganMs;
        // Not now: the call itself goes out only when this returns.
        noting = clock.at(
          clock.nowMs() + FLUSH_EVERY_MS,
          () => folder.update({ firstDispatchAfterMs }),
        );
      },
      onProgress: setting.onProgress,
    });
  } finally {
    await folder.close();
  }
  const isLost = lost.aborted && !signal.aborted;
  // What had come to its end all the same was not ended.
  const cause = result.interrupted && !setting.signal.aborted ? early?.cause ?? null : null;
  const status = isLost ? "failed" : cause?.status ?? statusOf(result);
  const warmupCheck = watch?.derive() ?? null;
  folder.update({
    status,
    error: isLost ? errorMessage(lost.reason) : cause?.reason ?? null,
    outcomes: result.outcomes,
    // Where nothing was measured there is nothing to call valid.
    verdict: result.verdict.evidence.measured === 0 ? null : withCause(result.verdict, cause),
    firstDispatchAfterMs,
    endedAt: wallClockDate().toISOString(),
    loaderPeakMemoryMib: ownPeakMemoryMib(),
    tableRows: folder.tableRows,
    warmupCheck,
    notes: [
      ...folder.manifest.notes,
      ...describeEndedRun({
        result,
        platform,
        isLost,
        scrapes,
        warmupCheck,
        // On virtual time nobody waited.
        blockingWrites: clock.isVirtual ? 0 : folder.blockingWrites,
        waitingNote: clock.waitingNote ?? null,
      }),
    ],
  });
  if (isLost) throw lost.reason;
  return status;
}

/** What ends the run where a condition of the options holds; `undefined`: nothing does. */
function watchConditions(
  { abortWhen }: CommonOptions,
  early: EarlyEnd | undefined,
  clock: Clock,
): RunObserver | undefined {
  if (abortWhen === null || early === undefined) return undefined;
  const conditions = splitConditions(abortWhen).map(parseAbortCondition);
  return new AbortWatch(conditions, (cause) => {
    // Not now: rows of the second are still being written.
    clock.at(clock.nowMs(), () => early.end(cause));
  });
}

/** A verdict on a part of a run says of which it is. */
function withCause(verdict: Verdict, cause: EarlyCause | null): Verdict {
  return cause === null ? verdict : { ...verdict, reasons: [cause.reason, ...verdict.reasons] };
}

function statusOf(result: DispatchResult): RunStatus {
  if (result.interrupted) return "interrupted";
  return isOverloaded(result.outcomes) ? "overloaded" : "finished";
}

/** Where what is scraped goes. */
function scrapedSinks(folder: RunWriter): Readonly<Record<string, TableSink>> {
  const tables = TABLES.filter((table) => table !== INVOCATIONS);
  return Object.fromEntries(tables.map((table) => [table.name, folder.sink(table)]));
}

/**
 * Lets rows go to the operating system again and again, until disposed of. Virtual
 * time is over too soon for it.
 */
export function flushAgainAndAgain(clock: Clock, tables: { flush(): void }): Disposable {
  if (clock.isVirtual) return { [Symbol.dispose]() {} };
  const flush = () => {
    tables.flush();
    timer = clock.at(clock.nowMs() + FLUSH_EVERY_MS, flush);
  };
  let timer = clock.at(clock.nowMs() + FLUSH_EVERY_MS, flush);
  return { [Symbol.dispose]: () => timer.cancel() };
}

/** What ended a run that could not be made. */
export function recordFailure(
  folder: RunWriter,
  error: unknown,
  cause: EarlyCause | null = null,
): void {
  if (folder.manifest.status !== "running") return;
  const interrupted = error instanceof LoaderError && error.code === "interrupted";
  folder.update({
    status: interrupted ? "interrupted" : cause?.status ?? "failed",
    error: errorMessage(error),
    endedAt: wallClockDate().toISOString(),
  });
}

/** Steps that say how an instance stands; the others are parts of its start, told late at times. */
const STATES: ReadonlySet<InstanceStep> = new Set(["created", "ready", "stopping"]);

/**
 * Writes the lives of instances to the table of the run that is under way.
 * Between runs events wait; a run that takes over a deployment begins with the
 * state of the instances that are alive.
 */
export class InstanceLog implements InstanceFollower {
  readonly #alive = new Map<string, InstanceEvent>();
  #waiting: InstanceEvent[] = [];
  #sink: TableSink | undefined;
  #runStartMs = 0;

  record(event: InstanceEvent): void {
    if (event.event === "gone") this.#alive.delete(event.instance);
    if (this.#sink !== undefined) this.#write(event);
    else this.#waiting.push(event);
    if (STATES.has(event.event)) this.#alive.set(event.instance, event);
  }

  /** Directs events to a run's table; times are from its start on. */
  begin(sink: TableSink, runStartMs: number): void {
    this.#sink = sink;
    this.#runStartMs = runStartMs;
    const waiting = this.#waiting;
    this.#waiting = [];
    const told = new Set(waiting.map((event) => event.instance));
    for (const event of this.#alive.values()) if (!told.has(event.instance)) this.#write(event);
    for (const event of waiting) this.#write(event);
  }

  /** Events wait again, for the next run. */
  end(): void {
    this.#sink = undefined;
  }

  #write(event: InstanceEvent): void {
    this.#sink?.write([
      event.timeMs - this.#runStartMs,
      event.functionId,
      event.instance,
      event.event,
      event.detail,
      event.platformMs === undefined || event.platformMs === null
        ? null
        : event.platformMs - this.#runStartMs,
    ]);
  }
}
