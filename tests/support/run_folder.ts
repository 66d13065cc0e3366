import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { burst } from "../../experiments/burst.ts";
import { coldStart } from "../../experiments/cold_start.ts";
import { keepAlive } from "../../experiments/keep_alive.ts";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { Rng } from "../../lib/base/rng.ts";
import type { ExperimentManifest } from "../../lib/store/schema/manifest.ts";
import { type SyntheticArrival, syntheticArrivals, writeSyntheticRun } from "./synthetic_run.ts";

/** What the experiments declare, by name. */
const ANSWERS = new Map(
  [burst, coldStart, keepAlive, rpsRamp, traceSweep].map(({ name, answer }) => [name, answer]),
);

/** Writes `experiment.json` of an experiment with the given runs. */
export async function writeExperimentManifest(
  folder: string,
  manifest: Partial<ExperimentManifest> & Pick<ExperimentManifest, "experiment" | "runs">,
): Promise<void> {
  const whole: ExperimentManifest = {
    kind: "experiment",
    formatVersion: 1,
    question: "What does the platform do?",
    answer: ANSWERS.get(manifest.experiment),
    platform: "local",
    status: "finished",
    error: null,
    command: ["deno", "task", `exp:${manifest.experiment}`],
    options: { seed: 42 },
    createdAt: "2025-01-02T03:04:05.000Z",
    endedAt: "2025-01-02T03:09:05.000Z",
    notes: [],
    ...manifest,
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "experiment.json"), JSON.stringify(whole, null, 2));
}

/** What a synthetic sweep is made of. */
export interface SweepOptions {
  readonly sizes?: readonly number[];
  readonly repetitions?: number;
  readonly durationMs?: number;
}

/** Writes a trace sweep: the platform slows down as functions are added. */
export async function writeSweep(folder: string, options: SweepOptions = {}): Promise<void> {
  const { sizes = [5, 10, 20], repetitions = 2, durationMs = 40_000 } = options;
  const runs: string[] = [];
  for (const functions of sizes) {
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const name = `functions-${functions}_repetition-${repetition}`;
      runs.push(`runs/${name}`);
      await writeSyntheticRun(join(folder, runs.at(-1)!), {
        experiment: "trace-sweep",
        name,
        parameters: { functions, repetition },
        seed: 42 + repetition,
        durationMs,
        phases: [{ fromMs: 0, phase: "warmup" }, { fromMs: 5_000, phase: "measurement" }],
        arrivals: syntheticArrivals(42 + repetition, functions, durationMs),
        cores: 2,
        capacity: 16,
        notes: ["Warm-up could not be shown to be stationary."],
      });
    }
  }
  await writeExperimentManifest(folder, {
    experiment: "trace-sweep",
    question: "How does slowdown grow with the number of functions?",
    runs,
  });
}

/** Writes a sweep that was killed in its second run: a torn line, no verdict, a run without a trace. */
export async function writeInterrupted(folder: string): Promise<void> {
  await writeSweep(folder, { sizes: [5, 10], repetitions: 1, durationMs: 20_000 });
  const path = join(folder, "runs/functions-10_repetition-0");
  await writeSyntheticRun(path, {
    experiment: "trace-sweep",
    name: "functions-10_repetition-0",
    parameters: { functions: 10, repetition: 0 },
    seed: 42,
    durationMs: 20_000,
    phases: [{ fromMs: 0, phase: "measurement" }],
    arrivals: syntheticArrivals(42, 10, 20_000),
    cores: 2,
    capacity: 16,
    status: "running",
    lostAfterMs: 9_000,
  });
  await writeFile(join(path, "invocations.csv"), "9999,owner/app/functi", { flag: "a" });
  await writeExperimentManifest(folder, {
    experiment: "trace-sweep",
    question: "How does slowdown grow with the number of functions?",
    status: "interrupted",
    error: "Interrupted by the user.",
    endedAt: null,
    runs: [
      "runs/functions-5_repetition-0",
      "runs/functions-10_repetition-0",
      "runs/functions-20_repetition-0",
    ],
  });
}

/** Writes a ramp of request rates, a run each; the last is overloaded and tried twice. */
export async function writeRamp(folder: string): Promise<void> {
  const durationMs = 8_000;
  const attempts = [[10, 1], [40, 1], [80, 1], [320, 1], [320, 2]];
  const runs: string[] = [];
  for (const [ratePerS, attempt] of attempts) {
    const rng = Rng.fromSeed(7, "ramp", String(attempt));
    const name = `rate-${ratePerS}${attempt === 1 ? "" : `_attempt-${attempt}`}`;
    const arrivals: SyntheticArrival[] = Array.from(
      { length: ratePerS * durationMs / 1_000 },
      (_, i) => ({
        functionId: `owner/app/function-${i % 2}`,
        scheduledMs: i * 1_000 / ratePerS,
        runtimeMs: 15 + rng.nextBelow(10),
      }),
    );
    runs.push(`runs/${name}`);
    await writeSyntheticRun(join(folder, "runs", name), {
      experiment: "rps-ramp",
      name,
      parameters: { ratePerS },
      seed: 7,
      durationMs,
      phases: [{ fromMs: 0, phase: "warmup" }, {
        fromMs: 0.2 * durationMs,
        phase: "measurement",
      }],
      arrivals,
      cores: 2,
      capacity: ratePerS === 320 ? 2 : 6,
      status: ratePerS === 320 ? "overloaded" : "finished",
    });
  }
  await writeExperimentManifest(folder, {
    experiment: "rps-ramp",
    question: "Up to which rate does the platform keep up?",
    status: "overloaded",
    runs,
  });
}

/** Writes a burst: `steady` and `bursty` under load, `victim` invoked in the burst. */
export async function writeBurst(folder: string): Promise<void> {
  const durationMs = 30_000;
  const burstAtMs = 15_000;
  const burstMs = 1_000;
  const rng = Rng.fromSeed(11, "burst");
  const arrivals: SyntheticArrival[] = [];
  for (let timeMs = 0; timeMs < durationMs; timeMs += 1_000 / 12) {
    const functionId = arrivals.length % 2 === 0 ? "load/burst/steady" : "load/burst/bursty";
    arrivals.push({ functionId, scheduledMs: timeMs, runtimeMs: 20 });
  }
  for (let i = 0; i < 60; i++) {
    const scheduledMs = burstAtMs + burstMs * rng.nextFloat();
    arrivals.push({ functionId: "load/burst/bursty", scheduledMs, runtimeMs: 20 });
  }
  arrivals.push({ functionId: "load/burst/victim", scheduledMs: burstAtMs + 500, runtimeMs: 20 });
  await writeSyntheticRun(join(folder, "runs/burst"), {
    experiment: "burst",
    name: "burst",
    parameters: { ratePerS: 12, burst: 60, burstAtMs, burstMs },
    seed: 11,
    durationMs,
    phases: [{ fromMs: 0, phase: "measurement" }],
    arrivals: arrivals.sort((a, b) => a.scheduledMs - b.scheduledMs),
    cores: 2,
    capacity: 24,
  });
  await writeExperimentManifest(folder, {
    experiment: "burst",
    question: "What does a burst of one function do to its neighbours?",
    runs: ["runs/burst"],
  });
}
