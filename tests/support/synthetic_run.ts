import { NO_EVIDENCE } from "../../lib/invoke/verdict.ts";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Rng } from "../../lib/base/rng.ts";
import type {
  RunManifest,
  RunStatus,
  Verdict,
  WarmupCheck,
} from "../../lib/store/schema/manifest.ts";
import { type Outcome, OUTCOMES } from "../../lib/model/record.ts";
import { phaseAt, type PhaseSpan } from "../../lib/model/schedule.ts";
import type { Cell, Table } from "../../lib/model/table.ts";
import {
  GENERATOR,
  INSTANCES,
  INVOCATIONS,
  PLATFORM_METRICS,
  PROCESSES,
} from "../../lib/store/schema/tables.ts";

/** An invocation to pretend. */
export interface SyntheticArrival {
  readonly functionId: string;
  readonly scheduledMs: number;
  readonly runtimeMs: number;
}

/** A run to pretend. */
export interface SyntheticRun {
  readonly experiment: string;
  readonly name: string;
  readonly parameters: Readonly<Record<string, number | string>>;
  readonly seed: number;
  readonly durationMs: number;
  readonly phases: readonly PhaseSpan[];
  readonly arrivals: readonly SyntheticArrival[];
  /** Instances that run at once without slowing one another down. */
  readonly cores: number;
  /** Most instances at once. */
  readonly capacity: number;
  readonly status?: RunStatus;
  readonly error?: string | null;
  readonly notes?: readonly string[];
  readonly warmupCheck?: WarmupCheck;
  /** A run that ended without being judged. */
  readonly isUnjudged?: boolean;
  /** Records that end later than this were lost. */
  readonly lostAfterMs?: number;
  /** Makes the verdict GENERATOR-LIMITED. */
  readonly lateMs?: number;
}

const COLD_START_MS = 180;
const IDLE_MS = 6_000;
const PATIENCE_MS = 6_000;
const LIMITS = {
  dispatchLagP99Ms: 5,
  loopDelayP99Ms: 10,
  cpuPercent: 90,
  busySecondsShare: 0.05,
  notOkShare: 0.01,
  peerWaitShare: 0.01,
};

/** As the local platform tells them. */
const FACTS = {
  gatewayPort: 40123,
  gatewayPid: 4711,
  instancePids: [4712, 4713],
  stopTimeoutMs: 3_000,
  calibration: { coldIterationsPerMs: 1_541, warmIterationsPerMs: 1_535 },
  capacity: { instances: 64, cpuMilli: 8_000, memoryMib: 14_463 },
  autoscaling: { stableWindowMs: 60_000, panicWindowPercentage: 10, tickMs: 2_000 },
};

/** Text of a result table with the given rows, as a run writes it. */
export function csvText(table: Table, rows: readonly (readonly Cell[])[]): string {
  const lines = [table.columns.map((column) => column.name), ...rows];
  return lines.map((cells) => `${cells.map((cell) => cell ?? "").join(",")}\n`).join("");
}

/** Arrivals of `functions` functions with rates that differ as in a trace, ordered in time. */
export function syntheticArrivals(
  seed: number,
  functions: number,
  durationMs: number,
): SyntheticArrival[] {
  const arrivals: SyntheticArrival[] = [];
  for (let index = 0; index < functions; index++) {
    const rng = Rng.fromSeed(seed, "arrivals", String(index));
    const ratePerS = 8 / (1 + index % 10);
    const medianMs = 5 * (1 + (index * 7) % 9) ** 1.6;
    for (let timeMs = nextGapMs(rng, ratePerS); timeMs < durationMs;) {
      const runtimeMs = Math.max(1, Math.round(medianMs * Math.exp(1.2 * (rng.nextFloat() - 0.5))));
      arrivals.push({ functionId: `owner/app/function-${index}`, scheduledMs: timeMs, runtimeMs });
      timeMs += nextGapMs(rng, ratePerS);
    }
  }
  return arrivals.sort((a, b) => a.scheduledMs - b.scheduledMs);
}

function nextGapMs(rng: Rng, ratePerS: number): number {
  return -Math.log(1 - rng.nextFloat()) * 1_000 / ratePerS;
}

interface PretendInstance {
  readonly name: string;
  readonly functionId: string;
  readonly readyMs: number;
  freeMs: number;
}

/** Writes the folder of one run: its manifest and tables. */
export async function writeSyntheticRun(path: string, run: SyntheticRun): Promise<RunManifest> {
  const rng = Rng.fromSeed(run.seed, "service");
  const instances: PretendInstance[] = [];
  const instanceRows: Cell[][] = [];
  const records: { endMs: number; cells: Cell[] }[] = [];
  const outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<
    Outcome,
    number
  >;
  const lagsMs: number[] = [];
  let measured = 0;
  let measuredNotOk = 0;
  for (const [index, { functionId, scheduledMs, runtimeMs }] of run.arrivals.entries()) {
    const lagMs = 0.1 + 0.8 * rng.nextFloat() ** 4 + (run.lateMs ?? 0) * rng.nextFloat() ** 2;
    const dispatchedMs = scheduledMs + lagMs;
    retireIdle(instances, instanceRows, dispatchedMs);
    let instance = instances
      .filter((candidate) => candidate.functionId === functionId)
      .sort((a, b) => a.freeMs - b.freeMs)[0] as PretendInstance | undefined;
    let coldStart = false;
    if (
      (instance === undefined || instance.freeMs > dispatchedMs) && instances.length < run.capacity
    ) {
      instance = {
        name: `instance-${instanceRows.length}`,
        functionId,
        readyMs: dispatchedMs + COLD_START_MS * (0.8 + 0.6 * rng.nextFloat()),
        freeMs: 0,
      };
      coldStart = true;
      instances.push(instance);
      instanceRows.push(
        [round(dispatchedMs + 1), functionId, instance.name, "created", null],
        [round(instance.readyMs), functionId, instance.name, "ready", null],
      );
      instance.freeMs = instance.readyMs;
    }
    const startMs = Math.max(dispatchedMs, instance?.freeMs ?? Infinity);
    const busy = instances.filter((other) => other.freeMs > startMs).length + 1;
    const servedMs = runtimeMs * Math.max(1, busy / run.cores) * (1 + 0.05 * rng.nextFloat());
    const phase = phaseAt(run.phases, scheduledMs);
    const tooLate = startMs - dispatchedMs > PATIENCE_MS;
    const outcome: Outcome = tooLate ? "rejected" : "ok";
    const endMs = tooLate ? dispatchedMs + PATIENCE_MS : startMs + servedMs + 1;
    if (!tooLate && instance !== undefined) instance.freeMs = startMs + servedMs;
    if (endMs > (run.lostAfterMs ?? Infinity)) continue;
    outcomes[outcome]++;
    if (phase === "measurement") {
      measured++;
      if (tooLate) measuredNotOk++;
      lagsMs.push(lagMs);
    }
    records.push({
      endMs,
      cells: [
        index,
        functionId,
        phase,
        round(scheduledMs),
        round(dispatchedMs),
        round(endMs),
        runtimeMs,
        tooLate ? null : round(servedMs),
        170,
        tooLate ? null : 85,
        tooLate ? null : (instance?.name ?? null),
        tooLate ? null : coldStart,
        outcome,
        tooLate ? 8 : 0,
        null,
        null,
        null,
      ],
    });
  }
  records.sort((a, b) => a.endMs - b.endMs);
  const seconds = Math.ceil(Math.min(run.durationMs, run.lostAfterMs ?? Infinity) / 1_000);
  const generatorRows: Cell[][] = [];
  const processRows: Cell[][] = [];
  const metricRows: Cell[][] = [];
  for (let second = 1; second <= seconds; second++) {
    const loopDelayMs = 0.4 + 2.5 * rng.nextFloat() ** 3 + (run.lateMs ?? 0) / 2;
    const cpuPercent = 8 + 10 * rng.nextFloat() + 4 * (run.lateMs ?? 0);
    generatorRows.push([
      second * 1_000,
      ...[0, 0, 0, 0, 0, 0],
      1,
      round(loopDelayMs),
      round(Math.min(100, cpuPercent)),
    ]);
    processRows.push(
      [second * 1_000, "loader", 1, round(cpuPercent), round(118 + second / 10), 1],
      [second * 1_000, "instances", instances.length, round(60 + 80 * rng.nextFloat()), 410, 2],
    );
    metricRows.push([
      second * 1_000,
      // The third scrape failed.
      ...second === 3
        ? Array<null>(PLATFORM_METRICS.columns.length - 1).fill(null)
        : [instances.length, instances.length, instances.length, 0, 0, 0.5, 0.8, 0.1, second],
      ...second === 3 ? [] : [null, null, null, null, 1.5],
    ]);
  }
  const manifest = manifestOf(run, {
    outcomes,
    verdict: verdictOf(lagsMs, measured, measuredNotOk, seconds),
  });
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "manifest.json"), JSON.stringify(manifest, null, 2));
  const tables: readonly (readonly [Table, Cell[][]])[] = [
    [INVOCATIONS, records.map((record) => record.cells)],
    [INSTANCES, instanceRows],
    [GENERATOR, generatorRows],
    [PROCESSES, processRows],
    [PLATFORM_METRICS, metricRows],
  ];
  for (const [table, rows] of tables) {
    await writeFile(join(path, `${table.name}.csv`), csvText(table, rows));
  }
  return manifest;
}

function retireIdle(instances: PretendInstance[], rows: Cell[][], nowMs: number): void {
  for (let i = instances.length - 1; i >= 0; i--) {
    const { freeMs, functionId, name } = instances[i];
    if (freeMs + IDLE_MS > nowMs) continue;
    rows.push([round(freeMs + IDLE_MS), functionId, name, "stopping", null]);
    rows.push([round(freeMs + IDLE_MS + 40), functionId, name, "gone", null]);
    instances.splice(i, 1);
  }
}

function verdictOf(
  lagsMs: readonly number[],
  measured: number,
  measuredNotOk: number,
  seconds: number,
): Verdict {
  const sorted = lagsMs.toSorted((a, b) => a - b);
  const p99Ms = sorted.length < 1_000 ? null : sorted[Math.ceil(0.99 * sorted.length) - 1];
  const maxMs = sorted.at(-1) ?? null;
  const reasons: string[] = [];
  const late = maxMs !== null && maxMs > LIMITS.dispatchLagP99Ms;
  if (late) {
    reasons.push(
      `Dispatch lag reached ${
        maxMs.toFixed(1)
      } ms, above the limit of ${LIMITS.dispatchLagP99Ms} ms.`,
    );
  }
  const refusing = measuredNotOk > LIMITS.notOkShare * measured;
  if (refusing) {
    const share = (100 * measuredNotOk / measured).toFixed(1);
    reasons.push(`${share} % of the measured invocations are not ok, above the limit of 1 %.`);
  }
  return {
    verdict: late ? "GENERATOR-LIMITED" : refusing ? "PLATFORM-LIMITED" : "VALID",
    reasons,
    limits: LIMITS,
    evidence: {
      ...NO_EVIDENCE,
      dispatched: sorted.length,
      dropped: 0,
      lateDispatches: sorted.filter((lagMs) => lagMs > LIMITS.dispatchLagP99Ms).length,
      dispatchLagP50Ms: sorted.length < 20 ? null : round(sorted[sorted.length >> 1]),
      dispatchLagP99Ms: p99Ms === null ? null : round(p99Ms),
      dispatchLagMaxMs: maxMs === null ? null : round(maxMs),
      loopDelayP99Ms: 2.1,
      loopDelayMaxMs: 2.9,
      loopProbes: 50 * seconds,
      waitingPercent: 0,
      lateLoopProbes: 0,
      busySeconds: [],
      seconds,
      measured,
      measuredNotOk,
    },
  };
}

function manifestOf(
  run: SyntheticRun,
  facts: Pick<RunManifest, "outcomes" | "verdict">,
): RunManifest {
  const status = run.status ?? "finished";
  const ended = status === "finished" || status === "overloaded";
  const runtimeSumMs = run.arrivals.reduce((sum, arrival) => sum + arrival.runtimeMs, 0);
  return {
    kind: "run",
    formatVersion: 1,
    experiment: run.experiment,
    name: run.name,
    parameters: run.parameters,
    status,
    error: run.error ?? null,
    command: ["deno", "task", `exp:${run.experiment}`, "--seed", String(run.seed)],
    options: { platform: "local", iat: "exponential", warmup: "0s" },
    seed: run.seed,
    scheduleHash: "5f2b".repeat(16),
    trace: {
      name: "sample",
      hash: "a01c".repeat(16),
      repairs: [{
        defect: "function without durations",
        repair: "function left out",
        count: 3,
        examples: ["invocations.csv:17 4f3a", "invocations.csv:29 77be"],
      }],
    },
    plan: {
      functions: new Set(run.arrivals.map((arrival) => arrival.functionId)).size,
      invocations: run.arrivals.length,
      durationMs: run.durationMs,
      meanRatePerS: run.arrivals.length / run.durationMs * 1_000,
      peakRatePerS: 2 * run.arrivals.length / run.durationMs * 1_000,
      expectedConcurrency: runtimeSumMs / run.durationMs,
      meanRequestedRuntimeMs: runtimeSumMs / Math.max(1, run.arrivals.length),
    },
    phases: run.phases,
    platform: { name: "local", facts: FACTS },
    versions: { loader: "0.1.0", deno: "2.9.6", typescript: "5.9.2" },
    machine: { os: "linux", cores: 2, memoryMib: 8_000, cpu: "generic" },
    createdAt: "2025-01-02T03:04:05.000Z",
    runStartUnixMs: 1_735_787_046_000,
    firstDispatchAfterMs: 850,
    endedAt: ended ? "2025-01-02T03:05:05.000Z" : null,
    outcomes: ended ? facts.outcomes : null,
    warmupCheck: run.warmupCheck ?? null,
    verdict: status === "running" || run.isUnjudged ? null : facts.verdict,
    notes: run.notes ?? [],
    loaderPeakMemoryMib: ended ? 121 : null,
  };
}

function round(value: number): number {
  return Math.round(1_000 * value) / 1_000;
}
