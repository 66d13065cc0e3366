import type { Clock, TimerHandle } from "../clock/clock.ts";
import { wallClockDate } from "../clock/clock.ts";
import { errorMessage, LoaderError } from "../base/error.ts";
import { ownCpuMs, ownPeakMemoryMib, sinceProgramStartMs } from "../base/process.ts";
import { dispatch, type DispatchProgress, type DispatchResult } from "../invoke/dispatcher.ts";
import { describePeerWaits, isOverloaded } from "../invoke/verdict.ts";
import type { RunStatus } from "../store/schema/manifest.ts";
import type { Platform } from "../model/platform.ts";
import type { TableSink } from "../model/table.ts";
import { CONNECTIONS, GENERATOR, INSTANCES, INVOCATIONS, TABLES } from "../store/schema/tables.ts";
import type { RunWriter } from "../store/write/run_writer.ts";
import { MachineReader } from "../scrape/machine_counters.ts";
import { describeFailedScrapes, runScrapeLoop, type ScrapeTally } from "../scrape/scrape_loop.ts";
import type { AgreedStart, StartClock } from "./shard/agreed_start.ts";
import type { CommonOptions } from "./common_options.ts";
import { describeConnections } from "./connection_notes.ts";
import type { PlannedRun } from "./experiment.ts";
import type { InstanceLog } from "./instance_log.ts";
import { armMeasurement } from "./phase_change.ts";
import { replayedWarmupMs } from "./replayed_warmup.ts";
import { verdictLimits } from "./verdict_limits.ts";
import { WarmupWatch } from "./warmup_check.ts";

/** How often rows begin their way to the operating system. */
const FLUSH_EVERY_MS = 250;

/** What a run needs beside its plan. */
export interface RunSetting {
  readonly platform: Platform;
  readonly instances: InstanceLog;
  readonly options: CommonOptions;
  readonly folder: RunWriter;
  /** When it starts, where that is agreed on; absent: as soon as can be. */
  readonly start?: { readonly clock: StartClock; readonly agreed: AgreedStart };
  /** When work on this run began, since program start; 0 for the first. */
  readonly beganMs: number;
  /** The user's wish to stop. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DispatchProgress) => void;
}

/**
 * Makes one run on functions that are deployed: scrapes, dispatches, drains,
 * judges, and leaves all of it in the run's folder, whatever happens.
 *
 * @throws LoaderError when the platform is lost or results cannot be written
 */
export async function runOnce(run: PlannedRun, setting: RunSetting): Promise<RunStatus> {
  const { platform, folder, options, instances } = setting;
  const stopScraping = new AbortController();
  const stopFlushing = startFlushing(platform.clock, folder);
  const watch = createWarmupWatch(run);
  let scraping: Promise<readonly ScrapeTally[]> = Promise.resolve([]);
  let scrapes: readonly ScrapeTally[] = [];
  let firstDispatchAfterMs: number | null = null;
  let noting: TimerHandle | undefined;
  let endMeasurement = () => Promise.resolve();
  let result: DispatchResult;
  const signal = AbortSignal.any([setting.signal, platform.lost]);
  using machine = platform.clock.isVirtual ? null : new MachineReader();
  try {
    const startAtMs = await setting.start?.clock.waitForRun(setting.start.agreed, signal);
    result = await dispatch({
      clock: platform.clock,
      schedule: run.schedule,
      transport: platform.transport,
      invocations: watch?.listen(folder.invocations) ?? folder.invocations,
      generator: folder.sink(GENERATOR),
      connections: folder.sink(CONNECTIONS),
      maxInFlight: options.maxInFlight,
      timeoutMs: options.timeoutMs,
      drainMs: options.drainMs,
      limits: verdictLimits(options),
      readCpuMs: platform.clock.isVirtual ? null : ownCpuMs,
      machine,
      signal,
      startAtMs,
      onStart: (runStartMs) => {
        folder.update({ runStartUnixMs: platform.clock.originUnixMs + runStartMs });
        instances.begin(folder.sink(INSTANCES), runStartMs);
        endMeasurement = armMeasurement(run, setting, runStartMs);
        scraping = runScrapeLoop({
          clock: platform.clock,
          scrapers: platform.scrapers(),
          sinks: scrapedSinks(folder),
          runStartMs,
          signal: stopScraping.signal,
        });
      },
      onFirstDispatch: () => {
        firstDispatchAfterMs = sinceProgramStartMs() - setting.beganMs;
        // Not now: the call itself goes out only when this returns.
        noting = platform.clock.at(
          platform.clock.nowMs() + FLUSH_EVERY_MS,
          () => folder.update({ firstDispatchAfterMs }),
        );
      },
      onProgress: setting.onProgress,
    });
  } finally {
    noting?.cancel();
    stopScraping.abort();
    scrapes = await scraping;
    await endMeasurement();
    instances.end();
    stopFlushing();
    await folder.close();
  }
  const lost = platform.lost.aborted && !setting.signal.aborted;
  const status = lost ? "failed" : statusOf(result);
  folder.update({
    status,
    error: lost ? errorMessage(platform.lost.reason) : null,
    outcomes: result.outcomes,
    // Where nothing was measured there is nothing to call valid.
    verdict: result.verdict.evidence.measured === 0 ? null : result.verdict,
    firstDispatchAfterMs,
    endedAt: wallClockDate().toISOString(),
    loaderPeakMemoryMib: ownPeakMemoryMib(),
  });
  noteComplaints(folder, result, platform.name);
  noteConnections(folder, result.connections);
  if (!lost) noteUnsent(folder, result);
  notePeerWaits(folder, result);
  noteWarmupDrops(folder, result);
  noteObservation(folder, platform, scrapes);
  noteWarmup(folder, watch);
  // On virtual time nobody waited.
  if (!platform.clock.isVirtual) noteBlockingWrites(folder);
  if (lost) throw platform.lost.reason;
  return status;
}

function statusOf(result: DispatchResult): RunStatus {
  if (result.interrupted) return "interrupted";
  return isOverloaded(result.outcomes) ? "overloaded" : "finished";
}

/** The check is made where a warm-up replays the trace; a ramp's is another matter. */
function createWarmupWatch(run: PlannedRun): WarmupWatch | undefined {
  const warmupMs = replayedWarmupMs(run);
  return warmupMs === null ? undefined : new WarmupWatch(warmupMs);
}

/** Most of what peers said that is noted, the most frequent. */
const MOST_NOTED = 3;

function noteComplaints(
  folder: RunWriter,
  { complaints, badGateways }: DispatchResult,
  platform: string,
): void {
  if (complaints.length === 0) return;
  const notes = complaints.slice(0, MOST_NOTED).map(({ outcome, statusCode, message, count }) => {
    const status = statusCode === null ? "" : `, status ${statusCode}`;
    return `${count} invocations ended as ${outcome}${status}: ${message}`;
  });
  const more = complaints.slice(MOST_NOTED).reduce((sum, { count }) => sum + count, 0);
  if (more > 0) {
    notes.push(`${more} more ended otherwise; invocations.csv has each in status_message.`);
  }
  // A gateway that Knative stands behind answers so where a function does not speak HTTP/2.
  if (badGateways.length > 0) notes.push(describeBadGateways(badGateways, platform));
  folder.update({ notes: [...folder.manifest.notes, ...notes] });
}

function describeBadGateways(functions: readonly string[], platform: string): string {
  const [first, ...others] = functions;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return `${first}${more} answered HTTP 502 and not a single call: what stands behind the gateway ` +
    "may speak HTTP/1.1 only, or not be there" +
    (platform === "local" ? "." : "; on Knative the container's port must be named h2c.");
}

function noteConnections(folder: RunWriter, groups: DispatchResult["connections"]): void {
  const notes = describeConnections(groups);
  if (notes.length > 0) folder.update({ notes: [...folder.manifest.notes, ...notes] });
}

/** What was never sent has no status code, and nobody says why. */
function noteUnsent(
  folder: RunWriter,
  { outcomes: { connect_failed, unsent } }: DispatchResult,
): void {
  const notes = [...folder.manifest.notes];
  if (connect_failed > 0) {
    notes.push(
      `${connect_failed} invocations were never sent: there was no connection to what serves them.`,
    );
  }
  if (unsent > 0) {
    notes.push(
      `${unsent} invocations were never sent: their time was up while they waited for a place ` +
        "on a connection.",
    );
  }
  if (notes.length > folder.manifest.notes.length) folder.update({ notes });
}

/** Where they make no verdict they are told all the same. */
function notePeerWaits(
  folder: RunWriter,
  { verdict: { evidence, reasons } }: DispatchResult,
): void {
  if (evidence.peerWaits.invocations === 0) return;
  const sentence = describePeerWaits(evidence);
  if (reasons.some((reason) => reason.startsWith(sentence))) return;
  folder.update({ notes: [...folder.manifest.notes, sentence] });
}

/** The verdict judges the measurement; what was lost before stands here. */
function noteWarmupDrops(folder: RunWriter, { outcomes, verdict }: DispatchResult): void {
  const dropped = outcomes.dropped - verdict.evidence.dropped;
  if (dropped === 0) return;
  const note = `${dropped} invocations of the warm-up were dropped at the in-flight cap, so the ` +
    "platform was warmed up with less than was asked for.";
  folder.update({ notes: [...folder.manifest.notes, note] });
}

function noteObservation(
  folder: RunWriter,
  platform: Platform,
  scrapes: readonly ScrapeTally[],
): void {
  const notes = [...platform.notes?.() ?? [], ...describeFailedScrapes(scrapes)];
  if (notes.length > 0) folder.update({ notes: [...folder.manifest.notes, ...notes] });
}

function noteWarmup(folder: RunWriter, watch: WarmupWatch | undefined): void {
  if (watch === undefined) return;
  const warmupCheck = watch.derive();
  const notes = [...folder.manifest.notes];
  if (warmupCheck.stationary === false) {
    notes.push(
      "The last minute of the warm-up was not stationary (augmented Dickey-Fuller test); " +
        "a longer --warmup would make the measurement more sure.",
    );
  }
  folder.update({ warmupCheck, notes });
}

function noteBlockingWrites(folder: RunWriter): void {
  const times = folder.blockingWrites;
  if (times === 0) return;
  const note = `The disk fell behind: the loader stood still for ${times} writes of its tables; ` +
    "an --output on a faster disk would keep it going.";
  folder.update({ notes: [...folder.manifest.notes, note] });
}

/** Where what is scraped goes. */
function scrapedSinks(folder: RunWriter): Readonly<Record<string, TableSink>> {
  const tables = TABLES.filter((table) => table !== INVOCATIONS);
  return Object.fromEntries(tables.map((table) => [table.name, folder.sink(table)]));
}

/** Flushes the tables again and again; returns what ends it. Virtual time is over too soon for it. */
function startFlushing(clock: Clock, folder: RunWriter): () => void {
  if (clock.isVirtual) return () => {};
  let stopped = false;
  let timer = clock.at(clock.nowMs() + FLUSH_EVERY_MS, flush);
  function flush(): void {
    if (stopped) return;
    folder.flush();
    timer = clock.at(clock.nowMs() + FLUSH_EVERY_MS, flush);
  }
  return () => {
    stopped = true;
    timer.cancel();
  };
}

/** What ended a run that could not be made. */
export function recordFailure(folder: RunWriter, error: unknown): void {
  if (folder.manifest.status !== "running") return;
  const interrupted = error instanceof LoaderError && error.code === "interrupted";
  folder.update({
    status: interrupted ? "interrupted" : "failed",
    error: errorMessage(error),
    endedAt: wallClockDate().toISOString(),
  });
}
