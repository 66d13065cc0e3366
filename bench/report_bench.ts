/**
 * The report of a run of many invocations: time, CPU and peak memory of the whole process, by
 * turns with the last version that held a run's table in memory. The run is made here.
 *
 *     deno task bench:report [--rows 1000000,10000000] [--turns 3]
 *
 * Of more than ten million rows the version before is left out: it would take more memory
 * than machines have.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { traceSweep } from "../experiments/trace_sweep.ts";
import { Rng } from "../lib/base/rng.ts";
import { runExperiment } from "../lib/cli/run_experiment.ts";
import { createInvocationRow } from "../lib/model/record.ts";
import { integerListOption, integerOption } from "../lib/option/option.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import type { CommonOptions } from "../lib/run/common_options.ts";
import { GENERATOR } from "../lib/store/schema/tables.ts";
import { CsvSink } from "../lib/store/write/csv_sink.ts";
import { InvocationCsvSink } from "../lib/store/write/invocation_csv_sink.ts";
import { median } from "./measured_process.ts";

/** The last commit that held a run's invocations in memory. */
const BEFORE = "6b5cd68";
const MOST_BEFORE = 10_000_000;

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const FUNCTIONS = Array.from({ length: 1000 }, (_, i) => `owner/app-${i >> 3}/function-${i}`);
const HOUR_MS = 3_600_000;
const WARMUP_MS = HOUR_MS / 10;
/** Rows that are put into the order of their ends together. */
const CHUNK = 50_000;

const RENDER = `
import process from "node:process";
import { renderReport } from "./lib/report/report.ts";
const { figures } = await renderReport(Deno.args[0]);
const elapsedMs = performance.now();
const { user, system } = process.cpuUsage();
const peakKib = Number(/VmHWM:\\s*(\\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))[1]);
console.log(JSON.stringify({
  figures: figures.length,
  elapsedMs,
  cpuMs: (user + system) / 1000,
  peakMib: peakKib / 1024,
}));
`;

interface Cost {
  readonly figures: number;
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly peakMib: number;
}

const { values, help } = parseOptions("bench:report", "How fast is the report of a large run?", {
  rows: integerListOption("number,number,…", {
    meaning: "invocations of the run",
    default: [1_000_000, 10_000_000],
    minimum: 1000,
    maximum: 1_000_000_000,
  }),
  turns: integerOption("number", { meaning: "of each", default: 3, minimum: 1, maximum: 100 }),
}, Deno.args);
if (help !== null) {
  console.log(help);
  Deno.exit();
}

async function run(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const output = await new Deno.Command(command, { args: [...args], cwd, stdin: "null" }).output();
  assert.ok(output.success, new TextDecoder().decode(output.stderr));
  return new TextDecoder().decode(output.stdout);
}

/** Makes an experiment of one run, and puts another table of invocations into it. */
async function makeExperiment(folder: string, rows: number): Promise<string> {
  const output = join(folder, `rows-${rows}`);
  const { values } = parseOptions("trace-sweep", "", traceSweep.options, [
    ...["--platform", "simulator", "--sizes", "3", "--duration", "2s", "--output", output],
  ]);
  await runExperiment(traceSweep, values as typeof values & CommonOptions);
  const path = join(output, "runs/functions-3_repetition-0");
  for (const table of ["invocations", "generator"]) await Deno.remove(join(path, `${table}.csv`));
  await writeInvocations(join(path, "invocations.csv"), rows);
  await writeGenerator(join(path, "generator.csv"), rows);
  const manifest = JSON.parse(await Deno.readTextFile(join(path, "manifest.json")));
  manifest.plan = { ...manifest.plan, durationMs: HOUR_MS, invocations: rows };
  manifest.phases = [{ fromMs: 0, phase: "warmup" }, { fromMs: WARMUP_MS, phase: "measurement" }];
  await Deno.writeTextFile(join(path, "manifest.json"), JSON.stringify(manifest));
  return output;
}

async function writeInvocations(path: string, rows: number): Promise<void> {
  const sink = new InvocationCsvSink(path, FUNCTIONS);
  const rng = Rng.fromSeed(1, "report");
  const row = createInvocationRow();
  for (let from = 0; from < rows; from += CHUNK) {
    const chunk = Array.from({ length: Math.min(CHUNK, rows - from) }, (_, i) => {
      const runtimeMs = Math.ceil(-50 * Math.log(1 - rng.nextFloat()));
      const isCold = rng.nextFloat() < 0.002;
      const scheduledMs = (from + i) * HOUR_MS / rows;
      const responseMs = runtimeMs + 1 - Math.log(1 - rng.nextFloat()) + (isCold ? 300 : 0);
      return {
        index: from + i,
        scheduledMs,
        completedMs: scheduledMs + responseMs,
        runtimeMs,
        isCold,
      };
    }).sort((a, b) => a.completedMs - b.completedMs);
    for (const { index, scheduledMs, completedMs, runtimeMs, isCold } of chunk) {
      const isOk = rng.nextFloat() < 0.995;
      row.index = index;
      row.functionIndex = Math.floor(rng.nextFloat() ** 3 * FUNCTIONS.length);
      row.phase = scheduledMs < WARMUP_MS ? "warmup" : "measurement";
      row.scheduledMs = scheduledMs;
      row.dispatchedMs = scheduledMs + rng.nextFloat() / 10;
      row.completedMs = completedMs;
      row.requestedRuntimeMs = runtimeMs;
      row.servedRuntimeMs = runtimeMs;
      row.requestedMemoryMib = 128;
      row.servedMemoryMib = 128;
      row.instance = isOk ? `function-${row.functionIndex}-${index & 7}` : null;
      row.coldStart = isOk ? isCold : null;
      row.outcome = isOk ? "ok" : "rejected";
      row.statusCode = isOk ? 0 : 14;
      sink.write(row);
    }
    sink.flush();
    await new Promise((resolve) => setTimeout(resolve));
  }
  await sink.close();
}

async function writeGenerator(path: string, rows: number): Promise<void> {
  const sink = new CsvSink(GENERATOR, path);
  const width = GENERATOR.columns.length;
  const perS = Math.round(rows * 1000 / HOUR_MS);
  for (let second = 1; second <= HOUR_MS / 1000; second++) {
    const counts = [perS, perS, perS, 0, 0, 0, 0.1, 0.5, 40, 0, "measurement"];
    sink.write([1000 * second, ...counts, ...Array(width - 1 - counts.length).fill(null)]);
  }
  await sink.close();
}

async function render(cwd: string, experiment: string): Promise<Cost> {
  const script = join(cwd, ".bench_report.ts");
  await Deno.writeTextFile(script, RENDER);
  try {
    const flags = ["--v8-flags=--max-semi-space-size=4", "--no-check", "--allow-all"];
    return JSON.parse(await run("deno", ["run", "-q", ...flags, script, experiment], cwd));
  } finally {
    await Deno.remove(script);
  }
}

const folder = await Deno.makeTempDir({ prefix: "loader-bench-report-" });
try {
  const before = join(folder, "before");
  await run("git", ["clone", "-q", "--no-checkout", PROJECT, before]);
  await run("git", ["checkout", "-q", BEFORE], before);
  const table = new Table({ head: ["rows", "version", "time", "CPU", "peak memory", "× now"] });
  for (const rows of values.rows) {
    const experiment = await makeExperiment(folder, rows);
    const versions = [{ name: "now", cwd: PROJECT }, { name: "before", cwd: before }]
      .filter(({ name }) => name === "now" || rows <= MOST_BEFORE);
    const costs = new Map<string, Cost[]>(versions.map(({ name }) => [name, []]));
    // By turns, so that a busy minute of the machine does not meet one of them alone.
    for (let turn = 0; turn < values.turns; turn++) {
      for (const { name, cwd } of versions) costs.get(name)!.push(await render(cwd, experiment));
    }
    const middle = (name: string, key: keyof Cost) =>
      median(costs.get(name)!.map((cost) => cost[key]));
    for (const { name } of versions) {
      table.push([
        rows.toLocaleString("en"),
        name,
        `${(middle(name, "elapsedMs") / 1000).toFixed(1)} s`,
        `${(middle(name, "cpuMs") / 1000).toFixed(1)} s`,
        `${middle(name, "peakMib").toFixed(0)} MiB`,
        (middle(name, "elapsedMs") / middle("now", "elapsedMs")).toFixed(1),
      ]);
    }
    await Deno.remove(experiment, { recursive: true });
  }
  console.log(table.toString());
} finally {
  await Deno.remove(folder, { recursive: true });
}
