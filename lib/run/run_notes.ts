import type { ConnectionGroup } from "../invoke/connection_ledger.ts";
import type { DispatchResult } from "../invoke/dispatcher.ts";
import { describeThrottling } from "../invoke/throttling.ts";
import { describePeerWaits } from "../invoke/verdict.ts";
import type { WarmupCheck } from "../store/schema/manifest.ts";
import type { Platform } from "../model/platform.ts";
import { platformsWith } from "../platform/registry.ts";
import { describeFailedScrapes, type ScrapeTally } from "../scrape/scrape_loop.ts";

/** Most of what peers said, and of how connections ended, that is noted. */
const MOST_NOTED = 3;

/** A run that has ended. */
export interface EndedRun {
  readonly result: DispatchResult;
  readonly platform: Pick<Platform, "name" | "notes">;
  /** The platform is gone, and the run has failed for it. */
  readonly isLost: boolean;
  readonly scrapes: readonly ScrapeTally[];
  /** `null`: there was none. */
  readonly warmupCheck: WarmupCheck | null;
  /** How often the program itself had to write, because the disk fell behind. */
  readonly blockingWrites: number;
  /** How the clock waited, where that is not as is best; else `null`. */
  readonly waitingNote: string | null;
}

/** Sentences that a reader of a run's figures should know of how it went. */
export function describeEndedRun(run: EndedRun): readonly string[] {
  const { result, platform, isLost, scrapes } = run;
  return [
    ...describeComplaints(result, platform.name),
    ...describeConnections(result.connections),
    ...isLost ? [] : describeUnsent(result),
    ...describePeerWait(result),
    ...describeHeldBack(result),
    ...describeWarmupDrops(result),
    ...platform.notes?.() ?? [],
    ...describeFailedScrapes(scrapes),
    ...describeWarmup(run.warmupCheck),
    ...describeBlockingWrites(run.blockingWrites),
    ...run.waitingNote === null ? [] : [run.waitingNote],
  ];
}

function describeComplaints(
  { complaints, badGateways }: DispatchResult,
  platform: string,
): string[] {
  if (complaints.length === 0) return [];
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
  return notes;
}

/** Platforms whose gateway is this program's. */
const OWN_GATEWAYS: readonly string[] = platformsWith(({ traits }) => traits.sharesMachine);

function describeBadGateways(functions: readonly string[], platform: string): string {
  const [first, ...others] = functions;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return `${first}${more} answered HTTP 502 and not a single call: what stands behind the gateway ` +
    "may speak HTTP/1.1 only, or not be there" +
    (OWN_GATEWAYS.includes(platform)
      ? "."
      : "; on Knative the container's port must be named h2c.");
}

/**
 * What a reader should know of how connections ended: those that broke, or ended
 * with an error, or did not come about. Those that did their work say nothing.
 */
export function describeConnections(groups: readonly ConnectionGroup[]): readonly string[] {
  const ended = groups.filter(({ wasReady }) => wasReady)
    .filter(({ endedBy, code, callsLost }) =>
      callsLost > 0 || endedBy === "network" || (code !== null && code !== "NO_ERROR")
    )
    .toSorted((a, b) => b.callsLost - a.callsLost || b.connections - a.connections);
  return [...ended.slice(0, MOST_NOTED).map(describeEnd), ...describeFailures(groups)];
}

function describeEnd(group: ConnectionGroup): string {
  const { endedBy, code, detail, connections, callsLost, resetsSent } = group;
  const why = [code, detail].filter((part) => part !== null).join(" ");
  const who = {
    peer: `The server ended ${count(connections, "connection")}`,
    loader: `The loader gave up ${count(connections, "connection")}`,
    network: `${count(connections, "connection")} broke`,
  }[endedBy];
  if (callsLost === 0) return `${who}: ${why}.`;
  const lost = `${count(callsLost, "call")} ${callsLost === 1 ? "was" : "were"} lost with ` +
    (connections === 1 ? "it" : "them");
  const after = resetsSent === 0
    ? ""
    : `, after the loader had given up ${count(resetsSent, "call")} by a reset (servers count ` +
      "those: see --expired-calls and --timeout)";
  return `${who}: ${why}; ${lost}${after}.`;
}

function describeFailures(groups: readonly ConnectionGroup[]): readonly string[] {
  const failed = groups.filter(({ wasReady, endedBy }) => !wasReady && endedBy !== "loader");
  if (failed.length === 0) return [];
  const attempts = failed.reduce((sum, { connections }) => sum + connections, 0);
  const [{ code, detail }] = failed;
  const why = [code, detail].filter((part) => part !== null).join(" ");
  return [
    `${count(attempts, "attempt")} to connect failed${
      failed.length === 1 ? "" : ", most of them"
    }: ${why}.`,
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** What was never sent has no status code, and nobody says why. */
function describeUnsent({ outcomes: { connect_failed, unsent } }: DispatchResult): string[] {
  const notes: string[] = [];
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
  return notes;
}

/** Where they make no verdict they are told all the same. */
function describePeerWait({ verdict: { evidence, reasons } }: DispatchResult): string[] {
  if (evidence.peerWaits.invocations === 0) return [];
  const sentence = describePeerWaits(evidence);
  return reasons.some((reason) => reason.startsWith(sentence)) ? [] : [sentence];
}

/** It is told of a run that was on time, too: the next may not be. */
function describeHeldBack({ verdict: { evidence, reasons } }: DispatchResult): string[] {
  const sentence = describeThrottling(evidence);
  return sentence === null || reasons.includes(sentence) ? [] : [sentence];
}

/** The verdict judges the measurement; what was lost before stands here. */
function describeWarmupDrops({ outcomes, verdict }: DispatchResult): string[] {
  const dropped = outcomes.dropped - verdict.evidence.dropped;
  if (dropped === 0) return [];
  return [
    `${dropped} invocations of the warm-up were dropped at the in-flight cap, so the ` +
    "platform was warmed up with less than was asked for.",
  ];
}

function describeWarmup(check: WarmupCheck | null): string[] {
  if (check?.stationary !== false) return [];
  return [
    "The last minute of the warm-up was not stationary (augmented Dickey-Fuller test); " +
    "a longer --warmup would make the measurement more sure.",
  ];
}

function describeBlockingWrites(times: number): string[] {
  if (times === 0) return [];
  return [
    `The disk fell behind: the loader stood still for ${times} writes of its tables; ` +
    "an --output on a faster disk would keep it going.",
  ];
}
