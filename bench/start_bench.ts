/**
 * From the start of the program to the first dispatch of a schedule of 50 million invocations of
 * 10,000 functions (a synthetic day): the trace is read, the run planned, deployed to a server on
 * this machine, and its first call sent. Beside it the passes over the schedule alone, one after
 * the other, and how late a run at 2,000 a second is that counts and hashes as it goes, beside
 * one that does not.
 *
 *     deno task bench:start
 *     deno task bench:start --before=../before     # another checkout, by turns, at the same schedule
 *     deno task bench:start start                  # of start, passes and lag some
 */
import { join } from "node:path";
import { EchoServerProcess } from "../lib/calibrate/echo_server_process.ts";
import { ownCpuMs } from "../lib/base/process.ts";
import { Rng } from "../lib/base/rng.ts";
import type { Schedule } from "../lib/model/schedule.ts";
import { sliceChunk } from "../lib/schedule/chunk_slices.ts";
import { derivePlan, PlanCounter } from "../lib/schedule/plan.ts";
import { hashSchedule, ScheduleHasher } from "../lib/schedule/schedule_hash.ts";
import { TalliedSchedule } from "../lib/schedule/tallied_schedule.ts";
import { generateSchedule } from "../lib/schedule/trace_schedule.ts";
import { readRunManifest } from "../lib/store/read/manifest_reader.ts";
import { formatAzure2019 } from "../lib/trace/azure2019/azure2019_text.ts";
import { NO_CONDITIONS, synthesizeFunctions } from "../lib/trace/synthesize/demonstration.ts";
import { createFlatTrace } from "./flat_trace.ts";
import { RUN_SCRIPT } from "./bench_server.ts";
import { measureProcess, median } from "./measured_process.ts";

const FUNCTIONS = 10_000;
const INVOCATIONS = 50_000_000;
const MINUTES = 1440;
const REPETITIONS = 3;
const PATIENCE_MS = 180_000;
const LAG_RATE_PER_S = 2000;
/** Longer than a minute, so that a second one is made on the way. */
const LAG_SECONDS = 70;
const LAG_TURNS = 2;
/** Parts that are looked at. */
const PARTS = 5000;

/** A figure with what this thread had to do for it: a busy machine adds to the first only. */
async function measure(body: () => unknown): Promise<string> {
  const startMs = performance.now();
  const startCpuMs = ownCpuMs();
  await body();
  const [elapsedS, cpuS] = [performance.now() - startMs, ownCpuMs() - startCpuMs]
    .map((ms) => (ms / 1000).toFixed(2));
  return `${elapsedS} s (CPU ${cpuS} s)`;
}

/** For how long counting and hashing hold the event loop at once, beside what is handed out. */
function measureParts(whole: Schedule): string {
  const [counter, hasher] = [new PlanCounter(whole), new ScheduleHasher(whole.functions)];
  const heldUs: number[] = [];
  for (const chunk of whole.chunks({ reuse: true })) {
    for (const part of sliceChunk(chunk)) {
      if (part.scheduledMs.length < 1024) continue;
      const startMs = performance.now();
      counter.add(part);
      hasher.add(part);
      heldUs.push((performance.now() - startMs) * 1000);
    }
    if (heldUs.length > PARTS) break;
  }
  heldUs.sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((q) => heldUs[Math.floor(q * heldUs.length)].toFixed(0));
  return `holds the event loop for ${p50} µs (p50), ${p99} µs (p99)`;
}

async function measurePasses(): Promise<void> {
  const rateScale = INVOCATIONS / total;
  const create = () => generateSchedule({ ...DAY, functions }, { seed: 1, rateScale });
  const schedule = create();
  console.log("passes over the day, 50 million invocations:");
  console.log("  plan             ", await measure(() => derivePlan(schedule)));
  console.log(
    "  hash             ",
    await measure(() => hashSchedule(schedule.functions, schedule.chunks({ reuse: true }))),
  );
  console.log("  both in one      ", await measure(() => new TalliedSchedule(create()).find()));
  console.log("  forecast, no pass", await measure(() => create().forecast!()));
  console.log("  a part of 1,024 rows", measureParts(create()));
  const flat = generateSchedule(createFlatTrace(FUNCTIONS, 5, 1000), { seed: 1 });
  console.log(
    "  both in one, of 10,000 × 5 a minute",
    await measure(() => new TalliedSchedule(flat).find()),
  );
}

/** From the start of the program to its first dispatch, by its own manifest. */
interface Start {
  readonly afterS: number;
  /** What it took of the cores until that was told, which others may want too. */
  readonly cpuS: number;
}

async function measureStart(checkout: string, args: readonly string[]): Promise<Start> {
  const output = Deno.makeTempDirSync({ prefix: "loader-bench-" });
  const child = new Deno.Command("deno", {
    cwd: checkout,
    args: [
      ...["run", "-q", "-P", "--v8-flags=--max-semi-space-size=4", "experiments/trace_sweep.ts"],
      ...["--platform", "endpoints", "--endpoints", server.address, "--trace", folder],
      ...["--sizes", String(functions.length), "--output", join(output, "out")],
      ...["--beyond-limits", "flag", "--seed", "1", ...args],
    ],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  try {
    const run = join(output, "out", "runs", `functions-${functions.length}_repetition-0`);
    const startMs = performance.now();
    while (performance.now() - startMs < PATIENCE_MS) {
      const afterMs = readRunManifest(run)?.firstDispatchAfterMs ?? null;
      if (afterMs !== null) return { afterS: afterMs / 1000, cpuS: readCpuS(child.pid) };
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("There was no dispatch.");
  } finally {
    child.kill("SIGKILL");
    await child.status;
    Deno.removeSync(output, { recursive: true });
  }
}

/** CPU time of a process so far, by the kernel (proc(5): in ticks of a hundredth of a second). */
function readCpuS(pid: number): number {
  const [, fields] = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ");
  const [userTicks, systemTicks] = fields.split(" ").slice(11, 13).map(Number);
  return (userTicks + systemTicks) / 100;
}

/** Dispatch lag of a run that counts and hashes as it goes, and of one that does not, by turns. */
async function measureLag(): Promise<void> {
  console.log(`${LAG_RATE_PER_S} a second for ${LAG_SECONDS} s:`);
  for (let i = 0; i < 2 * LAG_TURNS; i++) {
    const tally = i % 2 === 0 ? [] : ["tallied"];
    const { stdout } = await measureProcess(Deno.execPath(), [
      ...RUN_SCRIPT,
      ...["bench/open_loop_client.ts", "http2", server.address],
      ...[String(LAG_RATE_PER_S), String(LAG_SECONDS), "10000", "echo", ...tally],
    ]);
    const { lagP50Ms, lagP99Ms, lagMaxMs, cpuPercent } = JSON.parse(stdout);
    const [p50, p99, max] = [lagP50Ms, lagP99Ms, lagMaxMs].map((ms) => Number(ms).toFixed(2));
    console.log(
      `  ${tally.length === 0 ? "counted before    " : "counted on the way"} lag p50 ${p50} ms, ` +
        `p99 ${p99} ms, longest ${max} ms, CPU ${Number(cpuPercent).toFixed(1)} %`,
    );
  }
}

const rng = Rng.fromSeed(3, "synthetic day");
const conditions = { ...NO_CONDITIONS, maxPerMinute: 500, maxConcurrency: 20 };
// Some are not invoked on that day; a sample takes those that are.
const functions = synthesizeFunctions(rng, { functions: 1.1 * FUNCTIONS, conditions })
  .filter(({ invocationsPerSlot }) => invocationsPerSlot.total > 0)
  .slice(0, FUNCTIONS);
const DAY = { name: "day", slotMs: 60_000, slots: MINUTES, repairs: [], hash: "" };
const total = functions.reduce((sum, { invocationsPerSlot }) => sum + invocationsPerSlot.total, 0);

const folder = Deno.makeTempDirSync({ prefix: "loader-bench-" });
await using server = await EchoServerProcess.start();
try {
  const text = formatAzure2019(functions);
  for (const name of ["invocations", "durations", "memory"] as const) {
    const lines = Array.from(text[name]).join("");
    Deno.writeTextFileSync(join(folder, `${name}.csv`), lines);
  }
  const here = join(import.meta.dirname!, "..");
  const before = Deno.args.find((arg) => arg.startsWith("--before="))?.slice("--before=".length);
  const phases = Deno.args.filter((arg) => !arg.startsWith("--"));
  const isAsked = (phase: string) => phases.length === 0 || phases.includes(phase);
  const figures: Record<string, Start[]> = { now: [], before: [] };
  for (let i = 0; isAsked("start") && i < REPETITIONS; i++) {
    figures.now.push(
      await measureStart(here, [
        ...["--window", `0..${MINUTES}`, "--target-rate", `${INVOCATIONS / 24}/h`],
      ]),
    );
    if (before === undefined) continue;
    figures.before.push(
      await measureStart(before, [
        ...["--duration", "24h", "--rate-scale", String(INVOCATIONS / total)],
      ]),
    );
  }
  for (const [name, starts] of Object.entries(figures)) {
    if (starts.length === 0) continue;
    const all = starts.map(({ afterS, cpuS }) => `${afterS.toFixed(2)} (${cpuS.toFixed(2)})`);
    const middle = median(starts.map(({ afterS }) => afterS));
    console.log(
      `first dispatch ${name}: ${middle.toFixed(2)} s after the start; ${all.join(", ")}, ` +
        "in brackets CPU",
    );
  }
  if (isAsked("passes")) await measurePasses();
  if (isAsked("lag")) await measureLag();
} finally {
  Deno.removeSync(folder, { recursive: true });
}
