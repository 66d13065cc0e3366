import Table from "cli-table3";
import { countNotOk } from "../analyze/summary.ts";
import type { PreflightLargest, SizeTrial } from "./largest_load.ts";
import { formatDuration } from "../option/option.ts";
import type { Preflight, PreflightRun } from "./preflight.ts";
import type { SimulatedFigures } from "./run_expectation.ts";

/** Most runs whose course is drawn; the last ones, which are the largest. */
const MOST_DRAWN = 6;
const SPARKLINE_WIDTH = 60;

/** A preflight for a terminal. */
export function renderPreflight(preflight: Preflight): string {
  const { runs, platform, notes, isOpen } = preflight;
  const drawn = runs.slice(-MOST_DRAWN);
  const blocks = [
    `${preflight.experiment} on ${platform.name}: ${describePlatform(preflight)}`,
    `${renderRuns(runs)}\n${describeSum(preflight)}`,
    ...drawn.map(renderCourse),
  ];
  if (drawn.length < runs.length) {
    blocks.push(
      `Runs that are not drawn: ${runs.length - drawn.length}; --json has their courses.`,
    );
  }
  if (isOpen) blocks.push(`More runs may follow; the first ${runs.length} were looked at.`);
  blocks.push(...notes);
  const { generator, largest } = preflight;
  const lines = [
    `Generator (this machine): ${generator.word}; ${generator.reason}`,
    `Platform:                 ${preflight.platformFit}; ${decidingReason(preflight)}`,
  ];
  if (largest !== null) lines.push(`Largest load that fits:   ${describeLargest(largest)}`);
  lines.push(`Preflight: ${describeVerdict(preflight)}`);
  return [...blocks, lines.join("\n")].join("\n\n");
}

function describePlatform({ platform, runs }: Preflight): string {
  const { capacity, cores, source } = platform;
  if (capacity === null) return `not simulated, for ${runs[0].fit.reason}`;
  const mib = capacity.memoryMib?.toLocaleString("en");
  return `${
    Number(cores!.toFixed(2))
  } cores, room for ${capacity.instances} instances that request ` +
    `${capacity.cpuMilli! / 1000} cores and ${mib} MiB; simulated: ${source}`;
}

function describeSum({ runs, invocations, isOpen }: Preflight): string {
  const those = runs.length === 1 ? "1 run" : `${runs.length} runs`;
  return `${isOpen ? "at least " : ""}${invocations.toLocaleString("en")} invocations in ${those}`;
}

function renderRuns(runs: readonly PreflightRun[]): string {
  const isSimulated = runs.some(({ simulated }) => simulated !== null);
  const head = ["run", "invocations", "mean, peak/s"];
  if (isSimulated) {
    head.push(
      ...["not ok", "cold", "in flight", "instances"],
      ...["response p50, p99", "slowdown p50, p99", "platform"],
    );
  } else {
    head.push("concurrency");
  }
  const table = new Table({
    head,
    colAligns: head.map((name) => name === "run" || name === "platform" ? "left" : "right"),
    style: { head: [], border: [], compact: true },
  });
  for (const { name, plan, simulated, fit } of runs) {
    table.push([
      name,
      plan.invocations.toLocaleString("en"),
      `${plan.meanRatePerS.toFixed(1)}, ${plan.peakRatePerS}`,
      ...isSimulated
        ? [...describeFigures(simulated), fit.word]
        : [plan.expectedConcurrency.toFixed(2)],
    ]);
  }
  return table.toString();
}

function describeFigures(simulated: SimulatedFigures | null): string[] {
  if (simulated === null) return Array<string>(6).fill("–");
  const { outcomes, coldInvocations, peak, responseTimeMs, slowdown } = simulated;
  return [
    String(countNotOk(outcomes)),
    show(coldInvocations, 0),
    String(peak.inFlight),
    String(peak.instances),
    `${show(responseTimeMs.all.p50, 0)}, ${show(responseTimeMs.all.p99, 0)} ms`,
    `${show(slowdown.all.p50, 1)}, ${show(slowdown.all.p99, 1)}`,
  ];
}

/** What a run does over time, a line for each figure. */
function renderCourse({ name, bins, offered, simulated }: PreflightRun): string {
  const series: [string, readonly number[], number][] = [["rate, /s", offered.ratePerS, 0]];
  if (simulated === null) series.push(["concurrency", offered.concurrency, 2]);
  else {
    const { workCores, inFlightMax, instances, cpuMilli, memoryMib } = simulated.series;
    series.push(
      ["work, cores", workCores, 2],
      ["in flight", inFlightMax, 0],
      ["instances", instances, 0],
      ["requested cores", cpuMilli.map((milli) => milli / 1000), 1],
      ["requested MiB", memoryMib, 0],
    );
  }
  const lines = series.map(([what, values, decimals]) => {
    const most = values.reduce((a, b) => Math.max(a, b), 0);
    const line = renderSparkline(values, SPARKLINE_WIDTH);
    return `  ${what.padEnd(16)}${line}  ≤ ${most.toFixed(decimals)}`;
  });
  const binCount = Math.ceil(bins.count / SPARKLINE_WIDTH);
  return [`${name}, largest of each ${formatDuration(bins.binMs * binCount)}`, ...lines].join("\n");
}

/** Of the run that decides: the worst, and the largest of those. */
function decidingReason({ runs, platformFit }: Preflight): string {
  const deciding = runs.findLast(({ fit }) => fit.word === platformFit)!;
  return runs.length === 1 ? deciding.fit.reason : `${deciding.name}: ${deciding.fit.reason}`;
}

function describeLargest(largest: PreflightLargest): string {
  const { size, next, unit, trials } = largest;
  const tried = `${trials.length} ${trials.length === 1 ? "size" : "sizes"} tried`;
  if (size === null) return describeNone(next!, unit, tried);
  if (next === null) return `${size.toLocaleString("en")} ${unit}, all there are (${tried})`;
  const beyond = next.size.toLocaleString("en");
  const least = next.wasTried ? "" : "at least ";
  return `${least}${size.toLocaleString("en")} ${unit}; ${beyond}: ${next.reason} (${tried})`;
}

function describeNone({ size, wasTried, reason }: SizeTrial, unit: string, tried: string): string {
  const least = size.toLocaleString("en");
  if (!wasTried) return `unknown: even ${least} (${unit}) is above --most-invocations (${tried})`;
  // With the last size that there was a try for, smaller ones may fit.
  const none = size === 1 ? "none, not even 1" : `unknown, less than ${least}`;
  return `${none} (${unit}): ${reason} (${tried})`;
}

/** Where it is unknown, what to do about it. */
function describeVerdict(preflight: Preflight): string {
  const { verdict, platformFit, generator } = preflight;
  if (verdict !== "unknown") return verdict;
  const unknown = [];
  if (platformFit === "unknown") unknown.push(`platform: ${decidingReason(preflight)}`);
  if (generator.word === "unknown") unknown.push(`generator: ${generator.reason}`);
  return `${verdict} (${unknown.map((reason) => reason.replace(/\.$/, "")).join("; ")})`;
}

function show(value: number | null, decimals: number): string {
  if (value === null) return "–";
  return value === Infinity ? "∞" : value.toFixed(decimals);
}

/** From the lowest to the highest. */
const LEVELS = "▁▂▃▄▅▆▇█";

/**
 * A series as a line of blocks, from 0 to its maximum: where there are more
 * values than characters, each shows the largest of its part.
 *
 * @param width most characters
 *
 * @example
 * ```ts
 * import { renderSparkline } from "./preflight_text.ts";
 * if (renderSparkline([0, 1, 2, 4], 4) !== "▁▃▅█") throw new Error("not a climb");
 * ```
 */
export function renderSparkline(values: readonly number[], width: number): string {
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const columns = Math.min(width, values.length);
  let line = "";
  for (let column = 0; column < columns; column++) {
    const from = Math.floor(column * values.length / columns);
    const until = Math.floor((column + 1) * values.length / columns);
    const largest = values.slice(from, until).reduce((a, b) => Math.max(a, b), 0);
    const level = most === 0 ? 0 : Math.min(7, Math.floor(8 * largest / most));
    line += LEVELS[level];
  }
  return line;
}
